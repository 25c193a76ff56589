"""Serving a trace of any length stretch by stretch, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from power.activity import Activity, counts_of_runs
from power.bins import GrowingBins
from power.disaggregation import Handover, first_group
from power.governor import with_points
from power.histogram import LogHistogram, TokenHistogram
from power.machine import Machine
from power.parallel import work_of
from power.rows import ROW
from power.run_power import RunPower
from power.schedule import check_fit
from power.server import Served, Server
from power.summary import FIGURES, ServingSummary, Tally
from power.trace import Trace
from power.work import Work
from techlib import InputError, LanguageModel

__all__ = ["StreamedSchedule", "serve_stream"]

T = TypeVar("T")

_WAITS = ("ttft_s", "tpot_s", "waiting_s")


@dataclass(eq=False)
class StreamedSchedule:
    """What is left of a schedule whose steps have been counted and let go.

    Parameters
    ----------
    work : Work
        The machine and the model.
    power : RunPower
        How power steps, at the temperatures that were given.
    """

    work: Work
    power: RunPower = field(init=False)
    tally: Tally = field(default_factory=Tally)
    waits: dict[str, LogHistogram] = field(
        default_factory=lambda: {name: LogHistogram() for name in _WAITS}
    )
    tokens: TokenHistogram = field(default_factory=TokenHistogram)
    name: str = ""
    requests: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    evictions: int = 0
    left_out: int = 0
    _door: NDArray[np.float64] = field(default_factory=lambda: np.empty((3, 0)))

    @property
    def summary(self) -> ServingSummary:
        """What requests and the group saw, in figures."""
        rows = {name: histogram.figures() for name, histogram in self.waits.items()}
        return ServingSummary(
            name=self.name,
            requests=self.requests,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            evictions=self.evictions,
            left_out=self.left_out,
            tally=self.tally,
            written_tokens=self.output_tokens - self.requests,
            latency=pd.DataFrame.from_dict(rows, orient="index", columns=list(FIGURES)),
        )

    def run_power(self, temperature_c: ArrayLike) -> RunPower:
        """Return how power steps.

        Raises
        ------
        InputError
            Other temperatures than those at which the trace was streamed.
        """
        if not np.array_equal(np.asarray(temperature_c), np.asarray(self.power.temperature_c)):
            raise InputError.of("temperature_c", "is not that of the stream", cure="stream again")
        return self.power

    def energy_figures(self, split: Mapping[str, float]) -> list[float]:
        """Return `power.summary.FIGURES` of the energy of requests; see `PowerReport`."""
        costs = ("joule_per_prompt_token", "joule_per_output_token", "idle_joule_per_request")
        found = self.tokens.figures(*(split[name] for name in costs))
        return [split["energy_j"] / self.requests, *found[1:]]

    def take(self, came: Handover) -> None:
        """Count the requests of a stretch."""
        trace, number = came.trace, self.requests + np.arange(len(came.trace))
        first = came.first_token_s
        first = np.full(len(trace), np.nan) if first is None else first
        self._door = np.hstack([self._door, [number, came.asked_s, first]])
        self.requests += len(trace)
        self.prompt_tokens += int(trace.prompt_tokens.sum())
        self.output_tokens += int(trace.output_tokens.sum())

    def note(self, served: Served) -> None:
        """Take in the waits of requests that have ended."""
        place = np.searchsorted(self._door[0], served.number)
        asked, first = self._door[1:, place]
        self._door = np.delete(self._door, place, axis=1)
        first = np.where(np.isnan(first), served.first_token_s, first)
        more = served.output_tokens - 1
        time = served.finish_s - first
        self.waits["ttft_s"].add(first - asked)
        self.waits["tpot_s"].add(np.where(more > 0, time / np.maximum(more, 1), np.nan))
        self.waits["waiting_s"].add(served.admitted_s - served.arrival_s)
        self.tokens.add(served.prompt_tokens - served.cached_tokens, more)
        self.cached_tokens += int(served.cached_tokens.sum())
        self.evictions += int(served.evictions.sum())


def serve_stream(
    stretches: Iterable[Trace],
    machine: Machine,
    model: LanguageModel,
    *,
    temperature_c: ArrayLike,
    seed: int = 0,
    bin_s: float | None = None,
) -> Activity:
    """Serve a trace stretch by stretch; what is kept does not grow with its length.

    The steps are those of `Schedule.of`. Bins start at a millisecond and double whenever there are
    more than 1,200 of them. Percentiles of waits are within half a percent, those of the energy of
    requests within about four; sums, means and extremes are exact.

    Parameters
    ----------
    stretches : iterable of Trace
        The requests, e.g. from `trace_chunks`; each stretch goes on where the last one ended.
    machine : Machine
        One package of the group that serves them.
    model : LanguageModel
        What is run.
    temperature_c : float or array
        Temperatures of the blocks, for how the power steps [degC].
    seed : int
        Decides which drafts of speculative decoding are accepted.
    bin_s : float, optional
        Width of a bin to keep [s].

    Returns
    -------
    Activity
        Its `schedule` is a `StreamedSchedule`.

    Raises
    ------
    InputError
        A request that does not fit; no request at all, or none for a role's first group.

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> model = techlib.language_models()["gpt-oss-120b"]
    >>> parts = [Trace("t", [0.0], [900], [50]), Trace("t", [0.1], [900], [50])]
    >>> activity = serve_stream(parts, machine, model, temperature_c=75.0)
    >>> activity.schedule.summary.requests, int(activity.counts["output_tokens"].sum().round(6))
    (2, 100)
    """
    work = work_of(machine, model)
    capacity = machine.kv_capacity_byte(model)
    found, server = StreamedSchedule(work), Server.of_role(work, capacity, seed=seed)
    found.power = RunPower(found, temperature_c)
    bins: GrowingBins | None = None
    totals: dict[str, float] = {}
    asked = _with_last(_noted(stretches, found, capacity))
    for came, last in _with_last(first_group(asked, work, capacity, seed=seed)):
        if bins is None:
            bins = GrowingBins(float(came.trace.arrival_s[0]), bin_s)
        found.take(came)
        served = server.serve(came.trace, last=last)
        runs = with_points(machine, pd.DataFrame(served.rows, columns=list(ROW)))
        if len(runs):
            counts = counts_of_runs(work, runs)
            bins.add(counts, runs[["start_s", "end_s"]].to_numpy().flatten())
            for name, total in counts.sum().items():
                totals[str(name)] = totals.get(str(name), 0.0) + float(total)
            found.tally.add_runs(runs)
            found.power.add(runs)
        found.note(served)
    if bins is None:
        raise InputError.of("trace", "holds no request", "at least one request")
    return Activity(found, bins.edges_s, bins.counts, totals)


def _noted(
    stretches: Iterable[Trace], found: StreamedSchedule, capacity_byte: float
) -> Iterator[Trace]:
    """Yield each stretch once its requests are known to fit; note what is told of the file."""
    for trace in stretches:
        check_fit(trace, found.work, capacity_byte)
        found.name, found.left_out = trace.name, trace.left_out
        yield trace


def _with_last(stretches: Iterable[T]) -> Iterator[tuple[T, bool]]:
    """Yield each stretch, and whether it is the last one."""
    before: T | None = None
    for stretch in stretches:
        if before is not None:
            yield before, False
        before = stretch
    if before is not None:
        yield before, True
