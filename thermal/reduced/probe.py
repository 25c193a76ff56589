"""What a basis misses at a shift: the error there, and the fields that remove it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from techlib import ConvergenceError
from thermal.reduced.fields import Single, combine, groups, products
from thermal.reduced.krylov import Basis, Modes, apply_shifted
from thermal.reduced.problem import Problem
from thermal.solver import Solver

__all__ = ["Probe", "Work", "solve_all"]

Array = NDArray[np.float64]

_ESTIMATE = 0.1  #: residual of the fields that estimate an error
_REFINED = 1e-2  #: residual of the fields that join the basis
_MOST_ITERATIONS = 100


class Work(NamedTuple):
    """Fields that probes work with, one probe after the other: new memory takes a while.

    `both` is residual and error, one behind the other; `Basis.append` works in it between probes.
    """

    residual: Single
    error: Single
    both: Single

    @classmethod
    def of(cls, columns: int, cells: int) -> Work:
        """Allocate those of a number of inputs."""
        both = np.empty((2 * columns, cells), np.float32)
        return cls(both[:columns], both[columns:], both)


@dataclass(frozen=True, eq=False)
class Probe:
    r"""What a basis misses at one shift ``s``.

    With :math:`K = A + s C` and the residual :math:`R = B - K V y` of the reduced response, the
    error of the field is :math:`Z = K^{-1} R` and that of the response at the inputs is
    :math:`E = R^T Z`, symmetric and not negative: what is found of it in a few directions ``Q`` of
    the inputs is a lower bound, and adding the fields ``Z Q`` to the basis removes it. `E` and `Z`
    are the errors of the step response averaged over time with the weight
    :math:`s \exp(-s t)`, in which errors of both signs cancel: they tell which fields to add, and
    `thermal.reduced.change` tells what that did.

    Parameters
    ----------
    shift_per_s : float
        ``s`` [1/s].
    solver : Solver
        Of ``K``.
    shape : (int, int, int)
        Cells along z, y and x.
    work : Work
        ``R`` for each input at its nominal size [W], and ``Z``, estimated [K].
    directions : array (columns, columns)
        Eigenvectors of ``E``, the greatest eigenvalue first.
    mean_error_k, cell_error_k : array (keys, columns), (members, columns)
        Error of block means and of the cells of blocks by each direction [K].
    iterations : int
        Of the linear solver.
    """

    shift_per_s: float
    solver: Solver
    shape: tuple[int, int, int]
    work: Work
    directions: Array
    mean_error_k: Array
    cell_error_k: Array
    iterations: int

    @classmethod
    def of(
        cls,
        problem: Problem,
        basis: Basis,
        modes: Modes,
        shift_per_s: float,
        work: Work,
    ) -> Probe:
        """Estimate what a basis misses; `work` is where residual and error are put."""
        solver = problem.solver.shifted(shift_per_s)
        response = modes.response(shift_per_s, problem.mixing)
        residual, error = work.residual, work.error
        count = problem.columns
        energy = np.zeros((count, count))
        iterations = 0
        for part in groups(count):
            basis.combine(-response[:, part], error[part])
            missing = apply_shifted(problem.operator, shift_per_s, error[part], residual[part])
            problem.add_heat(problem.mixing[:, part], missing)
            iterations += solve_all(
                solver, problem.operator.shape, missing, None, error[part], _ESTIMATE
            )
        for part in groups(count):
            energy[:, part] = products([residual], error[part])
        directions = np.linalg.eigh(0.5 * (energy + energy.T))[1][:, ::-1]
        if problem.inputs.plain:
            nominal = problem.inputs.nominal_w[:, None]
            means = 0.5 * (energy + energy.T)[: problem.keys] / nominal
        else:
            heat = problem.sources[:, : problem.keys]
            means = np.asarray(heat.T @ error.T, dtype=np.float64)
        return cls(
            shift_per_s=shift_per_s,
            solver=solver,
            work=work,
            shape=problem.operator.shape,
            directions=directions,
            mean_error_k=means @ directions,
            cell_error_k=error[:, problem.members].T.astype(np.float64) @ directions,
            iterations=iterations,
        )

    def left_k(self, count: int) -> tuple[float, float]:
        """Return the error of means and of cells without the first directions [K].

        It holds for any signs of the inputs at their nominal size, all jumping at once.
        """
        return self._left_k(self.mean_error_k, count), self._left_k(self.cell_error_k, count)

    def needed(self, mean_k: float, cell_k: float) -> int:
        """Return how many directions bring the errors of means and cells down to this."""
        low, high = 0, self.directions.shape[1]
        while low < high:
            middle = (low + high) // 2
            means = self._left_k(self.mean_error_k, middle)
            if means <= mean_k and self._left_k(self.cell_error_k, middle) <= cell_k:
                high = middle
            else:
                low = middle + 1
        return low

    def _left_k(self, errors_k: Array, count: int) -> float:
        left = errors_k[:, count:] @ self.directions[:, count:].T
        return float(np.abs(left).sum(axis=1).max(initial=0.0))

    def fields(self, count: int) -> tuple[Single, int]:
        """Return the error fields of the first directions, refined, and the iterations.

        The work space is spent then.
        """
        residual, error, _ = self.work
        chosen = self.directions[:, :count]
        fields = combine([error], chosen, np.empty((count, error.shape[1]), np.float32))
        heat = combine([residual], chosen, error[:count])
        return fields, solve_all(self.solver, self.shape, heat, fields, fields, _REFINED)


def solve_all(
    solver: Solver,
    shape: tuple[int, int, int],
    heat: Single,
    start: Single | None,
    out: Single,
    tolerance: float,
) -> int:
    """Solve for fields (count, cells); return the iterations. `out` may be `start`.

    Raises
    ------
    ConvergenceError
        A solve stopped short.
    """
    iterations = 0
    rhs = heat.reshape(-1, *shape)
    starts = itertools.repeat(None) if start is None else start.reshape(-1, *shape)
    solutions = solver.solve_each(
        rhs, starts, tolerance=tolerance, maximum_iterations=_MOST_ITERATIONS
    )
    for found, field in zip(solutions, out, strict=True):
        if not found.converged:
            raise ConvergenceError(
                f"a solve for the reduced model stopped at a residual of {found.residual:.1e} "
                f"after {found.iterations} iterations (allowed: {tolerance:.0e}); look for a "
                "material or a layer with a wrong unit, or take a coarser mesh"
            )
        field.reshape(shape)[:] = found.rise_k
        iterations += found.iterations
    return iterations
