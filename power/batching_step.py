"""One step of continuous batching: its sums, its time, and the row that it is noted in, compiled.

Rows are copied number by number: assignments of slices would bring the compiler's messages on
shapes along, which take longer to compile than all that is written here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from power.batching_cache import kv_byte
from power.batching_state import CONTEXT, DONE, DRAFTS, LEFT, TARGET, Batch, Rules, inlined

__all__ = ["WIDTH", "add_decode", "add_prompts", "joins", "longest_s", "note", "open_row"]

Floats = NDArray[np.float64]

# Columns of `power.rows.ROW`.
_START, _END, _STEPS, _DECODE, _PROMPT, _SUM, _TIME, _SERIAL, _KV, _WAIT, _TOKENS, _OUT, _LEVEL = (
    0, 1, 2, 3, 4, 5, 12, 15, 16, 17, 18, 19, 20,
)  # fmt: skip
_HEAT = 21
WIDTH = 22  #: of a row; the column behind it holds the first step's KV cache


@inlined
def add_decode(sums: Floats, batch: Batch, decoding: int, rules: Rules) -> int:
    """Set the sums of a step to those of its decoding sequences; return their tokens.

    Each takes the token after its context, and drafts of the ones behind it.
    """
    whole = inside = kept = kept_inside = tokens = 0
    window, decode = rules.window, batch.decode
    for place in range(decoding):
        drafts = min(rules.draft_tokens, decode[LEFT, place] - 1)
        decode[DRAFTS, place] = drafts
        seen = decode[CONTEXT, place] + 1
        last = seen + drafts
        tokens += 1 + drafts
        kept += last
        kept_inside += min(last, drafts + window)
        for context in range(seen, last + 1):
            whole += context
            inside += min(context, window)
    sums[0] = tokens
    sums[1], sums[2] = whole, inside
    sums[3], sums[4] = kept, kept_inside
    sums[5] = 0.0
    sums[6] = whole
    return tokens


@inlined
def add_prompts(sums: Floats, batch: Batch, filling: int, room: int, rules: Rules) -> int:
    """Add chunks of prompts, first come, first served; return the tokens taken."""
    window = rules.window
    taken = place = 0
    while taken < room and place < filling:
        done, target = batch.filling[DONE, place], batch.filling[TARGET, place]
        part = min(room - taken, target - done)
        begin, end = done, done + part
        low, high = min(begin, window), min(end, window)
        sums[1] += 0.5 * (end * (end + 1) - begin * (begin + 1))
        sums[2] += 0.5 * (high * (high + 1) - low * (low + 1))
        sums[2] += window * ((end - high) - (begin - low))
        sums[3] += end
        sums[4] += min(end, part + window - 1)
        taken += part
        batch.filling[DONE, place] = end
        if end == target:
            sums[0] += 1.0
            if rules.hands_over:
                sums[5] += kv_byte(end, rules)
        place += 1
    return taken


@inlined
def longest_s(parts: Floats, sums: Floats, fixed_s: Floats, slope_s: Floats) -> float:
    """Set the time of each resource in a step; return the longest [s]."""
    longest = 0.0
    for resource in range(len(parts)):
        time = fixed_s[resource]
        for item in range(len(sums)):
            time += sums[item] * slope_s[item, resource]
        parts[resource] = time
        longest = max(longest, time)
    return longest


@inlined
def joins(
    row: Floats,
    now: float,
    decoding: int,
    tokens: int,
    taken: int,
    level: int,
    kv: float,
    growth: float,
) -> bool:
    """Whether a step can share the row in use."""
    alike = row[_DECODE] == decoding and row[_PROMPT] == taken and row[_END] == now
    alike = alike and row[_TOKENS] == tokens and row[_LEVEL] == level
    first_kv = row[WIDTH]
    return bool(alike and abs(kv - first_kv) <= growth * first_kv)


@inlined
def open_row(
    rows: Floats,
    used: int,
    now: float,
    decoding: int,
    tokens: int,
    taken: int,
    level: int,
    kv: float,
) -> Floats:
    """Begin a row; return the table, grown where it was full."""
    if used == len(rows):
        grown = np.zeros((2 * used, rows.shape[1]))
        for index in range(used):
            for column in range(rows.shape[1]):
                grown[index, column] = rows[index, column]
        rows = grown
    row = rows[used]
    row[_START], row[_DECODE], row[_PROMPT], row[WIDTH] = now, decoding, taken, kv
    row[_TOKENS], row[_LEVEL], row[_HEAT] = tokens, level, -np.inf
    return rows


@inlined
def note(
    row: Floats,
    end_s: float,
    sums: Floats,
    parts: Floats,
    serial_s: float,
    in_use: float,
    waiting: int,
    output: int,
    heat_c: float,
) -> None:
    """Add a step to its row."""
    row[_END] = end_s
    row[_STEPS] += 1.0
    for item in range(len(sums)):
        row[_SUM + item] += sums[item]
    for resource in range(len(parts)):
        row[_TIME + resource] += parts[resource]
    row[_SERIAL] += serial_s
    row[_KV] = max(row[_KV], in_use)
    row[_WAIT] = max(row[_WAIT], float(waiting))
    row[_OUT] += output
    row[_HEAT] = max(row[_HEAT], heat_c)
