"""The levels of the multigrid: which grid lines merge, and the conductances of coarser grids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermal import preparation
from thermal.operator import Operator, single

__all__ = ["Grid", "hierarchy", "merged"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Index = NDArray[np.int64]
Conductances = tuple[Single, Single, Single, Single]

STRONG = 0.4
"""A grid line is strong from this share of the strongest one.

Measured: less saves levels on irregular grids, more saves iterations on random materials.
"""


@dataclass(frozen=True)
class Grid:
    """One level: its conductances, its grid lines, and how its cells merge into the next level.

    Parameters
    ----------
    gx, gy, gz : array (nz, ny, nx - 1), (nz, ny - 1, nx), (nz - 1, ny, nx)
        Conductances between neighbours [W/K]; cells along z are never merged.
    ground : array (nz, ny, nx)
        Conductances to the outside, with what a shift adds to them [W/K].
    x_m, y_m : array (nx + 1,), (ny + 1,)
        Grid lines [m]; only the ratios of their spacings matter.
    parent_x, parent_y : array (nx,), (ny,)
        Cell of the next coarser level that each cell belongs to; its own on the coarsest level.
    """

    gx: Single
    gy: Single
    gz: Single
    ground: Single
    x_m: Array
    y_m: Array
    parent_x: Index
    parent_y: Index

    @classmethod
    def of(cls, conductances: Conductances, x_m: Array, y_m: Array) -> Grid:
        """Choose which lines merge."""
        gx, gy, _, ground = conductances
        if ground.shape[1:] == (1, 1):
            return cls(*conductances, x_m, y_m, np.zeros(1, np.int64), np.zeros(1, np.int64))
        return cls(*conductances, x_m, y_m, *_parents(gx, gy, x_m, y_m))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along z, y and x."""
        nz, ny, nx = self.ground.shape
        return nz, ny, nx


def hierarchy(operator: Operator, ground_w_k: Array, x_m: Array, y_m: Array) -> Iterator[Grid]:
    """Yield the levels from the finest down to a single column of cells.

    Parameters
    ----------
    operator : Operator
        Its conductances between cells are used.
    ground_w_k : array (nz, ny, nx)
        Conductances to the outside, with what a shift adds to them [W/K].
    x_m, y_m : array (nx + 1,), (ny + 1,)
        Grid lines [m].
    """
    conductances = operator.gx, operator.gy, operator.gz, single(ground_w_k)
    grid = Grid.of(conductances, x_m, y_m)
    yield grid
    while grid.shape[1:] != (1, 1):
        grid = _coarsened(grid)
        yield grid


def merged(values: Single, parent_x: Index, parent_y: Index) -> Single:
    """Return the sums of a field (nz, ny, nx) over the cells of each parent."""
    cells_x = np.arange(parent_x.size), parent_x
    cells_y = np.arange(parent_y.size), parent_y
    return _summed(values, cells_y, cells_x)


def _parents(gx: Single, gy: Single, x_m: Array, y_m: Array) -> tuple[Index, Index]:
    """Return the parent of each column and of each row: pairs merge across strong lines only.

    So a level stays a tensor grid, and weak couplings stay for the coarser levels.
    """
    rate_x, rate_y = _rates(gx, gy, x_m, y_m)
    cut = STRONG * max(rate_x.max(initial=0.0), rate_y.max(initial=0.0))
    return _pairs(rate_x >= cut), _pairs(rate_y >= cut)


def _rates(gx: Single, gy: Single, x_m: Array, y_m: Array) -> tuple[Array, Array]:
    """Return how fast heat crosses each inner grid line along x, and along y.

    The rate is the sum of the line's conductances over that of ``sqrt(gx dx^2 gy dy^2)`` of the
    cells at it: in a homogeneous layer ``sqrt(kx / ky) / dx^2``. So it tells cell sizes and
    anisotropy, and not how much metal a line happens to cross. The mean conductance does, and
    puts off merging where a lid ends, until the cells beyond it are long and thin.
    """
    weight_x, weight_y = np.zeros(x_m.size - 1), np.zeros(y_m.size - 1)
    dx2, dy2 = _square_per_face(x_m), _square_per_face(y_m)
    along_x, along_y = np.empty_like(weight_x), np.empty_like(weight_x)
    preparation.line_sums(gx, gy, dx2, dy2, along_x, along_y, weight_x, weight_y)
    return (
        _over_mean(gx.sum(axis=(0, 1), dtype=np.float64), weight_x),
        _over_mean(gy.sum(axis=(0, 2), dtype=np.float64), weight_y),
    )


def _square_per_face(lines: Array) -> Array:
    """Return the squares of the cell sizes over the number of inner faces of each cell."""
    faces = np.full(lines.size - 1, 2.0)
    faces[[0, -1]] = 1.0
    return np.asarray(np.diff(lines) ** 2 / faces)


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


def _coarsened(grid: Grid) -> Grid:
    """Return the level after merging cells into their parents.

    A conductance between coarse cells is the sum of the fine ones that cross their common face,
    times (distance of the fine centres) / (distance of the coarse centres). Conductances along z
    and to the outside add up.
    """
    x_m, face_x, ratio_x = _merged_lines(grid.x_m, grid.parent_x)
    y_m, face_y, ratio_y = _merged_lines(grid.y_m, grid.parent_y)
    cells_x = np.arange(grid.parent_x.size), grid.parent_x
    cells_y = np.arange(grid.parent_y.size), grid.parent_y
    faces_x = face_x, np.arange(face_x.size)
    faces_y = face_y, np.arange(face_y.size)
    gx, gy = _summed(grid.gx, cells_y, faces_x), _summed(grid.gy, faces_y, cells_x)
    gx *= ratio_x
    gy *= ratio_y[:, None]
    gz, ground = _summed(grid.gz, cells_y, cells_x), _summed(grid.ground, cells_y, cells_x)
    return Grid.of((gx, gy, gz, ground), x_m, y_m)


def _merged_lines(lines: Array, parent: Index) -> tuple[Array, Index, Array]:
    """Return the coarse lines, the inner faces that stay, and their ratio of centre distances."""
    kept = np.flatnonzero(np.diff(parent))
    coarse = np.concatenate((lines[:1], lines[1:-1][kept], lines[-1:]))
    fine_distance = (lines[2:] - lines[:-2])[kept]
    return coarse, kept, fine_distance / (coarse[2:] - coarse[:-2])


def _summed(values: Single, rows: tuple[Index, Index], columns: tuple[Index, Index]) -> Single:
    """Sum `values` (nz, :, :) from the first into the second index of `rows` and `columns`."""
    ny, nx = (int(to[-1]) + 1 if to.size else 0 for _, to in (rows, columns))
    out = np.zeros((values.shape[0], ny, nx), np.float32)
    preparation.sum_cells(values, *rows, *columns, out)
    return out
