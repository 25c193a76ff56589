"""Conjugate gradients preconditioned by geometric multigrid, for the conduction operator."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from techlib import InputError
from thermal.conjugate_gradients import ConjugateGradients
from thermal.contraction import visited_twice
from thermal.cycle import Cycle
from thermal.gradients import Gradients
from thermal.hierarchy import hierarchy
from thermal.norm import norm
from thermal.operator import Operator, plain
from thermal.solvable import check, shift_faults
from thermal.workers import available_threads, hired, side_by_side

__all__ = ["Multigrid", "Solution"]

Array = NDArray[np.float64]

RENEWED = 1e-4
"""The residual is computed afresh in double precision each time it fell by this factor."""

STRAY = 1e-6
"""By so much of where it began the recurrence of the residual may be off.

Measured: by 4e-7 at most over 450 random stacks with contrasts up to 1e5.
"""

LOOSE = 1e-6
"""From this tolerance on, and where STRAY is below a tenth of it, the recurrence will do."""


@dataclass(frozen=True)
class Solution:
    """Outcome of one solve.

    Parameters
    ----------
    rise_k : array (nz, ny, nx)
        Temperature rise over the operator's `reference_c` [K].
    iterations : int
        Preconditioned conjugate-gradient iterations.
    residual : float
        2-norm of ``rhs - A rise`` over that of ``rhs``, computed afresh from the result; for
        tolerances of 1e-6 and more a bound, from the recurrence and how far it may be off.
    converged : bool
        Whether the residual is within the tolerance asked for, or within what the rounding of
        temperatures to double precision alone leaves; beside layers below 1 um that can be more.
    """

    rise_k: Array
    iterations: int
    residual: float
    converged: bool


class Multigrid:
    """Solver for ``A T = P`` on a tensor-product grid, set up once for many right-hand sides.

    Conjugate gradients, preconditioned by one V(2,2) cycle: relaxation of whole columns, red-black
    over (x, y); coarsening in x and y only, across strong grid lines, down to a single column. The
    number of iterations hardly depends on the size of the grid, its grading, or jumps between the
    conductivities of layers and regions. Work fields are in single precision; the solution, and
    the residual that it is judged by, are in double precision.

    Parameters
    ----------
    operator : Operator
        The operator ``A``; its conductances must be finite and not negative, and some cell must
        be connected to the outside, or the shift positive.
    x_m, y_m : array (nx + 1,), (ny + 1,), optional
        Grid lines [m]; equal spacing when omitted.
    threads : int, optional
        Threads at most; by default the cores that this process may use. The result is the same
        to the last bit for any number.

    Raises
    ------
    InputError
        With every fault of the operator and the grid lines.

    Notes
    -----
    Work arrays are kept between solves and shared with `shifted` solvers: do not run two solves
    of such a family at the same time.

    Examples
    --------
    A bar of four cells, cooled at one end:

    >>> import numpy as np
    >>> from thermal import Operator
    >>> none, outside = np.zeros((1, 0, 4)), np.array([[[0.0, 0.0, 0.0, 1.0]]])
    >>> bar = Operator(np.full((1, 1, 3), 2.0), none, np.zeros((0, 1, 4)), outside,
    ...                np.zeros((1, 1, 4)), np.ones((1, 1, 4)), reference_c=25.0)
    >>> solution = Multigrid(bar).solve(np.array([[[1.0, 0.0, 0.0, 0.0]]]))
    >>> solution.converged, solution.rise_k.round(6).ravel().tolist()
    (True, [2.5, 2.0, 1.5, 1.0])
    """

    def __init__(
        self,
        operator: Operator,
        *,
        x_m: ArrayLike | None = None,
        y_m: ArrayLike | None = None,
        threads: int | None = None,
    ) -> None:
        _, ny, nx = operator.shape
        lines_x = np.arange(nx + 1.0) if x_m is None else np.asarray(x_m, np.float64)
        lines_y = np.arange(ny + 1.0) if y_m is None else np.asarray(y_m, np.float64)
        check(operator, lines_x, lines_y, threads)
        self.operator = operator
        self.threads = available_threads() if threads is None else threads
        ground_w_k = plain(operator.ground_w_k)
        workers = hired(self.threads, operator.shape)
        grids = hierarchy(operator, ground_w_k, lines_x, lines_y)
        cycle = Cycle.of(workers, grids)
        self._cycle = cycle.visiting_twice(visited_twice(workers, cycle))
        self._gradients = Gradients.of(operator, ground_w_k, self._cycle.level(0))

    def shifted(self, shift_per_s: float) -> Multigrid:
        """Return the solver for the same operator with another shift [1/s], e.g. of a time step.

        Coarse conductances and work arrays are shared; only the columns are factored again.
        """
        operator = replace(self.operator, shift_per_s=float(shift_per_s))
        shift_faults(operator).raise_if_any()
        ground_w_k = plain(operator.ground_w_k)
        other = copy.copy(self)
        other.operator = operator
        workers = hired(self.threads, operator.shape)
        other._cycle = self._cycle.grounded(workers, ground_w_k)
        other._gradients = self._gradients.grounded(ground_w_k, other._cycle.level(0).ground)
        return other

    def updated(self, operator: Operator) -> Multigrid:
        """Return the solver of a similar operator on the same mesh, e.g. at other temperatures.

        The cycle of this one preconditions it, which costs no set-up; conductances that differ by
        a factor of 2 add a few iterations.
        """
        if operator.shape != self.operator.shape:
            raise InputError.of(
                "operator", f"has the shape {operator.shape}", f"{self.operator.shape}, as before"
            )
        other = copy.copy(self)
        other.operator = operator
        workers = hired(self.threads, operator.shape)
        other._gradients = self._gradients.updated(workers, operator, plain(operator.ground_w_k))
        return other

    def precondition(self, residual_w: ArrayLike) -> Array:
        """Return the result of one cycle from zero (nz, ny, nx) [K], for a residual [W]."""
        residual = self._field("residual_w", residual_w)
        size, workers = norm(residual) or 1.0, hired(self.threads, residual.shape)
        march = ConjugateGradients(self._cycle, self._gradients, workers, size, None)
        march.residual(residual)
        return march.preconditioned()

    def solve(
        self,
        rhs_w: ArrayLike,
        start_k: ArrayLike | None = None,
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
        size_w: float | None = None,
    ) -> Solution:
        """Solve for one right-hand side.

        Parameters
        ----------
        rhs_w : array (nz, ny, nx)
            Heat into each cell, with that from the outside and from stored heat [W].
        start_k : array (nz, ny, nx), optional
            First guess of the rise [K]; zero when omitted.
        tolerance : float
            Residual to reach, relative to `rhs_w` in the 2-norm.
        maximum_iterations : int
            Where to stop short of it; then ``converged`` is false.
        size_w : float, optional
            2-norm of `rhs_w` [W], where it is known, which saves a pass over it.

        Raises
        ------
        InputError
            When an array has another shape than the operator, or is not finite.
        """
        rhs = self._shaped("rhs_w", rhs_w)
        start = None if start_k is None else self._shaped("start_k", start_k)
        workers = hired(self.threads, rhs.shape)
        size = norm(rhs, workers) if size_w is None else size_w
        if size == 0.0:
            return Solution(np.zeros(rhs.shape), 0, 0.0, True)
        if not np.isfinite(size):
            self._field("rhs_w", rhs)
        march = ConjugateGradients(self._cycle, self._gradients, workers, size, start)
        residual, limit, rounds = march.residual(rhs), tolerance, 0
        if not np.isfinite(residual):
            self._field("start_k", march.rise)
        while residual > limit and march.iterations < maximum_iterations:
            before, rounds = residual, rounds + 1
            stray = STRAY * before
            residual = march.run(max(limit, before * RENEWED), maximum_iterations) + stray
            if residual > limit or limit < max(LOOSE, 10.0 * stray):
                residual = march.residual(rhs)
            stalls = not residual < before / 2
            if residual > limit and (stalls or rounds > 1):
                limit = max(tolerance, self._rounding(march.rise) / size)
            if stalls and not march.simplified():
                break
        return Solution(march.rise, march.iterations, residual, bool(residual <= limit))

    def solve_each(
        self,
        rhs_w: Iterable[ArrayLike],
        starts_k: Iterable[ArrayLike | None] = itertools.repeat(None),
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
    ) -> Iterator[Solution]:
        """Solve for several right-hand sides, as many at once as there are threads.

        Each takes a thread of its own, with work space of 22 bytes a cell. That is faster than to
        share every one of them between the threads, which wait for each other on coarse levels.

        Parameters
        ----------
        rhs_w, starts_k : iterable of array (nz, ny, nx)
            As for `solve`; taken as they are needed.
        tolerance, maximum_iterations
            As for `solve`.

        Yields
        ------
        Solution
            In the order of the right-hand sides; the same as that of `solve` to the last bit.
        """
        threads = self.threads if self.threads > 1 else 0
        solvers = [self._twin() for _ in range(threads)] or [self]

        def task(place: int, given: tuple[ArrayLike, ArrayLike | None]) -> Solution:
            return solvers[place].solve(
                *given, tolerance=tolerance, maximum_iterations=maximum_iterations
            )

        pairs = zip(rhs_w, starts_k, strict=False)
        yield from side_by_side(task, pairs, threads)

    def _twin(self) -> Multigrid:
        """Return the same solver for one thread, with work space of its own."""
        other = copy.copy(self)
        other.threads = 1
        other._cycle = self._cycle.twin()
        other._gradients = self._gradients.twin(other._cycle.level(0))
        return other

    def _rounding(self, rise: Array) -> float:
        """Return what the rounding of temperatures to double precision leaves unbalanced [W]."""
        return float(np.finfo(np.float64).eps) * norm(self.operator.diagonal * rise)

    def _shaped(self, name: str, values: ArrayLike) -> Array:
        """Return `values` as an array of the shape of this operator."""
        field = plain(np.asarray(values, np.float64))
        shape = self.operator.shape
        if field.shape != shape:
            raise InputError.of(name, f"has the shape {field.shape}", f"(nz, ny, nx) = {shape}")
        return field

    def _field(self, name: str, values: ArrayLike) -> Array:
        """Return `values` as a field of this operator, of finite numbers."""
        field = self._shaped(name, values)
        if not np.isfinite(field.sum()):
            raise InputError.of(name, "holds values that are not finite", "finite numbers")
        return field
