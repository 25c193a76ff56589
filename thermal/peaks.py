r"""The hottest point of a block, from the values of cells and what flows between them.

Between two cells the difference of their values falls in two half cells and what lies between
them, which gives the temperature of the face. With ``u`` that of a face less the value of the cell,
and :math:`\xi` from -1/2 to 1/2 across it, the profile in a cell is a parabola through both faces::

    along z:       T(xi) = value + (u_lower + u_upper) (1 / 4 + xi^2) + (u_upper - u_lower) xi
    in the plane:  T(xi) = value + (u_lower + u_upper) 2 xi^2         + (u_upper - u_lower) xi

Along z its slopes at the faces are those that the flows call for, which is exact for even heat. In
the plane the value is that of the middle. The error is of second order, where that of the hottest
cell is of first order at the edge of a block, which lies half a cell away from it. The three axes
add up, each over the part of the cell that lies in the block. An outer face counts as one without
flow: fluids cool, and a block is not hottest there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.blocks import belonging
from thermal.mesh import Mesh

__all__ = ["hottest_points"]

Array = NDArray[np.float64]
Place = tuple[NDArray[np.integer], ...]

_SAME = 1e-9  #: relative difference of areas that counts as none
_UM_PER_M = 1e6


def hottest_points(mesh: Mesh, field_c: Array, *, cell_um: float = 0.0) -> Array:
    """Return the temperature of the hottest point of each block (keys,) [degC].

    Parameters
    ----------
    mesh : Mesh
        Where; conductivities count at its reference temperature.
    field_c : array (nz, ny, nx)
        Mean of each cell [degC].
    cell_um : float
        Above 0 in place of the hottest point the hottest cell that a mesh of this width, fitted to
        the block, would have: half of it away from the sides, and at the height of a cell [um].
    """
    block, cell = _cells(mesh)
    bounds_m = _bounds_m(mesh, 0.5 * cell_um)
    peak_c = np.full(len(mesh.keys), -np.inf)
    height, in_plane = np.divmod(cell, mesh.shape[1] * mesh.shape[2])
    for k in np.unique(height):
        here = height == k
        y, x = np.divmod(in_plane[here], mesh.shape[2])
        place = (height[here], y, x)
        value_c = field_c[place]
        for axis in (1, 2) if cell_um else (0, 1, 2):
            ends = _ends(mesh, axis, place, bounds_m[axis][:, block[here]])
            value_c = value_c + _most(axis, *_to_faces(mesh, field_c, axis, place), *ends)
        np.maximum.at(peak_c, block[here], value_c)
    return peak_c


def _cells(mesh: Mesh) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells to look at, and the number of the block of each.

    Of a rectangle those that it touches, as it ends somewhere in them; of others those that are
    theirs.
    """
    areas, outlines = np.zeros(len(mesh.keys)), _outlines(mesh)
    x0, y0, x1, y1 = outlines.T
    number = {key: index for index, key in enumerate(mesh.keys)}
    layers = np.zeros(len(mesh.keys))
    for layer in mesh.package.layers:
        heated = {number[region.heats] for region in layer.regions if region.heats}
        layers[list(heated)] += 1.0
        for region in layer.regions:
            if region.heats:
                areas[number[region.heats]] += region.outline.area
    rectangle = areas >= (1.0 - _SAME) * layers * (x1 - x0) * (y1 - y0)
    block = np.repeat(np.arange(len(mesh.keys)), np.diff(mesh.heat.indptr))
    used = rectangle[block] | belonging(mesh)
    return block[used], mesh.heat.indices[used].astype(np.int64)


def _outlines(mesh: Mesh) -> Array:
    """Return what encloses each block in the plane (keys, 4) [um]."""
    found: dict[str, list[tuple[float, ...]]] = {key: [] for key in mesh.keys}
    for layer in mesh.package.layers:
        for region in layer.regions:
            if region.heats:
                found[region.heats].append(region.outline.bounds)
    corners = [np.array(bounds) for bounds in found.values()]
    rows = [[*c[:, :2].min(axis=0), *c[:, 2:].max(axis=0)] for c in corners]
    return np.array(rows).reshape(-1, 4)


def _bounds_m(mesh: Mesh, inset_um: float) -> tuple[Array, Array, Array]:
    """Return from where to where each block counts along z, y and x (2, keys) [m]."""
    x0, y0, x1, y1 = _outlines(mesh).T / _UM_PER_M
    inset_m = inset_um / _UM_PER_M
    everywhere = np.array([[-np.inf], [np.inf]]) * np.ones(len(mesh.keys))

    def inner(low: Array, high: Array) -> Array:
        inset = np.minimum(inset_m, 0.5 * (high - low))
        return np.stack([low + inset, high - inset])

    return everywhere, inner(y0, y1), inner(x0, x1)


def _ends(mesh: Mesh, axis: int, place: Place, bounds_m: Array) -> tuple[Array, Array]:
    """Return where the part of each cell in its block begins and ends along an axis."""
    lines = (mesh.z_m, mesh.y_m, mesh.x_m)[axis]
    low, high = lines[place[axis]], lines[place[axis] + 1]
    begin, end = ((bound - 0.5 * (low + high)) / (high - low) for bound in bounds_m)
    return np.clip(begin, -0.5, 0.5), np.clip(end, -0.5, 0.5)


def _to_faces(mesh: Mesh, field_c: Array, axis: int, place: Place) -> tuple[Array, Array]:
    """Return how much warmer than the cell its lower and its upper face are along an axis [K]."""
    of, layers = mesh.layer_of_cell, mesh.package.layers
    value_c, last = field_c[place], mesh.shape[axis] - 1
    found = []
    for step in (-1, 1):
        side = int(step > 0)
        other = list(place)
        other[axis] = np.clip(place[axis] + step, 0, last)
        beyond = tuple(other)
        own = _half_k_m2_w(mesh, axis, side, place)
        resistance = own + _half_k_m2_w(mesh, axis, 1 - side, beyond)
        has_flow = (place[axis] + step >= 0) & (place[axis] + step <= last)
        if axis == 0:
            here, there = int(of[place[0][0]]), int(of[beyond[0][0]])
            if here != there:
                resistance = resistance + layers[min(here, there)].contact_resistance_k_m2_w
                has_flow &= layers[there].flow is None
        found.append(np.where(has_flow, own / resistance, 0.0) * (field_c[beyond] - value_c))
    return found[0], found[1]


def _half_k_m2_w(mesh: Mesh, axis: int, side: int, place: Place) -> Array:
    """Return the resistance of the lower (0) or upper (1) half of cells at one height [K m2/W]."""
    fill = mesh.fills[mesh.layer_of_cell[place[0][0]]]
    _, y, x = place
    width_m = np.diff((mesh.z_m, mesh.y_m, mesh.x_m)[axis])[place[axis]]
    if axis == 0:
        return np.asarray(0.5 * width_m / fill.kz_w_mk[y, x])
    halves = fill.ky_w_mk if axis == 1 else fill.kx_w_mk
    return np.asarray(0.5 * width_m / halves[side, y, x])


def _most(axis: int, lower_k: Array, upper_k: Array, begin: Array, end: Array) -> Array:
    """Return the greatest value of the profile between two places, less that of the cell [K]."""
    slope_k, bend_k = upper_k - lower_k, lower_k + upper_k
    middle_k, bend_k = (0.25 * bend_k, bend_k) if axis == 0 else (0.0, 2.0 * bend_k)
    domed = bend_k < 0.0
    top = np.where(domed, -slope_k / np.where(domed, 2.0 * bend_k, -1.0), begin)
    places = (begin, end, np.clip(top, begin, end))
    values = [middle_k + slope_k * xi + bend_k * xi**2 for xi in places]
    return np.asarray(np.maximum.reduce(values))
