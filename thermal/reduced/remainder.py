"""What a finished basis still misses: fields between its shifts, and how much they change."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from thermal.reduced.change import Change, Witness
from thermal.reduced.fields import Single, check_fields, combine, products_exactly
from thermal.reduced.krylov import Basis, Modes, apply_shifted
from thermal.reduced.probe import solve_all
from thermal.reduced.problem import Problem

__all__ = ["Remainder", "add_remainder", "trial_shifts"]

Array = NDArray[np.float64]

_BEYOND = 2.0  #: times the greatest shift: the last trial
_APART = 1.2  #: ratio of neighbouring shifts that have a trial between them
_RESIDUAL = 0.1  #: of the fields
_DEPENDENT = 1e-10  #: relative square of what a field has for itself, if it has nothing
_SEED = 1  #: of the signs of inputs in the first mixtures


@dataclass(frozen=True, eq=False)
class Remainder:
    """The modes after trials, and what these say about the error.

    Parameters
    ----------
    modes : Modes
        With the fields of the trials in the basis.
    bound_k : (float, float)
        Of the errors of block means and of cells [K].
    iterations : int
        Of the linear solver.
    """

    modes: Modes
    bound_k: Change
    iterations: int


def add_remainder(
    problem: Problem,
    basis: Basis,
    modes: Modes,
    witness: Witness,
    shifts_per_s: Sequence[float],
    space: Single,
) -> Remainder:
    r"""Add the leading errors between the shifts of a basis, and bound what is left by them.

    The error of a basis is greatest between its shifts. In the middle of each gap a mixture ``q``
    of all inputs, with random signs, has the error field ``K^-1 R q`` (see `Probe`). What this
    does at the inputs is ``E q`` with :math:`E = R^T K^{-1} R`: one step of the power method
    towards the mixture of the greatest error. That of a gap and of its neighbours are added up,
    since one ``q`` by chance may have nothing of it. Fields of the sums join the basis, and then
    those of ``q``.

    The bound is what all of them change, each input counted at the moment when it changes most,
    and once more what those of ``q`` change, which come second. It holds if no more is left than
    that.

    Parameters
    ----------
    problem : Problem
        What was reduced.
    basis : Basis
        Takes the fields in.
    modes : Modes
        Of the basis.
    witness : Witness
        Tells the changes. The cell of each block where the fields are greatest is watched too.
    shifts_per_s : sequence of float
        Those of the basis, but for 0 [1/s].
    space : array (count, cells)
        To work in.

    Raises
    ------
    ConvergenceError
        A solve stopped short.
    ResourceError
        The fields would not fit into memory.
    """
    trials = _Trials(problem, trial_shifts(float(modes.rates_per_s[0]), shifts_per_s))
    count, cells = len(trials.shifts_per_s), problem.sources.shape[0]
    check_fields(cells, 3 * count, problem.columns)
    fields = np.empty((2 * count, cells), np.float32)
    leading, first = fields[:count], fields[count:]
    mixtures = np.random.default_rng(_SEED).choice([-1.0, 1.0], (problem.columns, count))
    iterations = trials.put_errors(basis, modes, mixtures, first)
    mixtures = problem.mixing.T @ (problem.sources.T @ first.T)
    mixtures /= np.maximum(np.abs(mixtures).max(axis=0), np.finfo(float).tiny)
    padded = np.pad(mixtures, ((0, 0), (1, 1)))
    mixtures = padded[:, :-2] + mixtures + padded[:, 2:]
    iterations += trials.put_errors(basis, modes, mixtures, leading)
    worst = problem.greatest(np.abs(leading[:, problem.members]).max(axis=0))
    witness = replace(witness, cells=np.concatenate([witness.cells, worst]))
    before, old = witness.view(basis, modes), len(basis)
    there = np.asarray(fields.any(axis=1))
    basis.append(_independent(fields[there], problem.operator.capacity_j_k.ravel()), space)
    some, modes = basis.modes(old + int(there[:count].sum())), basis.modes()
    between, after = witness.view(basis, some), witness.view(basis, modes)
    whole = witness.scattered_change_k(before, after)
    last = witness.scattered_change_k(between, after)
    return Remainder(modes, (whole[0] + last[0], whole[1] + last[1]), iterations)


def trial_shifts(slowest_per_s: float, shifts_per_s: Sequence[float]) -> list[float]:
    """Return the middles of the gaps between shifts, from the slowest rate on, and one beyond.

    Parameters
    ----------
    slowest_per_s : float
        Smallest decay rate [1/s].
    shifts_per_s : sequence of float
        Of the basis [1/s].

    Examples
    --------
    >>> trial_shifts(1.0, [100.0, 4.0])
    [2.0, 20.0, 200.0]
    """
    lines = sorted([slowest_per_s, *shifts_per_s])
    gaps = [(low, high) for low, high in itertools.pairwise(lines) if high > _APART * low]
    return [float(np.sqrt(low * high)) for low, high in gaps] + [_BEYOND * lines[-1]]


def _independent(fields: Single, capacity_j_k: Array) -> Single:
    """Return fields that are orthogonal by heat capacity, each made of those up to it."""
    gram = products_exactly([fields], fields, capacity_j_k)
    size = 1.0 / np.sqrt(np.diag(gram))
    scaled = gram * size[:, None] * size + _DEPENDENT * np.eye(len(gram))
    lower = np.linalg.cholesky(scaled)
    turned = linalg.solve_triangular(lower, np.diag(size), lower=True).T
    return combine([fields], turned, np.empty_like(fields))


@dataclass(frozen=True, eq=False)
class _Trials:
    """Shifts at which one mixture of the inputs each is tried."""

    problem: Problem
    shifts_per_s: list[float]

    def put_errors(self, basis: Basis, modes: Modes, mixtures: Array, out: Single) -> int:
        """Set what a basis misses of the mixtures (inputs, shifts); return the iterations."""
        problem, shifts = self.problem, enumerate(self.shifts_per_s)
        mixing, heat = problem.mixing @ mixtures, np.empty_like(out)
        ones = [(shift, slice(number, number + 1)) for number, shift in shifts]
        responses = [modes.response(shift, mixing[:, one]) for shift, one in ones]
        basis.combine(-np.hstack(responses), out)
        for shift, one in ones:
            apply_shifted(problem.operator, shift, out[one], heat[one])
        problem.add_heat(mixing, heat)
        shape = problem.operator.shape
        return sum(
            solve_all(problem.solver.shifted(shift), shape, heat[one], None, out[one], _RESIDUAL)
            for shift, one in ones
        )
