"""``scoville thermal``: temperatures of a design, or of a case file of any tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoville.commands._options import (
    ModelOption,
    TraceOption,
    refuse_workload,
    workload_overrides,
)
from scoville.console import Session, Set

if TYPE_CHECKING:
    from scoville.thermal_run import ThermalRun

__all__ = ["thermal_command"]

_What = Annotated[
    str,
    typer.Argument(
        metavar="DESIGN|CASE",
        help="A design, a thermal-case/1 file, a 3D-ICE .stk, or a HotSpot .config or folder.",
    ),
]
_Grid = Annotated[
    int | None, typer.Option("--grid", min=1, help="Lateral cells a side; finer where edges ask.")
]
_Transient = Annotated[bool, typer.Option("--transient", help="Resolve the trace in time.")]
_Mesh = Annotated[
    str | None,
    typer.Option("--mesh", metavar="KIND", help="fitted, uniform, or graded to hot spots."),
]
_TimeTolerance = Annotated[
    float | None,
    typer.Option("--time-tolerance", metavar="KELVIN", help="Error in time that a part may have."),
]
_Substeps = Annotated[
    int | None,
    typer.Option("--substeps", min=1, help="Equal parts of each step, in place of a tolerance."),
]
_Png = Annotated[bool, typer.Option("--png", help="Draw temperature maps.")]
_Estimate = Annotated[
    bool, typer.Option("--error-estimate", help="Estimate the error by a second, coarser mesh.")
]
_SHOWN = 12  # blocks in the table for people


def thermal_command(
    session: Session,
    design: _What,
    grid: _Grid = None,
    mesh: _Mesh = None,
    transient: _Transient = False,
    time_tolerance: _TimeTolerance = None,
    substeps: _Substeps = None,
    png: _Png = False,
    error_estimate: _Estimate = False,
    trace: TraceOption = None,
    model: ModelOption = None,
    overrides: Set = None,
) -> None:
    """Solve for the temperatures; a design's power is in balance with its leakage.

    With --transient the temperatures over time go to the folder of --out as Parquet, with --png
    their maps; without --out, into scoville-out.
    """
    from package import is_case
    from scoville.output import check_output_folder, output_folder
    from scoville.thermal_run import Options, run_case, run_design

    options = Options(grid=grid, mesh=mesh, time_tolerance_k=time_tolerance, substeps=substeps)
    place = session.out
    if place is not None:
        check_output_folder(place)
    elif transient or png:
        place = session.folder(Path(design).stem)
    with session.progress(compiles=True) as progress:
        if is_case(design):
            refuse_workload(design, trace, model)
            found = run_case(
                design,
                overrides or (),
                options=options,
                transient=transient,
                progress=progress,
                error_estimate=error_estimate,
            )
        else:
            found = run_design(
                design,
                workload_overrides(overrides, trace, model),
                options=options,
                transient=transient,
                progress=progress,
                error_estimate=error_estimate,
            )
        if place is not None:
            with output_folder(place) as folder:
                found.write(folder, png=png)
                found.record.write(folder, [*found.seconds.items(), ("total", session.seconds)])
    _print(session, found)
    if place is not None:
        session.say(f"wrote {place}")
    session.emit(found.to_dict())


def _print(session: Session, found: ThermalRun) -> None:
    from scoville.tables import rows_of

    hottest = found.temperatures.to_dataframe().nlargest(_SHOWN, "max_c")
    rows = [
        (
            str(row["block"]),
            f"{row['power_w']:.3f}",
            f"{row['mean_c']:.2f}",
            f"{row['max_c']:.2f}",
            f"{row['peak_c']:.2f}",
        )
        for row in rows_of(hottest.rename_axis("block").reset_index())
    ]
    columns = ("block", "power W", "mean degC", "hottest cell degC", "hottest point degC")
    session.table("hottest blocks", columns, rows)
    steady = found.temperatures
    session.say(
        f"\n{len(steady.block_mean_c)} blocks, {steady.power_w.sum():.1f} W, hottest cell "
        f"{steady.max_c:.2f} degC\n{steady.cells:,} cells, {steady.iterations} iterations, "
        f"residual {steady.residual:.1e}, energy balance {steady.energy_balance:.1e}"
    )
    if found.history is not None:
        history = found.history
        key = str(history.block_max_c.max().idxmax())
        session.say(
            f"transient: {len(history.times_s)} steps, hottest {history.max_c:.2f} degC in {key}"
        )
        parts = f"{history.parts} parts"
        if history.time_error_k is not None:
            parts += (
                f", {history.rejected_parts} more tried too long, estimated error in time "
                f"{history.time_error_k:.2g} K"
            )
        session.say(f"marched in {parts}")
    if found.error is not None:
        session.say(
            f"estimated error of the mesh: block means {found.error.mean_k.max():.2g} K, "
            f"hottest cells {found.error.max_k.max():.2g} K, "
            f"hottest points {found.error.peak_k.max():.2g} K at most"
        )
    for note in found.notes:
        session.say(f"note: {note}")
    for warning in steady.warnings:
        session.warn(warning)
