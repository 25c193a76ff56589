"""Bookshelf floorplans (``.blocks`` with ``.pl`` and ``.power``) as sketches."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from shapely import Polygon, box

from floorplan.formats.lines import Line, number, read_lines
from floorplan.imports.sketch import Sketch, SketchBlock, die_around
from floorplan.orientation import Orientation
from techlib import Faults, InputError

__all__ = ["read_bookshelf"]

_SOFT = "NAME softrectangular AREA LEAST-ASPECT-RATIO LARGEST-ASPECT-RATIO"
_HARD = "NAME hardrectilinear COUNT (x, y) (x, y) ..."
_UM2_PER_MM2 = 1e6
_POINT = re.compile(r"\(\s*([^\s,()]+)\s*[,\s]\s*([^\s,()]+)\s*\)")
_DIMENSIONS = re.compile(r"DIMS\s*=\s*\(\s*([^\s,()]+)\s*[,\s]\s*([^\s,()]+)\s*\)")
_TURNS = {
    "N": Orientation.R0,
    "W": Orientation.R90,
    "S": Orientation.R180,
    "E": Orientation.R270,
    "FN": Orientation.MY,
    "FS": Orientation.MX,
    "FW": Orientation.MX90,
    "FE": Orientation.MY90,
}


@dataclass(frozen=True)
class _Shape:
    """A block before it has a place; a soft one is a square until it is given a size."""

    name: str
    outline: Polygon
    where: str
    soft: bool


@dataclass(frozen=True)
class _Place:
    x: float
    y: float
    size: tuple[float, float] | None
    turn: Orientation


def read_bookshelf(path: Path, die: str, unit_um: float) -> Sketch:
    """Read ``.blocks`` and, beside it, ``.pl`` and ``.power``.

    Parameters
    ----------
    path : Path
        One of the three.
    die : str
        Name of the die.
    unit_um : float
        Length of one in the files [um].

    Raises
    ------
    InputError
        A missing file, every fault in all of them, and blocks that have not been placed.
    """
    faults = Faults()
    shapes, places = {}, {}
    try:
        shapes = _shapes(path.with_suffix(".blocks"), faults)
    except InputError as error:
        faults.take(error)
    try:
        places = _places(path.with_suffix(".pl"), faults)
    except InputError as error:
        faults.take(error)
    else:
        for name, shape in shapes.items():
            if name not in places:
                what = f"block {name!r} has no place"
                faults.add(shape.where, what, f"a line in {path.with_suffix('.pl').name}")
    faults.raise_if_any()
    _refuse_heap(path, shapes, places)
    blocks = [_placed(shape, places[name], unit_um) for name, shape in shapes.items()]
    power_w = _powers(path.with_suffix(".power"), blocks, faults)
    faults.raise_if_any()
    squares = sum(s.soft and places[name].size is None for name, s in shapes.items())
    notes = [f"one in the files is {unit_um:g} um"]
    if squares:
        notes.append(f"{squares} soft blocks have no size in the .pl; they are drawn as squares")
    return Sketch(str(path), (die_around(die, blocks),), power_w=power_w, notes=tuple(notes))


def _refuse_heap(path: Path, shapes: dict[str, _Shape], places: dict[str, _Place]) -> None:
    """Refuse a benchmark that nobody has placed yet."""
    corners = {(places[name].x, places[name].y) for name in shapes}
    if len(shapes) > 1 and len(corners) == 1:
        what = f"all {len(shapes)} blocks lie at one place: this is no floorplan yet"
        cure = "run a floorplanner, and give the .pl that it writes"
        raise InputError.of(str(path.with_suffix(".pl")), what, "a place for each block", cure)


def _shapes(path: Path, faults: Faults) -> dict[str, _Shape]:
    found: dict[str, _Shape] = {}
    for line in _joined(read_lines(path, "a Bookshelf .blocks file")):
        words = line.words
        if words[0] == "UCSC" or words[0].startswith("Num") or words[-1] == "terminal":
            continue
        if len(words) > 1 and words[1] in ("softrectangular", "hardrectilinear"):
            shape = _soft(line, faults) if words[1] == "softrectangular" else _hard(line, faults)
            if shape is not None and shape.name in found:
                faults.add(line.where, f"block {shape.name!r} is given twice", "once")
            if shape is not None:
                found[shape.name] = shape
            continue
        faults.add(line.where, f"cannot read {' '.join(words)[:80]!r}", f"{_SOFT}, or {_HARD}")
    if not found and not faults:
        faults.add(str(path), "has no blocks", f"{_SOFT}, or {_HARD}")
    return found


def _joined(lines: list[Line]) -> list[Line]:
    """Put vertices that go on over several lines onto the first of them."""
    joined: list[Line] = []
    for line in lines:
        if joined and line.words[0].startswith("("):
            joined[-1] = Line(joined[-1].where, (*joined[-1].words, *line.words))
        else:
            joined.append(line)
    return joined


def _soft(line: Line, faults: Faults) -> _Shape | None:
    name, _, *rest = line.words
    if len(rest) != 3:
        faults.add(line.where, f"soft block {name!r} has {len(rest)} values", _SOFT)
        return None
    labels = ("area", "least aspect ratio", "largest aspect ratio")
    values = [
        number(word, line.where, f"{label} of {name!r}", faults)
        for word, label in zip(rest, labels, strict=True)
    ]
    if values[0] is None:
        return None
    side = math.sqrt(values[0])
    return _Shape(name, box(0.0, 0.0, side, side), line.where, soft=True)


def _hard(line: Line, faults: Faults) -> _Shape | None:
    name, _, *rest = line.words
    points = _POINT.findall(" ".join(rest[1:]))
    count = rest[0] if rest else "none"
    if count != str(len(points)) or len(points) < 4:
        what = f"hard block {name!r} says {count} vertices and has {len(points)}"
        faults.add(line.where, what, _HARD, "at least four of them")
        return None
    values = [
        number(word, line.where, f"a vertex of {name!r}", faults, positive=False)
        for point in points
        for word in point
    ]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    outline = Polygon(list(zip(known[::2], known[1::2], strict=True)))
    if not outline.is_valid or not outline.area > 0.0:
        what = f"hard block {name!r} crosses itself or has no area"
        faults.add(line.where, what, "a simple outline", "check the order of its vertices")
        return None
    return _Shape(name, outline, line.where, soft=False)


def _places(path: Path, faults: Faults) -> dict[str, _Place]:
    found: dict[str, _Place] = {}
    for line in read_lines(path, "a Bookshelf .pl file"):
        words = line.words
        if words[0] == "UCLA":
            continue
        if len(words) < 3:
            faults.add(line.where, f"cannot read {' '.join(words)[:80]!r}", "NAME X Y [: TURN]")
            continue
        name = words[0]
        x, y = (
            number(word, line.where, f"place of {name!r}", faults, positive=False)
            for word in words[1:3]
        )
        rest = " ".join(words[3:])
        size = _size(rest, line, faults)
        turn = next(iter(rest.rpartition(":")[2].split()), "") if ":" in rest else "N"
        if turn not in _TURNS:
            faults.add(line.where, f"{name!r} is turned {turn!r}", f"one of {', '.join(_TURNS)}")
            turn = "N"
        if x is not None and y is not None:
            found[name] = _Place(x, y, size, _TURNS[turn])
    return found


def _size(text: str, line: Line, faults: Faults) -> tuple[float, float] | None:
    """Read ``DIMS = (width, height)``, which floorplanners write for soft blocks."""
    match = _DIMENSIONS.search(text)
    if match is None:
        return None
    width, height = (number(word, line.where, "dimension", faults) for word in match.groups())
    return None if width is None or height is None else (width, height)


def _placed(shape: _Shape, place: _Place, unit_um: float) -> SketchBlock:
    """Return a block in place, its bounds' lower left corner there; lengths become um."""
    outline = box(0.0, 0.0, *place.size) if shape.soft and place.size else shape.outline
    turned = Polygon(place.turn.apply(outline.exterior.coords))
    x0, y0, _, _ = turned.bounds
    shift = (place.x - x0, place.y - y0)
    corners = [
        (round((x + shift[0]) * unit_um, 6), round((y + shift[1]) * unit_um, 6))
        for x, y in turned.exterior.coords
    ]
    return SketchBlock(shape.name, Polygon(corners), shape.where)


def _powers(path: Path, blocks: list[SketchBlock], faults: Faults) -> dict[str, float]:
    """Read power densities [1e6 W/m^2], one a line in the order of the blocks."""
    if not path.is_file():
        return {}
    lines = read_lines(path, "a Bookshelf .power file")
    if len(lines) != len(blocks):
        what = f"{len(lines)} power densities for {len(blocks)} blocks"
        faults.add(str(path), what, "one a line, in the order of the blocks")
        return {}
    found = {}
    for line, block in zip(lines, blocks, strict=True):
        density = number(line.words[0], line.where, "power density", faults, positive=False)
        if density is not None and density < 0.0:
            faults.add(line.where, f"power density is {line.words[0]!r}", "0 or more")
        found[block.name] = (density or 0.0) * block.outline.area / _UM2_PER_MM2
    return found
