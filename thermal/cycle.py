"""One multigrid V-cycle in single precision: the preconditioner of the conduction solver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermal import preparation, relaxation
from thermal.hierarchy import Grid, merged
from thermal.operator import single
from thermal.relaxation import Level, Single
from thermal.workers import Workers

__all__ = ["Cycle", "empty_field", "packed"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Shape = tuple[int, int, int]

_LANES = 32
"""Every z takes a multiple of so many places: what compiled loops handle in one go, no rest."""


@dataclass(frozen=True)
class Cycle:
    """Levels of a V(2,2) cycle with red-black relaxation of columns.

    Down: red, black, red, black; up: black, red, black, red. Restriction is the transpose of
    prolongation, so the cycle is a symmetric positive definite operator and conjugate gradients
    apply. The fields `rise`, `change` and `source` of the levels are work space.

    Parameters
    ----------
    levels : tuple of Level
        From the finest to a single column.
    shapes : tuple of (int, int, int)
        Cells along z, y and x of each.
    parents : tuple of (array (nx,), array (ny,))
        Cell of the next level that each column and each row belongs to.
    """

    levels: tuple[Level, ...]
    shapes: tuple[Shape, ...]
    parents: tuple[tuple[Index, Index], ...]

    @classmethod
    def of(cls, workers: Workers, grids: Iterable[Grid]) -> Cycle:
        """Allocate and factor all levels."""
        levels, shapes, parents = [], [], []
        for grid in grids:
            levels.append(_factored(workers, _new_level(workers, grid), grid.shape)[0])
            shapes.append(grid.shape)
            parents.append((grid.parent_x, grid.parent_y))
        return cls(tuple(levels), tuple(shapes), tuple(parents))

    def grounded(self, workers: Workers, ground_w_k: Array) -> Cycle:
        """Return the cycle with other conductances to the outside (nz, ny, nx) [W/K].

        Conductances between cells and work space are shared. Where less heat crosses between
        columns than leaves every cell, as in short steps in time, relaxation alone is as good as
        a cycle: what is left of the levels is one column.
        """
        levels, parents, ground = [], list(self.parents), single(ground_w_k)
        for place, level in enumerate(self.levels):
            level = level._replace(ground=packed(workers, ground))
            level, joined = _factored(workers, level, ground.shape)
            if joined or ground.shape[1:] == (1, 1):
                levels.append(level)
                ground = merged(ground, *parents[place])
                continue
            _, ny, nx = ground.shape
            parents[place:] = (np.zeros(nx, np.int64), np.zeros(ny, np.int64)), self.parents[-1]
            column = _column(workers, level, merged(ground, *parents[place]))
            levels += [_with_parents(level, *parents[place]), column]
            break
        shapes = (*self.shapes[: len(levels) - 1], self.shapes[-1])
        return Cycle(tuple(levels), shapes, tuple(parents))

    def twin(self) -> Cycle:
        """Return the same cycle with work space of its own."""
        levels = []
        for level, shape in zip(self.levels, self.shapes, strict=True):
            rise, change, source = (empty_field(shape) for _ in range(3))
            levels.append(level._replace(rise=rise, change=change, source=source))
        return Cycle(tuple(levels), self.shapes, self.parents)

    def run(self, workers: Workers) -> float:
        """Take ``levels[0].source`` to ``levels[0].rise``; return their inner product."""
        pairs = list(zip(self.shapes, self.levels, self.levels[1:], strict=False))
        for shape, level, coarse in pairs:
            _descend(workers, shape, level, coarse)
        product = _solve_column(self.levels[-1])
        for shape, level, coarse in reversed(pairs):
            product = _ascend(workers, shape, level, coarse)
        return product


def packed(workers: Workers, values: Single, shape: Shape | None = None) -> Single:
    """Return a field, or the conductances between the cells of a field of `shape`, as stored."""
    shape = shape or values.shape
    out = empty_field(shape)
    _, row, column = (whole - part for whole, part in zip(shape, values.shape, strict=True))

    def loop(low: int, high: int) -> None:
        preparation.pack(values, row, column, _stride(shape[2]), out, low, high)

    workers.run(loop, workers.slabs(shape))
    return out


def empty_field(shape: Shape) -> Single:
    """Return zeros in the layout of a level."""
    nz, ny, nx = shape
    return _zeros((ny + 2, 2, 2 * relaxation.LEAD + nz * _stride(nx)))


def _zeros(stored: tuple[int, ...]) -> Single:
    """Return zeros that begin on a boundary of 64 bytes."""
    lead, size = relaxation.LEAD, int(np.prod(stored))
    memory = np.zeros(size + lead, np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % lead
    return memory[start : start + size].reshape(stored)


def _stride(nx: int) -> int:
    """Return the places from one z to the next: at least half a row."""
    return -(-((nx + 1) // 2) // _LANES) * _LANES


def _new_level(workers: Workers, grid: Grid) -> Level:
    """Return a level without the factors of its columns."""
    shape = grid.shape
    none = _zeros((0, 0, 0))
    level = Level(
        west=packed(workers, grid.gx, shape),
        south=packed(workers, grid.gy, shape),
        above=packed(workers, grid.gz, shape),
        ground=packed(workers, grid.ground),
        inverse_pivot=none,
        grounded=none,
        rise=empty_field(shape),
        change=empty_field(shape),
        source=empty_field(shape),
        home_x=np.empty(0, np.uint64),
        home_y=np.empty(0, np.uint64),
        paired=False,
        stride=_stride(shape[2]),
    )
    return _with_parents(level, grid.parent_x, grid.parent_y)


def _with_parents(level: Level, parent_x: Index, parent_y: Index) -> Level:
    """Return the level with the parent of each column and of each row."""
    return level._replace(
        home_x=parent_x.astype(np.uint64),
        home_y=(parent_y + 1).astype(np.uint64),
        paired=bool(np.array_equal(parent_x, np.arange(parent_x.size) // 2)),
    )


def _factored(workers: Workers, level: Level, shape: Shape) -> tuple[Level, bool]:
    """Return the level with the factors of its columns.

    Also whether some cell gives more to its neighbours at the sides than to the outside.
    """
    pivot, grounded = empty_field(shape), empty_field(shape)
    conductances = level.west, level.south, level.above, level.ground
    joined = np.empty(shape[1], np.int64)

    def loop(low: int, high: int) -> None:
        preparation.factor(*conductances, level.stride, pivot, grounded, joined, low, high)

    workers.run(loop, workers.slabs(shape))
    return level._replace(inverse_pivot=pivot, grounded=grounded), bool(joined.any())


def _column(workers: Workers, level: Level, ground: Single) -> Level:
    """Return the level of one column that all columns of a level merge into."""
    nz, lead = ground.shape[0], relaxation.LEAD
    above = level.above.sum(axis=(0, 1), dtype=np.float64)[lead:-lead].reshape(nz, -1)
    gz = single(above.sum(axis=1)[:-1].reshape(-1, 1, 1))
    gx, gy = np.zeros((nz, 1, 0), np.float32), np.zeros((nz, 0, 1), np.float32)
    lines, home = np.arange(2.0), np.zeros(1, np.int64)
    column = _new_level(workers, Grid(gx, gy, gz, ground, lines, lines, home, home))
    return _factored(workers, column, ground.shape)[0]


def _solve_column(level: Level) -> float:
    """Solve the coarsest level, which is one column; return the product of rise and source."""
    here = level.rise[1]
    relaxation.relax(level, level.rise, level.rise, 0, relaxation.RED, True, False, here, here)
    return float(np.vdot(level.rise[1].astype(np.float64), level.source[1]))


def _descend(workers: Workers, shape: Shape, level: Level, coarse: Level) -> None:
    def narrowing(low: int, high: int) -> None:
        relaxation.descend(level, coarse, low, high, -1)

    def widening(low: int, high: int) -> None:
        relaxation.descend(level, coarse, low, high, 1)

    workers.run(narrowing, workers.slabs(shape))
    workers.run(widening, [(cut, cut) for cut in workers.cuts(shape)])


def _ascend(workers: Workers, shape: Shape, level: Level, coarse: Level) -> float:
    products = np.empty(shape[1])

    def narrowing(low: int, high: int) -> None:
        relaxation.ascend(level, coarse, low, high, -1, products)

    def widening(low: int, high: int) -> None:
        relaxation.ascend(level, coarse, low, high, 1, products)

    workers.run(narrowing, workers.slabs(shape))
    workers.run(widening, [(cut, cut) for cut in workers.cuts(shape)])
    return float(products.sum())
