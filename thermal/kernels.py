"""Compiled loops of the operator on fields (nz, ny, nx), in double precision.

Rows [low, high) only, so that threads can share a field; sums are left per row and are added up
by the caller, always in the same order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled_sum, inlined_sum
from thermal.relaxation import LEAD, Single

__all__ = ["apply", "image", "left", "residual", "square_sums"]

Double = NDArray[np.float64]

_BLOCK = 16  #: rows whose neighbours above and below stay in the cache


@inlined_sum
def _row(
    gx: Single,
    gy: Single,
    gz: Single,
    ground: Double,
    none: Single,
    p: Double | Single,
    k: int,
    j: int,
    v: Double,
) -> None:
    """``v_i = ground_i p_i + sum_j g_ij (p_i - p_j)`` in the row `j` of the height `k`.

    `none` is a row of zeros, the conductance of a face that is not there.
    """
    nz, ny, nx = p.shape
    u, g0 = p[k, j], ground[k, j]
    gs, south = (gy[k, j - 1], p[k, j - 1]) if j > 0 else (none, u)
    gn, north = (gy[k, j], p[k, j + 1]) if j < ny - 1 else (none, u)
    gb, below = (gz[k - 1, j], p[k - 1, j]) if k > 0 else (none, u)
    ga, above = (gz[k, j], p[k + 1, j]) if k < nz - 1 else (none, u)
    gw, inside, middle = gx[k, j], v[1:-1], u[1:-1]
    west, east, from_west, from_east = u[:-2], u[2:], gw[:-1], gw[1:]
    v[0] = v[nx - 1] = 0.0
    if nx > 1:
        v[0] = gw[0] * (u[0] - u[1])
        v[nx - 1] = gw[nx - 2] * (u[nx - 1] - u[nx - 2])
    for i in range(inside.size):  # in two loops, so that each one is vectorised
        c = np.float64(middle[i])
        inside[i] = from_west[i] * (c - west[i]) + from_east[i] * (c - east[i])
    for i in range(nx):
        c = np.float64(u[i])
        along_z = gb[i] * (c - below[i]) + ga[i] * (c - above[i])
        along_y = gs[i] * (c - south[i]) + gn[i] * (c - north[i])
        v[i] += g0[i] * c + along_z + along_y


@compiled_sum
def square_sums(field: Double, squares: Double, low: int, high: int) -> None:
    """Add up the squares of each row."""
    squares[low:high] = 0.0
    for k in range(field.shape[0]):
        for j in range(low, high):
            u, total = field[k, j], 0.0
            for i in range(u.size):
                total += u[i] * u[i]
            squares[j] += total


@compiled_sum
def apply(
    gx: Single,
    gy: Single,
    gz: Single,
    ground: Double,
    none: Single,
    p: Double,
    out: Double,
    low: int,
    high: int,
) -> None:
    """``out = A p`` as in `_row`."""
    for begin in range(low, high, _BLOCK):
        for k in range(p.shape[0]):
            for j in range(begin, min(begin + _BLOCK, high)):
                _row(gx, gy, gz, ground, none, p, k, j, out[k, j])


@compiled_sum
def left(
    gx: Single,
    gy: Single,
    gz: Single,
    ground: Double,
    none: Single,
    heat: Double,
    p: Double,
    out: Double,
    sums: Double,
    low: int,
    high: int,
) -> None:
    """``out = heat - A p`` with ``A p`` as in `_row`.

    ``sums_j = (sum out^2, sum out, sum heat^2)``.
    """
    sums[low:high] = 0.0
    for begin in range(low, high, _BLOCK):
        for k in range(p.shape[0]):
            for j in range(begin, min(begin + _BLOCK, high)):
                h, v, squares, total, given = heat[k, j], out[k, j], 0.0, 0.0, 0.0
                _row(gx, gy, gz, ground, none, p, k, j, v)
                for i in range(v.size):
                    v[i] = h[i] - v[i]
                    squares += v[i] * v[i]
                    total += v[i]
                    given += h[i] * h[i]
                sums[j, 0] += squares
                sums[j, 1] += total
                sums[j, 2] += given


@compiled_sum
def image(
    gx: Single,
    gy: Single,
    gz: Single,
    ground: Double,
    none: Single,
    p: Single,
    v: Double,
    out: Single,
) -> None:
    """``out = A p`` as in `_row`, of a field in single precision, added up in double precision.

    `v` is work space for a row.
    """
    nz, ny, nx = p.shape
    for begin in range(0, ny, _BLOCK):
        for k in range(nz):
            for j in range(begin, min(begin + _BLOCK, ny)):
                _row(gx, gy, gz, ground, none, p, k, j, v)
                to = out[k, j]
                for i in range(nx):
                    to[i] = v[i]


@compiled_sum
def residual(
    gx: Single,
    gy: Single,
    gz: Single,
    ground: Double,
    none: Single,
    rhs: Double,
    x: Double,
    cold: bool,
    scale: float,
    v: Double,
    source: Single,
    squares: Double,
    low: int,
    high: int,
) -> None:
    """``source = scale (rhs - A x)`` with ``A x`` as in `_row`; squares: sums of squares by row.

    `cold` says that `x` is zero; `v` is work space for a row, of zeros.
    """
    nz, _, nx = rhs.shape
    stride = (source.shape[2] - 2 * LEAD) // nz
    for j in range(low, high):
        squares[j] = 0.0
    for begin in range(low, high, _BLOCK):
        for k in range(nz):
            place = k * stride + LEAD
            for j in range(begin, min(begin + _BLOCK, high)):
                if not cold:
                    _row(gx, gy, gz, ground, none, x, k, j, v)
                b, even, odd = rhs[k, j], source[j + 1, 0, place:], source[j + 1, 1, place:]
                total = 0.0
                for h in range(nx // 2):
                    e, o = scale * (b[2 * h] - v[2 * h]), scale * (b[2 * h + 1] - v[2 * h + 1])
                    even[h], odd[h] = e, o
                    total += e * e + o * o
                if nx % 2:
                    e = scale * (b[nx - 1] - v[nx - 1])
                    even[nx // 2] = e
                    total += e * e
                squares[j] += total
