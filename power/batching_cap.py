"""The operating point of a step under a power cap and a throttle, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from power.batching_state import HEAT, HOT, Levels, inlined

__all__ = ["joules", "level_of", "slow_down", "warm_up", "watts_at"]

Floats = NDArray[np.float64]


@inlined
def _lasting(level: int, parts: Floats, lasting_s: float, levels: Levels) -> float:
    """Return what a step takes at an operating point: logic slows down, memory does not [s]."""
    pace = levels.pace[level]
    before = max(parts[0], parts[1], parts[2])
    return float(lasting_s + max(parts[0] / pace, parts[1] / pace, parts[2]) - before)


@inlined
def watts_at(
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
def joules(
    sums: Floats, tokens: int, decoding: int, drafted: float, levels: Levels
) -> tuple[float, float]:
    """Return the energy of a step's actions: what follows the voltage, and what does not [J].

    `drafted` is the share of a full draft length that sequences take.
    """
    core_j, other_j = levels.fixed_j[tokens, 0], levels.fixed_j[tokens, 1]
    for item in range(len(sums)):
        core_j += sums[item] * levels.slope_j[item, 0]
        other_j += sums[item] * levels.slope_j[item, 1]
    if drafted > 0.0:
        core_j += drafted * levels.draft_j[decoding, 0]
        other_j += drafted * levels.draft_j[decoding, 1]
    return core_j, other_j


@inlined
def level_of(parts: Floats, lasting_s: float, core_j: float, other_j: float, levels: Levels) -> int:
    """Return the first operating point at which a step keeps the cap; the last one if none does."""
    if watts_at(0, parts, lasting_s, core_j, other_j, levels) <= levels.cap_w:
        return 0
    low, high = 0, len(levels.pace) - 1  # power falls from point to point
    while high - low > 1:
        middle = (low + high) // 2
        if watts_at(middle, parts, lasting_s, core_j, other_j, levels) <= levels.cap_w:
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


@inlined
def warm_up(clock: Floats, watts: float, lasting_s: float, levels: Levels) -> None:
    """Let the lump follow a power for a while, and the throttle follow the lump."""
    if levels.limit_c == np.inf:
        return
    final_c = levels.coolant_c + levels.resistance_k_w * watts
    left = np.exp(-lasting_s / levels.time_s)
    clock[HEAT] = final_c + (clock[HEAT] - final_c) * left
    limit_c = levels.resume_c if clock[HOT] > 0.0 else levels.limit_c
    clock[HOT] = 1.0 if clock[HEAT] > limit_c else 0.0
