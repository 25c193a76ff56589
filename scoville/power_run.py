"""One trace on one design: served, and turned into watts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

import power
from power import Activity, BlockPower, PowerReport, Schedule
from power.memory import check_memory
from scoville.console import Progress
from scoville.design import Design
from scoville.tables import plain_rows

__all__ = ["PowerRun", "run_power"]


@dataclass(frozen=True, eq=False)
class PowerRun:
    """Power of a design over a trace, at one temperature of all blocks.

    Parameters
    ----------
    design : Design
        What was asked to serve.
    activity : Activity
        What was counted.
    watts : BlockPower
        Power over time.
    report : PowerReport
        Tables of it.
    temperature_c : float
        Of all blocks [degC].
    """

    design: Design
    activity: Activity
    watts: BlockPower
    report: PowerReport
    temperature_c: float

    @property
    def schedule(self) -> Schedule | None:
        """The schedule; none where the trace was streamed."""
        found = self.report.schedule
        return found if isinstance(found, Schedule) else None

    @property
    def mean_input_w(self) -> float:
        """Mean power that goes into the voltage regulators of a package [W]."""
        return self.report.supply()["input_w"]

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything as plain values; what is not known is null."""
        report = self.report
        trace = self.schedule and self.schedule.trace.statistics()
        return {
            "design": self.design.name,
            "trace": report.serving.name,
            "model": self.design.choice.model.name,
            "temperature_c": self.temperature_c,
            "left_out": report.serving.left_out,
            "streamed": self.schedule is None,
            "slowed_share": report.serving.tally.slowed_share,
            "mean_input_w": self.mean_input_w,
            "supply": _plain(report.supply()),
            "throughput": _plain(report.throughput()),
            "components": plain_rows(report.components().reset_index()),
            "latency": plain_rows(report.latency().rename_axis("name").reset_index()),
            "power": _plain(report.power_figures()),
            "energy_per_request_j": _plain(report.request_energy()),
            "energy_split": _plain(report.energy_split()),
            "residency": plain_rows(power.residency_table(self.activity).reset_index()),
            "statistics": _plain(trace or {}),
            "input_hash": self.design.input_hash,
            "sources": [source.to_dict() for source in self.watts.sources],
        }


def run_power(
    design: Design,
    temperature_c: float,
    *,
    bin_s: float | None = None,
    stream: bool = False,
    progress: Progress = lambda _stage, _share: None,
) -> PowerRun:
    """Serve the trace of a design and turn it into watts.

    Parameters
    ----------
    design : Design
        With its workload.
    temperature_c : float
        Of all blocks, for leakage and refresh [degC].
    bin_s : float, optional
        Width of a bin of time [s]; a few hundred bins by default.
    stream : bool
        Read and serve the trace file stretch by stretch, in bounded memory.
    progress : callable
        Called with the stage and the share that is done.

    Raises
    ------
    InputError
        A bad trace, a model or a request that does not fit, a width of bins that cannot be.
    ResourceError
        The trace would not fit into memory whole.
    """
    choice, machine = design.choice, design.machine
    if stream:
        progress("streaming the trace", 0.1)
        activity = power.serve_stream(
            choice.chunks(), machine, choice.model, temperature_c=temperature_c,
            seed=choice.seed, bin_s=bin_s,
        )  # fmt: skip
    else:
        progress("reading the trace", 0.0)
        trace = choice.read()
        check_memory(len(trace))
        progress("scheduling the trace", 0.1)
        schedule = Schedule.of(trace, machine, choice.model, seed=choice.seed)
        progress("counting the activity", 0.6)
        activity = Activity.of(schedule, bin_s)
    watts = BlockPower.of(activity)
    report = PowerReport(activity.schedule, watts, temperature_c)  # type: ignore[arg-type]
    return PowerRun(design, activity, watts, report, temperature_c)


def _plain(figures: dict[str, float]) -> dict[str, Any]:
    return plain_rows(pd.DataFrame([figures]))[0] if figures else {}
