"""How long the steps of a march are: fixed, or as long as an error in kelvin allows."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from techlib import ConvergenceError, Faults
from thermal.numbers import is_number, shown
from thermal.stepping import Sdirk2, Step

__all__ = ["ErrorControlled", "FixedSteps", "Pace", "pace_of"]

Array = NDArray[np.float64]

_SOLVES = 1e-4  #: tolerance of linear solves, see `Sdirk2`
_SOLVES_PER_K = 1e-3  #: of the step's tolerance, where that is tighter
_FIRST = 0.25  #: of an interval, where nothing is known yet
_SAFETY = 0.9
_MOST, _LEAST = 4.0, 0.1  #: growth and shrinkage from step to step
_INTEGRAL, _PROPORTIONAL = 0.7 / 3.0, 0.4 / 3.0  #: of a PI controller for errors like h^3
_FINEST = 40  #: halvings of an interval; what is shorter is lost in rounding


class Pace(Protocol):
    """Crosses one interval of constant power after the other."""

    solves_tolerance: float
    taken: int
    rejected: int

    def begin(self, duration_s: float, jump_w: float) -> None:
        """Start an interval of a length, after a change of the power."""
        ...

    @property
    def done(self) -> bool:
        """Whether the end of the interval is reached, exactly."""
        ...

    @property
    def error_k(self) -> float | None:
        """Estimated error of the steps of this interval, none where it is not estimated [K]."""
        ...

    def take(self, stepper: Sdirk2, rise_k: Array, heat_w: Array) -> tuple[Step, float]:
        """Make the next step; return it with its length [s]."""
        ...


def pace_of(substeps: int | None, tolerance_k: float | None) -> Pace:
    """Return steps whose error is controlled where a tolerance is given, or else fixed ones.

    Raises
    ------
    InputError
        Fewer than one step, a tolerance that is not above zero, or both.
    """
    faults = Faults()
    if substeps is not None and not (is_number(substeps) and substeps >= 1 and substeps % 1 == 0):
        faults.add("substeps", shown(substeps), "a whole number, 1 or more")
    if tolerance_k is not None and not (is_number(tolerance_k) and 0.0 < tolerance_k < math.inf):
        faults.add("tolerance_k", f"{shown(tolerance_k)} K", "above 0 K, finite")
    if substeps is not None and tolerance_k is not None:
        what = "fixed sub-steps and a tolerance are both given"
        faults.add("substeps", what, "one of them", "leave one out")
    faults.raise_if_any()
    return FixedSteps(substeps or 1) if tolerance_k is None else ErrorControlled(tolerance_k)


class FixedSteps:
    """Crosses each interval in so many equal steps."""

    solves_tolerance = _SOLVES
    rejected = 0
    error_k = None

    def __init__(self, substeps: int) -> None:
        self._substeps = substeps
        self._left, self._length_s = 0, 0.0
        self.taken = 0

    def begin(self, duration_s: float, jump_w: float) -> None:
        """Start an interval of a length."""
        del jump_w
        self._left, self._length_s = self._substeps, duration_s / self._substeps

    @property
    def done(self) -> bool:
        """Whether the end of the interval is reached."""
        return self._left == 0

    def take(self, stepper: Sdirk2, rise_k: Array, heat_w: Array) -> tuple[Step, float]:
        """Make the next step."""
        self._left -= 1
        self.taken += 1
        return stepper.advance(rise_k, heat_w, self._length_s), self._length_s


class ErrorControlled:
    """Crosses each interval in steps whose estimated error is within a tolerance.

    Steps are an interval halved so and so often, and begin at a multiple of their own length, so
    that they end exactly where the interval does and share their solvers. A PI controller sets
    how long a step may be; after a jump of the power the first one follows from the error that the
    first step after the last jump had, per watt and second.

    Parameters
    ----------
    tolerance_k : float
        Estimated error of a step, in the cell where it is greatest [K].

    References
    ----------
    .. [1] K. Gustafsson, "Control-theoretic techniques for stepsize selection in implicit
       Runge-Kutta methods", ACM Transactions on Mathematical Software 20, 1994.
    """

    def __init__(self, tolerance_k: float) -> None:
        self._tolerance_k = tolerance_k
        self.solves_tolerance = min(_SOLVES, _SOLVES_PER_K * tolerance_k)
        self.taken = self.rejected = 0
        self._duration_s, self._position = 0.0, 0
        self._allowed_s = math.inf  # what the next step may have
        self._before_k: float | None = None  # error of the step before, none after a jump
        self._jump_w = 0.0
        self._k_per_ws: float | None = None  # error of a first step per watt and second
        self._interval_k = 0.0

    @property
    def done(self) -> bool:
        """Whether the end of the interval is reached."""
        return self._position == 1 << _FINEST

    @property
    def error_k(self) -> float:
        """Sum of the estimated errors of the steps of this interval [K]."""
        return self._interval_k

    def begin(self, duration_s: float, jump_w: float) -> None:
        """Start an interval of a length, after a change of the power."""
        if math.isinf(self._allowed_s):
            self._allowed_s = _FIRST * duration_s
        self._duration_s, self._position, self._interval_k = duration_s, 0, 0.0
        self._jump_w = jump_w
        if jump_w > 0.0:
            self._before_k = None
            if self._k_per_ws:
                first_s = _SAFETY * self._tolerance_k / (self._k_per_ws * jump_w)
                self._allowed_s = min(self._allowed_s, first_s)

    def take(self, stepper: Sdirk2, rise_k: Array, heat_w: Array) -> tuple[Step, float]:
        """Make the next step, as long as the tolerance allows.

        Raises
        ------
        ConvergenceError
            No step is short enough.
        """
        while True:
            halvings = self._halvings()
            length_s = math.ldexp(self._duration_s, -halvings)
            step = stepper.advance(rise_k, heat_w, length_s, estimate=True)
            left_s = (1.0 - math.ldexp(self._position, -_FINEST)) * self._duration_s - length_s
            error_k = step.error_k / (1.0 + step.rate_per_s * max(left_s, 0.0))
            if error_k <= self._tolerance_k:
                self._accept(error_k, halvings, length_s)
                return step, length_s
            self.rejected += 1
            shrunk = _SAFETY * (self._tolerance_k / error_k) ** (1.0 / 3.0)
            self._allowed_s = length_s * min(0.5, max(_LEAST, shrunk))

    def _halvings(self) -> int:
        """Return how often the interval is halved to give the next step."""
        least = math.ceil(math.log2(self._duration_s / self._allowed_s) - 1e-9)
        trailing = _FINEST
        if self._position:
            trailing = (self._position & -self._position).bit_length() - 1
        halvings = max(0, least, _FINEST - trailing)
        if halvings >= _FINEST:
            raise ConvergenceError(
                f"no step in time is short enough for an error of {self._tolerance_k:g} K; "
                "allow a greater one, or take fixed steps"
            )
        return halvings

    def _accept(self, error_k: float, halvings: int, length_s: float) -> None:
        """Take note of a step that was good enough."""
        self.taken += 1
        self._interval_k += error_k
        if self._position == 0 and self._jump_w > 0.0:
            self._k_per_ws = error_k / (self._jump_w * length_s)
        self._position += 1 << (_FINEST - halvings)
        ratio = self._tolerance_k / error_k if error_k else math.inf
        growth = _SAFETY * ratio**_INTEGRAL
        if self._before_k is not None and error_k:
            growth *= (self._before_k / self._tolerance_k) ** _PROPORTIONAL
        self._allowed_s = length_s * min(_MOST, max(0.5, growth))
        self._before_k = error_k
