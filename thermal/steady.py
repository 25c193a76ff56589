"""The steady solve, checked before it is believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techlib import ConvergenceError
from thermal.operator import Operator
from thermal.solver import Solver

__all__ = ["MOST_ITERATIONS", "TOLERANCES", "SteadyField", "accept", "solve_steady"]

Array = NDArray[np.float64]

TOLERANCES = (1e-8, 1e-10, 1e-12)  #: relative residual; the tighter ones where heat is missing
_BALANCE = 1e-6  #: heat in against heat out
MOST_ITERATIONS = 400


@dataclass(frozen=True, eq=False)
class SteadyField:
    """A field that fulfils the heat balance.

    Parameters
    ----------
    rise_k : array (nz, ny, nx)
        Temperature over the operator's reference [K].
    iterations : int
        Of the linear solver.
    residual : float
        Relative 2-norm of what is left of the heat balance of the cells.
    energy_balance : float
        Difference of heat in and heat out of the package, relative to the heat in.
    """

    rise_k: Array
    iterations: int
    residual: float
    energy_balance: float

    @classmethod
    def of(
        cls, operator: Operator, power_w: Array, rise_k: Array, iterations: int, residual: float
    ) -> SteadyField:
        """Take the heat balance of a field."""
        balance = _energy_balance(operator, float(power_w.sum()), rise_k)
        return cls(rise_k, iterations, residual, balance)


def accept(found: SteadyField, *, converged: bool = False) -> bool:
    """Whether residual and heat balance are good enough.

    The residual is as well where a solver found it `converged`: within the rounding of the field.
    """
    balanced = found.energy_balance <= _BALANCE
    return balanced and (converged or found.residual <= TOLERANCES[0])


def solve_steady(
    operator: Operator, solver: Solver, power_w: Array, start_k: Array | None = None
) -> SteadyField:
    """Solve ``A T = P + b`` until both the residual and the heat balance are good enough.

    Parameters
    ----------
    operator : Operator
        Without shift.
    solver : Solver
        Of that operator.
    power_w : array (nz, ny, nx)
        Power of each cell [W].
    start_k : array (nz, ny, nx), optional
        First guess of the rise [K].

    Raises
    ------
    ConvergenceError
        The solver stopped short; the message holds by how much.
    """
    heat_w = power_w + operator.outside_w
    iterations = 0
    for tolerance in TOLERANCES:
        found = solver.solve(
            heat_w, start_k, tolerance=tolerance, maximum_iterations=MOST_ITERATIONS
        )
        iterations += found.iterations
        field = SteadyField.of(operator, power_w, found.rise_k, iterations, found.residual)
        if accept(field, converged=found.converged):
            return field
        if not found.converged:
            break
        start_k = found.rise_k
    raise ConvergenceError(
        f"the steady solve stopped after {iterations} iterations at a residual of "
        f"{found.residual:.1e} (allowed: {TOLERANCES[0]:.0e}) with {field.energy_balance:.1e} of "
        f"the heat unaccounted for (allowed: {_BALANCE:.0e}); look for a material or a layer with "
        "a wrong unit, or take a coarser mesh"
    )


def _energy_balance(operator: Operator, power_w: float, rise_k: Array) -> float:
    """Return heat in less heat out, relative to the heat that comes in."""
    outflow_w = operator.drain_w_k * rise_k - operator.outside_w
    heat_in_w = power_w - float(outflow_w[outflow_w < 0.0].sum())
    return abs(power_w - float(outflow_w.sum())) / heat_in_w if heat_in_w else 0.0
