"""Conjugate gradients preconditioned by geometric multigrid, for the conduction operator."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from techlib import InputError
from thermal import kernels
from thermal.cycle import Cycle, ground
from thermal.hierarchy import hierarchy
from thermal.operator import Operator
from thermal.solvable import check, plain, shift_faults
from thermal.workers import Workers, available_threads, hired

__all__ = ["Multigrid", "Solution"]

Array = NDArray[np.float64]


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
        2-norm of ``rhs - A rise`` over that of ``rhs``, computed afresh from the result.
    converged : bool
        Whether the residual is within the tolerance asked for.
    """

    rise_k: Array
    iterations: int
    residual: float
    converged: bool


class Multigrid:
    """Solver for ``A T = P`` on a tensor-product grid, set up once for many right-hand sides.

    Conjugate gradients in double precision, preconditioned by one V(2,2) cycle in single
    precision: relaxation of whole columns, red-black over (x, y); coarsening in x and y only,
    across strong grid lines, down to a single column. The number of iterations hardly depends on
    the size of the grid, its grading, or jumps between the conductivities of layers and regions.

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
        self.operator = operator = plain(operator)
        self.threads = available_threads() if threads is None else threads
        self._ground = ground(operator, operator.shift_per_s)
        self._cycle = Cycle.of(hierarchy(operator, lines_x, lines_y))
        self._direction = np.zeros(operator.shape)
        self._image = np.zeros(operator.shape)
        self._remainder = np.zeros(operator.shape)

    def shifted(self, shift_per_s: float) -> Multigrid:
        """Return the solver for the same operator with another shift [1/s], e.g. of a time step.

        Coarse conductances and work arrays are shared; only the columns are factored again.
        """
        operator = replace(self.operator, shift_per_s=float(shift_per_s))
        shift_faults(operator).raise_if_any()
        other = copy.copy(self)
        other.operator = operator
        other._ground = ground(operator, operator.shift_per_s)
        other._cycle = self._cycle.shifted(operator.shift_per_s)
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
        other.operator = plain(operator)
        other._ground = ground(other.operator, operator.shift_per_s)
        return other

    def precondition(self, residual_w: ArrayLike) -> Array:
        """Return the result of one cycle from zero (nz, ny, nx) [K], for a residual [W]."""
        with hired(self.threads, self.operator.shape) as workers:
            self._remainder[:] = self._field("residual_w", residual_w)
            self._advance(workers, 0.0, self._image)
            self._cycle.run(workers)
            self._direction[:] = 0.0
            self._redirect(workers, 0.0)
        return self._direction.copy()

    def solve(
        self,
        rhs_w: ArrayLike,
        start_k: ArrayLike | None = None,
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
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

        Raises
        ------
        InputError
            When an array has another shape than the operator, or is not finite.
        """
        rhs = self._field("rhs_w", rhs_w)
        size = _norm(rhs)
        if size == 0.0:
            return Solution(np.zeros(rhs.shape), 0, 0.0, True)
        rise = np.zeros(rhs.shape)
        if start_k is not None:
            np.divide(self._field("start_k", start_k), size, out=rise)
        with hired(self.threads, rhs.shape) as workers:
            iterations, residual = 0, self._residual(workers, rhs, size, rise)
            while residual > tolerance and iterations < maximum_iterations:
                before = residual
                iterations += self._iterate(
                    workers, rise, tolerance, maximum_iterations - iterations
                )
                residual = self._residual(workers, rhs, size, rise)
                if not residual < before / 2:
                    break
        rise *= size
        return Solution(rise, iterations, residual, bool(residual <= tolerance))

    def _iterate(self, workers: Workers, rise: Array, goal: float, allowed: int) -> int:
        """Improve `rise` by conjugate gradients until the recurred residual is within `goal`."""
        self._advance(workers, 0.0, rise)
        before = np.inf
        for iteration in range(1, allowed + 1):
            product = self._cycle.run(workers)
            self._redirect(workers, product / before)
            energy = self._apply(workers, self._direction)
            if not (product > 0.0 and energy > 0.0):
                return iteration
            if self._advance(workers, product / energy, rise) <= goal:
                return iteration
            before = product
        return allowed

    def _residual(self, workers: Workers, rhs: Array, size: float, rise: Array) -> float:
        """Set the remainder to ``rhs / size - A rise`` and return its norm.

        With the right-hand side scaled to 1 no magnitude leaves the range of single precision.
        """
        np.divide(rhs, size, out=self._remainder)
        if rise.any():
            self._apply(workers, rise)
            self._remainder -= self._image
        return _norm(self._remainder)

    def _apply(self, workers: Workers, field: Array) -> float:
        """Set the image to ``A field`` and return ``field . A field``."""
        o = self.operator
        products, none = np.empty(o.shape[:2]), np.zeros(o.shape[2])

        def loop(low: int, high: int) -> None:
            kernels.apply(
                o.gx, o.gy, o.gz, self._ground, none, field, self._image, products, low, high
            )

        workers.run(loop, workers.slabs(o.shape))
        return float(products.sum())

    def _advance(self, workers: Workers, step: float, rise: Array) -> float:
        """Step along the direction and hand the remainder to the cycle; return its norm."""
        squares = np.empty(self.operator.shape[:2])
        source = self._cycle.levels[0].source

        def loop(low: int, high: int) -> None:
            kernels.advance(
                step,
                self._direction,
                self._image,
                rise,
                self._remainder,
                source,
                squares,
                low,
                high,
            )

        workers.run(loop, workers.slabs(self.operator.shape))
        return float(np.sqrt(squares.sum()))

    def _redirect(self, workers: Workers, ratio: float) -> None:
        rise = self._cycle.levels[0].rise

        def loop(low: int, high: int) -> None:
            kernels.redirect(ratio, rise, self._direction, low, high)

        workers.run(loop, workers.slabs(self.operator.shape))

    def _field(self, name: str, values: ArrayLike) -> Array:
        """Return `values` as a field of this operator."""
        field = np.asarray(values, np.float64)
        shape = self.operator.shape
        if field.shape != shape:
            raise InputError.of(name, f"has the shape {field.shape}", f"(nz, ny, nx) = {shape}")
        if not np.isfinite(field.sum()):
            raise InputError.of(name, "holds values that are not finite", "finite numbers")
        return field


def _norm(field: Array) -> float:
    """Return the 2-norm, added up in the same order on every machine."""
    return float(np.sqrt(sum(float((plane * plane).sum()) for plane in field)))
