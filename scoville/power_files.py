"""The files of a power analysis: watts by time and block, and summaries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from power import BlockPower, PowerReport, Schedule, operator_table, write_accelergy

if TYPE_CHECKING:
    from scoville.power_run import PowerRun

__all__ = ["TableForm", "write_power", "write_power_run", "write_ptrace"]

TableForm = Literal["parquet", "csv"]

_STRETCH = 2000  #: bins at a time; bounds memory


def write_power(
    watts: BlockPower,
    report: PowerReport,
    temperature_c: ArrayLike,
    folder: Path,
    form: TableForm = "parquet",
) -> None:
    """Write the tables of a power analysis.

    ``power.parquet`` or ``power.csv`` has start and end of each bin of time and watts by block,
    ``power_summary.csv`` energy and power by component. What a streamed trace does not have:
    ``requests.parquet``, what each request saw;
    ``iterations.parquet``, the time line of runs of steps; ``operating_points.parquet``, clock and
    voltage of the logic over them; ``operators.csv``, shapes, actions and use of the arrays.
    """
    _write_watts(watts, temperature_c, folder / f"power.{form}")
    report.components().reset_index().to_csv(
        folder / "power_summary.csv", index=False, lineterminator="\n", float_format="%.9g"
    )
    if isinstance(report.schedule, Schedule):
        tables = {
            "requests": report.schedule.to_dataframe(),
            "iterations": report.schedule.iterations,
            "operating_points": report.schedule.operating_points(),
        }
        operator_table(report.schedule).reset_index().to_csv(
            folder / "operators.csv", index=False, lineterminator="\n", float_format="%.9g"
        )
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")


def write_power_run(run: PowerRun, folder: Path, form: TableForm = "parquet") -> None:
    """Write everything that ``scoville power`` leaves behind, but for ``run.json``."""
    from floorplan.picture import save_png
    from power.picture import power_picture
    from scoville.output import write_json
    from scoville.power_report import power_map, write_power_report

    write_power(run.watts, run.report, run.temperature_c, folder, form)
    run.activity.to_dataframe().to_parquet(
        folder / "activity.parquet", index=False, compression="zstd"
    )
    write_ptrace(run.watts, run.temperature_c, folder / "power.ptrace")
    write_accelergy(run.design.machine, folder / "accelergy.yaml")
    limit_w = run.design.limits.package_power_w
    figure = power_picture(run.watts, run.temperature_c, limit_w=limit_w)
    save_png(figure, folder / "power.png")
    save_png(power_map(run), folder / "power_map.png")
    write_json(folder / "power.json", run.content)
    write_power_report(run, folder)


def write_ptrace(watts: BlockPower, temperature_c: ArrayLike, path: Path) -> None:
    """Write HotSpot's power trace: names, then a line of watts for each bin of time.

    Names are the heat keys; HotSpot's interval is the width of a bin. The last line is the mean of
    what is left of the trace, which may be shorter.
    """
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("\t".join(watts.keys) + "\n")
        for part in _stretches(watts):
            np.savetxt(file, part.watts(temperature_c), fmt="%.6g", delimiter="\t")


def _write_watts(watts: BlockPower, temperature_c: ArrayLike, path: Path) -> None:
    """Write watts by time and block, stretch by stretch."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            for number, table in enumerate(_tables(watts, temperature_c)):
                table.to_csv(file, index=False, header=number == 0, lineterminator="\n")
        return
    import pyarrow as pa
    from pyarrow import parquet

    tables = (
        pa.Table.from_pandas(table, preserve_index=False) for table in _tables(watts, temperature_c)
    )
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema, compression="zstd") as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table)


def _tables(watts: BlockPower, temperature_c: ArrayLike) -> Iterator[pd.DataFrame]:
    for part in _stretches(watts):
        table = part.to_dataframe(temperature_c).reset_index()
        table.insert(1, "end_s", part.edges_s[1:])
        yield table


def _stretches(watts: BlockPower) -> Iterator[BlockPower]:
    """Yield stretches of time of bounded size."""
    edges = watts.edges_s
    for first in range(0, len(edges) - 1, _STRETCH):
        last = min(first + _STRETCH, len(edges) - 1)
        yield watts.window(float(edges[first]), float(edges[last]))
