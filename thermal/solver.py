"""What every linear solver of the conduction operator can do, and which one a mesh gets."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from thermal.mesh import Mesh
from thermal.multigrid import Multigrid, Solution
from thermal.operator import Operator

__all__ = ["Solver", "set_up_solver"]

Array = NDArray[np.float64]


class Solver(Protocol):
    """Set up once from an operator, then solve for many right-hand sides."""

    def solve(
        self,
        rhs_w: Array,
        start_k: Array | None = None,
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
        size_w: float | None = None,
    ) -> Solution:
        """Solve ``A T = rhs``, whose 2-norm may be given."""
        ...

    def solve_each(
        self,
        rhs_w: Iterable[Array],
        starts_k: Iterable[Array | None] = itertools.repeat(None),
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
    ) -> Iterator[Solution]:
        """Solve for several right-hand sides, in their order."""
        ...

    def shifted(self, shift_per_s: float) -> Solver:
        """Return the solver of ``A + shift C``."""
        ...

    def updated(self, operator: Operator) -> Solver:
        """Return the solver of a similar operator on the same mesh, at least cost."""
        ...


def set_up_solver(operator: Operator, mesh: Mesh) -> Solver:
    """Set up the multigrid solver of an operator, within that for coolant where it flows."""
    if operator.streams:
        from thermal.streaming import StreamSolver  # with scipy's solvers, which take a while

        return StreamSolver(operator, x_m=mesh.x_m, y_m=mesh.y_m)
    return Multigrid(operator, x_m=mesh.x_m, y_m=mesh.y_m)
