"""``scoville diff``: what differs between two layouts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scoville.console import FAILED, PASSED, Session

__all__ = ["diff_command"]

_SHOWN = 100  # rows of the table; the files have them all

_Before = Annotated[
    str, typer.Argument(metavar="A", help="A design, a floorplan in full (TOML), GDSII or OASIS.")
]
_After = Annotated[str, typer.Argument(metavar="B", help="What it is compared with, of any form.")]
_Tolerance = Annotated[
    str,
    typer.Option("--tolerance", metavar="LENGTH", help='Lengths up to this do not count: "5 nm".'),
]
_Layers = Annotated[
    Path | None,
    typer.Option("--layers", metavar="FILE", help="Layer map of layout files that are not ours."),
]


def diff_command(
    session: Session,
    before: _Before,
    after: _After,
    tolerance: _Tolerance = "0 nm",
    layers: _Layers = None,
) -> int:
    """Tell what moved, grew, changed layer or net, came or went; exit code 1 if anything did.

    A design is laid out first. If one of the two is a layout file, both are compared as drawn.
    """
    from scoville.layout_diff import diff_of
    from scoville.output import output_folder, write_json

    with session.progress() as progress:
        progress("comparing", 0.1)
        found = diff_of(before, after, tolerance, layers)
    rows = [
        (str(d.change), d.what, d.name, d.before, d.after, f"{d.x_um:.3f}", f"{d.y_um:.3f}")
        for d in found.differences[:_SHOWN]
    ]
    if rows:
        session.table("", ("change", "what", "name", "from", "to", "x um", "y um"), rows)
    if len(found.differences) > _SHOWN:
        session.say(f"... and {len(found.differences) - _SHOWN} more; --out DIR writes them all")
    count, same = len(found.differences), not found.differences
    session.say(
        f"{before} and {after} " + ("are the same" if same else f"differ in {count} things"),
        "bold green" if same else "bold red",
    )
    content = found.to_dict()
    if session.out is not None:
        with output_folder(session.out) as folder:
            write_json(folder / "diff.json", content)
            session.record_of(found.input_hash, found.sources).write(folder)
    session.emit(content)
    return PASSED if same else FAILED
