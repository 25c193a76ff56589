"""The compiled loop of conjugate gradients, preconditioned by a multigrid cycle.

Every thread runs it and does its part of a plan, see `thermal.plan`. Work on a coarse level takes
a few microseconds, so threads wait for each other in here and are not started anew for each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.barrier import abandoned, wait
from thermal.compiled import compiled_sum, pasted
from thermal.level_kernels import add_kept, advance, collect, redirect, take_image
from thermal.levels import Levels, at, with_rise
from thermal.plan import ADD, APPLY, DOWN, KEEP, SOLVE, UP, Plan
from thermal.relaxation import Level, Single, ascend, descend, solve_column

__all__ = ["OTHER", "PRODUCT", "RESIDUAL", "STEPS", "iterate"]

Double = NDArray[np.float64]

PRODUCT, RESIDUAL, STEPS, OTHER = range(4)
"""What `iterate` leaves: inner product of residual and rise, norm of the residual, iterations, and
whether the other one of both fields takes the next rise."""


@compiled_sum
def iterate(
    levels: Levels,
    level: Level,
    other: Single,
    x: Double,
    size: float,
    cold: bool,
    goal: float,
    most: int,
    state: Double,
    plan: Plan,
    me: int,
) -> None:
    """Iterate until the residual is within `goal`, or `most` times; not at all for one cycle.

    `level` holds the operator, ``x / size`` the solution; `cold` says that this is zero. What a
    cycle makes of the residual becomes the direction in its place, beside the direction before:
    `level.rise` and `other` take turns. The solution takes two directions at a time, which moves
    less memory. Thread `me` does its part.
    """
    before, residual, made, waiting = state[PRODUCT], np.inf, 0, 0.0
    fine, old = at(levels, 0), other
    if state[OTHER]:
        level, fine, old = with_rise(level, other), with_rise(fine, other), level.rise
    while True:
        product = 0.0
        for number in range(plan.steps.shape[0] if most else plan.cycle):
            if number == plan.cycle:
                product = _total(plan.sums[0])
            _step(levels, fine, level, old, product / before, plan, number, me)
        energy = _total(plan.sums[1])
        broken = not (product > 0.0 and energy > 0.0)
        if most == 0 or (broken and waiting == 0.0):
            residual = np.inf
            break
        step, direction = product / energy, level.rise
        low, high = plan.rows[plan.cycle, me, 0], plan.rows[plan.cycle, me, 1]
        if broken:
            step, direction, residual = 0.0, old, np.inf
        else:
            advance(step, level.change, level.source, plan.sums[2], low, high)
            wait(plan.barrier, plan.threads)
            before, residual, made = product, np.sqrt(_total(plan.sums[2])), made + 1
        ends = broken or residual <= goal or made == most or abandoned(plan.barrier)
        if ends or made % 2 == 0:
            collect(x, cold, size * step, direction, size * waiting, old, low, high)
            cold, step = False, 0.0
        if ends:
            break
        waiting = step
        level, fine, old = with_rise(level, old), with_rise(fine, old), direction
    if me == 0:
        state[PRODUCT], state[RESIDUAL], state[STEPS] = before, residual, made
        state[OTHER] = (state[OTHER] + made) % 2


@pasted
def _step(
    levels: Levels,
    fine: Level,
    level: Level,
    old: Single,
    ratio: float,
    plan: Plan,
    number: int,
    me: int,
) -> None:
    """Do a step of the plan; `fine` is the finest level, `level` that of the operator."""
    task, at_level, spread = plan.steps[number, 0], plan.steps[number, 1], plan.steps[number, 2]
    low, high = plan.rows[number, me, 0], plan.rows[number, me, 1]
    here = at(levels, at_level) if at_level else fine
    if low > high:
        pass
    elif task == DOWN:
        descend(here, at(levels, at_level + 1), low, high, spread)
    elif task == SOLVE:
        solve_column(here, plan.sums[0])
    elif task == UP:
        ascend(here, at(levels, at_level + 1), low, high, spread, plan.sums[0])
    elif task == KEEP:
        take_image(here, plan.kept, low, high)
    elif task == ADD:
        add_kept(here, plan.kept, low, high)
    else:
        alone = task == APPLY
        of, before = (here, plan.kept) if alone else (level, old)
        weight, sums = (0.0, plan.sums[2]) if alone else (ratio, plan.sums[1])
        redirect(weight, of, before, of.change, sums, low, high, spread)
    if plan.steps[number, 3]:
        wait(plan.barrier, plan.threads)


@pasted
def _total(rows: Double) -> float:
    """Return the sum of what rows have: in the same order, however many threads there are."""
    total = 0.0
    for j in range(rows.size):
        total += rows[j]
    return total
