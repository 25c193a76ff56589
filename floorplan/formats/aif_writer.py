"""AIF: pads and nets of each body, and of the package with its balls, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from floorplan.bump import BumpField, BumpKind
from floorplan.formats.bump_maps import BumpMap, back_map, body_maps, rows
from floorplan.formats.def_names import def_name
from floorplan.formats.registry import Content, Job
from floorplan.layout import Layout

__all__ = ["ball_names", "files"]

_HEAD = "[DATABASE]\nTYPE=AIF\nVERSION=2.0\nUNITS=UM\n"
_COLUMNS = "NETNAME PAD# TYPE PAD_X PAD_Y BALL# TYPE BALL_X BALL_Y"
_LETTERS = "ABCDEFGHJKLMNPRTUVWY"  # of rows of balls: those that look like digits are left out


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield each die and each kind of stack, and the interposer with the package's balls.

    Coordinates are from the middle of the body, seen from above in the package, where dies and
    stacks lie face down. Names of nets are those of the body.
    """
    for bumps in body_maps(job.layout):
        yield job.die_file(bumps.body, "aif"), _writer(bumps, job.every_bump)
    yield job.die_file("package", "aif"), _writer(back_map(job.layout), job.every_bump, job.layout)


def _writer(bumps: BumpMap, every: bool, layout: Layout | None = None) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with file.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(_lines(bumps, every, layout))

    return write


def _lines(bumps: BumpMap, every: bool, layout: Layout | None) -> Iterator[str]:
    balls = () if layout is None else tuple(_balls(layout))
    middle = (bumps.width_um / 2.0, bumps.height_um / 2.0)
    yield _HEAD
    yield (
        f"[DIE]\nNAME={bumps.body}\nWIDTH={bumps.width_um:.3f}\nHEIGHT={bumps.height_um:.3f}\n"
        "CENTER=0 0\n"
    )
    if layout is not None and balls:
        yield from _package(layout, balls)
    yield "[PADS]\n"
    for name, pad_um in sorted({_pad(field) for field in (*bumps.fields, *balls)}):
        yield f"{name}=CIRCLE {pad_um:.3f}\n"
    yield f"[NETLIST]\n;{_COLUMNS if balls else _COLUMNS.partition(' BALL#')[0]}\n"
    number = 0
    rest = " - - - -\n" if balls else "\n"
    for field in bumps.fields:
        pad = _pad(field)[0]
        for _, x, y, terminal, net in rows(field, middle, every=every, own_words=bumps.own_words):
            number += 1
            name = net if layout is not None or terminal == "-" else terminal
            label = "NC" if name == "-" else def_name(name)
            yield f"{label} {number} {pad} {x} {y}{rest}"
    for field in balls:
        pad, names = _pad(field)[0], ball_names(field)
        for ball, (_, x, y, _, net) in zip(names, rows(field, middle), strict=True):
            label = "NC" if net == "-" else def_name(net)
            yield f"{label} - - - - {ball} {pad} {x} {y}\n"


def _pad(field: BumpField) -> tuple[str, float]:
    """Return name and diameter of the pads of a field."""
    return f"{field.kind}_{field.pad_um:g}", field.pad_um


def _balls(layout: Layout) -> Iterator[BumpField]:
    """Yield the balls in interposer coordinates."""
    for field in layout.fields_of("substrate"):
        if field.kind is BumpKind.BGA and field.count:
            yield layout.placed(field)


def _package(layout: Layout, balls: Sequence[BumpField]) -> Iterator[str]:
    substrate, field = layout.substrate, balls[0]
    columns, rows_of_balls = (len(np.unique(places)) for places in _indices(field))
    yield (
        f"[BGA]\nNAME={layout.floorplan.name}\nWIDTH={substrate.width_um:.3f}\n"
        f"HEIGHT={substrate.height_um:.3f}\nPITCH={layout.rules.bga_pitch_um:.3f}\n"
        f"POPULATION={columns} {rows_of_balls}\nBALL=CIRCLE {field.pad_um:.3f}\nA1=UL\n"
    )


def _indices(field: BumpField) -> tuple[np.ndarray, np.ndarray]:
    """Return column from the left and row from the bottom of each bump, in whole nanometres."""
    places = np.rint(field.positions_um() * 1e3).astype(np.int64)
    return places[:, 0], places[:, 1]


def ball_names(field: BumpField) -> list[str]:
    """Return the name of each ball, its row in letters from the top, its column from the left.

    Rows are A to Y without I, O, Q, S, X and Z, then AA, AB and so on, as JEDEC has it.

    Examples
    --------
    >>> from floorplan import BumpArray, BumpField, BumpKind
    >>> balls = BumpField("s/bga", BumpKind.BGA, "s", 500.0, ("VSS",),
    ...                   arrays=(BumpArray(0.0, 0.0, 1e3, 1e3, columns=2, rows=21),))
    >>> ball_names(balls)[:2], ball_names(balls)[-1]
    (['AA1', 'AA2'], 'A2')
    """
    x, y = _indices(field)
    columns, rows_up = np.unique(x, return_inverse=True)[1], np.unique(y, return_inverse=True)[1]
    top = int(rows_up.max(initial=0))
    return [
        f"{_row_name(top - row)}{column + 1}"
        for column, row in zip(columns.tolist(), rows_up.tolist(), strict=True)
    ]


def _row_name(row: int) -> str:
    name = _LETTERS[row % len(_LETTERS)]
    while row >= len(_LETTERS):
        row = row // len(_LETTERS) - 1
        name = _LETTERS[row % len(_LETTERS)] + name
    return name
