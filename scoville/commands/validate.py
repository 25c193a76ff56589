"""``scoville validate``: hold an engine against cases with known answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoville.console import FAILED, PASSED, Session
from techlib import InputError

if TYPE_CHECKING:
    from scoville.validation import Validation

__all__ = ["validate_command"]


class Engine(StrEnum):
    """What can be validated."""

    THERMAL = "thermal"


_Engine = Annotated[Engine, typer.Argument(metavar="ENGINE", help="What to validate: thermal.")]
_Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Reference cases; what is absent is left out."),
]
_Quick = Annotated[bool, typer.Option("--quick", help="Coarser meshes, fewer steps and packages.")]
_DOCUMENTS = Path("docs") / "validation"
_REFERENCES = Path("../shared/data/thermal")
_TITLE = "Validation of the thermal engine"


def validate_command(
    session: Session, engine: _Engine, data: _Data = _REFERENCES, quick: _Quick = False
) -> int:
    """Solve cases with known answers; write a report with tables and pictures.

    The report goes to --out; without it to docs/validation in a source tree, else into
    scoville-out.
    """
    from scoville.output import output_folder
    from scoville.validation.document import write_document
    from scoville.validation.thermal import validate_thermal

    if data != _REFERENCES and not data.is_dir():
        raise InputError.of(f"--data {data}", "no such folder", "a folder with a folder per case")
    in_tree = session.out is None and _in_source_tree()
    place = _DOCUMENTS if in_tree else session.folder(engine.value)
    with session.progress() as progress:
        found = validate_thermal(data, quick=quick, progress=progress)
    content = (engine.value, _TITLE, found.sections, found.left_out)
    if in_tree:
        write_document(place, *content)
    else:
        with output_folder(place) as folder:
            write_document(folder, *content)
            session.record().write(folder)
    written = place / f"{engine.value}.md"
    _print(session, found)
    session.say(f"wrote {written}")
    session.emit({**found.to_dict(), "report": str(written)})
    return PASSED if found.passed else FAILED


def _print(session: Session, found: Validation) -> None:
    rows = [
        (
            check.name,
            f"{check.value:.3g}",
            f"{'>=' if check.at_least else '<='} {check.target:g}",
            check.unit,
            "ok" if check.passed else "MISSED",
        )
        for check in found.checks
    ]
    session.table("", ("target", "value", "allowed", "unit", ""), rows)
    for note in found.left_out:
        session.warn(f"left out: {note}")
    met = sum(check.passed for check in found.checks)
    session.say(f"\n{met} of {len(found.checks)} targets met")


def _in_source_tree() -> bool:
    return Path("pyproject.toml").is_file() and Path("scoville/validation").is_dir()
