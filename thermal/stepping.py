"""One step in time: the two-stage, second-order, L-stable SDIRK method, and its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from techlib import ConvergenceError
from thermal import arena, step_kernels
from thermal.multigrid import Solution
from thermal.norm import norm
from thermal.operator import Operator, plain
from thermal.solver import Solver
from thermal.workers import available_threads, hired

__all__ = ["Sdirk2", "Step"]

Array = NDArray[np.float64]

_GAMMA = 1.0 - 0.5**0.5  #: both diagonal entries of the tableau; makes it L-stable
_THIRD = (1.0 / 6.0 - 1.5 * _GAMMA + 3.0 * _GAMMA**2 - _GAMMA**3) / _GAMMA**3  #: of the estimate
_LEFT = 0.4  #: of the estimate: what the third-order step has at most, of any mode
_FASTEST = 0.999  #: share of itself that a mode can lose to ``D``
_KEPT = 4  #: solvers of different step lengths that are kept
_ROUGH = 0.05  #: to which the solves of the error estimate go, relative to their own size


@dataclass(frozen=True, eq=False)
class Step:
    """What one step did.

    Parameters
    ----------
    rise_k : array (nz, ny, nx)
        Temperature over the reference at its end [K].
    heat_out_j, stored_j : float
        Heat that left through the outer faces, and that went into the cells [J].
    moved_j : float
        Heat that went into cells plus heat that came out of cells [J].
    iterations : int
        Of the linear solver.
    residual : float
        Greater one of both stages, relative to the heat that enters.
    error_k : float
        Estimated error, greatest of all cells; 0 where none was asked for [K].
    rate_per_s : float
        At which that error fades; that of a mode whose estimate shrinks alike [1/s].
    """

    rise_k: Array
    heat_out_j: float
    stored_j: float
    moved_j: float
    iterations: int
    residual: float
    error_k: float = 0.0
    rate_per_s: float = 0.0


class _Stage(NamedTuple):
    """Change of a stage [K], the heat that it drains and stores, and what it leaves unbalanced.

    The change of a cell is its `rise_k` and `evenly_k`.
    """

    rise_k: Array
    evenly_k: float
    drained_w: float
    stored_j: float
    left_w: float
    iterations: int


_NO_ERROR = _Stage(np.zeros(1), 0.0, 0.0, 0.0, 0.0, 0)


class Sdirk2:
    r"""Marches ``C dT/dt = q - A T`` with ``q`` constant over each step.

    With :math:`\gamma = 1 - 1/\sqrt 2`, step :math:`h` and :math:`s = 1 / (\gamma h)`::

        (A + s C) (T1 - T0) = q - A T0
        (A + s C) (T2 - T*) = q - A T*,   T* = T0 + (1 - gamma) / gamma (T1 - T0)

    and ``T2`` is the end of the step. Being L-stable it damps at once what is faster than the
    step; power that changes at the ends of steps is treated as it is, a jump. What a solve leaves
    of the sum of the heat balance is taken out by shifting the whole field evenly, so that heat
    is conserved over any number of steps.

    The error of the step follows from two rough solves more. With ``P = s (A + s C)^-1 C`` and
    ``D = P - 1``, which is ``z / (1 / gamma - z)`` for a mode that decays as ``exp(z)`` over the
    step, it is::

        e = kappa D^3 P (T0 - T_steady),   kappa gamma^3 = 1/6 - 3/2 gamma + 3 gamma^2 - gamma^3
        D^2 (T0 - T_steady) = (T2 - T* - T1 + T0) gamma / (1 - gamma)

    to leading order, and fades for what is faster than the step as the error itself does. Where
    it is asked for it is added to the result, which makes that third-order accurate and leaves it
    L-stable.

    Parameters
    ----------
    operator : Operator
        Without shift.
    solver : Solver
        Of that operator; gives the solvers of the shifted ones.
    tolerance : float
        Of the linear solves, relative to the heat that enters; 1e-4 keeps temperatures within
        about 1e-3 K, since each step starts from what the one before left unbalanced.

    References
    ----------
    .. [1] R. Alexander, "Diagonally implicit Runge-Kutta methods for stiff O.D.E.'s", SIAM
       Journal on Numerical Analysis 14, 1977.
    """

    def __init__(self, operator: Operator, solver: Solver, *, tolerance: float = 1e-4) -> None:
        self._tolerance = tolerance
        self._shifted: dict[float, Solver] = {}
        self._heat_w: Array | None = None
        self._last: tuple[Array, float] = np.empty(0), 0.0
        self.use(operator, solver)

    def use(self, operator: Operator, solver: Solver) -> None:
        """Go on with another operator."""
        self._operator = operator
        self._solver = solver
        self._shifted.clear()
        drain_w_k = operator.drain_w_k
        drains = np.asarray(drain_w_k.any(axis=(1, 2)), bool)
        self._passes = _Passes(plain(drain_w_k), drains, plain(operator.capacity_j_k))
        self._drain_sum_w_k = float(drain_w_k.sum())
        self._capacity_sum_j_k = float(operator.capacity_j_k.sum())
        self._from_fluids_w = float(operator.outside_w.sum())

    def advance(
        self, rise_k: Array, heat_w: Array, duration_s: float, *, estimate: bool = False
    ) -> Step:
        """Make one step.

        Parameters
        ----------
        rise_k : array (nz, ny, nx)
            Temperature over the reference at its start [K].
        heat_w : array (nz, ny, nx)
            ``q``: power of the cells and heat from warmer fluids; the same array as in the step
            before where it did not change, which saves iterations [W].
        duration_s : float
            Length of the step [s].
        estimate : bool
            Estimate the error of the step, and add it to the result.

        Raises
        ------
        ConvergenceError
            A linear solve did not reach the tolerance.
        """
        shift = float(f"{1.0 / (_GAMMA * duration_s):.9e}")  # alike but for rounding: one solver
        ahead = (1.0 - _GAMMA) / _GAMMA

        left_w, size, entered_w, entering_w = self._operator.left(heat_w, rise_k)
        scale = max(entering_w, size)
        start = self._guess(heat_w, duration_s)
        first = self._stage(shift, left_w, (size, entered_w), scale, start=start)
        sums_w = self._passes.turn(left_w, 1.0 - ahead, ahead * shift, first)
        start = first.rise_k if heat_w is self._heat_w else None
        second = self._stage(shift, left_w, sums_w, scale, start=start)
        self._heat_w, self._last = heat_w, (second.rise_k, duration_s)
        stored_j = ahead * first.stored_j + second.stored_j
        # (1 - gamma) at the first stage and gamma at the end, where gamma ahead = 1 - gamma
        out_w = 2.0 * (1.0 - _GAMMA) * first.drained_w + _GAMMA * second.drained_w
        error, rate_per_s, last_k = _NO_ERROR, 0.0, second.rise_k
        if estimate:
            bend_k = np.subtract(second.rise_k, first.rise_k, out=left_w)
            bend_k += second.evenly_k - first.evenly_k
            bend_k /= ahead
            error, faded = self._error(shift, bend_k, scale)
            rate_per_s = shift * faded / (1.0 - faded)
            last_k = second.rise_k + error.rise_k
        evenly_k = ahead * first.evenly_k + second.evenly_k
        end_k, drained_w, moved_j = self._passes.finish(
            rise_k, first.rise_k, ahead, last_k, evenly_k
        )
        out_w += drained_w - self._from_fluids_w
        return Step(
            rise_k=end_k,
            heat_out_j=out_w * duration_s + error.drained_w / shift,
            stored_j=stored_j + error.stored_j,
            moved_j=moved_j,
            iterations=first.iterations + second.iterations + error.iterations,
            residual=max(first.left_w, second.left_w) / (scale or 1.0),
            error_k=_LEFT * float(np.abs(error.rise_k).max()),
            rate_per_s=rate_per_s,
        )

    def _guess(self, heat_w: Array, duration_s: float) -> Array | None:
        """Return the change of the last stage, as of a stage of this step; none after a jump.

        Once power jumps it is no better a guess than none, and takes a pass more.
        """
        if heat_w is not self._heat_w:
            return None
        change_k, before_s = self._last
        return change_k if before_s == duration_s else change_k * (duration_s / before_s)

    def _error(self, shift_per_s: float, bend_k: Array, scale: float) -> tuple[_Stage, float]:
        """Return ``kappa D P`` of a field with its heat, and by what share ``D`` shrank it."""
        heat_w = self._operator.capacity_j_k * bend_k
        heat_w *= shift_per_s
        sums_w = norm(heat_w), float(heat_w.sum())
        smooth = self._stage(shift_per_s, heat_w, sums_w, scale, start=bend_k, rough=_ROUGH)
        smooth.rise_k[...] += smooth.evenly_k
        np.negative(self._operator.apply(smooth.rise_k), out=heat_w)
        sums_w = norm(heat_w), float(heat_w.sum())
        found = self._stage(shift_per_s, heat_w, sums_w, scale, rough=_ROUGH)
        found.rise_k[...] += found.evenly_k
        before_k, after_k = (float(np.abs(stage.rise_k).max()) for stage in (smooth, found))
        error = _Stage(
            rise_k=_THIRD * found.rise_k,
            evenly_k=0.0,
            drained_w=_THIRD * (smooth.drained_w + found.drained_w),
            stored_j=_THIRD * found.stored_j,
            left_w=0.0,
            iterations=smooth.iterations + found.iterations,
        )
        return error, min(after_k / before_k, _FASTEST) if before_k else 0.0

    def _solver_at(self, shift_per_s: float) -> Solver:
        if shift_per_s not in self._shifted:
            while len(self._shifted) >= _KEPT:
                self._shifted.pop(next(iter(self._shifted)))
            self._shifted[shift_per_s] = self._solver.shifted(shift_per_s)
        return self._shifted[shift_per_s]

    def _stage(
        self,
        shift_per_s: float,
        rhs: Array,
        sums_w: tuple[float, float],
        scale: float,
        *,
        start: Array | None = None,
        rough: float = 0.0,
    ) -> _Stage:
        """Solve to the tolerance relative to `scale`, which does not fade near the steady state.

        No better than to `rough`, relative to the right-hand side, whose 2-norm and sum are
        `sums_w`.
        """
        size, entered_w = sums_w
        allowed = self._tolerance * scale
        if size <= allowed:
            found = Solution(np.zeros_like(rhs), 0, 1.0, converged=True)
        else:
            solver = self._solver_at(shift_per_s)
            tolerance = max(rough, min(0.5, allowed / size))
            found = solver.solve(rhs, start, tolerance=tolerance, size_w=size)
        if not found.converged:
            raise ConvergenceError(
                f"a step in time left {found.residual * size / scale:.1e} of its heat unbalanced "
                f"after {found.iterations} iterations (allowed: {self._tolerance:.0e}); "
                "try shorter steps, or a coarser mesh"
            )
        drained_w, stored_j = self._passes.account(found.rise_k)
        missing_w = entered_w - drained_w - shift_per_s * stored_j
        evenly_k = missing_w / (self._drain_sum_w_k + shift_per_s * self._capacity_sum_j_k)
        return _Stage(
            rise_k=found.rise_k,
            evenly_k=evenly_k,
            drained_w=drained_w + evenly_k * self._drain_sum_w_k,
            stored_j=stored_j + evenly_k * self._capacity_sum_j_k,
            left_w=found.residual * size,
            iterations=found.iterations,
        )


@dataclass(frozen=True, eq=False)
class _Passes:
    """Passes over the fields of a step, shared by the threads; fields are (nz, ny, nx).

    `drains` (nz,) says at which heights heat leaves the package at all.
    """

    drain_w_k: Array
    drains: NDArray[np.bool_]
    capacity_j_k: Array

    def account(self, rise_k: Array) -> tuple[float, float]:
        """Return the heat that a rise drains [W] and stores [J]."""
        sums = np.empty((rise_k.shape[1], 2))

        def loop(low: int, high: int) -> None:
            step_kernels.account(
                self.drain_w_k, self.drains, self.capacity_j_k, rise_k, sums, low, high
            )

        self._run(loop)
        drained_w, stored_j = sums.sum(axis=0).tolist()
        return drained_w, stored_j

    def turn(
        self, left_w: Array, keep: float, weight_per_s: float, stage: _Stage
    ) -> tuple[float, float]:
        """Keep a part of `left_w` and add what a change stores at some rate.

        Return the 2-norm and the sum of that.
        """
        sums = np.empty((left_w.shape[1], 2))
        weights = keep, weight_per_s, stage.evenly_k

        def loop(low: int, high: int) -> None:
            step_kernels.turn(left_w, self.capacity_j_k, stage.rise_k, *weights, sums, low, high)

        self._run(loop)
        squares, total_w = sums.sum(axis=0).tolist()
        return math.sqrt(squares), total_w

    def finish(
        self, before_k: Array, first_k: Array, ahead: float, second_k: Array, evenly_k: float
    ) -> tuple[Array, float, float]:
        """Return the end of a step, the heat drained at its start [W], and the heat moved [J]."""
        after_k, sums = arena.empty(before_k.shape), np.empty((before_k.shape[1], 2))

        def loop(low: int, high: int) -> None:
            step_kernels.finish(
                before_k,
                first_k,
                ahead,
                second_k,
                evenly_k,
                self.drain_w_k,
                self.drains,
                self.capacity_j_k,
                after_k,
                sums,
                low,
                high,
            )

        self._run(loop)
        drained_w, moved_j = sums.sum(axis=0).tolist()
        return after_k, drained_w, moved_j

    def _run(self, loop: Callable[[int, int], None]) -> None:
        nz, ny, nx = self.capacity_j_k.shape
        workers = hired(available_threads(), (nz, ny, nx))
        workers.run(loop, workers.slabs((nz, ny, nx)))
