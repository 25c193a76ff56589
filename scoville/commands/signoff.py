"""``scoville signoff``: the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoville.commands._options import ModelOption, TraceOption, workload_overrides
from scoville.console import FAILED, PASSED, DesignArgument, Session, Set

if TYPE_CHECKING:
    from scoville.verdict import Target

__all__ = ["signoff_command"]


def signoff_command(
    session: Session,
    design: DesignArgument,
    trace: TraceOption = None,
    model: ModelOption = None,
    overrides: Set = None,
) -> int:
    """Judge a design on a trace; exit code 1 if any target is missed."""
    from scoville.design import load_design
    from scoville.output import output_folder
    from scoville.signoff import run_signoff
    from scoville.signoff_files import write_signoff

    loaded = load_design(design, workload_overrides(overrides, trace, model))
    place = session.folder(loaded.name)
    with session.progress(compiles=True) as progress:
        found = run_signoff(loaded, progress=progress)
        with output_folder(place) as folder:
            write_signoff(found, folder, progress)
            found.run_record(session.name).write(folder, [("total", session.seconds)])
    rows = [_row(target) for target in found.targets]
    session.table(
        f"{loaded.title}\n{found.trace.name}, {len(found.trace)} requests, "
        f"{loaded.choice.model.name}",
        ("target", "value", "limit", "margin", "unit", "verdict", "from"),
        rows,
    )
    for warning in found.warnings:
        session.warn(warning)
    session.say("PASS" if found.passed else "FAIL", "bold green" if found.passed else "bold red")
    session.say(f"{place}/report.html")
    session.emit({**found.to_dict(), "folder": str(place)})
    return PASSED if found.passed else FAILED


def _row(target: Target) -> tuple[str, ...]:
    value, limit, margin = target.shown()
    verdict = "pass" if target.passed else "FAIL"
    return (target.title, value, limit, margin, target.shown_unit, verdict, target.where)
