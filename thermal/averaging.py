r"""Block means from the values of cells, freed of their leading error.

The value of a cell is not its mean: along each axis the profile inside it is bent by what flows
out across that axis. With the net outflow :math:`s_d` of a cell across its two faces along axis
:math:`d` [W], its width :math:`h`, conductivity :math:`k` and volume :math:`V`::

    mean of a block = sum over its cells of share * (value - sum_d a_d h^2 s_d / (k V))

Along z, where layers begin and end on grid lines, the profile of an evenly heated cell is a
parabola between exact face temperatures and ``a = 1/6`` makes the mean exact in one dimension.

In the plane the leading error of the mean comes from the edges of the heat source. In Fourier
terms, with :math:`\theta` the wave number times the cell width: the five-point operator conducts
a wave too poorly by :math:`1 - \theta^2 / 12`, which a sheet on a thick body, whose response goes
with the root of that, feels by one half; and an edge that cuts a cell in the ratio
:math:`\varphi : 1 - \varphi`, once as the edge of the source and once as the edge of the mean,
is seen with a weight of :math:`1 + (1/12 - \varphi (1 - \varphi)) \theta^2`. Together
``a = 1/8 - phi (1 - phi)``, applied to the flow across that edge. For a source that fills its
plate ``1/6 - phi (1 - phi)`` would be exact. Left alone are a block narrower than a cell, a cell
along an axis on which it meets a fluid, since that flow is not one between cells, and in the plane
a cell of several materials, as no parabola spans them.

The correction vanishes with the square of the cell width, and for an even temperature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from thermal.mesh import Mesh
from thermal.operator import Operator

__all__ = ["block_averages"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Triplets = tuple[Array, tuple[Index, Index]]

_ALONG_Z = 1.0 / 6.0
_IN_PLANE = 1.0 / 8.0
_ROUNDING = 1e-9  #: of a covered share
_AT_A_TIME = 1 << 18  #: cells of the blocks that are taken together
_PARTS = 8  #: in which a block of more cells is taken
_NOTHING = 1e-13  #: of the greatest weight: what is left where weights cancel


class _Entries(NamedTuple):
    """Cells of some blocks, sorted by block and cell, and by how much they count in its mean."""

    block: Index
    cell: Index
    number: Index  # of the pair of both, to find the neighbours of a cell in the same block
    weight: Array  # covered share of the cell by volume of the block [1/m^3]


def block_averages(mesh: Mesh, operator: Operator) -> sparse.csr_array:
    """Return the weights that give block means from cells (keys, nz * ny * nx).

    Each row sums to 1. See the head of this module for the formula. Blocks are taken a few at a
    time, so that little memory is needed beside the weights themselves.

    Parameters
    ----------
    mesh : Mesh
        Its keys are the rows.
    operator : Operator
        Its conductances give the flows.
    """
    plain = mesh.averaging
    plain.sort_indices()
    groups = _groups(plain.indptr)
    rows = [plain[first:last] for first, last in groups]
    volume_m3 = mesh.volume_m3.ravel()
    for axis, conductance in enumerate((operator.gz, operator.gy, operator.gx)):
        conductivity_w_mk = _conductivity(mesh, axis)
        for index, (first, last) in enumerate(groups):
            entries = _entries(plain, volume_m3, first, last)
            for some in _parts(entries):
                per_watt = _face_weights(mesh, axis, some, entries, conductivity_w_mk)
                flows = _flows(axis, conductance, mesh.shape, some, *per_watt)
                rows[index] = rows[index] - sparse.csr_array(flows, shape=rows[index].shape)
    return _without_dust(sparse.csr_array(sparse.vstack([plain[:0], *rows], format="csr")))


def _groups(starts: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Return runs of blocks (first, behind the last) of so many cells that flows stay small."""
    groups, first = [], 0
    while first < len(starts) - 1:
        fitting = int(np.searchsorted(starts, int(starts[first]) + _AT_A_TIME, side="right")) - 1
        groups.append((first, max(fitting, first + 1)))
        first = groups[-1][1]
    return groups


def _entries(plain: sparse.csr_array, volume_m3: Array, first: int, last: int) -> _Entries:
    """Return the cells of a run of blocks, which are numbered from zero."""
    part = slice(plain.indptr[first], plain.indptr[last])
    block = np.repeat(np.arange(last - first), np.diff(plain.indptr[first : last + 1]))
    cell = plain.indices[part].astype(np.int64)
    return _Entries(block, cell, block * plain.shape[1] + cell, plain.data[part] / volume_m3[cell])


def _parts(entries: _Entries) -> Iterator[_Entries]:
    """Yield the entries, those of a block of many cells in a few parts."""
    count = len(entries.cell)
    step = max(_AT_A_TIME, -(-count // _PARTS))
    for begin in range(0, count, step):
        part = slice(begin, begin + step)
        block, cell, number, weight = entries
        yield _Entries(block[part], cell[part], number[part], weight[part])


def _face_weights(
    mesh: Mesh, axis: int, some: _Entries, entries: _Entries, conductivity_w_mk: Array
) -> tuple[Array, Array]:
    """Return what a watt through the lower and through the upper face of each cell changes [K/W].

    Flow counts along the axis; the mean is lowered by the sum of weights times flows.
    """
    _, cell, number, weight = some
    position = np.unravel_index(cell, mesh.shape)
    width = np.diff((mesh.z_m, mesh.y_m, mesh.x_m)[axis])[position[axis]]
    layer = mesh.layer_of_cell[position[0]]
    per_weight = width**2 / conductivity_w_mk[layer, position[1], position[2]]
    per_weight[_meets_fluid(mesh, axis, position[axis])] = 0.0
    if axis == 0:
        bent = _ALONG_Z * weight * per_weight
        return -bent, bent
    stride = 1 if axis == 2 else mesh.shape[2]
    has_below = position[axis] > 0
    has_above = position[axis] < mesh.shape[axis] - 1
    below = np.where(has_below, _find(number - stride, entries), 0.0)
    above = np.where(has_above, _find(number + stride, entries), 0.0)
    inside = (weight <= below * (1.0 + _ROUNDING)) | (weight <= above * (1.0 + _ROUNDING))
    bent = np.where(inside, _IN_PLANE * weight * per_weight, 0.0)
    # phi (1 - phi) of the edge that cuts the cell, times the step of the weight across it
    product, step = (below - weight) * (weight - above), below - above
    cut = np.where(product > _ROUNDING * weight**2, product / np.where(step, step, 1.0), 0.0)
    half = 0.5 * cut * per_weight
    return -bent - half, bent - half


def _conductivity(mesh: Mesh, axis: int) -> Array:
    """Return the conductivity along an axis by layer (layers, ny, nx) [W/(m K)].

    In the plane that of a cell of several materials is infinite, so that nothing is bent there.
    """
    if axis == 0:
        return np.stack([fill.kz_w_mk for fill in mesh.fills])
    found = []
    for layer, fill in zip(mesh.package.layers, mesh.fills, strict=True):
        low, high = fill.ky_w_mk if axis == 1 else fill.kx_w_mk
        pure = np.abs(high - low) <= _ROUNDING * low
        materials = (*layer.materials, mesh.package.filler)
        known = np.unique([m.conductivity_at(mesh.reference_c)[2] for m in materials])
        next_above = np.searchsorted(known, fill.kz_w_mk * (1.0 - _ROUNDING))
        nearest = known[np.minimum(next_above, len(known) - 1)]
        pure &= np.abs(nearest - fill.kz_w_mk) <= _ROUNDING * nearest
        found.append(np.where(pure, low, np.inf))
    return np.stack(found)


def _meets_fluid(mesh: Mesh, axis: int, place: Index) -> NDArray[np.bool_]:
    """Return which cells, by their place along an axis, meet a film or a coolant along it."""
    package = mesh.package
    faces = (package.bottom, package.top) if axis == 0 else (package.sides, package.sides)
    meets = np.zeros(mesh.shape[axis], dtype=bool)
    for end, face in zip((0, -1), faces, strict=True):
        meets[end] |= face.film_w_m2k > 0.0 or bool(face.patches)
    if axis == 0:
        flows = np.array([layer.flow is not None for layer in package.layers])
        wet = flows[mesh.layer_of_cell]
        meets[1:] |= wet[:-1]
        meets[:-1] |= wet[1:]
    return np.asarray(meets[place])


def _find(wanted: Index, entries: _Entries) -> Array:
    """Return the weights at the wanted numbers, 0 where there is none."""
    place = np.minimum(np.searchsorted(entries.number, wanted), len(entries.number) - 1)
    return np.where(entries.number[place] == wanted, entries.weight[place], 0.0)


def _flows(
    axis: int,
    conductance: NDArray[np.float32],
    shape: tuple[int, int, int],
    entries: _Entries,
    lower: Array,
    upper: Array,
) -> Triplets:
    """Return weights and (blocks, cells) of the flows through the inner faces of cells."""
    block, cell, _, _ = entries
    stride = (shape[1] * shape[2], shape[2], 1)[axis]
    place = (cell // stride) % shape[axis]
    faces = []
    for there, low, weight in (
        (place > 0, cell - stride, lower),
        (place < shape[axis] - 1, cell, upper),
    ):
        used = there & (weight != 0.0)
        g = conductance[np.unravel_index(low[used], shape)] * weight[used]
        faces += [(block[used], low[used], g), (block[used], low[used] + stride, -g)]
    rows, columns, values = (np.concatenate(part) for part in zip(*faces, strict=True))
    return values, (rows, columns)


def _without_dust(weights: sparse.csr_array) -> sparse.csr_array:
    """Drop what cancelling flows left behind; the rows still sum to 1."""
    weights = sparse.csr_array(weights)
    if weights.nnz:
        weights.data[np.abs(weights.data) < _NOTHING * np.abs(weights.data).max()] = 0.0
        weights.eliminate_zeros()
    return weights
