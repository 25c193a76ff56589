"""Which thread does what in a cycle: every row once, and nobody before what it needs is there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from thermal.plan import ADD, APPLY, DOWN, KEEP, SOLVE, TURN, UP, Plan

SHAPES = ((24, 256, 256), (24, 128, 128), (24, 64, 64), (24, 32, 32), (24, 1, 1))
NOTHING = np.zeros((0, 0, 0), np.float32)


def tasks(plan: Plan) -> list[tuple[int, int]]:
    """Tasks and levels, the two parts of a task as one."""
    found = [(int(task), int(level)) for task, level, _, _ in plan.steps]
    return [one for one, before in zip(found, [None, *found], strict=False) if one != before]


def test_a_cycle_goes_down_and_up() -> None:
    down, up = [(DOWN, n) for n in range(4)], [(UP, n) for n in (3, 2, 1, 0)]
    for threads in (1, 2, 3):
        plan = Plan.of(SHAPES, 0, NOTHING, threads)
        assert tasks(plan) == [*down, (SOLVE, 4), *up, (TURN, 0)]
        assert plan.steps[plan.cycle, 0] == TURN
        assert (plan.steps[: plan.cycle, 0] != TURN).all()


def test_a_level_is_visited_twice() -> None:
    visit = [(DOWN, 2), (DOWN, 3), (SOLVE, 4), (UP, 3), (UP, 2)]
    again = [(APPLY, 2), (KEEP, 2), *visit, (ADD, 2)]
    plan = Plan.of(SHAPES, 2, NOTHING, 2)
    assert tasks(plan) == [(DOWN, 0), (DOWN, 1), *visit, *again, (UP, 1), (UP, 0), (TURN, 0)]
    assert tasks(Plan.of_error(SHAPES, 2, NOTHING)) == again


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_slabs_have_every_row_once_and_wedges_lie_between_them(threads: int) -> None:
    plan = Plan.of(SHAPES, 2, NOTHING, threads)
    for (_, level, spread, meets), rows in zip(plan.steps, plan.rows, strict=True):
        slabs = [(low, high) for low, high in rows.tolist() if low <= high]
        ny = SHAPES[level][1]
        if spread == 1:
            assert all(0 < low == high < ny for low, high in slabs)
        else:
            assert slabs[0][0] == 0
            assert slabs[-1][1] == ny
            assert all(before[1] == after[0] for before, after in pairwise(slabs))
            assert meets or len(slabs) == 1
        # Stages of two slabs that spread by a row each must not meet: four on both sides.
        assert len(slabs) == 1 or min(np.diff([low for low, _ in slabs])) > 10


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_wait_for_the_one_that_was_alone(threads: int) -> None:
    plan = Plan.of(SHAPES, 2, NOTHING, threads)
    alone = (plan.rows[:, 1:, 0] > plan.rows[:, 1:, 1]).all(axis=1)
    for number in np.flatnonzero(alone[:-1] & ~alone[1:]):
        assert plan.steps[number, 3]


def test_a_single_column_is_solved() -> None:
    plan = Plan.of(((3, 1, 1),), 0, NOTHING)
    assert tasks(plan) == [(SOLVE, 0), (TURN, 0)]
