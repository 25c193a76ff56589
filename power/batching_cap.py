"""The operating point of a step under a power cap, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from power.batching_state import Levels, inlined

__all__ = ["level_of", "slow_down"]

Floats = NDArray[np.float64]


@inlined
def _lasting(level: int, parts: Floats, lasting_s: float, levels: Levels) -> float:
    """Return what a step takes at an operating point: logic slows down, memory does not [s]."""
    pace = levels.pace[level]
    before = max(parts[0], parts[1], parts[2])
    return float(lasting_s + max(parts[0] / pace, parts[1] / pace, parts[2]) - before)


@inlined
def _watts(
    level: int, parts: Floats, lasting_s: float, core_j: float, other_j: float, levels: Levels
) -> float:
    """Return the mean power of a package over a step at an operating point [W]."""
    pace, square = levels.pace[level], levels.square[level]
    time = _lasting(level, parts, lasting_s, levels)
    energy = time * levels.static_w[level] + square * core_j + other_j
    tensor, vector, hbm = parts[0] / pace, parts[1] / pace, parts[2]
    busy = (tensor, vector, hbm, max(tensor, hbm))
    for place in range(4):
        clock_w = pace * square * levels.busy_clock_w[place]
        energy += busy[place] * (clock_w + levels.busy_w[place])
    return float(energy / time)


@inlined
def level_of(
    parts: Floats,
    lasting_s: float,
    sums: Floats,
    tokens: int,
    decoding: int,
    drafted: float,
    levels: Levels,
) -> int:
    """Return the first operating point at which a step keeps the cap; the last one if none does.

    `drafted` is the share of a full draft length that sequences take.
    """
    core_j, other_j = levels.fixed_j[tokens, 0], levels.fixed_j[tokens, 1]
    for item in range(len(sums)):
        core_j += sums[item] * levels.slope_j[item, 0]
        other_j += sums[item] * levels.slope_j[item, 1]
    if drafted > 0.0:
        core_j += drafted * levels.draft_j[decoding, 0]
        other_j += drafted * levels.draft_j[decoding, 1]
    if _watts(0, parts, lasting_s, core_j, other_j, levels) <= levels.cap_w:
        return 0
    low, high = 0, len(levels.pace) - 1  # power falls from point to point
    while high - low > 1:
        middle = (low + high) // 2
        if _watts(middle, parts, lasting_s, core_j, other_j, levels) <= levels.cap_w:
            high = middle
        else:
            low = middle
    return high


@inlined
def slow_down(level: int, parts: Floats, lasting_s: float, levels: Levels) -> float:
    """Give the logic its time at an operating point; return what the step then takes [s]."""
    then_s = _lasting(level, parts, lasting_s, levels)
    parts[0] /= levels.pace[level]
    parts[1] /= levels.pace[level]
    return then_s
