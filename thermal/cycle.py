"""The levels of one multigrid V-cycle in single precision, set up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thermal import levels, preparation
from thermal.barrier import Barrier
from thermal.hierarchy import Grid, merged
from thermal.levels import Levels
from thermal.operator import single
from thermal.plan import Plan
from thermal.relaxation import Level, Single
from thermal.workers import Workers

__all__ = ["Cycle", "packed"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Shape = tuple[int, int, int]

_NOTHING = np.zeros((0, 0, 0), np.float32)


@dataclass(frozen=True)
class Cycle:
    """Levels of a V(2,2) cycle with red-black relaxation of columns, see `thermal.plan`.

    Parameters
    ----------
    levels : Levels
        From the finest to a single column.
    shapes : tuple of (int, int, int)
        Cells along z, y and x of each.
    parents : tuple of (array (nx,), array (ny,))
        Cell of the next level that each column and each row belongs to.
    again : int
        Level that is visited twice; 0 for none.
    kept : array
        Work space for that level.
    """

    levels: Levels
    shapes: tuple[Shape, ...]
    parents: tuple[tuple[Index, Index], ...]
    again: int
    kept: Single

    @classmethod
    def of(cls, workers: Workers, grids: Iterable[Grid]) -> Cycle:
        """Allocate and factor all levels."""
        found = list(grids)
        shapes = tuple(grid.shape for grid in found)
        parents = tuple((grid.parent_x, grid.parent_y) for grid in found)
        cycle = cls(levels.allocate(found), shapes, parents, 0, _NOTHING)
        for number, grid in enumerate(found):
            level, shape = cycle.level(number), grid.shape
            for values, out in (
                (grid.gx, level.west),
                (grid.gy, level.south),
                (grid.gz, level.above),
                (grid.ground, level.ground),
            ):
                packed(workers, values, shape, out)
            _factor(workers, level, shape)
        return cycle

    def level(self, number: int) -> Level:
        """Return the arrays of one level."""
        return levels.at(self.levels, number)

    def grounded(self, workers: Workers, ground_w_k: Array) -> Cycle:
        """Return the cycle with other conductances to the outside (nz, ny, nx) [W/K].

        Conductances between cells and work space are shared. Where less heat crosses between
        columns than leaves every cell, as in short steps in time, relaxation alone is as good as
        a cycle: what is left of the levels is one column.
        """
        ground, last = single(ground_w_k), len(self.shapes) - 1
        cycle = replace(self, levels=levels.with_outside(self.levels))
        for number, shape in enumerate(self.shapes):
            level = cycle.level(number)
            packed(workers, ground, shape, level.ground)
            heat_crosses = _factor(workers, level, shape)
            if number < last and not heat_crosses:
                return cycle._ended(workers, number, ground)
            if number < last:
                ground = merged(ground, *self.parents[number])
        return cycle

    def twin(self) -> Cycle:
        """Return the same cycle with work space of its own."""
        kept = np.zeros_like(self.kept)
        return replace(self, levels=levels.with_work(self.levels), kept=kept)

    def visiting_twice(self, number: int) -> Cycle:
        """Return the cycle with two visits to a level; 0 for none."""
        kept = levels.empty_field(self.shapes[number]) if number else _NOTHING
        return replace(self, again=number, kept=kept)

    def plan(self, threads: int, meeting: Barrier) -> Plan:
        """Return what so many threads do, which wait for each other at a barrier."""
        return Plan.of(self.shapes, self.again, self.kept, threads, meeting)

    def _ended(self, workers: Workers, number: int, ground: Single) -> Cycle:
        """Return the cycle with a single column behind a level with conductances to the outside."""
        _, ny, nx = ground.shape
        parents = np.zeros(nx, np.int64), np.zeros(ny, np.int64)
        cycle = Cycle(
            levels.joined(self.levels, number),
            (*self.shapes[: number + 1], self.shapes[-1]),
            (*self.parents[:number], parents, self.parents[-1]),
            0,
            _NOTHING,
        )
        column, shape = cycle.level(number + 1), self.shapes[-1]
        packed(workers, merged(ground, *parents), shape, column.ground)
        _factor(workers, column, shape)
        return cycle


def packed(workers: Workers, values: Single, shape: Shape, out: Single) -> Single:
    """Store a field, or the conductances between the cells of a field of `shape`, in a level."""
    stride = levels.stride_of(shape)
    _, row, column = (whole - part for whole, part in zip(shape, values.shape, strict=True))

    def loop(low: int, high: int) -> None:
        preparation.pack(values, row, column, stride, out, low, high)

    workers.run(loop, workers.slabs(shape))
    return out


def _factor(workers: Workers, level: Level, shape: Shape) -> bool:
    """Factor the columns of a level.

    Return whether some cell gives more to its neighbours at the sides than to the outside.
    """
    conductances = level.west, level.south, level.above, level.ground
    factors = level.inverse_pivot, level.grounded
    joined, work = np.empty(shape[1], np.int64), (shape[0] + 2) * level.stride

    def loop(low: int, high: int) -> None:
        preparation.factor(*conductances, level.stride, *factors, joined, np.empty(work), low, high)

    workers.run(loop, workers.slabs(shape))
    return bool(joined.any())
