"""Which level of a multigrid cycle is worth a second visit.

The first visit to a level solves there with an error ``E f``; after the second one it is
``E E f``. That is better where ``E`` contracts. Beside islands and gaps of extreme contrast it may
not, since what is added up over coarse cells overshoots there, and then two visits would make the
cycle indefinite.
"""

from __future__ import annotations

import math

import numpy as np

from thermal.cycle import Cycle, packed
from thermal.iteration import iterate
from thermal.operator import single
from thermal.plan import Plan
from thermal.workers import Workers

__all__ = ["contraction", "visited_twice"]

_COARSE = 16
"""The first level with so many times fewer cells than the finest may be visited twice."""

_ENOUGH = 0.9
"""Contraction up to which it is; what is measured comes near the true one from below."""

_ROUNDS = 5
"""Visits after which a random error is mostly what contracts least, or grows."""


def visited_twice(workers: Workers, cycle: Cycle) -> int:
    """Return the number of the level that a cycle should visit twice; 0 for none."""
    sizes = [math.prod(shape) for shape in cycle.shapes]
    numbers = [number for number, size in enumerate(sizes[:-1]) if size * _COARSE <= sizes[0]]
    if not numbers or contraction(workers, cycle, numbers[0]) > _ENOUGH:
        return 0
    return numbers[0]


def contraction(workers: Workers, cycle: Cycle, number: int) -> float:
    """Return by what factor a visit to a level reduces the error that it reduces least.

    In the norm of energy, ``sqrt(e A e)``.
    """
    shape, level = cycle.shapes[number], cycle.level(number)
    kept, idle = np.zeros_like(level.rise), np.zeros((1, 1, 1))
    plan = Plan.of_error(cycle.shapes, number, kept)
    error = np.random.default_rng(0).standard_normal(shape)
    packed(workers, single(error), shape, level.rise)
    energies = []
    for _ in range(_ROUNDS + 1):
        level.source.fill(0.0)
        iterate(cycle.levels, level, kept, idle, 1.0, True, 0.0, 0, np.zeros(4), plan, 0)
        energies.append(float(plan.sums[2].sum()))
    return math.sqrt(energies[-1] / energies[-2]) if energies[-2] > 0.0 else 0.0
