"""``scoville sweep``: a study over parameters of a design."""

from __future__ import annotations

from typing import Annotated

import typer

from scoville.console import Session

__all__ = ["sweep_command"]

_NOT_SHOWN = ("case", "error")
#: What people read above a column of the table, and the factor to its unit there.
_HEADINGS = {
    "package_power_w": ("power W", 1.0),
    "peak_power_w": ("peak W", 1.0),
    "frequency_hz": ("clock GHz", 1e-9),
    "junction_temperature_c": ("junction degC", 1.0),
    "hbm_temperature_c": ("HBM degC", 1.0),
    "power_density_w_mm2": ("W/mm2", 1.0),
    "layout_violations": ("violations", 1.0),
    "passed": ("verdict", 1.0),
}
_Study = Annotated[str, typer.Argument(metavar="STUDY", help="A study file (TOML).")]
_Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; as many as cores by default.")
]


def sweep_command(session: Session, study: _Study, workers: _Workers = None) -> None:
    """Run every case of a study and write one Parquet table."""
    from scoville.output import output_folder, write_json
    from scoville.run_record import RunRecord
    from scoville.study import read_study
    from scoville.sweep import run_sweep
    from scoville.tables import plain_rows

    plan = read_study(study)
    place = session.folder(plan.name)
    with session.progress() as progress:
        table = run_sweep(
            plan,
            workers=workers,
            progress=lambda done, count: progress(f"case {done} of {count}", done / count),
        )
        with output_folder(place) as folder:
            table.to_parquet(folder / "sweep.parquet", index=False, compression="zstd")
            write_json(folder / "study.json", plan.to_dict())
            record = RunRecord(session.name, plan.input_hash, timings_s={"total": session.seconds})
            record.write(folder)
    shown = [str(name) for name in table if name not in (*_NOT_SHOWN, *plan.parameters)]
    heads = [_HEADINGS.get(column, (column, 1.0)) for column in shown]
    rows = [
        (*(str(row[key]) for key in plan.parameters), *map(_cell, (row[c] for c in shown), heads))
        for row in plain_rows(table)
    ]
    rows = [(str(number), *row) for number, row in enumerate(rows)]
    session.table("", ("case", *plan.parameters, *(head for head, _ in heads)), rows)
    failed = table[table["error"] != ""]
    for number, reason in zip(failed["case"], failed["error"], strict=True):
        session.warn(f"case {number}: {reason}")
    session.say(f"{len(table)} cases, {len(failed)} without a result; wrote {place}")
    session.emit(
        {
            "study": plan.name,
            "folder": str(place),
            "cases": len(table),
            "failed": len(failed),
            "rows": plain_rows(table),
        }
    )


def _cell(value: object, head: tuple[str, float]) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "pass" if value else "FAIL"
    return f"{value * head[1]:.4g}" if isinstance(value, (int, float)) else str(value)
