"""``scoville validate``: hold an engine against cases with known answers, or with measured ones."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoville.commands._measured import print_measured, save_measured
from scoville.console import FAILED, PASSED, Session
from techlib import InputError

if TYPE_CHECKING:
    from scoville.validation import Validation

__all__ = ["validate_command"]


class Engine(StrEnum):
    """What can be validated."""

    THERMAL = "thermal"
    POWER = "power"


_Engine = Annotated[
    Engine, typer.Argument(metavar="ENGINE", help="What to validate: thermal or power.")
]
_Measured = Annotated[
    Path | None,
    typer.Option("--measured", metavar="CSV", help="Power: rows of boards under steady serving."),
]
_Fit = Annotated[
    bool, typer.Option("--fit", help="Power: fit the coefficients to the measured rows first.")
]
_Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Reference cases; what is absent is left out."),
]
_Quick = Annotated[bool, typer.Option("--quick", help="Coarser meshes, fewer steps and packages.")]
_DOCUMENTS = Path("docs") / "validation"
_REFERENCES = Path("../shared/data/thermal")
_MEASURED = Path("../shared/data/measured/mlenergy_v3_h100.csv")
_TITLES = {
    Engine.THERMAL: "Validation of the thermal engine",
    Engine.POWER: "Power against measured machines",
}


def validate_command(
    session: Session,
    engine: _Engine,
    data: _Data = _REFERENCES,
    quick: _Quick = False,
    measured: _Measured = None,
    fit: _Fit = False,
) -> int:
    """Hold an engine against known answers; write a report with tables and pictures.

    The report goes to --out; without it to docs/validation in a source tree, else into
    scoville-out. With --measured, only the errors of that file's rows are printed (and written
    to --out), with the coefficients that ship; --fit fits them to the file.
    """
    if engine is Engine.POWER:
        return _validate_power(session, measured, fit)
    if measured is not None or fit:
        given = "--fit" if measured is None else f"--measured {measured}"
        raise InputError.of(given, "belongs to power", cure="scoville validate power ...")
    from scoville.validation.thermal import validate_thermal

    if data != _REFERENCES and not data.is_dir():
        raise InputError.of(f"--data {data}", "no such folder", "a folder with a folder per case")
    place = _place(session, engine)
    with session.progress() as progress:
        found = validate_thermal(data, quick=quick, progress=progress)
    written = _write(session, place, engine, found)
    session.emit({**found.to_dict(), "report": str(written)})
    return PASSED if found.passed else FAILED


def _validate_power(session: Session, measured: Path | None, fit: bool) -> int:
    from scoville.validation.power import validate_measured, validate_power

    if measured is not None:
        with session.progress() as progress:
            progress("measured boards", 0.0)
            rows = validate_measured(measured, fit=fit)
        print_measured(session, rows)
        content = {**rows.to_dict(), "sources": [source.to_dict() for source in rows.sources]}
        save_measured(session, rows, content)
        session.emit(content)
        return PASSED
    place = _place(session, Engine.POWER)
    with session.progress(compiles=True) as progress:
        found, rows_or_none = validate_power(_MEASURED, fit=fit, progress=progress)
    written = _write(session, place, Engine.POWER, found)
    content = {**found.to_dict(), "report": str(written)}
    if rows_or_none is not None:
        content["measured"] = rows_or_none.to_dict()
        if fit:
            session.say(rows_or_none.board_file())
    session.emit(content)
    return PASSED if found.passed else FAILED


def _in_tree(session: Session) -> bool:
    return session.out is None and _in_source_tree()


def _place(session: Session, engine: Engine) -> Path:
    """Return the folder of the report; it need not be there."""
    return _DOCUMENTS if _in_tree(session) else session.folder(engine.value)


def _write(session: Session, place: Path, engine: Engine, found: Validation) -> Path:
    """Write the report and say what it found; return its file."""
    from scoville.output import output_folder
    from scoville.validation.document import write_document

    content = (engine.value, _TITLES[engine], found.sections, found.left_out)
    if _in_tree(session):
        write_document(place, *content)
    else:
        with output_folder(place) as folder:
            write_document(folder, *content)
            session.record().write(folder)
    written = place / f"{engine.value}.md"
    _print(session, found)
    session.say(f"wrote {written}")
    return written


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
