"""Activity: how much each component of a package does in each bin of time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.schedule import Schedule, run_actions
from power.work import ACTIONS, RESOURCES, Work
from techlib import InputError

__all__ = ["BUSY", "Activity", "Serving", "binned", "check_width", "counts_of_runs", "even_edges"]

#: Times of a bin during which something works: steps run, and the parts that overlap in them; SRAM
#: serves arrays and memory, whichever works longer.
BUSY = ("engine_s", *(f"{name}_s" for name in RESOURCES), "sram_s")

_MOST_BINS = 600
_MOST_ASKED = 10_000_000


class Serving(Protocol):
    """What was served, as far as power is concerned: the machine, and what it ran."""

    @property
    def work(self) -> Work:
        """The machine and the model."""


@dataclass(frozen=True, eq=False)
class Activity:
    """Action counts of one package over time.

    Parameters
    ----------
    schedule : Schedule, or what else has its `work`
        What was counted.
    edges_s : array, shape (n + 1,)
        Edges of the bins [s]; evenly spaced from `of`, but for the last one, which is the end.
    counts : DataFrame, n rows
        Actions in each bin (`power.work.ACTIONS`), ``prompt_tokens`` and ``output_tokens`` of the
        whole group, and busy times `BUSY` [s].
    totals : mapping of str to float
        Counts of the whole schedule, from its runs and not from the bins.
    """

    schedule: Serving
    edges_s: NDArray[np.float64]
    counts: pd.DataFrame
    totals: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, schedule: Schedule, bin_s: float | None = None) -> Activity:
        """Count the actions of a schedule in bins of time.

        The work of a run of steps is spread evenly over its time, so that nothing is lost: the
        bins add up to the schedule. The last bin ends with the last step.

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
        edges = even_edges(start, width, schedule.end_s)
        runs = schedule.iterations
        bounds = runs[["start_s", "end_s"]].to_numpy().flatten()
        columns = counts_of_runs(schedule.work, runs)
        counts = pd.DataFrame(binned(columns.to_numpy(), bounds, edges), columns=columns.columns)
        totals = {str(name): float(total) for name, total in columns.sum().items()}
        return cls(schedule, edges, counts, totals)

    @classmethod
    def by_run(cls, serving: Serving, runs: pd.DataFrame) -> Activity:
        """Count the actions of runs of steps in bins that begin and end with them.

        Parameters
        ----------
        serving : Serving
            Who ran them.
        runs : DataFrame
            As `Schedule.iterations`; pauses between them become bins of their own.
        """
        start, end = runs["start_s"].to_numpy(), runs["end_s"].to_numpy()
        pause = start[1:] > end[:-1]
        place = np.arange(len(runs)) + np.concatenate([[0], np.cumsum(pause)])
        columns = counts_of_runs(serving.work, runs)
        counts = np.zeros((int(place[-1]) + 1, columns.shape[1]))
        counts[place] = columns.to_numpy()
        edges = np.empty(len(counts) + 1)
        edges[place + 1] = end
        edges[place] = start  # where there is no pause both are the same
        return cls(serving, edges, pd.DataFrame(counts, columns=columns.columns))

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
            ``"engine"``, ``"tensor"``, ``"vector"``, ``"hbm"`` or ``"sram"``.
        """
        return np.clip(self.counts[f"{name}_s"].to_numpy() / self.bin_s, 0.0, 1.0)

    def core_rate(self, action: str) -> NDArray[np.float64]:
        """Return an action's rate, each worth its energy at the operation's voltage, shape (n,)."""
        name = f"core_{action}" if f"core_{action}" in self.counts else action
        return np.asarray(self.counts[name].to_numpy() / self.bin_s)

    def clocked(self, name: str) -> NDArray[np.float64]:
        """Return `busy`, each time worth its clock power at the operation's point, shape (n,)."""
        return self._worth("clock", name)

    @property
    def leaking(self) -> NDArray[np.float64]:
        """`busy` of the engine, each time worth its leakage at the operation's voltage."""
        return self._worth("leaking", "engine")

    def _worth(self, kind: str, name: str) -> NDArray[np.float64]:
        column = f"{kind}_{name}_s"
        if column not in self.counts:
            return self.busy(name)
        return np.minimum(self.counts[column].to_numpy() / self.bin_s, self.busy(name))

    def to_dataframe(self) -> pd.DataFrame:
        """Return the counts beside the bounds of their bins."""
        bounds = {"start_s": self.edges_s[:-1], "end_s": self.edges_s[1:]}
        return pd.concat([pd.DataFrame(bounds), self.counts], axis=1)


def counts_of_runs(work: Work, runs: pd.DataFrame) -> pd.DataFrame:
    """Return what is counted for each run of steps.

    Parameters
    ----------
    work : Work
        The machine and the model.
    runs : DataFrame, m rows
        As `Schedule.iterations`.

    Returns
    -------
    DataFrame, m rows
        `power.work.ACTIONS`, tokens, and busy times `BUSY` [s]; for runs at operating points of
        their own (`power.governor`) also what they are worth at the operation's: actions by the
        square of the voltage, busy times by that and the clock, and by leakage.
    """
    columns = dict(zip(ACTIONS, run_actions(work, runs).T, strict=True))
    columns["prompt_tokens"] = (runs["steps"] * runs["step_prompt_tokens"]).to_numpy()
    columns["output_tokens"] = runs["output_tokens"].to_numpy()
    columns["engine_s"] = (runs["end_s"] - runs["start_s"]).to_numpy()
    for name in RESOURCES:
        columns[f"{name}_s"] = runs[f"{name}_s"].to_numpy()
    columns["sram_s"] = np.maximum(columns["tensor_s"], columns["hbm_s"])
    if "voltage_ratio" in runs:
        columns |= _worth(work, runs, columns)
    return pd.DataFrame(columns)


def _worth(
    work: Work, runs: pd.DataFrame, columns: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Return what runs at their own voltage and clock are worth at those of the operation."""
    pace, voltage = (runs[name].to_numpy() for name in ("pace", "voltage_ratio"))
    leaks = voltage**work.machine.node.leakage_voltage_exponent
    worth = {f"core_{name}": columns[name] * voltage**2 for name in ACTIONS}
    worth |= {f"clock_{name}": columns[name] * pace * voltage**2 for name in BUSY}
    worth["leaking_engine_s"] = columns["engine_s"] * leaks
    return worth


def binned(
    counts: NDArray[np.float64], bounds: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Spread counts from runs of steps to bins, through their sums up to each time.

    Parameters
    ----------
    counts : array, shape (m, k)
        Counts of the runs.
    bounds : array, shape (2 m,)
        Start and end of each [s].
    edges : array, shape (n + 1,)
        Edges of the bins [s].

    Returns
    -------
    array, shape (n, k)
    """
    spread = np.empty((len(edges) - 1, counts.shape[1]))
    for column in range(counts.shape[1]):
        # A million runs would round off 1e-12 else.
        done = np.cumsum(counts[:, column], dtype=np.longdouble)
        total = np.concatenate([[0.0], done]).astype(np.float64)
        spread[:, column] = np.diff(np.interp(edges, bounds, np.repeat(total, 2)[1:-1]))
    return spread


def even_edges(start_s: float, width_s: float, end_s: float) -> NDArray[np.float64]:
    """Return edges of bins of a width from a start on, the last one cut off at the end [s].

    Raises
    ------
    InputError
        The width is not positive, or makes more than ten million bins.
    """
    number = check_width(width_s, end_s - start_s)
    edges = start_s + width_s * np.arange(number, dtype=np.float64)
    return np.append(edges[edges < end_s], end_s)  # times far from zero are rounded


def check_width(width_s: float, span_s: float) -> int:
    """Return how many bins of a width a time takes.

    Raises
    ------
    InputError
        The width is not positive, or makes more than ten million bins.
    """
    if not (math.isfinite(width_s) and width_s > 0.0):
        raise InputError.of("bin", f"{width_s:g} s", "above 0 s")
    number = max(math.ceil(span_s / width_s * (1.0 - 1e-12)), 1)
    if number > _MOST_ASKED:
        what, allowed = f"{width_s:g} s makes {number:,} bins", f"{_MOST_ASKED:,}"
        raise InputError.of("bin", what, allowed, f"e.g. {_nice(span_s / _MOST_BINS):g} s")
    return number


def _nice(width: float) -> float:
    """Return the smallest of 1, 2 and 5 x 10^k that is not below a width."""
    exponent = math.floor(math.log10(width)) if width > 0.0 else -6
    steps = (factor * 10.0**power for power in (exponent, exponent + 1) for factor in (1, 2, 5))
    return next(step for step in steps if step >= width * (1.0 - 1e-12))
