"""Several right-hand sides for solvers that take one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from thermal.multigrid import Solution
    from thermal.solver import Solver

__all__ = ["InTurn"]

Array = NDArray[np.float64]


class InTurn:
    """Adds `solve_each` to a solver that has `solve`."""

    def solve_each(
        self: Solver,
        rhs_w: Iterable[Array],
        starts_k: Iterable[Array | None] = itertools.repeat(None),
        *,
        tolerance: float = 1e-8,
        maximum_iterations: int = 200,
    ) -> Iterator[Solution]:
        """Solve for several right-hand sides, one after the other."""
        for rhs, start in zip(rhs_w, starts_k, strict=False):
            yield self.solve(rhs, start, tolerance=tolerance, maximum_iterations=maximum_iterations)
