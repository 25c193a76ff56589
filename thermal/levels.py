"""The levels of a multigrid cycle in memory, as compiled loops get them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thermal import relaxation
from thermal.compiled import anywhere
from thermal.hierarchy import Grid
from thermal.relaxation import Level, Place, Single

__all__ = [
    "Levels",
    "allocate",
    "at",
    "empty_field",
    "joined",
    "stride_of",
    "with_outside",
    "with_rise",
    "with_work",
]

Index = NDArray[np.int64]
Shape = tuple[int, int, int]

_LANES = 16
"""Every z takes a multiple of so many places: what compiled loops handle in one go, no rest."""


class Levels(NamedTuple):
    """All levels from the finest to a single column, one behind the other in each array.

    `between` holds the fields `west`, `south` and `above` of a `Level`, `outside` holds `ground`,
    `inverse_pivot` and `grounded`, `work` holds `rise`, `change` and `source`, and `home` holds
    `home_x` and `home_y`. A row of `table` says where the fields of a level begin, how many rows
    of which length each has, the stride, where the parents begin and how many columns have one,
    and whether columns are paired.
    """

    between: Single
    outside: Single
    work: Single
    home: Place
    table: Index


@anywhere
def at(levels: Levels, number: int) -> Level:
    """Return the arrays of one level."""
    row = levels.table[number]
    first, rows, length, parents, behind = row[0], row[1], row[2], row[4], row[4] + row[5]
    end, shape = first + 6 * rows * length, (3, rows, 2, length)
    between = levels.between[first:end].reshape(shape)
    outside = levels.outside[first:end].reshape(shape)
    work = levels.work[first:end].reshape(shape)
    return Level(
        between[0],
        between[1],
        between[2],
        outside[0],
        outside[1],
        outside[2],
        work[0],
        work[1],
        work[2],
        levels.home[parents:behind],
        levels.home[behind : behind + rows - 2],
        row[6] != 0,
        row[3],
    )


@anywhere
def with_rise(level: Level, rise: Single) -> Level:
    """Return the arrays of a level with another field for the rise."""
    return Level(
        level.west,
        level.south,
        level.above,
        level.ground,
        level.inverse_pivot,
        level.grounded,
        rise,
        level.change,
        level.source,
        level.home_x,
        level.home_y,
        level.paired,
        level.stride,
    )


def allocate(grids: list[Grid]) -> Levels:
    """Return the levels of some grids, all fields zero."""
    table, homes, first, parents = [], [], 0, 0
    for grid in grids:
        _, ny, nx = grid.shape
        rows, _, length = _stored(grid.shape)
        paired = np.array_equal(grid.parent_x, np.arange(nx) // 2)
        table.append((first, rows, length, stride_of(grid.shape), parents, nx, paired))
        homes += [grid.parent_x, grid.parent_y + 1]
        first, parents = first + 6 * rows * length, parents + nx + ny
    between, outside, work = (_zeros(first) for _ in range(3))
    home = np.concatenate(homes).astype(np.uint64)
    return Levels(between, outside, work, home, np.array(table, np.int64))


def with_work(levels: Levels) -> Levels:
    """Return the levels with work space of their own."""
    return levels._replace(work=_zeros(levels.work.size))


def joined(levels: Levels, last: int) -> Levels:
    """Return the levels up to `last`, whose columns all merge into the single column behind."""
    table, home = levels.table[[*range(last + 1), -1]], levels.home.copy()
    _, rows, _, _, parents, columns, _ = table[last].tolist()
    behind = parents + columns
    home[parents:behind] = 0
    home[behind : behind + rows - 2] = 1
    table[last, -1] = False
    return levels._replace(home=home, table=table)


def with_outside(levels: Levels) -> Levels:
    """Return the levels with conductances to the outside of their own, which are zero."""
    return levels._replace(outside=_zeros(levels.outside.size))


def empty_field(shape: Shape) -> Single:
    """Return zeros in the layout of a level."""
    stored = _stored(shape)
    return _zeros(int(np.prod(stored))).reshape(stored)


def _stored(shape: Shape) -> Shape:
    """Return the shape of a field (nz, ny, nx) in the layout of a level."""
    nz, ny, _ = shape
    return ny + 2, 2, 2 * relaxation.LEAD + nz * stride_of(shape)


def stride_of(shape: Shape) -> int:
    """Return the places from one z to the next: at least half a row."""
    return -(-((shape[2] + 1) // 2) // _LANES) * _LANES


def _zeros(size: int) -> Single:
    """Return zeros that begin on a boundary of 64 bytes."""
    lead = relaxation.LEAD
    memory = np.zeros(size + lead, np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % lead
    return memory[start : start + size]
