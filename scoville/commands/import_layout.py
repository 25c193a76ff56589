"""``scoville import``: a design from the floorplan of another tool."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scoville.console import Session
from techlib import Fault, Faults, InputError

if TYPE_CHECKING:
    from floorplan import ImportedLayout

__all__ = ["import_command"]

_File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="GDSII, OASIS, DEF, .flp of HotSpot or 3D-ICE, Bookshelf .blocks, CSV, or TOML.",
    ),
]
_Name = Annotated[str | None, typer.Option("--name", help="Of the design; the file's by default.")]
_Die = Annotated[str | None, typer.Option("--die", help="Name of a die that the file leaves open.")]
_Node = Annotated[
    str | None, typer.Option("--node", help="Process of the dies (`scoville list nodes`).")
]
_Lef = Annotated[
    list[str] | None,
    typer.Option("--lef", metavar="FILE", help="LEF of a DEF: layers first; may be repeated."),
]
_Kind = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", metavar="PATTERN=KIND", help="Kind of the blocks of a name; may be repeated."
    ),
]
_Default = Annotated[
    str | None, typer.Option("--default-kind", metavar="KIND", help="Kind of all other blocks.")
]
_Layer = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        metavar="MEANING=LAYER/DATATYPE",
        help="Meaning of a GDS layer: a kind, die, stack, labels, ...; may be repeated.",
    ),
]
_Cell = Annotated[str | None, typer.Option("--cell", help="Top cell of a GDS with several.")]
_Unit = Annotated[
    str | None, typer.Option("--unit", metavar="LENGTH", help='Length of one, e.g. "1 um".')
]
_Hbm = Annotated[
    str | None,
    typer.Option("--hbm", help="Generation of the stacks; beside each PHY where there are none."),
]
_Interposer = Annotated[
    str | None, typer.Option("--interposer", help="Technology (`scoville list interposers`).")
]
_Rules = Annotated[
    str | None,
    typer.Option(
        "--rules", metavar="FILE.toml", help="The same entries as in \\[floorplan] of a design."
    ),
]
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def import_command(
    session: Session,
    file: _File,
    name: _Name = None,
    die: _Die = None,
    node: _Node = None,
    lef: _Lef = None,
    kind: _Kind = None,
    default_kind: _Default = None,
    layer: _Layer = None,
    cell: _Cell = None,
    unit: _Unit = None,
    hbm: _Hbm = None,
    interposer: _Interposer = None,
    rules: _Rules = None,
) -> None:
    """Make a design of another tool's floorplan, for `scoville signoff`, `thermal` and the others.

    It leaves design.toml, floorplan.toml and a picture; where the file has power, case.json too,
    for `scoville thermal case.json`.
    """
    from scoville.imported_design import by_itself, write_design
    from scoville.output import output_folder

    words = {"die": die, "node": node, "cell": cell, "unit": unit, "hbm": hbm}
    table = _rules(rules) | {key: value for key, value in words.items() if value is not None}
    table |= {"import": file} | ({"default_kind": default_kind} if default_kind else {})
    if lef:
        table["lef"] = lef
    if interposer:
        table["interposer"] = {**table.get("interposer", {}), "technology": interposer}
    _add_pairs(table, kind or (), layer or ())
    given = name or Path(file.removesuffix(".gz")).stem
    stem = _NOT_IN_A_NAME.sub("_", given).strip("_.-") or "design"
    found = by_itself(_imported(table, stem, kind or ()))
    place = session.folder(stem)
    with output_folder(place) as folder:
        design, missing = write_design(found, name or Path(file).name, folder)
        files = sorted(entry.name for entry in folder.iterdir())
        session.record(design, design.layout_sources).write(folder)
    _report(session, found, (*found.notes, *missing), place, files)


def _imported(table: dict[str, Any], stem: str, kinds: Sequence[str]) -> ImportedLayout:
    """Import the file; faults of an option are reported at it."""
    import floorplan

    places = {f"kinds[{number}]": f"--kind {entry}" for number, entry in enumerate(kinds)}
    try:
        return floorplan.import_layout(table, name=stem, where="import")
    except InputError as error:
        raise InputError(_at_option(fault, places) for fault in error.faults) from None


def _at_option(fault: Fault, places: Mapping[str, str]) -> Fault:
    """Return a fault at the option that gave what is wrong."""
    key = fault.where.removeprefix("import.")
    if key == fault.where:
        return fault
    if key == "import":
        return replace(fault, where="FILE")
    if (rule := key.partition(".")[0]) in places:
        return replace(fault, where=places[rule])
    return replace(fault, where=f"--{key.replace('layers', 'layer').replace('_', '-')}")


def _rules(path: str | None) -> dict[str, Any]:
    """Read the file of ``--rules``; its paths are relative to it."""
    if path is None:
        return {}
    try:
        table = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError.of(f"--rules {path}", f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError.of(f"--rules {path}", f"is not TOML: {error}") from None
    given = table.get("lef", [])
    lef = given if isinstance(given, list) else [given]
    if lef:
        table["lef"] = [str(Path(path).parent / str(entry)) for entry in lef]
    return table


def _add_pairs(table: dict[str, Any], kinds: Sequence[str], layers: Sequence[str]) -> None:
    """Add the entries of ``--kind`` and ``--layer``; those of ``--kind`` count first."""
    faults = Faults()
    pairs = []
    for option, entry, example in (
        *(("--kind", entry, "core*=vector") for entry in kinds),
        *(("--layer", entry, "sram=102/0") for entry in layers),
    ):
        key, equals, value = entry.partition("=")
        if not equals or not key.strip() or not value.strip():
            faults.add(f"{option} {entry}", "has no '='", f"e.g. {option} '{example}'")
        pairs.append((option, key.strip(), value.strip()))
    faults.raise_if_any()
    own = [{"match": key, "kind": value} for option, key, value in pairs if option == "--kind"]
    if own:
        table["kinds"] = [*own, *table.get("kinds", [])]
    for option, key, value in pairs:
        if option == "--layer":
            table.setdefault("layers", {}).setdefault(key, []).append(value)


def _report(
    session: Session,
    found: ImportedLayout,
    notes: Sequence[str],
    place: Path,
    files: Sequence[str],
) -> None:
    import floorplan

    plan = found.floorplan
    rows = floorplan.summary(plan)
    session.table(
        "",
        ("die", "kind", "blocks", "area mm2"),
        [
            (str(r.die), str(r.kind), str(r.blocks), f"{r.area_mm2:.3f}")
            for r in rows.itertuples(index=False)
        ],
    )
    for note in notes:
        session.say(f"note: {note}")
    violations = Counter(violation.rule for violation in floorplan.check(plan))
    if violations:
        counts = ", ".join(f"{count} x {rule}" for rule, count in violations.items())
        session.warn(f"{counts}; see `scoville check {place / 'design.toml'}`")
    session.say(f"wrote {', '.join(files)} to {place}")
    session.emit(
        {
            "design": plan.name,
            "folder": str(place),
            "files": list(files),
            "dies": {die.name: len(die.blocks) for die in plan.dies},
            "stacks": [stack.name for stack in plan.stacks],
            "power_w": sum(found.power_w.values()) if found.power_w else None,
            "violations": sum(violations.values()),
            "notes": list(notes),
        }
    )
