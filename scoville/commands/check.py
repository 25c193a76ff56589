"""``scoville check``: the layout rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoville.console import FAILED, PASSED, Session, Set

if TYPE_CHECKING:
    from floorplan import Violation
    from scoville.layout_check import LayoutCheck

__all__ = ["check_command"]

_SHOWN = 8  # rows of the table for each rule; the files have them all

_Target = Annotated[
    str,
    typer.Argument(
        metavar="LAYOUT", help="A design, a floorplan in full (TOML), or a GDSII or OASIS file."
    ),
]
_Rules = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="Change rules as this file says.")
]
_Layers = Annotated[
    Path | None,
    typer.Option("--layers", metavar="FILE", help="Layer map of a layout file that is not ours."),
]
_Interposer = Annotated[
    str,
    typer.Option(
        "--interposer", metavar="NAME", help="Technology whose limits a layout file is held to."
    ),
]
_Png = Annotated[bool, typer.Option("--png", help="Draw a picture with every violation marked.")]


def check_command(
    session: Session,
    layout: _Target,
    rules: _Rules = None,
    layers: _Layers = None,
    interposer: _Interposer = "",
    png: _Png = False,
    overrides: Set = None,
) -> int:
    """Check a layout against the rules; exit code 1 if one that is an error is broken.

    With --out DIR the findings go into a folder too, as JSON and as a KLayout marker file (.lyrdb).
    """
    from scoville.layout_check import check_layout_of, write_check
    from scoville.output import output_folder

    with session.progress() as progress:
        progress("checking", 0.1)
        found = check_layout_of(layout, overrides or [], rules, layers, interposer)
        if session.out is not None or png:
            place = session.folder(found.name)
            with output_folder(place) as folder:
                write_check(found, folder, progress, png=png)
                session.record_of(found.input_hash, found.sources).write(folder)
    _print(session, found)
    if session.out is not None or png:
        session.say(f"wrote {place}")
    session.emit(found.to_dict())
    return PASSED if found.passed else FAILED


def _print(session: Session, found: LayoutCheck) -> None:
    from floorplan import Severity

    of_rule: dict[str, list[Violation]] = {}
    for violation in sorted(found.violations, key=lambda v: v.severity is Severity.WARNING):
        of_rule.setdefault(violation.rule, []).append(violation)
    rows = [
        (v.rule, str(v.severity), ", ".join(v.where), f"{v.x_um:.3f}", f"{v.y_um:.3f}", v.message)
        for violations in of_rule.values()
        for v in violations[:_SHOWN]
    ]
    if rows:
        session.table("", ("rule", "severity", "where", "x um", "y um", "finding"), rows)
    more = {rule: len(every) - _SHOWN for rule, every in of_rule.items() if len(every) > _SHOWN}
    if more:
        counts = ", ".join(f"{number} of {rule}" for rule, number in more.items())
        session.say(f"... and {counts}; --out DIR writes them all")
    warnings = f", {found.warnings} warnings" if found.warnings else ""
    session.say(
        f"{found.name}: {found.errors} violations{warnings} of {len(found.looked_at)} rules",
        "bold green" if found.passed else "bold red",
    )
