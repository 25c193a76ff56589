"""A sparse direct solver of the conduction operator, for small grids and as a cross-check."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from thermal.in_turn import InTurn
from thermal.multigrid import Solution
from thermal.norm import norm
from thermal.operator import Operator

__all__ = ["DirectSolver", "sparse_matrix"]

Array = NDArray[np.float64]


def sparse_matrix(operator: Operator) -> sparse.csc_array:
    """Return the operator as a matrix over cells in the order (z, y, x) [W/K]."""
    nz, ny, nx = operator.shape
    number = np.arange(nz * ny * nx).reshape(operator.shape)
    pairs = [
        (number[:, :, :-1], number[:, :, 1:], operator.gx),
        (number[:, :-1], number[:, 1:], operator.gy),
        (number[:-1], number[1:], operator.gz),
    ]
    low = np.concatenate([a.ravel() for a, _, _ in pairs])
    high = np.concatenate([b.ravel() for _, b, _ in pairs])
    g = np.concatenate([c.ravel() for _, _, c in pairs])
    off = sparse.coo_array((-g, (low, high)), shape=(number.size, number.size))
    matrix = off + off.T + sparse.diags_array(operator.diagonal.ravel())
    for stream in operator.streams:
        row, column, value = stream.entries(operator.shape)
        matrix = matrix + sparse.coo_array((value, (row, column)), shape=off.shape)
    return sparse.csc_array(matrix)


class DirectSolver(InTurn):
    """Factors the operator once with SuperLU; same interface as `Multigrid`.

    Time grows with the square of the cells and memory almost so: meant below 50,000 cells.

    Parameters
    ----------
    operator : Operator
        Not singular: some outside conductance, or a shift.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1, 1))
    >>> lone_cell = Operator(one[:, :, 1:], one[:, 1:], one[1:], 2.0 * one, 0.0 * one, one, 25.0)
    >>> float(DirectSolver(lone_cell).solve(10.0 * one).rise_k[0, 0, 0])
    5.0
    """

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self._factors = splu(sparse_matrix(operator))

    def solve(
        self,
        rhs_w: Array,
        start_k: Array | None = None,
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
        size_w: float | None = None,
    ) -> Solution:
        """Solve ``A T = rhs``; a direct solver needs neither a start nor iterations."""
        del start_k, maximum_iterations
        rise_k = self._factors.solve(rhs_w.ravel()).reshape(rhs_w.shape)
        size = norm(rhs_w) if size_w is None else size_w
        left = self.operator.left(rhs_w, rise_k).norm_w
        residual = left / size if size else left
        return Solution(rise_k, 0, residual, residual <= tolerance)

    def shifted(self, shift_per_s: float) -> DirectSolver:
        """Return the solver of ``A + shift C``."""
        return DirectSolver(dataclasses.replace(self.operator, shift_per_s=shift_per_s))

    def updated(self, operator: Operator) -> DirectSolver:
        """Return the solver of another operator."""
        return DirectSolver(operator)
