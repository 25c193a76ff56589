"""Compiled loops of the conjugate-gradient iteration and of the multigrid set-up.

Rows [low, high) only, so that threads can share a field; sums are left per (z, y) row and are
added up by the caller, always in the same order. For the layout of single-precision fields see
`thermal.relaxation`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled, compiled_sum
from thermal.relaxation import LEAD, Single

__all__ = ["advance", "apply", "factor", "pack", "redirect", "sum_cells"]

Double = NDArray[np.float64]
Index = NDArray[np.int64]


@compiled
def sum_cells(
    values: Double, row_of: Index, row_to: Index, column_of: Index, column_to: Index, out: Double
) -> None:
    """``out[z, row_to, column_to] += values[z, row_of, column_of]``."""
    for k in range(values.shape[0]):
        for m in range(row_of.size):
            source, target = values[k, row_of[m]], out[k, row_to[m]]
            for n in range(column_of.size):
                target[column_to[n]] += source[column_of[n]]


@compiled
def pack(gx: Double, gy: Double, west: Single, south: Single) -> None:
    """Store the conductances of west and south faces in the layout of the levels."""
    nz, ny, nx = gx.shape[0], gx.shape[1], gy.shape[2]
    stride = (west.shape[2] - LEAD) // nz
    for j in range(ny):
        for k in range(nz):
            for i in range(1, nx):
                west[j + 1, i & 1, LEAD + k * stride + (i >> 1)] = gx[k, j, i - 1]
            if j > 0:
                for i in range(nx):
                    south[j + 1, i & 1, LEAD + k * stride + (i >> 1)] = gy[k, j - 1, i]


@compiled
def factor(
    gx: Double, gy: Double, gz: Double, ground: Double, inverse_pivot: Single, grounded: Single
) -> None:
    """Factor every column by sums of positive numbers only.

    ``e_k = ground_k + lateral_k + gz_(k-1) e_(k-1) / p_(k-1)``, ``p_k = e_k + gz_k``,
    ``q_k = e_k / p_k``. A cell without any conductance gets the inverse pivot 0.
    """
    nz, ny, nx = ground.shape
    from_below = np.empty(nx)
    stride = (grounded.shape[2] - LEAD) // nz
    for j in range(ny):
        from_below[:] = 0.0
        for k in range(nz):
            for i in range(nx):
                e = ground[k, j, i] + from_below[i]
                e += (gx[k, j, i - 1] if i > 0 else 0.0) + (gx[k, j, i] if i < nx - 1 else 0.0)
                e += (gy[k, j - 1, i] if j > 0 else 0.0) + (gy[k, j, i] if j < ny - 1 else 0.0)
                g = gz[k, j, i] if k < nz - 1 else 0.0
                pivot = e + g
                q = e / pivot if pivot > 0.0 else 1.0
                from_below[i] = g * q
                place = LEAD + k * stride + (i >> 1)
                inverse_pivot[j + 1, i & 1, place] = 1 / pivot if pivot > 0 else 0.0
                grounded[j + 1, i & 1, place] = q


@compiled_sum
def apply(
    gx: Double,
    gy: Double,
    gz: Double,
    ground: Double,
    none: Double,
    p: Double,
    out: Double,
    products: Double,
    low: int,
    high: int,
) -> None:
    """``out_i = ground_i p_i + sum_j g_ij (p_i - p_j)``; products: sums of ``p out``.

    `none` is a row of zeros, the conductance of a face that is not there.
    """
    nz, ny, nx = ground.shape
    for k in range(nz):
        for j in range(low, high):
            u, v, g0 = p[k, j], out[k, j], ground[k, j]
            gs, south = (gy[k, j - 1], p[k, j - 1]) if j > 0 else (none, u)
            gn, north = (gy[k, j], p[k, j + 1]) if j < ny - 1 else (none, u)
            gb, below = (gz[k - 1, j], p[k - 1, j]) if k > 0 else (none, u)
            ga, above = (gz[k, j], p[k + 1, j]) if k < nz - 1 else (none, u)
            for i in range(nx):
                lateral = gs[i] * (u[i] - south[i]) + gn[i] * (u[i] - north[i])
                vertical = gb[i] * (u[i] - below[i]) + ga[i] * (u[i] - above[i])
                v[i] = g0[i] * u[i] + lateral + vertical
            gw, to_west, to_east = gx[k, j], v[:-1], v[1:]
            west, east = u[:-1], u[1:]
            for i in range(nx - 1):
                to_west[i] += gw[i] * (west[i] - east[i])
            for i in range(nx - 1):
                to_east[i] += gw[i] * (east[i] - west[i])
            total = 0.0
            for i in range(nx):
                total += u[i] * v[i]
            products[k, j] = total


@compiled_sum
def advance(
    step: float,
    p: Double,
    ap: Double,
    x: Double,
    r: Double,
    source: Single,
    squares: Double,
    low: int,
    high: int,
) -> None:
    """``x += step p``, ``r -= step A p``; ``source = r`` in single precision; sums of ``r^2``."""
    nz, nx = r.shape[0], r.shape[2]
    stride = (source.shape[2] - LEAD) // nz
    for k in range(nz):
        for j in range(low, high):
            place = LEAD + k * stride
            even, odd = source[j + 1, 0, place:], source[j + 1, 1, place:]
            xj, rj, pj, apj = x[k, j], r[k, j], p[k, j], ap[k, j]
            total = 0.0
            for i in range(nx):
                xj[i] += step * pj[i]
                rj[i] -= step * apj[i]
                total += rj[i] * rj[i]
            squares[k, j] = total
            for h in range(nx // 2):
                even[h] = rj[2 * h]
                odd[h] = rj[2 * h + 1]
            if nx % 2:
                even[nx // 2] = rj[nx - 1]


@compiled
def redirect(ratio: float, rise: Single, p: Double, low: int, high: int) -> None:
    """``p = rise + ratio p``."""
    nz, nx = p.shape[0], p.shape[2]
    stride = (rise.shape[2] - LEAD) // nz
    for k in range(nz):
        for j in range(low, high):
            place = LEAD + k * stride
            pj, even, odd = p[k, j], rise[j + 1, 0, place:], rise[j + 1, 1, place:]
            for h in range(nx // 2):
                pj[2 * h] = even[h] + ratio * pj[2 * h]
                pj[2 * h + 1] = odd[h] + ratio * pj[2 * h + 1]
            if nx % 2:
                pj[nx - 1] = even[nx // 2] + ratio * pj[nx - 1]
