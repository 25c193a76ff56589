"""``scoville sweep``: a study over parameters of a design."""

from __future__ import annotations

from typing import Annotated

import typer

from scoville.console import Session

__all__ = ["sweep_command"]

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
    rows = plain_rows(table.drop(columns="error"))
    session.table("", list(rows[0]), [tuple(map(_cell, row.values())) for row in rows])
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


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
