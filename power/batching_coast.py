"""Steps in which sequences only decode, one after the other without a look around, compiled.

Between an arrival and the next, or the end of an answer, nothing is admitted, read, evicted or let
go. The steps are those of `power.batching.serve`, to the last bit: sums of contexts are whole
numbers, which grow by one for each sequence, and all else is the same arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from power.batching_cap import joules, level_of, slow_down
from power.batching_state import (
    ADMIT,
    ARRIVED,
    CONTEXT,
    DECODING,
    EVICTED,
    FILLING,
    HEAT,
    HELD,
    LEFT,
    NOW,
    PINNED,
    WHO,
    Batch,
    Levels,
    Requests,
    Rules,
    inlined,
)
from power.batching_step import joins, longest_s, note, open_row

__all__ = ["coast"]

Floats = NDArray[np.float64]


@inlined
def _free_steps(batch: Batch, rules: Rules, levels: Levels) -> int:
    """Return for how many steps nobody comes to an end and no rule but the cap acts."""
    count = batch.counts
    busy = count[FILLING] + count[EVICTED] + count[ARRIVED] - count[ADMIT]
    if busy > 0 or not rules.reserve or rules.draft_tokens > 0 or levels.limit_c < np.inf:
        return 0
    least = 0
    for place in range(count[DECODING]):
        left = batch.decode[LEFT, place] - 1
        least = left if place == 0 else min(least, left)
    return least


@inlined
def _within(batch: Batch, decoding: int, more: int, window: int) -> int:
    """Return the context in reach of windowed layers, some steps on."""
    inside = 0
    for place in range(decoding):
        inside += min(batch.decode[CONTEXT, place] + more + 1, window)
    return inside


@inlined
def coast(
    rows: Floats,
    used: int,
    sums: Floats,
    parts: Floats,
    requests: Requests,
    batch: Batch,
    rules: Rules,
    levels: Levels,
    horizon_s: float,
    fixed_s: Floats,
    slope_s: Floats,
) -> tuple[Floats, int]:
    """Decode until somebody comes or has all tokens, or a step begins at the horizon.

    Parameters as those of `power.batching.serve`; `sums` and `parts` are room to work in. Returns
    the rows and how many of them are in use.
    """
    free = _free_steps(batch, rules, levels)
    if free == 0:
        return rows, used
    decoding, now = batch.counts[DECODING], batch.clock[NOW]
    arrived, until_s = batch.counts[ARRIVED], np.inf
    if arrived < len(requests.arrival_s):
        until_s = requests.arrival_s[arrived]
    in_use, heat_c = batch.clock[HELD] + batch.clock[PINNED], batch.clock[HEAT]
    fixed, window = fixed_s[decoding], rules.window
    whole = 0
    for place in range(decoding):
        whole += batch.decode[CONTEXT, place] + 1
    inside = _within(batch, decoding, 0, window)
    done = 0
    while done < free and now < until_s and now < horizon_s:
        sums[0], sums[5] = decoding, 0.0
        sums[1] = sums[3] = sums[6] = whole
        sums[2] = sums[4] = inside
        lasting_s = longest_s(parts, sums, fixed, slope_s) * fixed[4] + fixed[3]
        level = 0
        if levels.governs:
            core_j, other_j = joules(sums, decoding, decoding, 0.0, levels)
            level = level_of(parts, lasting_s, core_j, other_j, levels)
        if level > 0:
            lasting_s = slow_down(level, parts, lasting_s, levels)
        kv = sums[3]
        if used == 0 or not joins(
            rows[used - 1], now, decoding, decoding, 0, level, kv, rules.growth
        ):
            rows = open_row(rows, used, now, decoding, decoding, 0, level, kv)
            used += 1
        now += lasting_s
        note(rows[used - 1], now, sums, parts, fixed[3], in_use, 0, decoding, heat_c)
        done += 1
        whole += decoding
        if inside < decoding * window:
            inside = _within(batch, decoding, done, window)
    batch.clock[NOW] = now
    for place in range(decoding):
        batch.decode[CONTEXT, place] += done
        batch.decode[LEFT, place] -= done
        requests.got[batch.decode[WHO, place]] += done
    return rows, used
