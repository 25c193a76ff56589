"""The solver for packages that coolant flows through, whose operator is not symmetric."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator, bicgstab

from thermal.in_turn import InTurn
from thermal.multigrid import Multigrid, Solution
from thermal.norm import norm
from thermal.operator import Operator
from thermal.stream import Stream

__all__ = ["StreamSolver"]

Array = NDArray[np.float64]


class StreamSolver(InTurn):
    """Stabilised bi-conjugate gradients, preconditioned along the flow and through the solids.

    Coolant couples strongly along its flow and weakly to the walls; solids the other way round.
    One application of the preconditioner marches each line of coolant from inlet to outlet with
    the walls at rest, runs a multigrid cycle for the solids with that coolant as an outer fluid,
    and marches again.

    Parameters
    ----------
    operator : Operator
        With streams; each cell in one at most.
    x_m, y_m : array (nx + 1,), (ny + 1,)
        Grid lines [m].
    threads : int, optional
        Of the multigrid cycle.

    Raises
    ------
    InputError
        With every fault of the operator and the grid lines, as `Multigrid` does.
    """

    def __init__(
        self, operator: Operator, *, x_m: ArrayLike, y_m: ArrayLike, threads: int | None = None
    ) -> None:
        symmetric = replace(operator, outside_w_k=_held(operator), streams=())
        self._multigrid = Multigrid(symmetric, x_m=x_m, y_m=y_m, threads=threads)
        self._take(operator)

    def _take(self, operator: Operator) -> None:
        self.operator = operator
        diagonal = operator.diagonal
        self._ground = [stream.lines(diagonal).copy() for stream in operator.streams]

    def shifted(self, shift_per_s: float) -> StreamSolver:
        """Return the solver of ``A + shift C``."""
        other = copy.copy(self)
        other._multigrid = self._multigrid.shifted(shift_per_s)
        other._take(replace(self.operator, shift_per_s=float(shift_per_s)))
        return other

    def updated(self, operator: Operator) -> StreamSolver:
        """Return the solver of a similar operator on the same mesh, without a new set-up."""
        other = copy.copy(self)
        other._take(operator)
        return other

    def precondition(self, residual_w: Array) -> Array:
        """Return an approximate solution of ``A rise = residual`` (nz, ny, nx) [K]."""
        rise_k = np.zeros(self.operator.shape)
        self._march(residual_w, rise_k)
        rise_k += self._multigrid.precondition(self.operator.left(residual_w, rise_k).field_w)
        self._march(self.operator.left(residual_w, rise_k).field_w, rise_k)
        return rise_k

    def _march(self, heat_w: Array, rise_k: Array) -> None:
        """Add what the heat of the coolant's cells does to them, with the walls at rest."""
        for stream, ground in zip(self.operator.streams, self._ground, strict=True):
            rise = stream.lines(rise_k)
            rise += stream.march(ground, stream.lines(heat_w))

    def solve(
        self,
        rhs_w: ArrayLike,
        start_k: ArrayLike | None = None,
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
        size_w: float | None = None,
    ) -> Solution:
        """Solve for one right-hand side; see `Multigrid.solve`."""
        shape = self.operator.shape
        rhs = np.asarray(rhs_w, np.float64)
        size = norm(rhs) if size_w is None else size_w
        if size == 0.0:
            return Solution(np.zeros(shape), 0, 0.0, True)
        rise = np.zeros(shape) if start_k is None else np.array(start_k, np.float64)
        cells = rhs.size
        matrix = LinearOperator(
            (cells, cells), lambda v: self.operator.apply(v.reshape(shape)).ravel(), dtype=float
        )
        preconditioner = LinearOperator(
            (cells, cells), lambda v: self.precondition(v.reshape(shape)).ravel(), dtype=float
        )
        iterations, residual = 0, self._residual(rhs, rise, size)
        while residual > tolerance and iterations < maximum_iterations:
            counter = _Counter()
            found, _ = bicgstab(
                matrix,
                rhs.ravel(),
                rise.ravel(),
                rtol=0.5 * tolerance,
                maxiter=maximum_iterations - iterations,
                M=preconditioner,
                callback=counter,
            )
            iterations += max(counter.count, 1)
            before, improved = residual, found.reshape(shape)
            residual = self._residual(rhs, improved, size)
            if residual < before:
                rise = improved
            if not residual < before / 2.0:
                residual = min(residual, before)
                break
        return Solution(rise, iterations, residual, bool(residual <= tolerance))

    def _residual(self, rhs: Array, rise: Array, size: float) -> float:
        return self.operator.left(rhs, rise).norm_w / size


class _Counter:
    """Counts the iterations of a scipy solver."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _: Array) -> None:
        self.count += 1


def _held(operator: Operator) -> Array:
    """Return conductances to the outside where coolant counts as an outer fluid of its cells."""
    held = operator.outside_w_k.copy()
    for stream in operator.streams:
        _hold(stream, held)
    return held


def _hold(stream: Stream, held_w_k: Array) -> None:
    lines = stream.lines(held_w_k)
    lines += stream.rate_w_k[:, None] * (1.0 + stream.weight)
