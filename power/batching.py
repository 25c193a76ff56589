"""Continuous batching with chunked prefill, step by step, compiled.

Each step takes one token of every decoding sequence, then fills what is left of its token budget
with chunks of prompts, first come, first served. A request is admitted when a place in the batch
is free and its whole KV cache, prompt and answer, fits beside what is reserved already: nothing
is ever evicted. Its first token leaves with the step that ends its prompt.

Steps alike share a row: same decoding sequences, same prompt tokens, no pause between them, and a
KV cache within `power.rows.GROWTH` of the first step's. A long decode is thus a few rows.

Importing this module imports numba; the compiled code is kept on disk. Rows are copied number by
number: assignments of slices would bring the compiler's messages on shapes along, which take longer
to compile than all that is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["serve"]

F = TypeVar("F", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Columns of `power.rows.ROW`.
_START, _END, _STEPS, _DECODE, _PROMPT, _SUM, _TIME, _SERIAL, _KV, _WAIT, _WIDTH = (
    0, 1, 2, 3, 4, 5, 10, 13, 14, 15, 16,
)  # fmt: skip
# Rows of the batch: who decodes, context so far, tokens still to decode.
_WHO, _CONTEXT, _LEFT = 0, 1, 2


def _compiled(function: F) -> F:
    try:
        return cast("F", numba.njit(cache=True)(function))
    except RuntimeError:  # no folder that could keep the compiled code can be written to
        return cast("F", numba.njit(function))


@_compiled
def _add_decode(sums: Floats, batch: Ints, decoding: int, window: int) -> None:
    """Set the sums of a step to those of its decoding sequences."""
    whole = inside = 0
    for place in range(decoding):
        seen = batch[_CONTEXT, place] + 1
        whole += seen
        inside += min(seen, window)
    sums[0] = decoding
    sums[1] = sums[3] = whole
    sums[2] = sums[4] = inside


@_compiled
def _add_prompts(
    sums: Floats, prompt: Ints, room: int, fill: int, done: int, admit: int, window: int
) -> tuple[int, int, int]:
    """Add chunks of prompts; return tokens taken, next prompt, and how much of it is done."""
    taken = 0
    while taken < room and fill < admit:
        part = min(room - taken, prompt[fill] - done)
        begin, end = done, done + part
        low, high = min(begin, window), min(end, window)
        sums[1] += 0.5 * (end * (end + 1) - begin * (begin + 1))
        sums[2] += 0.5 * (high * (high + 1) - low * (low + 1))
        sums[2] += window * ((end - high) - (begin - low))
        sums[3] += end
        sums[4] += min(end, part + window - 1)
        taken += part
        done = end
        if done == prompt[fill]:
            sums[0] += 1.0
            fill += 1
            done = 0
    return taken, fill, done


@_compiled
def _longest_s(parts: Floats, sums: Floats, fixed_s: Floats, slope_s: Floats) -> float:
    """Set the time of each resource in a step; return the longest [s]."""
    longest = 0.0
    for resource in range(len(parts)):
        time = fixed_s[resource]
        for item in range(len(sums)):
            time += sums[item] * slope_s[item, resource]
        parts[resource] = time
        longest = max(longest, time)
    return longest


@_compiled
def _joins(row: Floats, now: float, decoding: int, taken: int, kv: float, growth: float) -> bool:
    """Whether a step can share the row in use."""
    alike = row[_DECODE] == decoding and row[_PROMPT] == taken and row[_END] == now
    first_kv = row[_WIDTH]
    return bool(alike and abs(kv - first_kv) <= growth * first_kv)


@_compiled
def _open(rows: Floats, used: int, now: float, decoding: int, taken: int, kv: float) -> Floats:
    """Begin a row; return the table, grown where it was full."""
    if used == len(rows):
        grown = np.zeros((2 * used, rows.shape[1]))
        for index in range(used):
            for column in range(rows.shape[1]):
                grown[index, column] = rows[index, column]
        rows = grown
    row = rows[used]
    row[_START], row[_DECODE], row[_PROMPT], row[_WIDTH] = now, decoding, taken, kv
    return rows


@_compiled
def _note(
    row: Floats,
    end_s: float,
    sums: Floats,
    parts: Floats,
    serial_s: float,
    reserved: float,
    waiting: int,
) -> None:
    """Add a step to its row."""
    row[_END] = end_s
    row[_STEPS] += 1.0
    for item in range(len(sums)):
        row[_SUM + item] += sums[item]
    for resource in range(len(parts)):
        row[_TIME + resource] += parts[resource]
    row[_SERIAL] += serial_s
    row[_KV] = max(row[_KV], reserved)
    row[_WAIT] = max(row[_WAIT], float(waiting))


@_compiled
def _advance(
    batch: Ints, decoding: int, now: float, finish_s: Floats, kv_byte: Floats
) -> tuple[int, float]:
    """Take a token of every sequence; return how many go on, and what the others free [byte]."""
    place, freed = 0, 0.0
    while place < decoding:
        batch[_CONTEXT, place] += 1
        batch[_LEFT, place] -= 1
        if batch[_LEFT, place] > 0:
            place += 1
            continue
        who = batch[_WHO, place]
        finish_s[who] = now
        freed += kv_byte[who]
        decoding -= 1
        for entry in range(len(batch)):
            batch[entry, place] = batch[entry, decoding]
    return decoding, freed


@_compiled
def _start_decoding(batch: Ints, decoding: int, who: int, prompt: int, output: int) -> int:
    """Take a request whose prompt is done into the decoding sequences; return their number."""
    batch[_WHO, decoding], batch[_CONTEXT, decoding] = who, prompt
    batch[_LEFT, decoding] = output - 1
    return decoding + 1


@_compiled
def _serve(
    arrival_s: Floats,
    prompt: Ints,
    output: Ints,
    kv_byte: Floats,
    kv_capacity: float,
    chunk: int,
    window: int,
    fixed_s: Floats,
    slope_s: Floats,
    growth: float,
    batch: Ints,
    times_s: Floats,
) -> tuple[Floats, int]:
    """Serve all requests in a batch; return the rows, and how many of them are in use.

    `times_s` gets, in rows of its own, when each request is admitted, answered first, and done.
    """
    none: Any = np.int64(0)  # a literal 0 would have versions of its own compiled
    rows, used, decoding = np.zeros((1024, _WIDTH + 1)), none, none
    arrived = admit = fill = done = none  # next to arrive, admit, prefill; how far that one is
    sums, parts = np.zeros(slope_s.shape[0]), np.zeros(slope_s.shape[1])
    now = reserved = 0.0
    while fill < len(arrival_s) or decoding > 0:
        if decoding == 0 and fill == admit:
            now, reserved = max(now, arrival_s[admit]), 0.0
        while arrived < len(arrival_s) and arrival_s[arrived] <= now:
            arrived += 1
        while admit < arrived and decoding + admit - fill < batch.shape[1]:
            if reserved + kv_byte[admit] > kv_capacity:
                break
            reserved += kv_byte[admit]
            times_s[0, admit] = now
            admit += 1
        _add_decode(sums, batch, decoding, window)
        taken, next_fill, done = _add_prompts(
            sums, prompt, chunk - decoding, fill, done, admit, window
        )
        fixed = fixed_s[decoding + taken]
        serial_s = fixed[-1]
        end_s = now + _longest_s(parts, sums, fixed, slope_s) + serial_s
        if used == 0 or not _joins(rows[used - 1], now, decoding, taken, sums[3], growth):
            rows = _open(rows, used, now, decoding, taken, sums[3])
            used += 1
        _note(rows[used - 1], end_s, sums, parts, serial_s, reserved, arrived - admit)
        now = end_s
        decoding, freed = _advance(batch, decoding, now, times_s[2], kv_byte)
        reserved -= freed
        for who in range(fill, next_fill):
            times_s[1, who] = now
            if output[who] > 1:
                decoding = _start_decoding(batch, decoding, who, prompt[who], output[who])
            else:
                times_s[2, who] = now
                reserved -= kv_byte[who]
        fill = next_fill
    return rows, used


def serve(
    arrival_s: Floats,
    prompt: Ints,
    output: Ints,
    kv_byte: Floats,
    kv_capacity: float,
    max_batch: int,
    chunk: int,
    window: int,
    fixed_s: Floats,
    slope_s: Floats,
    growth: float,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Serve all requests.

    Parameters
    ----------
    arrival_s, prompt, output : array, shape (n,)
        The requests in order of arrival.
    kv_byte : array, shape (n,)
        KV cache that a request reserves [byte]; none is above the capacity.
    kv_capacity : float
        KV cache there is [byte].
    max_batch, chunk, window : int
        Sequences and tokens of a step at most; context of windowed layers [tokens].
    fixed_s : array, shape (chunk + 1, 4)
        Time of tensor, vector, HBM and serial parts by tokens of the step [s].
    slope_s : array, shape (5, 3)
        Time of the first three for each unit of `power.work.SUMS` [s].
    growth : float
        See `power.rows.GROWTH`.

    Returns
    -------
    rows : array, shape (m, len(ROW))
        Runs of steps alike, in order of time.
    admitted_s, first_token_s, finish_s : array, shape (n,)
        When each request is admitted, answered first, and done [s].
    """
    batch = np.zeros((3, max_batch), np.int64)
    times_s = np.empty((3, len(arrival_s)))
    rows, used = _serve(
        arrival_s, prompt, output, kv_byte, kv_capacity, chunk, window, fixed_s, slope_s, growth,
        batch, times_s,
    )  # fmt: skip
    return rows[:used, :_WIDTH], times_s[0], times_s[1], times_s[2]
