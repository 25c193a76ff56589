"""Steady conduction where conductivities depend on the temperature.

Picard's iteration on ``A(T) T = P + b(T)``: assemble at the last field, improve the field by a few
steps of the linear solver, repeat. What is left of the balance is always that of the nonlinear
equations, with conductivities taken afresh until they change by less than their rounding, so the
result is as good as that of a linear problem. Each round reduces it by the
change of the conductances, a few per cent where materials follow ``T^-n``; solving the linear
problems any better than that would be wasted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from techlib import ConvergenceError, zero_celsius_k
from thermal.assembly import assemble
from thermal.mesh import Mesh
from thermal.operator import Operator
from thermal.solver import Solver
from thermal.steady import MOST_ITERATIONS, TOLERANCES, SteadyField, accept

__all__ = ["Conduction", "Following", "Frozen", "solve_varying"]

Array = NDArray[np.float64]

_INEXACT = 0.03  #: of the residual before, to which each linear problem is solved
_MOST_ROUNDS = 60
_ALIKE = 2.0**-24  #: relative change of a conductivity below its rounding to single precision
_STALE = 0.01  #: relative change of a conductivity that makes a march assemble afresh ...
_STALE_AT_K = 0.1  #: ... where its error may be this much; of a smaller one the same part


class Frozen(NamedTuple):
    """Operator and solver with the conductivities of one temperature field."""

    operator: Operator
    solver: Solver


class Conduction:
    """Operators and solvers of a mesh at any temperature.

    Parameters
    ----------
    mesh : Mesh
    reference : Frozen
        Operator and solver at some temperatures; others are preconditioned by this solver.
    set_up : callable
        Makes the solver of an operator on the mesh.
    varies : bool
        Whether to follow the temperature at all.
    """

    def __init__(
        self,
        mesh: Mesh,
        reference: Frozen,
        set_up: Callable[[Operator, Mesh], Solver],
        *,
        varies: bool,
    ) -> None:
        self._mesh = mesh
        self._set_up = set_up
        self.reference = reference
        self.varies = varies and mesh.varies

    def based_at(self, rise_k: Array, *, varies: bool | None = None) -> Conduction:
        """Return the same with a solver that was set up at a field, for many solves near it."""
        if not self.varies:
            return self
        operator = assemble(self._mesh, rise_k + self.reference.operator.reference_c)
        reference = Frozen(operator, self._set_up(operator, self._mesh))
        varies = self.varies if varies is None else varies
        return Conduction(self._mesh, reference, self._set_up, varies=varies)

    def at(self, rise_k: Array) -> Frozen:
        """Return operator and solver at a field, given as the rise over their reference [K]."""
        if not self.varies:
            return self.reference
        operator = assemble(self._mesh, rise_k + self.reference.operator.reference_c)
        return Frozen(operator, self.reference.solver.updated(operator))

    def change(self, before_k: Array, after_k: Array) -> float:
        """Return the greatest relative change of a conductivity between two fields, estimated."""
        if not self.varies:
            return 0.0
        reference_k = self.reference.operator.reference_c + zero_celsius_k()
        most = 0.0
        for before, after, exponent in zip(before_k, after_k, self._exponent, strict=True):
            if exponent:
                warmed = np.abs(after - before).max() / (reference_k + before.min())
                most = max(most, exponent * float(warmed))
        return most

    @functools.cached_property
    def _exponent(self) -> list[float]:
        """The greatest exponent of the materials at each height."""
        layers = self._mesh.package.layers
        greatest = [
            max(max(map(abs, m.conductivity_exponent)) for m in la.materials) for la in layers
        ]
        return [greatest[layer] for layer in self._mesh.layer_of_cell]


class Following:
    """Keeps the conductivities of a march near those at its temperatures: to a per cent or less.

    Parameters
    ----------
    conduction : Conduction
    rise_k : array (nz, ny, nx)
        Where the march starts [K].
    tolerance_k : float, optional
        Error that a part of the march may have [K].

    Attributes
    ----------
    start : Frozen
        Operator and solver to start with.
    """

    def __init__(
        self, conduction: Conduction, rise_k: Array, tolerance_k: float | None = None
    ) -> None:
        asked_k = _STALE_AT_K if tolerance_k is None else tolerance_k
        self._stale = _STALE * min(1.0, asked_k / _STALE_AT_K)
        self._conduction = conduction.based_at(rise_k)
        self._at_k = rise_k
        self.start = self._conduction.reference

    def moved(self, rise_k: Array) -> Frozen | None:
        """Return operator and solver at a field where it moved too far from the last one."""
        if self._conduction.change(self._at_k, rise_k) <= self._stale:
            return None
        self._at_k = rise_k
        return self._conduction.at(rise_k)


def solve_varying(conduction: Conduction, power_w: Array, start_k: Array) -> SteadyField:
    """Solve ``A(T) T = P + b(T)`` until both the residual and the heat balance are good enough.

    Parameters
    ----------
    conduction : Conduction
        Operators at any temperature.
    power_w : array (nz, ny, nx)
        Power of each cell [W].
    start_k : array (nz, ny, nx)
        First guess of the rise [K].

    Raises
    ------
    ConvergenceError
        The rounds do not converge; the message holds by how much.
    """
    rise_k, iterations, goal = start_k, 0, 0
    residual, at_k, (operator, solver) = np.inf, rise_k, conduction.at(rise_k)
    for _ in range(_MOST_ROUNDS):
        if conduction.change(at_k, rise_k) > _ALIKE:
            at_k, (operator, solver) = rise_k, conduction.at(rise_k)
        heat_w = power_w + operator.outside_w
        left = operator.left(heat_w, rise_k)
        residual = left.norm_w / (left.heat_norm_w or 1.0)
        if residual <= TOLERANCES[goal]:
            found = SteadyField.of(operator, power_w, rise_k, iterations, residual)
            if accept(found):
                return found
            goal += 1
            if goal == len(TOLERANCES):
                break
        wanted = max(0.5 * TOLERANCES[goal], _INEXACT * min(residual, 1.0))
        solved = solver.solve(heat_w, rise_k, tolerance=wanted, maximum_iterations=MOST_ITERATIONS)
        iterations += solved.iterations
        rise_k = solved.rise_k
        if not np.isfinite(rise_k).all():
            break
    raise ConvergenceError(
        f"the steady solve with conductivities that depend on the temperature stopped after "
        f"{iterations} iterations at a residual of {residual:.1e} (allowed: {TOLERANCES[0]:.0e}); "
        "look for temperatures far outside of what materials hold for, or solve with constant "
        "conductivities (nonlinear=False)"
    )
