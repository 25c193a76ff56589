"""Conjugate gradients on one right-hand side, from one look at the true residual to the next."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from thermal import arena, level_kernels
from thermal.barrier import Barrier
from thermal.cycle import Cycle
from thermal.gradients import Gradients
from thermal.iteration import OTHER, PRODUCT, RESIDUAL, STEPS, iterate
from thermal.workers import Workers

__all__ = ["ConjugateGradients"]

Array = NDArray[np.float64]


class ConjugateGradients:
    """Conjugate gradients on one right-hand side, and where they stand.

    The right-hand side is scaled to 1, so that no magnitude leaves the range of single precision.

    Parameters
    ----------
    cycle : Cycle
        Preconditioner, with the work space of its levels.
    gradients : Gradients
        Operator, residual and direction.
    workers : Workers
        Threads.
    size : float
        2-norm of the right-hand side, above zero [W].
    start : array (nz, ny, nx) or None
        First guess [K]; zero without one.
    """

    def __init__(
        self,
        cycle: Cycle,
        gradients: Gradients,
        workers: Workers,
        size: float,
        start: Array | None,
    ) -> None:
        self._cycle, self._gradients, self._workers = cycle, gradients, workers
        self._size = size
        self._rise = arena.empty(gradients.operator.shape)
        self._cold = start is None
        if start is not None:
            self._rise[...] = start
        self._product, self._other = np.inf, 0.0
        self.iterations = 0

    @property
    def rise(self) -> Array:
        """The solution so far."""
        if self._cold:
            self._rise.fill(0.0)
        return self._rise

    def residual(self, rhs: Array) -> float:
        """Set the residual afresh from `rhs` and the rise; return its norm."""
        rise = None if self._cold else self._rise
        return self._gradients.residual(self._workers, rhs, rise, 1.0 / self._size)

    def run(self, goal: float, most: int) -> float:
        """Iterate until the recurred residual is within `goal`, or to `most` iterations in all.

        Return that residual; infinity where it is not known.
        """
        state = self._iterate(goal, most - self.iterations)
        self.iterations += int(state[STEPS])
        self._product, self._other = state[PRODUCT], state[OTHER]
        self._cold = self._cold and state[STEPS] == 0
        return float(state[RESIDUAL])

    def simplified(self) -> bool:
        """Go on with a cycle that visits each level once, which is always positive; if it did not.

        Whether two visits are is judged from few of them, see `thermal.contraction`.
        """
        if not self._cycle.again:
            return False
        self._cycle, self._product = self._cycle.visiting_twice(0), np.inf
        return True

    def preconditioned(self) -> Array:
        """Return what one cycle makes of the residual, as a solution."""
        self._iterate(0.0, 0)
        level_kernels.unpack(self._size, self._gradients.level.rise, self._rise)
        return self._rise

    def _iterate(self, goal: float, most: int) -> Array:
        """Run the compiled loop in all threads; return its state."""
        state = np.array([self._product, np.inf, 0.0, self._other])
        gradients = self._gradients

        def begin(threads: int, meeting: Barrier) -> Callable[[int], None]:
            plan = self._cycle.plan(threads, meeting)
            return lambda me: iterate(
                self._cycle.levels,
                gradients.level,
                gradients.direction,
                self._rise,
                self._size,
                self._cold,
                goal,
                most,
                state,
                plan,
                me,
            )

        self._workers.at_once(gradients.operator.shape, begin)
        return state
