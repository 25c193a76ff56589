"""Times of arrival for files that hold lengths only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techlib import Faults

__all__ = ["Arrivals"]


@dataclass(frozen=True)
class Arrivals:
    """A process of arrivals with gamma distributed intervals.

    Parameters
    ----------
    rate_per_s : float
        Mean rate [1/s].
    cv : float
        Coefficient of variation of the intervals: 1 is a Poisson process, more makes bursts.
    seed : int
        Seed of numpy's default generator; not negative.

    Raises
    ------
    InputError
        A rate, spread or seed that cannot be.

    Examples
    --------
    >>> stream = Arrivals(rate_per_s=10.0, cv=1.0, seed=1).stream()
    >>> first, more = stream.take(2), stream.take(1)
    >>> bool(0.0 < first[0] < first[1] < more[0])
    True
    """

    rate_per_s: float
    cv: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        faults = Faults()
        for name, value in (("rate_per_s", self.rate_per_s), ("cv", self.cv)):
            if not (math.isfinite(value) and value > 0.0):
                faults.add(f"arrivals: {name}", f"{value:g}", "above 0")
        if self.seed < 0:
            faults.add("arrivals: seed", f"{self.seed}", "0 or above")
        faults.raise_if_any()

    def stream(self) -> ArrivalStream:
        """Return the process from its beginning."""
        return ArrivalStream(self)


class ArrivalStream:
    """Draws arrivals one stretch after the other.

    Parameters
    ----------
    arrivals : Arrivals
        The process.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._generator = np.random.default_rng(arrivals.seed)
        self._last_s = 0.0

    def take(self, number: int) -> NDArray[np.float64]:
        """Return the next arrivals, shape (number,) [s]."""
        shape, rate = self._arrivals.cv**-2, self._arrivals.rate_per_s
        gaps = self._generator.gamma(shape, 1.0 / (shape * rate), size=number)
        times = self._last_s + np.cumsum(gaps)
        self._last_s = float(times[-1]) if number else self._last_s
        return times
