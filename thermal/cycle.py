"""One multigrid V-cycle in single precision: the preconditioner of the conduction solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermal import kernels, relaxation
from thermal.hierarchy import Grid
from thermal.operator import Operator
from thermal.relaxation import Level
from thermal.workers import Workers

__all__ = ["Cycle"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cycle:
    """Levels of a V(2,2) cycle with red-black relaxation of columns.

    Down: red, black, red, black; up: black, red, black, red. Restriction is the transpose of
    prolongation, so the cycle is a symmetric positive definite operator and plain conjugate
    gradients apply. The fields `rise`, `change` and `source` of the levels are work space.
    """

    grids: tuple[Grid, ...]
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, grids: tuple[Grid, ...]) -> Cycle:
        """Allocate and factor all levels."""
        return cls(grids, tuple(_new_level(grid) for grid in grids))

    def shifted(self, shift_per_s: float) -> Cycle:
        """Return the cycle of ``A + shift C``; lateral conductances and work space are shared."""
        levels = []
        for grid, level in zip(self.grids, self.levels, strict=True):
            pivot, grounded = _empty_field(grid.operator.shape), _empty_field(grid.operator.shape)
            _factor(grid.operator, ground(grid.operator, shift_per_s), pivot, grounded)
            levels.append(level._replace(inverse_pivot=pivot, grounded=grounded))
        return Cycle(self.grids, tuple(levels))

    def run(self, workers: Workers) -> float:
        """Take ``levels[0].source`` to ``levels[0].rise``; return their inner product."""
        for grid, level, coarse in zip(self.grids, self.levels, self.levels[1:], strict=False):
            _descend(workers, grid.operator.shape, level, coarse)
        product = _solve_column(self.levels[-1])
        pairs = zip(self.grids, self.levels, self.levels[1:], strict=False)
        for grid, level, coarse in reversed(list(pairs)):
            product = _ascend(workers, grid.operator.shape, level, coarse)
        return product


def ground(operator: Operator, shift_per_s: float) -> Array:
    """Return conductance to the outside plus shift times capacity of each cell [W/K]."""
    if shift_per_s == 0.0:
        return operator.outside_w_k
    return operator.outside_w_k + shift_per_s * operator.capacity_j_k


def _new_level(grid: Grid) -> Level:
    operator, nx = grid.operator, grid.operator.shape[2]
    fields = [_empty_field(operator.shape) for _ in range(7)]
    west, south, pivot, grounded, rise, change, source = fields
    kernels.pack(operator.gx, operator.gy, west, south)
    _factor(operator, ground(operator, operator.shift_per_s), pivot, grounded)
    homes = _homes(grid)
    return Level(
        west, south, pivot, grounded, rise, change, source, *homes, _paired(grid), _stride(nx)
    )


def _stride(nx: int) -> int:
    """Return the places from one z to the next: half a row, and at least one zero behind it."""
    lead = relaxation.LEAD
    return ((nx + 1) // 2 // lead + 1) * lead


def _empty_field(shape: tuple[int, int, int]) -> relaxation.Single:
    """Return zeros in the layout of a level, with every row on a boundary of 64 bytes."""
    nz, ny, nx = shape
    lead = relaxation.LEAD
    stored = (ny + 2, 2, lead + nz * _stride(nx))
    size = int(np.prod(stored))
    memory = np.zeros(size + lead, np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % lead
    return memory[start : start + size].reshape(stored)


def _homes(grid: Grid) -> tuple[relaxation.Offset, relaxation.Offset]:
    """Return where the parent of each column lies within a coarse row, and the parent rows."""
    px, py = grid.parent_x, grid.parent_y
    nz = grid.operator.shape[0]
    nx = int(px[-1]) + 1 if px.size else 0
    row = relaxation.LEAD + nz * _stride(nx)
    home_x = (px % 2) * row + relaxation.LEAD + px // 2
    return home_x.astype(np.uint64), (py + 1).astype(np.uint64)


def _paired(grid: Grid) -> bool:
    return bool(np.array_equal(grid.parent_x, np.arange(grid.parent_x.size) // 2))


def _factor(
    operator: Operator,
    ground_w_k: Array,
    pivot: relaxation.Single,
    grounded: relaxation.Single,
) -> None:
    kernels.factor(operator.gx, operator.gy, operator.gz, ground_w_k, pivot, grounded)


def _solve_column(level: Level) -> float:
    """Solve the coarsest level, which is one column; return the product of rise and source."""
    relaxation.relax(level, level.rise, level.rise, 0, relaxation.RED, True, False)
    return relaxation.product(level.rise[1], level.source[1])


def _descend(workers: Workers, shape: tuple[int, int, int], level: Level, coarse: Level) -> None:
    def narrowing(low: int, high: int) -> None:
        relaxation.descend(level, coarse, low, high, -1)

    def widening(low: int, high: int) -> None:
        relaxation.descend(level, coarse, low, high, 1)

    workers.run(narrowing, workers.slabs(shape))
    workers.run(widening, [(cut, cut) for cut in workers.cuts(shape)])


def _ascend(workers: Workers, shape: tuple[int, int, int], level: Level, coarse: Level) -> float:
    products = np.empty(shape[1])

    def narrowing(low: int, high: int) -> None:
        relaxation.ascend(level, coarse, low, high, -1, products)

    def widening(low: int, high: int) -> None:
        relaxation.ascend(level, coarse, low, high, 1, products)

    workers.run(narrowing, workers.slabs(shape))
    workers.run(widening, [(cut, cut) for cut in workers.cuts(shape)])
    return float(products.sum())
