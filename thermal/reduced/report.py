"""How a reduced model was found, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from thermal.reduced.search import Visit

__all__ = ["ReducedReport"]


@dataclass(frozen=True)
class ReducedReport:
    """How a reduced model was found, and how far it can be trusted.

    Parameters
    ----------
    tolerance_k : float
        What was asked of block means [K].
    shortest_s : float
        Time after a jump from which on temperatures count [s].
    visits : tuple of Visit
        Errors and fields at each shift.
    iterations : int
        Of the linear solver.
    nominal_rise_k : float
        Steady rise of the hottest cell when all blocks have their nominal power; 0 where each
        block is an input of its own, since it is not needed there [K].
    seconds : mapping of str to float
        Time taken by ``build``; empty where the model was loaded [s].
    """

    tolerance_k: float
    shortest_s: float
    visits: tuple[Visit, ...]
    iterations: int
    nominal_rise_k: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def mean_error_k(self) -> float:
        """Estimated error of block means when inputs jump to their nominal size [K].

        An estimate and not a bound. It rests on what the last shift in each part of the range
        still changed at any time, for jumps of any signs, of which its fields leave a third at
        most, and on the error of cells that is left at the shifts.
        """
        return max(visit.error_k[0] for visit in self.visits if visit.last)

    @property
    def max_error_k(self) -> float:
        """The same of the hottest cells of blocks [K]."""
        return max(visit.error_k[1] for visit in self.visits if visit.last)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a row for each shift."""
        return pd.DataFrame([vars(visit) for visit in self.visits])
