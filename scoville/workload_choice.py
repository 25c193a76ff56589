"""``[workload]``: which requests are served, and how a trace is cut to size."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import power
from power import Arrivals, Trace, Workload
from power.trace import check_replicas
from techlib import Fault, Faults, InputError, LanguageModel, read_quantity

__all__ = ["CUTS", "TraceCut", "WorkloadChoice", "read_cut"]

#: Entries of ``[workload]`` that cut a trace to size.
CUTS = ("window", "scale", "replicas", "skip_bad")


@dataclasses.dataclass(frozen=True)
class TraceCut:
    """How a trace is cut to size, in this order: its window, its rate, one replica's share.

    Parameters
    ----------
    window_s : (float, float) or None
        Start and duration of the stretch to keep [s].
    factor : float
        Arrivals come this many times as fast.
    rate_per_s : float or None
        Mean rate of arrival to have, in place of a factor [1/s].
    replicas : int
        Equal groups that the requests are dealt out to in turn; the first one's share is kept.
    skip_bad : bool
        Leave faulty rows of a file out, and count them.

    Examples
    --------
    >>> trace = Trace("t", [0.0, 1.0, 2.0, 3.0], [5, 5, 5, 5], [1, 1, 1, 1])
    >>> TraceCut(window_s=(1.0, 9.0), rate_per_s=2.0).apply(trace).arrival_s.tolist()
    [0.0, 0.5, 1.0]
    """

    window_s: tuple[float, float] | None = None
    factor: float = 1.0
    rate_per_s: float | None = None
    replicas: int = 1
    skip_bad: bool = False

    def apply(self, trace: Trace) -> Trace:
        """Return the part of a trace that is served.

        Raises
        ------
        InputError
            A window without requests, a rate for a trace that takes no time, more replicas than
            requests.
        """
        if self.window_s is not None:
            trace = trace.window(*self.window_s)
        factor = self.factor
        if self.rate_per_s is not None:
            factor = self.factor_of(trace.name, trace.statistics()["rate_per_s"])
        trace = trace if factor == 1.0 else trace.scaled(factor)
        return trace if self.replicas == 1 else trace.replica(self.replicas)

    def factor_of(self, name: str, mean_per_s: float) -> float:
        """Return how many times as fast requests of a mean rate must come to have the one asked.

        Raises
        ------
        InputError
            The requests take no time.
        """
        if mean_per_s == 0.0:
            what = "all requests arrive at once"
            raise InputError.of(f"trace {name}: rate", what, cure="give a factor")
        return (self.rate_per_s or mean_per_s) / mean_per_s


@dataclasses.dataclass(frozen=True)
class WorkloadChoice:
    """The request trace of a design: a file, or a seeded workload class.

    Parameters
    ----------
    workload : Workload
        Class that the generator draws from.
    model : LanguageModel
        What is served.
    seed : int
        Seed of the generator.
    trace : Path or None
        File to read in place of generating.
    cut : TraceCut
        How it is cut to size.
    """

    workload: Workload
    model: LanguageModel
    seed: int
    trace: Path | None
    cut: TraceCut = TraceCut()

    @property
    def arrivals(self) -> Arrivals:
        """Arrivals for a file that has lengths only: those of the class."""
        return Arrivals(self.workload.rate_per_s, self.workload.arrival_cv, self.seed)

    def read(self) -> Trace:
        """Return the requests that are served.

        Raises
        ------
        InputError
            Every bad row of the file, or a cut that leaves nothing.
        """
        if self.trace is None:
            trace = power.generate(self.workload, seed=self.seed)
        else:
            skip = self.cut.skip_bad
            trace = power.read_trace(self.trace, skip_bad=skip, arrivals=self.arrivals)
        return self.cut.apply(trace)

    def chunks(self) -> Iterator[Trace]:
        """Yield the requests of the file in stretches of bounded memory.

        A mean rate takes a reading of its own first, as it depends on all requests.

        Raises
        ------
        InputError
            There is no file, every bad row of its first stretch that has some, or a cut that leaves
            nothing.
        """
        if self.trace is None:
            what = "a class of workload is no file"
            raise InputError.of("--stream", what, cure="give a trace file")
        cut = self.cut
        factor = cut.factor
        if cut.rate_per_s is not None:
            factor = cut.factor_of(self.trace.stem, _mean_rate_per_s(self._windowed(self.trace)))
        before, name = 0, self.trace.stem
        for chunk in self._windowed(self.trace):
            first = -before % cut.replicas
            before += len(chunk)
            part = chunk if factor == 1.0 else chunk.scaled(factor)
            if cut.replicas == 1:
                yield part
            elif first < len(part):
                yield part.every(cut.replicas, first)
        check_replicas(name, cut.replicas, before)

    def _windowed(self, path: Path) -> Iterator[Trace]:
        """Yield what the window leaves of each stretch of a file, all of which is read."""
        cut = self.cut
        chunks = power.trace_chunks(path, skip_bad=cut.skip_bad, arrivals=self.arrivals)
        if cut.window_s is None:
            yield from chunks
            return
        start_s, duration_s = cut.window_s
        held: Trace | None = None  # until all rows that are left out have been counted
        first_s = last_s = math.nan
        for chunk in chunks:
            ends = chunk.arrival_s[[0, -1]]
            first_s, last_s = (ends[0] if math.isnan(first_s) else first_s), ends[1]
            inside = ends[1] >= start_s and ends[0] < start_s + duration_s
            if inside and np.ptp(np.searchsorted(chunk.arrival_s, [start_s, start_s + duration_s])):
                if held is not None:
                    yield held
                held = chunk.window(start_s, duration_s)
            elif held is not None:
                held = dataclasses.replace(held, left_out=chunk.left_out)
        if held is None:
            what = f"no request arrives from {start_s:.9g} s to {start_s + duration_s:.9g} s"
            allowed = f"a window that meets {first_s:.9g} s to {last_s:.9g} s"
            raise InputError.of(f"trace {path.stem}: window", what, allowed)
        yield held


def _mean_rate_per_s(chunks: Iterator[Trace]) -> float:
    """Return intervals over the time that they take, as `Trace.statistics`; 0 for no time."""
    number, first_s, last_s = 0, math.nan, math.nan
    for chunk in chunks:
        first_s = float(chunk.arrival_s[0]) if number == 0 else first_s
        number, last_s = number + len(chunk), float(chunk.arrival_s[-1])
    return (number - 1) / (last_s - first_s) if last_s > first_s else 0.0


def read_cut(table: Mapping[str, Any], place: str, faults: Faults) -> TraceCut:
    """Read the entries `CUTS` of a ``[workload]`` section.

    Parameters
    ----------
    table : mapping
        The section.
    place : str
        Where it stands, for error messages.
    faults : Faults
        Takes what cannot be.
    """
    factor, rate = _scale(table.get("scale", 1.0), f"{place}.scale", faults)
    replicas = table.get("replicas", 1)
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 1:
        faults.add(f"{place}.replicas", f"{replicas!r}", "a whole number, 1 or more")
        replicas = 1
    skip = table.get("skip_bad", False)
    if not isinstance(skip, bool):
        faults.add(f"{place}.skip_bad", f"{skip!r}", "true or false")
        skip = False
    window = _window(table.get("window"), f"{place}.window", faults)
    return TraceCut(window, factor, rate, replicas, skip)


def _scale(given: Any, place: str, faults: Faults) -> tuple[float, float | None]:
    """Read a factor, or a rate with its unit."""
    text = str(given).strip().removesuffix("x")
    try:
        factor = float(text) if not isinstance(given, bool) else math.nan
    except ValueError:
        factor = 1.0
        try:
            rate = read_quantity(given, "1/s", where=place)
        except InputError as error:
            faults.take(error)
            return 1.0, None
        if math.isfinite(rate) and rate > 0.0:
            return 1.0, rate
        factor = math.nan
    if not (math.isfinite(factor) and factor > 0.0):
        faults.add(place, f"{given!r}", 'a factor above 0, or a rate such as "50 1/s"')
        return 1.0, None
    return factor, None


def _window(given: Any, place: str, faults: Faults) -> tuple[float, float] | None:
    """Read start and duration, as a list of two or as one text with a comma."""
    if given is None:
        return None
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list) or len(parts) != 2:
        faults.add(place, f"{given!r}", 'start and duration, e.g. "600 s, 60 s"')
        return None
    ends = []
    for part in parts:
        text = part.strip() if isinstance(part, str) else part
        try:
            ends.append(read_quantity(text, "s", where=place))
        except InputError as error:
            faults.take(error)
    if len(ends) < 2:
        return None
    if ends[0] < 0.0 or not ends[1] > 0.0:
        what = f"from {ends[0]:g} s for {ends[1]:g} s"
        faults.found.append(Fault(place, what, "a start of 0 s or later, a duration above 0 s"))
        return None
    return ends[0], ends[1]
