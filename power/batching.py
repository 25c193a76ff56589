"""Continuous batching with chunked prefill, step by step, compiled.

Each step takes the next token of every decoding sequence, then fills what is left of its token
budget with chunks of prompts, first come, first served. A request's first token leaves with the
step that ends its prompt.

*Admission.* See `power.batching_admission`.

*Drafts.* With speculative decoding a sequence takes up to `draft_tokens` drafted tokens beside its
next one, as many as it still needs. Each is accepted with a given probability if the one before it
was; the draws depend on seed, request and position alone.

*Prefix cache.* See `power.batching_cache`; a request reads what it does not find of its prompt.

*Power cap.* A step that would take more than the cap gets the fastest operating point that keeps it
and lasts longer, so that more requests have come when the next one begins.

*Throttle.* Where the operation has a lump for the hottest block, it follows the power of steps and
pauses; above the limit steps get the throttle's operating point, until it is below by the
hysteresis.

*Handed over.* Where prompts are read elsewhere, requests come with their KV cache and first token.
Where answers are written elsewhere, the KV cache of a prompt leaves with the step that ends it.

Steps alike share a row: same decoding sequences, tokens and operating point, no pause between
them, and a KV cache within `power.rows.GROWTH` of the first step's. A long decode is thus a few
rows.

Importing this module imports numba; the compiled code is kept on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from power.batching_admission import remove, select, start_decoding
from power.batching_cache import add_prefix, drop, kv_byte
from power.batching_cap import joules, level_of, slow_down, warm_up, watts_at
from power.batching_coast import coast
from power.batching_state import (
    ADMIT,
    ARRIVED,
    CONTEXT,
    DECODING,
    DONE,
    DRAFTS,
    EVICTED,
    FILLING,
    HEAT,
    HELD,
    HOT,
    LEFT,
    NOW,
    ORDER,
    PINNED,
    TARGET,
    WHO,
    Batch,
    Blocks,
    Levels,
    Requests,
    Rules,
    compiled,
    inlined,
)
from power.batching_step import (
    WIDTH,
    add_decode,
    add_prompts,
    joins,
    longest_s,
    note,
    open_row,
)

__all__ = ["serve"]

Floats = NDArray[np.float64]


@inlined
def _accepted(key: int, position: int, drafts: int, acceptance: float) -> int:
    """Return how many drafts in a row are accepted: a hash of key and position decides."""
    for number in range(drafts):
        mixed = key + np.uint64(position + number + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
        if (mixed >> np.uint64(11)) * 2.0**-53 >= acceptance:
            return number
    return drafts


@inlined
def _advance(requests: Requests, batch: Batch, blocks: Blocks, rules: Rules) -> int:
    """Give every sequence its tokens; return how many there are, and let go who has all."""
    count, decode = batch.counts, batch.decode
    place, tokens = 0, 0
    while place < count[DECODING]:
        who, context = decode[WHO, place], decode[CONTEXT, place]
        number = 1
        if decode[DRAFTS, place] > 0:
            number += _accepted(
                requests.key[who], requests.got[who], decode[DRAFTS, place], rules.acceptance
            )
        tokens += number
        requests.got[who] += number
        decode[CONTEXT, place] += number
        decode[LEFT, place] -= number
        if not rules.reserve:
            more = kv_byte(context + number, rules) - kv_byte(context, rules)
            batch.clock[HELD] += more
            requests.held_byte[who] += more
        if decode[LEFT, place] > 0:
            place += 1
            continue
        requests.times_s[2, who] = batch.clock[NOW]
        drop(who, requests, batch, blocks, rules)
        count[DECODING] -= 1
        remove(decode, place, count[DECODING])
    return tokens


@inlined
def _end_prompts(requests: Requests, batch: Batch, blocks: Blocks, rules: Rules) -> int:
    """Answer every request whose prompt has been read; return how many those are."""
    count, filling = batch.counts, batch.filling
    ended = 0
    while ended < count[FILLING] and filling[DONE, ended] == filling[TARGET, ended]:
        who = filling[WHO, ended]
        if requests.got[who] == 0:
            requests.times_s[1, who] = batch.clock[NOW]
        requests.got[who] += 1
        if rules.block_tokens > 0:
            add_prefix(who, requests, batch, blocks, rules)
        if requests.got[who] < requests.output[who]:
            order = filling[ORDER, ended]
            start_decoding(who, order, filling[TARGET, ended], requests, batch)
        else:
            requests.times_s[2, who] = batch.clock[NOW]
            drop(who, requests, batch, blocks, rules)
        ended += 1
    if ended > 0:
        count[FILLING] -= ended
        for place in range(count[FILLING]):
            remove(filling, place, place + ended)
    return ended


@compiled
def serve(
    requests: Requests,
    batch: Batch,
    blocks: Blocks,
    rules: Rules,
    levels: Levels,
    horizon_s: float,
    fixed_s: Floats,
    slope_s: Floats,
    draft_s: Floats,
    begun: Floats,
) -> tuple[Floats, int]:
    """Serve requests until all are done or the next step begins at a horizon.

    Parameters
    ----------
    requests, batch, blocks
        What there is to do and how far it is; all of them change.
    rules : Rules
        How it is done.
    levels : Levels
        The power cap and the throttle.
    horizon_s : float
        Latest time up to which all arrivals are known; infinite where no more will come [s].
    fixed_s : array, shape (chunk + 1, 5)
        Time of tensor, vector, HBM and serial parts by tokens of the step [s], and what stretches
        the longest of the first three (bubbles of a pipeline).
    slope_s : array, shape (7, 3)
        Time of the first three for each unit of `power.work.SUMS` [s].
    draft_s : array, shape (max_batch + 1, 4)
        Time of the drafts of a full draft length by decoding sequences [s].
    begun : array, shape (0 or 1, WIDTH + 1)
        A row that steps may still join.

    Returns
    -------
    rows : array, shape (m, WIDTH + 1)
        Runs of steps alike, in order of time.
    used : int
        How many of them are in use.
    """
    none: Any = np.int64(0)  # a literal 0 would have versions of its own compiled
    rows, used = np.zeros((1024, WIDTH + 1)), none
    for column in range(begun.size):
        rows[0, column] = begun[0, column]
        used = none + 1
    sums, parts = np.zeros(slope_s.shape[0]), np.zeros(slope_s.shape[1])
    count, clock = batch.counts, batch.clock
    while True:
        if count[DECODING] + count[FILLING] + count[EVICTED] == 0:
            if count[ADMIT] == len(requests.prompt):
                break
            then = max(clock[NOW], requests.arrival_s[count[ADMIT]])
            if levels.governs:
                warm_up(clock, levels.idle_w, then - clock[NOW], levels)
            clock[NOW] = then
            clock[HELD] = clock[PINNED] = 0.0
        if clock[NOW] >= horizon_s:
            break
        now = clock[NOW]
        while count[ARRIVED] < len(requests.prompt) and requests.arrival_s[count[ARRIVED]] <= now:
            count[ARRIVED] += 1
        growth = select(requests, batch, blocks, rules)
        decoding = count[DECODING]
        tokens = add_decode(sums, batch, decoding, rules)
        taken = add_prompts(sums, batch, count[FILLING], rules.chunk - tokens, rules)
        fixed = fixed_s[tokens + taken]
        serial_s = fixed[3]
        lasting_s = longest_s(parts, sums, fixed, slope_s) * fixed[4] + serial_s
        share = 0.0
        if tokens > decoding:
            share = (tokens - decoding) / (decoding * rules.draft_tokens)
            draft = draft_s[decoding]
            lasting_s += share * (max(draft[0], draft[1], draft[2]) + draft[3])
            serial_s += share * draft[3]
            for resource in range(len(parts)):
                parts[resource] += share * draft[resource]
        level, watts = 0, 0.0
        if levels.governs:
            core_j, other_j = joules(sums, tokens + taken, decoding, share, levels)
            level = level_of(parts, lasting_s, core_j, other_j, levels)
            if clock[HOT] > 0.0:
                level = max(level, levels.slow_level)
            watts = watts_at(level, parts, lasting_s, core_j, other_j, levels)
        if level > 0:
            lasting_s = slow_down(level, parts, lasting_s, levels)
        kv = sums[3]
        if used == 0 or not joins(
            rows[used - 1], now, decoding, tokens, taken, level, kv, rules.growth
        ):
            rows = open_row(rows, used, now, decoding, tokens, taken, level, kv)
            used += 1
        in_use = clock[HELD] + clock[PINNED] + growth
        waiting = count[ARRIVED] - count[ADMIT] + count[EVICTED]
        clock[NOW] = now + lasting_s
        if levels.governs:
            warm_up(clock, watts, lasting_s, levels)
        output = _advance(requests, batch, blocks, rules)
        output += _end_prompts(requests, batch, blocks, rules)
        row = rows[used - 1]
        note(row, clock[NOW], sums, parts, serial_s, in_use, waiting, output, clock[HEAT])
        rows, used = coast(
            rows, used, sums, parts, requests, batch, rules, levels, horizon_s, fixed_s, slope_s
        )
    return rows, used
