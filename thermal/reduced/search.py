"""The search for shifts: a basis that is good enough at all of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thermal.reduced.change import Change, Witness
from thermal.reduced.fields import Single, check_fields, groups
from thermal.reduced.krylov import Basis, Modes
from thermal.reduced.probe import Probe, Work, solve_all
from thermal.reduced.problem import Problem
from thermal.reduced.remainder import add_remainder

__all__ = ["Reduction", "Visit", "reduce"]

Report = Callable[[str, float], None]

_STEADY = 1e-6  #: residual of the steady fields
_MEAN = 0.05  #: of the tolerance: error of means, averaged over time, that fields leave
_CELL = 0.4  #: the same of cells
_CELLS = 3.0  #: error of hottest cells that is allowed, in that of block means
_GAIN = 3.0  #: the fields of a shift leave less than this part of what they changed
_NARROW = 1.5  #: ratio of neighbouring shifts that are not split any more
_TYPICAL = 6  #: fields of the basis for each input, for the prediction of memory


@dataclass(frozen=True)
class Visit:
    """What was found and done at one shift.

    Parameters
    ----------
    shift_per_s : float
        Where [1/s].
    mean_missed_k, cell_missed_k : float
        Error of block means and of cells before, averaged over time [K].
    fields : int
        Fields that joined the basis.
    mean_change_k, cell_change_k : float
        By how much they changed block means and hottest cells after a jump of power, at any
        time [K].
    """

    shift_per_s: float
    mean_missed_k: float
    cell_missed_k: float
    fields: int
    mean_change_k: float
    cell_change_k: float


@dataclass(frozen=True, eq=False)
class Reduction:
    """A basis, its modes, and how they were found.

    Parameters
    ----------
    basis : Basis
        Fields.
    modes : Modes
        The heat equation in them.
    visits : tuple of Visit
        One for each shift, in the order of the search.
    bound_k : (float, float)
        Of the errors of block means and of cells (`thermal.reduced.remainder`) [K].
    iterations : int
        Of the linear solver.
    """

    basis: Basis
    modes: Modes
    visits: tuple[Visit, ...]
    bound_k: Change
    iterations: int


def reduce(problem: Problem, tolerance_k: float, shortest_s: float, report: Report) -> Reduction:
    """Find a basis.

    It begins with the steady fields of all inputs. Then come shifts: the greatest one,
    ``1 / shortest_s``, and the middle between the slowest rate and that one, on a logarithmic
    scale. Where the fields of a shift changed the response by more than the tolerance, the
    middles of both halves are next. Of the inputs only those directions that the tolerance asks
    for join the basis. At last come fields between the shifts, which tell what is left.

    Parameters
    ----------
    problem : Problem
        What to reduce.
    tolerance_k : float
        Error of block means that the search is after, when inputs jump to their nominal size [K].
    shortest_s : float
        Time after a jump from which on temperatures count [s].
    report : callable
        Gets the stage and the share that is done.

    Raises
    ------
    ConvergenceError
        A solve stopped short.
    ResourceError
        The fields would not fit into memory.
    """
    cells, count = problem.sources.shape[0], problem.columns
    check_fields(cells, (_TYPICAL + 2) * count, count)
    basis = Basis(problem.operator, problem.sources)
    work = Work.of(count, cells)
    iterations = _add_steady(problem, basis, work, report)
    modes = basis.modes()
    witness = Witness.of(problem, basis, modes, shortest_s)
    low, high = float(modes.rates_per_s[0]), 1.0 / shortest_s
    waiting = deque([(high, 0.0, 0.0)])
    if high > _NARROW * low:
        waiting.append((math.sqrt(low * high), low, high))
    visits: list[Visit] = []
    while waiting:
        shift, below, above = waiting.popleft()
        report(f"shift {shift:.3g} 1/s", 0.5 + 0.5 * len(visits) / (len(visits) + len(waiting) + 1))
        probe = Probe.of(problem, basis, modes, shift, work)
        fields, spent = _missing(probe, tolerance_k)
        iterations += probe.iterations + spent
        change = (0.0, 0.0)
        if len(fields):
            before = witness.view(basis, modes)
            basis.append(fields, work.both)
            modes = basis.modes()
            change = witness.change_k(before, witness.view(basis, modes))
        halves = []
        missed = max(change[0], change[1] / _CELLS) > _GAIN * tolerance_k
        if missed and above > _NARROW**2 * below > 0.0:
            halves.append((math.sqrt(below * shift), below, shift))
            halves.append((math.sqrt(shift * above), shift, above))
        waiting.extend(halves)
        visits.append(Visit(shift, *probe.left_k(0), len(fields), *change))
    report("what is left", 0.95)
    shifts = [visit.shift_per_s for visit in visits]
    left = add_remainder(problem, basis, modes, witness, shifts, work.both)
    iterations += left.iterations
    return Reduction(basis, left.modes, tuple(visits), left.bound_k, iterations)


def _add_steady(problem: Problem, basis: Basis, work: Work, report: Report) -> int:
    """Add the steady field of each input; that of the start is uniform, and there already."""
    cells, solved = problem.sources.shape[0], problem.columns - 1
    fields, iterations = np.empty((solved, cells), np.float32), 0
    for part in groups(solved):
        report("steady fields", 0.5 * part.start / solved)
        heat = work.residual[: part.stop - part.start]
        heat.fill(0.0)
        problem.add_heat(problem.mixing[:, part], heat)
        iterations += solve_all(
            problem.solver, problem.operator.shape, heat, None, fields[part], _STEADY
        )
    basis.append(fields, work.both)
    return iterations


def _missing(probe: Probe, tolerance_k: float) -> tuple[Single, int]:
    """Return the fields that a probe finds missing, and the iterations that they took."""
    count = probe.needed(_MEAN * tolerance_k, _CELL * tolerance_k)
    columns, cells = probe.work.error.shape
    check_fields(cells, count, columns)
    return probe.fields(count)
