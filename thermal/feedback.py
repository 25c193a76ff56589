"""The fixed point of temperatures and of a power that depends on them, such as leakage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techlib import ConvergenceError

__all__ = ["FixedPoint", "fixed_point"]

Array = NDArray[np.float64]

_GROWING = 3  #: changes in a row that are not smaller than the one before: thermal runaway


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Powers and temperatures that agree with each other.

    Parameters
    ----------
    power_w : array (keys,)
        Powers at the block temperatures [W].
    mean_c : array (keys,)
        Block temperatures at those powers [degC].
    iterations : int
        Steady solves that it took.
    gain : float
        Ratio of the last two changes in temperature: the loop gain, below 1.
    """

    power_w: Array
    mean_c: Array
    iterations: int
    gain: float


def fixed_point(
    mean_of: Callable[[Array], Array],
    power_of: Callable[[Array], Array],
    start_c: Array,
    keys: Sequence[str],
    *,
    tolerance_k: float,
    maximum_iterations: int,
) -> FixedPoint:
    """Iterate power and temperature until the error that is left is below a tolerance.

    Each change in temperature is `gain` times the one before, so that after a change ``d`` the
    way that is left is ``d gain / (1 - gain)``; this, not ``d``, is held against the tolerance.

    Parameters
    ----------
    mean_of : callable
        Block temperatures from block powers; one steady solve.
    power_of : callable
        Block powers [W] from block temperatures [degC].
    start_c : array (keys,)
        First temperatures [degC].
    keys : sequence of str
        Names of the blocks, for messages.
    tolerance_k : float
        Above zero [K].
    maximum_iterations : int
        Steady solves at most.

    Raises
    ------
    ConvergenceError
        Thermal runaway, or too slow.
    """
    mean_c, last, gain, growing = start_c, np.inf, 0.0, 0
    for iteration in range(1, maximum_iterations + 1):
        power_w = power_of(mean_c)
        if not np.isfinite(power_w).all():
            raise _runaway(keys, mean_c, start_c, gain)
        new_c = mean_of(power_w)
        change = float(np.abs(new_c - mean_c).max(initial=0.0))
        if iteration > 1:
            gain = change / last if last else 0.0
            growing = growing + 1 if gain >= 1.0 and change > tolerance_k else 0
        mean_c, last = new_c, change
        if growing >= _GROWING:
            raise _runaway(keys, mean_c, start_c, gain)
        left = change * gain / (1.0 - gain) if gain < 1.0 else np.inf
        if (iteration > 1 and left <= tolerance_k) or change == 0.0:
            return FixedPoint(power_w, mean_c, iteration, gain)
    raise ConvergenceError(
        f"power and temperature still change by {last:.3g} K after {maximum_iterations} rounds "
        f"(loop gain {gain:.2f}, tolerance {tolerance_k:g} K); "
        "allow more rounds, or cool better: near a gain of 1 there is no stable temperature"
    )


def _runaway(keys: Sequence[str], mean_c: Array, start_c: Array, gain: float) -> ConvergenceError:
    worst = int(np.argmax(np.nan_to_num(mean_c - start_c, nan=np.inf)))
    how = f"each round adds {gain:.3g} times the last" if gain >= 1.0 else "its power has no bound"
    return ConvergenceError(
        f"thermal runaway: block {keys[worst]} went from {start_c[worst]:.1f} to "
        f"{mean_c[worst]:.4g} degC and {how}; there is no stable temperature: lower the power or "
        "the leakage, or cool better"
    )
