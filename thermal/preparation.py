"""Compiled loops of the multigrid set-up.

For the layout of single-precision fields see `thermal.relaxation`. Packing and factoring handle
the rows [low, high) only, so that threads can share a field.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled, compiled_sum, inlined_sum
from thermal.relaxation import LEAD, Single

__all__ = ["factor", "line_sums", "pack", "sum_cells"]

Double = NDArray[np.float64]
Index = NDArray[np.int64]

_TRACE = 1e-12  #: of the other direction's conductivity, where there is none in one


@compiled
def sum_cells(
    values: Single, row_of: Index, row_to: Index, column_of: Index, column_to: Index, out: Single
) -> None:
    """``out[z, row_to, column_to] += values[z, row_of, column_of]``."""
    for k in range(values.shape[0]):
        for m in range(row_of.size):
            source, target = values[k, row_of[m]], out[k, row_to[m]]
            for n in range(column_of.size):
                target[column_to[n]] += source[column_of[n]]


@compiled_sum
def line_sums(
    gx: Single,
    gy: Single,
    dx2: Double,
    dy2: Double,
    along_x: Double,
    along_y: Double,
    weight_x: Double,
    weight_y: Double,
) -> None:
    """Add ``sqrt(gx dx^2 gy dy^2)`` of all cells up by column and by row.

    `dx2` and `dy2` are the squares of the cell sizes over the number of faces that a cell has;
    `along_x` and `along_y` are work space for a row.
    """
    nz, ny, nx = gx.shape[0], weight_y.size, weight_x.size
    for k in range(nz):
        for j in range(ny):
            gw, gs, gn = gx[k, j], gy[k, max(j - 1, 0)], gy[k, min(j, ny - 2)]
            for i in range(nx):
                along_x[i] = 0.0
                along_y[i] = (gs[i] if j > 0 else 0.0) + (gn[i] if j < ny - 1 else 0.0)
            for i in range(nx - 1):
                along_x[i] += gw[i]
            for i in range(nx - 1):
                along_x[i + 1] += gw[i]
            total = 0.0
            for i in range(nx):
                a, b = along_x[i] * dx2[i], along_y[i] * dy2[j]
                weight = np.sqrt((a + _TRACE * b) * (b + _TRACE * a))
                weight_x[i] += weight
                total += weight
            weight_y[j] += total


@compiled
def pack(
    values: Single, row: int, column: int, stride: int, out: Single, low: int, high: int
) -> None:
    """Store a field in the layout of the levels, moved by `row` and `column` (0 or 1)."""
    nz, ny = values.shape[:2]
    for j in range(low, min(high, ny)):
        for k in range(nz):
            for first in range(2):
                to = first + column
                here = values[k, j, first:]
                there = out[j + row + 1, to & 1, LEAD + k * stride + (to >> 1) :]
                for h in range((here.size + 1) // 2):
                    there[h] = here[2 * h]


@compiled
def factor(
    west: Single,
    south: Single,
    above: Single,
    ground: Single,
    stride: int,
    p: Single,
    q: Single,
    joined: Index,
    work: Double,
    low: int,
    high: int,
) -> None:
    """Factor every column by sums of positive numbers only.

    ``e_k = ground_k + lateral_k + gz_(k-1) e_(k-1) / p_(k-1)``, ``p_k = e_k + gz_k``,
    ``q_k = e_k / p_k``; stored are ``1 / p`` and ``q``. A cell without any conductance gets 0
    and 1. ``joined_j`` counts the cells of a row with ``lateral > ground``. `work` is work space,
    of two strides more than a row takes.
    """
    size = west.shape[2] - 2 * LEAD
    from_below, inverse, e = work[:stride], work[stride : 2 * stride], work[2 * stride :]
    for r in range(low + 1, high + 1):
        joined[r - 1] = 0
        for c in range(2):
            from_below[:] = 0.0
            _lateral(west, south, r, c, e)
            joined[r - 1] += _greater(e, ground[r, c, LEAD:])
            for begin in range(0, size, stride):
                end = begin + stride
                place = slice(LEAD + begin, LEAD + end)
                _eliminate(
                    e[begin:end],
                    ground[r, c, place],
                    above[r, c, place],
                    from_below,
                    inverse,
                    p[r, c, place],
                    q[r, c, place],
                )


@inlined_sum
def _lateral(west: Single, south: Single, r: int, c: int, out: Double) -> None:
    """Set the sums of the four lateral conductances of each cell of a stored row."""
    gw, ge = west[r, c, LEAD:], west[r, 1 - c, LEAD + c :]
    gs, gn = south[r, c, LEAD:], south[r + 1, c, LEAD:]
    for h in range(out.size):
        out[h] = np.float64(gw[h]) + ge[h] + gs[h] + gn[h]


@inlined_sum
def _greater(values: Double, others: Single) -> int:
    """Count the values that are greater than the others."""
    count = 0
    for h in range(values.size):
        count += values[h] > others[h]
    return count


@inlined_sum
def _eliminate(
    e: Double,
    ground: Single,
    above: Single,
    from_below: Double,
    inverse: Double,
    p: Single,
    q: Single,
) -> None:
    """Factor the cells of one height; in short loops, so that each one is vectorised."""
    for h in range(e.size):
        e[h] += ground[h] + from_below[h]
    for h in range(e.size):
        pivot = e[h] + above[h]
        inverse[h] = 1.0 / pivot if pivot > 0.0 else 0.0
    for h in range(e.size):
        p[h] = inverse[h]
    for h in range(e.size):
        q[h] = e[h] * inverse[h] if inverse[h] > 0.0 else 1.0
    for h in range(e.size):
        from_below[h] = above[h] * (e[h] * inverse[h])
