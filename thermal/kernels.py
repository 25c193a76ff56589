"""Compiled loops of the conjugate-gradient iteration.

Rows [low, high) only, so that threads can share a field; sums are left per row and are added up
by the caller, always in the same order. For the layout of single-precision fields see
`thermal.relaxation`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled, compiled_sum, inlined_sum, pasted
from thermal.lanes import LANES, add_products, alike, fetch, load, no_sums, store, total
from thermal.relaxation import LEAD, Level, Single, span

__all__ = [
    "add_kept",
    "advance",
    "apply",
    "collect",
    "image",
    "left",
    "redirect",
    "residual",
    "square_sums",
    "take_image",
    "unpack",
]

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


@pasted
def redirect(
    ratio: float,
    level: Level,
    before: Single,
    image: Single,
    products: Double,
    low: int,
    high: int,
    spread: int,
) -> None:
    """``rise += ratio before``, ``image = A rise``; ``products_j = sum rise image``.

    So the rise becomes the direction. A wavefront as in `thermal.relaxation`: the image of a row
    follows once the rows around it have theirs.
    """
    ny, weight = before.shape[0] - 2, alike(ratio)
    for s in range(max(low - 1, 0), min(high + 1, ny) + 1):
        for stage in range(2):
            first, last = span(ny, low, high, spread, stage)
            j = s - stage
            if j < first or j >= last:
                continue
            product = 0.0
            for c in range(2):
                if stage == 1:
                    product += _image(level, before, image, j + 1, c, min(s + 2, ny))
                elif ratio != 0.0:
                    z, d = level.rise[j + 1, c], before[j + 1, c]
                    for place in range(LEAD, d.size - LEAD, LANES):
                        store(z, place, load(z, place) + weight * load(d, place))
            if stage == 1:
                products[j] = product


@inlined_sum
def _image(level: Level, before: Single, image: Single, r: int, c: int, soon: int) -> float:
    """``image_i = ground_i p_i + sum_j g_ij (p_i - p_j)``, ``p = rise``, in a parity of a row.

    The row `soon` of all fields, and of the direction before, is fetched meanwhile.
    """
    p, stride = level.rise, level.stride
    u, v, other, south, north = p[r, c], image[r, c], p[r, 1 - c], p[r - 1, c], p[r + 1, c]
    gs, gn, gw, ge = (
        level.south[r, c],
        level.south[r + 1, c],
        level.west[r, c],
        level.west[r, 1 - c],
    )
    ga, g0 = level.above[r, c], level.ground[r, c]
    sums, end = no_sums(), p.shape[2] - LEAD
    for place in range(LEAD, end, LANES):
        here = load(u, place)
        along_y = load(gs, place) * (here - load(south, place))
        along_y = along_y + load(gn, place) * (here - load(north, place))
        along_x = load(gw, place) * (here - load(other, place - 1 + c))
        along_x = along_x + load(ge, place + c) * (here - load(other, place + c))
        under = place - stride if place >= LEAD + stride else place
        over = place + stride if place + stride < end else place
        along_z = load(ga, under) * (here - load(u, under))
        along_z = along_z + load(ga, place) * (here - load(u, over))
        found = (along_y + along_x) + (load(g0, place) * here + along_z)
        store(v, place, found)
        sums = add_products(sums, here, found)
        for field in (level.south, level.west, level.above, level.ground):
            fetch(field[soon, c], place)
        for field in (p, before, image):
            fetch(field[soon, c], place)
    products: float = total(sums)
    return products


@pasted
def take_image(level: Level, kept: Single, low: int, high: int) -> None:
    """``source -= change``, ``kept = rise``."""
    for r in range(low + 1, high + 1):
        for c in range(2):
            f, v, u, k = level.source[r, c], level.change[r, c], level.rise[r, c], kept[r, c]
            for place in range(LEAD, f.size - LEAD, LANES):
                store(f, place, load(f, place) - load(v, place))
                store(k, place, load(u, place))


@pasted
def add_kept(level: Level, kept: Single, low: int, high: int) -> None:
    """``rise += kept``."""
    for r in range(low + 1, high + 1):
        for c in range(2):
            u, k = level.rise[r, c], kept[r, c]
            for place in range(LEAD, u.size - LEAD, LANES):
                store(u, place, load(u, place) + load(k, place))


@compiled
def unpack(scale: float, field: Single, out: Double) -> None:
    """``out = scale field``, of a field in the layout of the levels."""
    nz, ny, nx = out.shape
    stride = (field.shape[2] - 2 * LEAD) // nz
    for j in range(ny):
        for k in range(nz):
            for c in range(2):
                u = field[j + 1, c, LEAD + k * stride :]
                for h in range((nx + 1 - c) // 2):
                    out[k, j, 2 * h + c] = scale * u[h]


@pasted
def advance(
    step: float, image: Single, source: Single, squares: Double, low: int, high: int
) -> None:
    """``source -= step image``; ``squares_j = sum source^2``."""
    weight = alike(step)
    for j in range(low, high):
        sums = no_sums()
        for c in range(2):
            f, v = source[j + 1, c], image[j + 1, c]
            for place in range(LEAD, f.size - LEAD, LANES):
                left = load(f, place) - weight * load(v, place)
                store(f, place, left)
                sums = add_products(sums, left, left)
        squares[j] = total(sums)


@pasted
def collect(
    x: Double, first: bool, a: float, p: Single, b: float, q: Single, low: int, high: int
) -> None:
    """``x += a p + b q``; `first` says that `x` is zero, whatever it holds."""
    nz, nx = x.shape[0], x.shape[2]
    stride = (p.shape[2] - 2 * LEAD) // nz
    for j in range(low, high):
        for k in range(nz):
            place = LEAD + k * stride
            u = x[k, j]
            if first:
                for i in range(nx):
                    u[i] = 0.0
            p_even, p_odd = p[j + 1, 0, place:], p[j + 1, 1, place:]
            q_even, q_odd = q[j + 1, 0, place:], q[j + 1, 1, place:]
            for h in range(nx // 2):
                u[2 * h] += a * p_even[h] + b * q_even[h]
                u[2 * h + 1] += a * p_odd[h] + b * q_odd[h]
            if nx % 2:
                u[nx - 1] += a * p_even[nx // 2] + b * q_even[nx // 2]
