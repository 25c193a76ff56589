"""``scoville power``: what a trace costs in watts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scoville.commands._options import (
    ModelOption,
    RateOption,
    ReplicasOption,
    SkipBadOption,
    TraceOption,
    WindowOption,
    cut_overrides,
    workload_overrides,
)
from scoville.console import DesignArgument, Session, Set
from techlib import read_quantity

if TYPE_CHECKING:
    from power import PowerReport

__all__ = ["power_command"]

_Temperature = Annotated[
    str, typer.Option("--temperature", metavar="T", help="Of all blocks, for leakage and refresh.")
]
_TITLES = {
    "ttft_s": "time to first token",
    "tpot_s": "time per output token",
    "waiting_s": "waiting",
}
_Png = Annotated[bool, typer.Option("--png", help="Draw the power over time.")]


def power_command(
    session: Session,
    design: DesignArgument,
    trace: TraceOption = None,
    model: ModelOption = None,
    rate: RateOption = None,
    window: WindowOption = None,
    replicas: ReplicasOption = None,
    skip_bad: SkipBadOption = False,
    temperature: _Temperature = "75 degC",
    png: _Png = False,
    overrides: Set = None,
) -> None:
    """Serve a trace and report power by component, latency and efficiency.

    With --png the picture goes to the folder of --out; without --out, into scoville-out.
    """
    from power import Activity, BlockPower, PowerReport, Schedule
    from scoville.design import load_design
    from scoville.output import check_output_folder

    temperature_c = read_quantity(temperature, "degC", where="--temperature")
    given = workload_overrides(overrides, trace, model)
    loaded = load_design(design, [*given, *cut_overrides(rate, window, replicas, skip_bad)])
    place = session.out
    if place is not None:
        check_output_folder(place)
    elif png:
        place = session.folder(loaded.name)
    with session.progress(compiles=True) as progress:
        progress("scheduling the trace", 0.1)
        schedule = Schedule.of(
            loaded.trace(), loaded.machine, loaded.choice.model, seed=loaded.choice.seed
        )
        progress("counting the activity", 0.6)
        watts = BlockPower.of(Activity.of(schedule))
    report = PowerReport(schedule, watts, temperature_c)
    content = {
        "design": loaded.name,
        "trace": schedule.trace.name,
        "model": loaded.choice.model.name,
        "temperature_c": temperature_c,
        "left_out": schedule.trace.left_out,
        "slowed_share": schedule.slowed_share,
        **_plain(report),
        "input_hash": loaded.input_hash,
        "sources": [source.to_dict() for source in watts.sources],
    }
    _print(session, report)
    if schedule.slowed_share:
        below = f"{100 * schedule.slowed_share:.1f} % of the busy time below the clock"
        session.say(f"\n{below}, to stay below {loaded.operation.cap_w:g} W (power.cap)")
    if schedule.trace.left_out:
        session.warn(f"{schedule.trace.left_out:,} faulty rows of the trace are left out")
    if place is not None:
        from scoville.output import output_folder, write_json
        from scoville.power_files import write_power

        with output_folder(place) as folder:
            write_power(watts, report, temperature_c, folder)
            if png:
                from floorplan.picture import save_png
                from power.picture import power_picture

                save_png(power_picture(watts, temperature_c), folder / "power.png")
            write_json(folder / "power.json", content)
            session.record(loaded, watts.sources).write(folder)
        session.say(f"wrote {place}")
    session.emit(content)


def _plain(report: PowerReport) -> dict[str, Any]:
    """Return the tables of a report as plain values; what is not known is null."""
    import pandas as pd

    from scoville.tables import plain_rows

    return {
        "throughput": plain_rows(pd.DataFrame([report.throughput()]))[0],
        "components": plain_rows(report.components().reset_index()),
        "latency": plain_rows(report.latency().rename_axis("name").reset_index()),
    }


def _print(session: Session, report: PowerReport) -> None:
    from scoville.tables import rows_of

    table = report.components()
    parts = [
        (
            str(row["title"]),
            f"{row['mean_w']:.1f}",
            f"{row['peak_w']:.1f}",
            f"{100 * row['share']:.1f}",
        )
        for row in rows_of(table.reset_index())
    ]
    through = report.throughput()
    parts.append(("package", f"{through['mean_w']:.1f}", f"{through['peak_w']:.1f}", "100.0"))
    session.table("", ("component", "mean W", "peak W", "share %"), parts)
    session.say("")
    waits = [
        (
            _TITLES.get(str(row["name"]), str(row["name"])),
            *(_milliseconds(row[column]) for column in ("mean", "p50", "p90", "p99", "max")),
        )
        for row in rows_of(report.latency().rename_axis("name").reset_index())
    ]
    session.table("", ("latency ms", "mean", "p50", "p90", "p99", "max"), waits)
    session.say("")
    session.table("", ("serving", "value", "low", "high"), list(_serving(through)))


def _milliseconds(value_s: float) -> str:
    return f"{1e3 * value_s:.1f}" if value_s == value_s else "-"


def _serving(through: dict[str, float]) -> Iterator[tuple[str, str, str, str]]:
    """Yield title, value and band of each figure that people ask for."""
    plain = (
        ("requests", "requests", 1.0, 0),
        ("prompt tokens", "prompt_tokens", 1.0, 0),
        ("output tokens", "output_tokens", 1.0, 0),
        ("time, s", "span_s", 1.0, 1),
        ("with steps running, %", "load", 100.0, 1),
        ("sequences in a decode step, mean", "mean_decode_batch", 1.0, 1),
        ("output tokens/s", "output_tokens_per_s", 1.0, 0),
    )
    for title, name, scale, digits in plain:
        yield title, f"{scale * through[name]:,.{digits}f}", "", ""
    with_band = (
        ("mean package power, W", ("mean_w", "mean_low_w", "mean_high_w"), 1.0),
        ("energy per output token, mJ", _with_ends("joule_per_token"), 1e3),
        ("output tokens/s per W", _with_ends("tokens_per_s_per_w"), 1.0),
    )
    for title, names, scale in with_band:
        value, low, high = (f"{scale * through[name]:.1f}" for name in names)
        yield title, value, low, high


def _with_ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"
