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
    mean_bound_k : float
        Bound of the errors of block means: inputs (blocks or patterns, fluids, a uniform start)
        jump once to their nominal size, up or down, each at a moment of its own, and temperatures
        count from `shortest_s` after a jump on. Not proven: it rests on what fields between the
        shifts still changed (`thermal.reduced.remainder`), and held in every package of a
        population that was solved exactly, for jumps and for random traces between idle and
        nominal power (``docs/thermal.md``, ``scoville validate thermal``) [K].
    max_bound_k : float
        The same of the hottest cells of blocks [K].
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
    mean_bound_k: float
    max_bound_k: float
    iterations: int
    nominal_rise_k: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a row for each shift."""
        return pd.DataFrame([vars(visit) for visit in self.visits])
