"""Which thread does what in a multigrid cycle, and where threads wait for each other.

A V(2,2) cycle relaxes red, black, red, black on the way down to the single column and black, red,
black, red on the way up. Restriction is the transpose of prolongation, so the cycle is a symmetric
positive operator and conjugate gradients apply.

From one of the coarser levels on it may be done twice, the second time for what the first one left
of the residual there. That squares its error there for little work, and keeps the cycle symmetric,
and positive as long as doing so over and over would converge, see `thermal.contraction`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thermal.barrier import Barrier, barrier
from thermal.relaxation import Single

__all__ = ["ADD", "APPLY", "DOWN", "KEEP", "SOLVE", "TURN", "UP", "Plan"]

Double = NDArray[np.float64]
Index = NDArray[np.int64]
Shape = tuple[int, int, int]

DOWN, SOLVE, UP, APPLY, KEEP, ADD, TURN = range(7)
"""Tasks: relax and restrict; solve the single column; correct and relax; apply the operator to the
rise of a level; keep that rise and take its image from the source; add what was kept; turn the
direction."""

_NOBODY = (0, -1)

LEAST_ROWS = 16
LEAST_CELLS = 20_000
"""A level with fewer rows and cells for each thread is left to one of them."""


class Plan(NamedTuple):
    """What `threads` threads do in a cycle and to turn the direction after it.

    A row of `steps` is a task, the level that it is about, how its rows spread from stage to
    stage (see `thermal.relaxation`), and whether all wait for each other behind it; `rows` says
    which rows [first, last) each thread has in it (steps, threads, 2). The cycle is what comes
    before step `cycle`. Sums are left by row in `sums` (3, ny). `kept` is work space for the
    level that is visited twice.
    """

    threads: int
    steps: Index
    rows: Index
    cycle: int
    sums: Double
    kept: Single
    barrier: Barrier

    @classmethod
    def of(
        cls,
        shapes: tuple[Shape, ...],
        again: int,
        kept: Single,
        threads: int = 1,
        meeting: Barrier | None = None,
    ) -> Plan:
        """Plan a cycle over levels of some shapes, from the finest to a single column.

        `again` is the level that is visited twice, 0 for none; `meeting` is where threads wait.
        """
        tasks = [*_tasks(len(shapes) - 1, again), (TURN, 0)]
        return cls._of(shapes, tasks, kept, threads, barrier() if meeting is None else meeting)

    @classmethod
    def of_error(cls, shapes: tuple[Shape, ...], number: int, kept: Single) -> Plan:
        """Plan what takes an error on a level, as its rise, to what a visit leaves of it.

        Its source is to be zero. The energy of the error is left in the last row of `sums`.
        """
        return cls._of(shapes, _second(len(shapes) - 1, number), kept, 1, barrier())

    @classmethod
    def _of(
        cls,
        shapes: tuple[Shape, ...],
        tasks: list[tuple[int, int]],
        kept: Single,
        threads: int,
        meeting: Barrier,
    ) -> Plan:
        parts = [_parts(shape, threads) for shape in shapes]
        steps: list[list[int]] = []
        rows: list[list[tuple[int, int]]] = []
        for task, number in tasks:
            alone = len(parts[number]) == 1
            if task == UP and not alone and len(parts[number + 1]) == 1:
                steps[-1][-1] = True  # the others wait for the one that was alone
            spreads = task in (DOWN, UP, APPLY, TURN)
            for part, slabs in enumerate(parts[number] if spreads else parts[number][:1]):
                steps.append([task, number, 2 * part - 1, not alone])
                rows.append(slabs)
        turns = len(parts[0]) if tasks[-1][0] == TURN else 0
        sums = np.zeros((3, shapes[0][1]))
        table = np.array(steps, np.int64), np.array(rows, np.int64)
        return cls(threads, *table, len(steps) - turns, sums, kept, meeting)


def _tasks(last: int, again: int) -> list[tuple[int, int]]:
    """Return the tasks of a cycle and their levels, the last one being the single column."""
    if not 0 < again < last:
        return _visit(last, 0)
    down, up = [(DOWN, number) for number in range(again)], _visit(last, 0)[-again:]
    return [*down, *_visit(last, again), *_second(last, again), *up]


def _visit(last: int, first: int) -> list[tuple[int, int]]:
    """Return the tasks of a cycle from a level on."""
    down = [(DOWN, number) for number in range(first, last)]
    up = [(UP, number) for number in reversed(range(first, last))]
    return [*down, (SOLVE, last), *up]


def _second(last: int, again: int) -> list[tuple[int, int]]:
    """Return the tasks of the second visit to a level."""
    return [(APPLY, again), (KEEP, again), *_visit(last, again), (ADD, again)]


def _parts(shape: Shape, threads: int) -> list[list[tuple[int, int]]]:
    """Return the slab of each thread, and where there are several the wedge that ends it."""
    nz, ny, nx = shape
    slabs = max(1, min(threads, ny // LEAST_ROWS, nz * ny * nx // LEAST_CELLS))
    cuts = [ny * slab // slabs for slab in range(slabs + 1)]
    nobody = [_NOBODY] * (threads - slabs)
    inner = [(low, high) for low, high in pairwise(cuts)]
    wedges = [(cut, cut) for cut in cuts[1:-1]]
    if slabs == 1:
        return [inner + nobody]
    return [inner + nobody, [*wedges, _NOBODY, *nobody]]
