"""``scoville power``: what a trace costs in watts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from scoville.commands._options import (
    ModelOption,
    RateOption,
    ReplicasOption,
    SkipBadOption,
    TraceOption,
    WindowOption,
    cut_overrides,
    named_as_given,
    workload_overrides,
)
from scoville.console import Session, Set
from scoville.design_file import Override, builtin_designs
from techlib import InputError, did_you_mean, read_quantity

if TYPE_CHECKING:
    from scoville.power_run import PowerRun

__all__ = ["power_command"]

_Names = Annotated[
    list[str],
    typer.Argument(
        metavar="DESIGN [TRACE]...",
        help="A built-in design or a design file (TOML); with --compare, traces or classes too.",
    ),
]
_Temperature = Annotated[
    str, typer.Option("--temperature", metavar="T", help="Of all blocks, for leakage and refresh.")
]
_Bin = Annotated[
    str | None,
    typer.Option("--bin", metavar="TIME", help='Width of a bin of time, e.g. "10 ms".'),
]
_Stream = Annotated[
    bool,
    typer.Option("--stream", help="Read and serve the trace files in stretches of bounded memory."),
]
_Compare = Annotated[
    bool, typer.Option("--compare", help="Hold several traces or classes side by side.")
]
_Energy = Annotated[
    Path | None,
    typer.Option("--energy", metavar="YAML", help="Energies of actions, as an Accelergy ERT."),
]
_Png = Annotated[bool, typer.Option("--png", help="Write all files, also without --out.")]
_Format = Annotated[
    str, typer.Option("--format", metavar="parquet|csv", help="Form of the time x block table.")
]


def power_command(
    session: Session,
    names: _Names,
    trace: TraceOption = None,
    model: ModelOption = None,
    rate: RateOption = None,
    window: WindowOption = None,
    replicas: ReplicasOption = None,
    skip_bad: SkipBadOption = False,
    temperature: _Temperature = "75 degC",
    bin_width: _Bin = None,
    stream: _Stream = False,
    compare: _Compare = False,
    png: _Png = False,
    table_format: _Format = "parquet",
    energy: _Energy = None,
    overrides: Set = None,
) -> None:
    """Serve a trace and report power by component, latency and efficiency.

    With --compare several traces (files or classes of workload) are held side by side:
    `scoville power --compare A.csv B.csv` on the card, `scoville power DESIGN --compare A.csv chat`
    on another design. The folder of --out gets watts by time and block, a summary, HotSpot's
    power trace, pictures and report.html, or with --compare its table alone; --png without --out
    writes into scoville-out.
    """
    from scoville.output import check_output_folder

    temperature_c = read_quantity(temperature, "degC", where="--temperature")
    bin_s = None if bin_width is None else read_quantity(bin_width, "s", where="--bin")
    form = _form(table_format)
    design, traces = _split(names, compare, trace)
    place = session.out
    if place is not None:
        check_output_folder(place)
    elif png:
        place = session.folder(Path(design).stem)
    cuts: list[str | Override] = [*cut_overrides(rate, window, replicas, skip_bad)]
    if energy is not None:
        cuts += _energies(energy, design, workload_overrides(overrides, trace, model))
    options = {"bin": bin_width, "rate": rate, "window": window, "replicas": replicas}
    with session.progress(compiles=True) as progress, named_as_given(options):
        from scoville.design import load_design
        from scoville.power_run import run_power

        chosen = [[*workload_overrides(overrides, trace, model), *cuts, *more] for more in traces]
        designs = [load_design(design, given) for given in chosen]
        runs = [
            run_power(loaded, temperature_c, bin_s=bin_s, stream=stream, progress=progress)
            for loaded in designs
        ]
    _warn(session, runs)
    if compare:
        _compare(session, runs, place)
    else:
        _report(session, runs[0], place, form)


def _warn(session: Session, runs: Sequence[PowerRun]) -> None:
    """Say what a reader of the figures should know."""
    node, given_c = runs[0].design.machine.node, runs[0].temperature_c
    if given_c > node.junction_limit_c:
        session.warn(
            f"--temperature: {given_c:g} degC is above the {node.junction_limit_c:g} degC that "
            f"{node.name} may have; leakage is carried on along its doubling"
        )
    for run in runs:
        if run.report.serving.left_out:
            name, number = run.report.serving.name, run.report.serving.left_out
            session.warn(f"{name}: {number:,} faulty rows of the trace are left out")
        operation = run.design.operation
        highest_w = run.report.power_figures()["highest_w"]
        if operation.cap_w is not None and highest_w > operation.cap_w * (1.0 + 1e-9):
            session.warn(
                f"power.cap: {operation.cap_w:g} W is exceeded by steps of up to {highest_w:.0f} "
                f"W; it counts leakage at {node.reference_temperature_c:g} degC, and no step runs "
                "below the slowest clock"
            )
        reads = operation.caches_prefixes and operation.role != "decode"
        if reads and not run.report.serving.cached_tokens:
            what = "power.prefix_caching is on, but nothing was found in the cache"
            session.warn(f"{run.report.serving.name}: {what}; only Mooncake's form has blocks")


def _energies(path: Path, design: str, given: Sequence[str | Override]) -> list[str | Override]:
    """Return the overrides that put the energies of an Accelergy file in place of a design's."""
    from power import read_accelergy
    from scoville.design import load_design

    base = load_design(design, given).machine.energy.name
    entries = {"like": base, **read_accelergy(path).entries()}
    own = {f"energy.accelergy.{key}": value for key, value in entries.items()}
    own["power.energy_table"] = "accelergy"
    return [Override("--energy", key, value) for key, value in own.items()]


def _form(given: str) -> Literal["parquet", "csv"]:
    if given not in ("parquet", "csv"):
        raise InputError.of(f"--format {given}", "is not known", "parquet or csv")
    return given  # type: ignore[return-value]


def _split(
    names: Sequence[str], compare: bool, trace: str | None
) -> tuple[str, list[list[Override]]]:
    """Return the design, and the overrides of each trace that is to be served."""
    if not compare:
        if len(names) > 1:
            what = f"{len(names)} names"
            cure = (
                "give a trace with --trace, choose a class of workload with --set "
                "workload.class=NAME, or hold several side by side with --compare"
            )
            raise InputError.of("scoville power", what, "one design", cure)
        return names[0], [[]]
    if trace is not None:
        raise InputError.of("--trace", "is given with --compare", cure="name it behind --compare")
    first = names[0]
    has_design = first in builtin_designs() or first.endswith(".toml")
    traces = names[1:] if has_design else names
    if len(traces) < 2:
        what = f"{len(traces)} to compare"
        raise InputError.of("--compare", what, "two traces or classes of workload, or more")
    return (first if has_design else "jalapeno"), [[_chosen(name)] for name in traces]


def _chosen(name: str) -> Override:
    """Return the override that serves a file, or else a class of workload."""
    import power

    if Path(name).is_file() or Path(name).suffix:
        return Override("--compare", "workload.trace", name)
    if name not in power.workloads():
        cure = did_you_mean(name, power.workloads())
        raise InputError.of(f"--compare {name}", "is no file and no class of workload", cure=cure)
    return Override("--compare", "workload.class", name)


def _report(
    session: Session, run: PowerRun, place: Path | None, form: Literal["parquet", "csv"]
) -> None:
    from scoville.power_tables import (
        component_rows,
        energy_rows,
        latency_rows,
        power_rows,
        residency_rows,
        serving_rows,
    )

    session.table(
        "", ("component", "mean W", "peak W", "share %"), list(component_rows(run.report))
    )
    waits = ("latency ms", "mean", "p50", "p90", "p99", "max")
    bands = ("value", "low", "high")
    states = ("% of time", "active", "idle", "clock gated", "power gated")
    for columns, rows in (
        (waits, list(latency_rows(run.report))),
        (("serving", *bands), list(serving_rows(run.report))),
        (("power", *bands), list(power_rows(run.report))),
        (("energy of the group", "value"), list(energy_rows(run.report))),
        (states, list(residency_rows(run.activity))),
    ):
        session.say("")
        session.table("", columns, rows)
    supply = run.report.supply()
    if supply["input_w"] > supply["package_w"]:
        lost = f"of which they lose {supply['regulator_w']:.0f} W (power.regulator_efficiency)"
        way = f"and the way to the logic {supply['pdn_w']:.1f} W (power.pdn_resistance)"
        session.say(f"\n{supply['input_w']:.0f} W go into the voltage regulators, {lost} {way}")
    if place is not None:
        from scoville.output import output_folder
        from scoville.power_files import write_power_run

        with output_folder(place) as folder:
            write_power_run(run, folder, form)
            session.record(run.design, run.watts.sources).write(folder)
        session.say(f"wrote {place}")
    session.emit(run.content)


def _compare(session: Session, runs: Sequence[PowerRun], place: Path | None) -> None:
    from scoville.power_compare import compare_content, compare_rows, write_comparison

    columns = ("", *(run.report.serving.name for run in runs))
    session.table("", columns, list(compare_rows(runs)))
    if place is not None:
        from scoville.output import output_folder
        from techlib import bibliography

        sources = bibliography(source for run in runs for source in run.watts.sources)
        with output_folder(place) as folder:
            write_comparison(runs, folder)
            session.record(runs[0].design, sources).write(folder)
        session.say(f"wrote {place}")
    session.emit(compare_content(runs))
