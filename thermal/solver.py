"""What every linear solver of the conduction operator can do."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from thermal.multigrid import Solution
from thermal.operator import Operator

__all__ = ["Solver"]

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
    ) -> Solution:
        """Solve ``A T = rhs``."""
        ...

    def shifted(self, shift_per_s: float) -> Solver:
        """Return the solver of ``A + shift C``."""
        ...

    def updated(self, operator: Operator) -> Solver:
        """Return the solver of a similar operator on the same mesh, at least cost."""
        ...
