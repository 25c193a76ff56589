"""Compiled loops of a step in time: one pass over the fields each, with the sums that it needs.

Rows [low, high) only, so that threads can share a field; sums are left per row and are added up
by the caller, always in the same order. `drains` says at which heights `drain` is not zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled_sum, inlined_sum

__all__ = ["account", "finish", "turn"]

Double = NDArray[np.float64]
Flags = NDArray[np.bool_]


@compiled_sum
def account(
    drain: Double,
    drains: Flags,
    capacity: Double,
    rise: Double,
    sums: Double,
    low: int,
    high: int,
) -> None:
    """``sums_j = (sum drain rise, sum capacity rise)``."""
    sums[low:high] = 0.0
    for k in range(rise.shape[0]):
        for j in range(low, high):
            sums[j, 1] += _product(capacity[k, j], rise[k, j])
            if drains[k]:
                sums[j, 0] += _product(drain[k, j], rise[k, j])


@compiled_sum
def turn(
    left: Double,
    capacity: Double,
    rise: Double,
    keep: float,
    weight: float,
    evenly: float,
    sums: Double,
    low: int,
    high: int,
) -> None:
    """``left = keep left + weight capacity (rise + evenly)``, with sums by row.

    ``sums_j = (sum left^2, sum left)``.
    """
    nz, _, nx = rise.shape
    sums[low:high] = 0.0
    for k in range(nz):
        for j in range(low, high):
            f, c, u, squares, total = left[k, j], capacity[k, j], rise[k, j], 0.0, 0.0
            for i in range(nx):
                f[i] = keep * f[i] + weight * c[i] * (u[i] + evenly)
                squares += f[i] * f[i]
                total += f[i]
            sums[j, 0] += squares
            sums[j, 1] += total


@compiled_sum
def finish(
    before: Double,
    first: Double,
    ahead: float,
    second: Double,
    evenly: float,
    drain: Double,
    drains: Flags,
    capacity: Double,
    after: Double,
    sums: Double,
    low: int,
    high: int,
) -> None:
    """``after = before + change``, ``change = ahead first + second + evenly``.

    ``sums_j = (sum drain before, sum capacity |change|)``.
    """
    nz, _, nx = before.shape
    sums[low:high] = 0.0
    for k in range(nz):
        for j in range(low, high):
            b, u, v, a = before[k, j], first[k, j], second[k, j], after[k, j]
            c, moved = capacity[k, j], 0.0
            for i in range(nx):
                change = ahead * u[i] + v[i] + evenly
                a[i] = b[i] + change
                moved += c[i] * abs(change)
            sums[j, 1] += moved
            if drains[k]:
                sums[j, 0] += _product(drain[k, j], b)


@inlined_sum
def _product(a: Double, b: Double) -> float:
    """Return ``sum a b`` of a row."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total
