"""Compiled loops of conjugate gradients over fields in the layout of a level.

Rows [low, high) only, so that threads can share a field; sums are left per row and are added up
by the caller, always in the same order. For the layout see `thermal.relaxation`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled, inlined_sum, pasted
from thermal.lanes import LANES, add_products, alike, fetch, load, no_sums, store, total
from thermal.relaxation import LEAD, Level, Single, span

__all__ = ["add_kept", "advance", "collect", "redirect", "take_image", "unpack"]

Double = NDArray[np.float64]


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
