"""The levels of the multigrid: which grid lines merge, and the conductances of coarser grids."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thermal import kernels
from thermal.operator import Operator

__all__ = ["Grid", "hierarchy"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]

STRONG = 0.5
"""A grid line is strong from this share of the strongest one; measured, not critical."""


@dataclass(frozen=True)
class Grid:
    """One level: its operator, its grid lines, and how its cells merge into the next level.

    Parameters
    ----------
    operator : Operator
        Conductances of this level; cells along z are never merged.
    x_m, y_m : array (nx + 1,), (ny + 1,)
        Grid lines [m]; only the ratios of their spacings matter.
    parent_x, parent_y : array (nx,), (ny,)
        Cell of the next coarser level that each cell belongs to; empty on the coarsest level.
    """

    operator: Operator
    x_m: Array
    y_m: Array
    parent_x: Index
    parent_y: Index


def hierarchy(operator: Operator, x_m: Array, y_m: Array) -> tuple[Grid, ...]:
    """Return the levels from the finest down to a single column of cells."""
    grids = []
    while operator.shape[1:] != (1, 1):
        grids.append(Grid(operator, x_m, y_m, *_parents(operator, x_m, y_m)))
        operator, x_m, y_m = _coarsened(grids[-1])
    none = np.empty(0, np.int64)
    return (*grids, Grid(operator, x_m, y_m, none, none))


def _parents(operator: Operator, x_m: Array, y_m: Array) -> tuple[Index, Index]:
    """Return the parent of each column and of each row: pairs merge across strong lines only.

    So a level stays a tensor grid, and weak couplings stay for the coarser levels.
    """
    rate_x, rate_y = _rates(operator, x_m, y_m)
    cut = STRONG * max(rate_x.max(initial=0.0), rate_y.max(initial=0.0))
    return _pairs(rate_x >= cut), _pairs(rate_y >= cut)


def _rates(operator: Operator, x_m: Array, y_m: Array) -> tuple[Array, Array]:
    """Return how fast heat crosses each inner grid line along x, and along y.

    A line's rate is the sum of its conductances over the sum of ``sqrt(gx gy) dx dy`` of the
    cells at it, ``gx`` and ``gy`` being means over the two faces of a cell. In a homogeneous
    layer that is ``sqrt(kx / ky) / dx^2``: it tells cell sizes and anisotropy, but not how much
    metal a line happens to cross. The plain mean of the conductances does, and puts off merging
    where the lid ends, until cells beyond it are long and thin.
    """
    area = np.diff(y_m)[:, None] * np.diff(x_m)
    weight_x, weight_y = np.zeros(area.shape[1]), np.zeros(area.shape[0])
    for gx, gy in zip(operator.gx, operator.gy, strict=True):
        weight = np.sqrt(_of_cells(gx, 1) * _of_cells(gy, 0)) * area
        weight_x += weight.sum(axis=0)
        weight_y += weight.sum(axis=1)
    return (
        _over_mean(operator.gx.sum(axis=(0, 1)), weight_x),
        _over_mean(operator.gy.sum(axis=(0, 2)), weight_y),
    )


def _of_cells(conductance: Array, axis: int) -> Array:
    """Return the mean over the two faces of each cell; 1 where the cells have no such faces."""
    cells = conductance.shape[axis] + 1
    if cells == 1:
        return np.ones((1, 1))
    low, high = ([(0, 0), (0, 0)] for _ in range(2))
    low[axis], high[axis] = (1, 0), (0, 1)
    faces = np.full(cells, 2.0)
    faces[[0, -1]] = 1.0
    total = np.pad(conductance, low) + np.pad(conductance, high)
    return np.asarray(total / np.expand_dims(faces, 1 - axis))


def _over_mean(conductance: Array, weight: Array) -> Array:
    """Return conductances of lines over the mean weight of both sides; 0 where there is none."""
    mean = 0.5 * (weight[1:] + weight[:-1])
    return np.divide(conductance, mean, out=np.zeros_like(mean), where=mean > 0.0)


def _pairs(strong: NDArray[np.bool_]) -> Index:
    """Return the number of the pair or single cell that each cell is in, pairing from the left.

    >>> _pairs(np.array([True, True, False, True]))
    array([0, 0, 1, 2, 2])
    """
    parent = np.zeros(strong.size + 1, np.int64)
    paired = False
    for i, merge in enumerate(strong):
        paired = bool(merge) and not paired
        parent[i + 1] = parent[i] + (not paired)
    return parent


def _coarsened(grid: Grid) -> tuple[Operator, Array, Array]:
    """Return operator and grid lines after merging cells into their parents.

    A conductance between coarse cells is the sum of the fine ones that cross their common face,
    times (distance of the fine centres) / (distance of the coarse centres). Conductances along z
    and to the outside, and heat capacities, add up.
    """
    fine = grid.operator
    x_m, face_x, ratio_x = _merged_lines(grid.x_m, grid.parent_x)
    y_m, face_y, ratio_y = _merged_lines(grid.y_m, grid.parent_y)
    cells_x = np.arange(grid.parent_x.size), grid.parent_x
    cells_y = np.arange(grid.parent_y.size), grid.parent_y
    faces_x = face_x, np.arange(face_x.size)
    faces_y = face_y, np.arange(face_y.size)
    ground = _summed(fine.outside_w_k, cells_y, cells_x)
    operator = replace(
        fine,
        gx=_summed(fine.gx, cells_y, faces_x) * ratio_x,
        gy=_summed(fine.gy, faces_y, cells_x) * ratio_y[:, None],
        gz=_summed(fine.gz, cells_y, cells_x),
        outside_w_k=ground,
        outside_w=np.broadcast_to(0.0, ground.shape),
        capacity_j_k=_summed(fine.capacity_j_k, cells_y, cells_x),
    )
    return operator, x_m, y_m


def _merged_lines(lines: Array, parent: Index) -> tuple[Array, Index, Array]:
    """Return the coarse lines, the inner faces that stay, and their ratio of centre distances."""
    kept = np.flatnonzero(np.diff(parent))
    coarse = np.concatenate((lines[:1], lines[1:-1][kept], lines[-1:]))
    fine_distance = (lines[2:] - lines[:-2])[kept]
    return coarse, kept, fine_distance / (coarse[2:] - coarse[:-2])


def _summed(values: Array, rows: tuple[Index, Index], columns: tuple[Index, Index]) -> Array:
    """Sum `values` (nz, :, :) from the first into the second index of `rows` and `columns`."""
    ny, nx = (int(to[-1]) + 1 if to.size else 0 for _, to in (rows, columns))
    out = np.zeros((values.shape[0], ny, nx))
    kernels.sum_cells(values, *rows, *columns, out)
    return out
