"""Activity: how much each component of a package does in each bin of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.schedule import Schedule
from power.work import ACTIONS, RESOURCES
from techlib import InputError

__all__ = ["BUSY", "Activity"]

#: Times of a bin during which something works: steps run, and the parts that overlap in them.
BUSY = ("engine_s", *(f"{name}_s" for name in RESOURCES))

_MOST_BINS = 600


@dataclass(frozen=True, eq=False)
class Activity:
    """Action counts of one package over time.

    Parameters
    ----------
    schedule : Schedule
        What was counted.
    edges_s : array, shape (n + 1,)
        Edges of the bins, evenly spaced [s].
    counts : DataFrame, n rows
        Actions in each bin (`power.work.ACTIONS`), ``prompt_tokens`` and ``output_tokens`` of the
        whole group, and busy times `BUSY` [s].
    """

    schedule: Schedule
    edges_s: NDArray[np.float64]
    counts: pd.DataFrame

    @classmethod
    def of(cls, schedule: Schedule, bin_s: float | None = None) -> Activity:
        """Count the actions of a schedule in bins of time.

        The work of a run of steps is spread evenly over its time, so that nothing is lost: the
        bins add up to the schedule.

        Parameters
        ----------
        schedule : Schedule
            The steps.
        bin_s : float, optional
            Width of a bin [s]; by default the smallest of 1, 2 and 5 x 10^k that makes at most
            600 bins.

        Raises
        ------
        InputError
            The width is not positive, or makes more than ten million bins.
        """
        start = float(schedule.trace.arrival_s[0])
        span = schedule.end_s - start
        width = _nice(span / _MOST_BINS) if bin_s is None else float(bin_s)
        if not (math.isfinite(width) and width > 0.0):
            raise InputError.of("bin", f"{width:g} s", "above 0 s")
        number = max(math.ceil(span / width * (1.0 - 1e-12)), 1)
        if number > 10_000_000:
            cure = f"e.g. {_nice(span / _MOST_BINS):g} s"
            raise InputError.of("bin", f"{width:g} s makes {number:,} bins", "10,000,000", cure)
        edges = start + width * np.arange(number + 1, dtype=np.float64)
        runs = schedule.iterations
        bounds = runs[["start_s", "end_s"]].to_numpy().flatten()
        bounds[-1] = min(bounds[-1], edges[-1])
        columns = _per_run(schedule)
        return cls(schedule, edges, columns.apply(lambda run: _binned(run, bounds, edges)))

    @property
    def bin_s(self) -> NDArray[np.float64]:
        """Width of each bin, shape (n,) [s]."""
        return np.diff(self.edges_s)

    @property
    def rates(self) -> pd.DataFrame:
        """Actions per second in each bin."""
        return self.counts.div(self.bin_s, axis=0)

    def busy(self, name: str) -> NDArray[np.float64]:
        """Return the share of each bin in which something works, shape (n,).

        Parameters
        ----------
        name : str
            ``"engine"``, ``"tensor"``, ``"vector"`` or ``"hbm"``.
        """
        return np.asarray(np.clip(self.counts[f"{name}_s"] / self.bin_s, 0.0, 1.0))

    @property
    def totals(self) -> dict[str, float]:
        """Counts of the whole schedule, from its runs and not from the bins."""
        return {str(name): float(total) for name, total in _per_run(self.schedule).sum().items()}

    def to_dataframe(self) -> pd.DataFrame:
        """Return the counts beside the bounds of their bins."""
        bounds = {"start_s": self.edges_s[:-1], "end_s": self.edges_s[1:]}
        return pd.concat([pd.DataFrame(bounds), self.counts], axis=1)


def _per_run(schedule: Schedule) -> pd.DataFrame:
    """Return what is counted for each run of steps."""
    runs = schedule.iterations
    columns = dict(zip(ACTIONS, schedule.actions.T, strict=True))
    columns["prompt_tokens"] = (runs["steps"] * runs["step_prompt_tokens"]).to_numpy()
    columns["output_tokens"] = runs["output_tokens"].to_numpy()
    columns["engine_s"] = (runs["end_s"] - runs["start_s"]).to_numpy()
    for name in RESOURCES:
        columns[f"{name}_s"] = runs[f"{name}_s"].to_numpy()
    return pd.DataFrame(columns)


def _binned(
    run: pd.Series, bounds: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Spread one count from runs of steps to bins, through its sum up to each time."""
    done = np.cumsum(run.to_numpy(), dtype=np.longdouble)  # a million runs round off 1e-12 else
    total = np.concatenate([[0.0], done]).astype(np.float64)
    return np.diff(np.interp(edges, bounds, np.repeat(total, 2)[1:-1]))


def _nice(width: float) -> float:
    """Return the smallest of 1, 2 and 5 x 10^k that is not below a width."""
    exponent = math.floor(math.log10(width)) if width > 0.0 else -6
    steps = (factor * 10.0**power for power in (exponent, exponent + 1) for factor in (1, 2, 5))
    return next(step for step in steps if step >= width * (1.0 - 1e-12))
