"""GDSII and OASIS as a sketch: blocks from layers, names from labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gdstk
import shapely
from shapely import Polygon, box

from floorplan.block import BlockKind
from floorplan.imports.gds_cells import DrawnShape, Label, Walk, walk
from floorplan.imports.gds_layers import LayerRoles
from floorplan.imports.gds_names import label_of, names_of
from floorplan.imports.sketch import (
    Sketch,
    SketchBlock,
    SketchDie,
    SketchStack,
    die_around,
    moved,
)
from floorplan.layout_reader import read_library
from floorplan.stack import Edge
from techlib import Faults, InputError, did_you_mean

__all__ = ["read_gds"]

_KINDS = tuple(str(kind) for kind in BlockKind)
_SAME = 0.5  # share of a block on a die from which the block is the die's
_ROUND_OFF_UM2 = 1e-3


def read_gds(path: Path, roles: LayerRoles, die: str, cell: str = "") -> Sketch:
    """Read dies, blocks and stacks from a layout.

    A polygon on the layer of a kind is a block of that kind. Its name is the label that lies in it
    on the same layer number (or on a layer of labels), behind the names of the cells that it is
    drawn in: a cell is named by the label on the outline layer that lies in it in the cell above.

    Parameters
    ----------
    path : Path
        ``.gds`` or ``.oas``.
    roles : LayerRoles
        What each layer means.
    die : str
        Name of a die without a label.
    cell : str
        Top cell, where the file has several.

    Raises
    ------
    InputError
        A file that cannot be read, no or several top cells, nothing on the layers, two blocks of
        one name.
    """
    notes: list[str] = []
    library = _library(path, notes)
    found = walk(library, _top(library, path, cell), roles)
    shapes = found.of_role(*_KINDS)
    if not shapes:
        layers = ", ".join(f"{a}/{b}" for a, b in sorted(found.layers)) or "none"
        cure = f'give the layers of the blocks, e.g. tensor = "100/0"; the file has {layers}'
        raise InputError.of(str(path), "has no polygon on a layer of blocks", "one or more", cure)
    outlines = [shape.outline for shape in found.of_role("die")]
    owners = _owners(shapes, outlines)
    origin = next((one.outline.bounds[:2] for one in found.of_role("interposer")), None)
    dies = []
    for number, outline in enumerate(found.of_role("die")):
        inside = [shape for shape, owner in zip(shapes, owners, strict=True) if owner == number]
        name = label_of(outline, _die_labels(found, outline)) or _numbered(die, number, outlines)
        dies.append(_die(name, outline, inside, found, path, origin, notes))
    loose = [shape for shape, owner in zip(shapes, owners, strict=True) if owner < 0]
    if loose and dies:
        notes.append(f"{len(loose)} blocks lie on no die and were passed over")
    elif loose:
        dies.append(die_around(die, _blocks(loose, found, 0, path, notes)))
    return Sketch(
        str(path),
        tuple(dies),
        tuple(_stacks(found, path, origin or (0.0, 0.0))),
        size_um=_size(found),
        notes=tuple(notes),
    )


def _library(path: Path, notes: list[str]) -> gdstk.Library:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        library = read_library(path)
    notes += dict.fromkeys(str(warning.message) for warning in caught)
    return library


def _top(library: gdstk.Library, path: Path, cell: str) -> gdstk.Cell:
    cells = {one.name: one for one in library.cells if isinstance(one, gdstk.Cell)}
    if cell:
        if cell not in cells:
            cure = did_you_mean(cell, cells)
            raise InputError.of(str(path), f"has no cell {cell!r}", cure=cure)
        return cells[cell]
    every = [one for one in library.top_level() if isinstance(one, gdstk.Cell)]
    tops = [one for one in every if one.bounding_box() is not None] or every
    if len(tops) != 1:
        names = sorted(one.name for one in tops)
        cure = f"say which one is meant, e.g. cell = {names[0]!r}" if names else ""
        what = f"has {len(tops)} top cells: {', '.join(names) or 'none'}"
        raise InputError.of(str(path), what, "one", cure)
    return tops[0]


def _owners(shapes: Sequence[DrawnShape], outlines: Sequence[Polygon]) -> list[int]:
    """Return the number of the die that each block lies on, -1 for none."""
    owners = []
    for shape in shapes:
        shares = [one.intersection(shape.outline).area / shape.outline.area for one in outlines]
        best = max(range(len(shares)), key=lambda i: shares[i], default=-1)
        owners.append(best if best >= 0 and shares[best] > _SAME else -1)
    return owners


def _die_labels(found: Walk, outline: DrawnShape) -> list[Label]:
    """Return the labels that may name a die: those of the cells above it, or its own cell's."""
    return [
        one
        for one in found.labels
        if one.layer == outline.layer and len(one.path) <= max(len(outline.path) - 1, 0)
    ]


def _numbered(name: str, number: int, outlines: Sequence[Polygon]) -> str:
    return name if len(outlines) == 1 else f"{name}{number}"


def _die(
    name: str,
    drawn: DrawnShape,
    shapes: Sequence[DrawnShape],
    found: Walk,
    path: Path,
    origin: tuple[float, float] | None,
    notes: list[str],
) -> SketchDie:
    x0, y0, x1, y1 = drawn.outline.bounds
    blocks = [
        replace(block, outline=moved(block.outline, -x0, -y0))
        for block in _blocks(shapes, found, len(drawn.path), path, notes)
    ]
    scribe_um, ring_um = _edge(drawn.outline, found)
    missing = box(x0, y0, x1, y1).difference(drawn.outline)
    closed = [
        part
        for shape in (*(s.outline for s in found.of_role("keepout")), missing)
        for part in shapely.get_parts(shape.intersection(drawn.outline.envelope))
        if part.area > _ROUND_OFF_UM2
    ]
    return SketchDie(
        name,
        round(x1 - x0, 6),
        round(y1 - y0, 6),
        tuple(blocks),
        x_um=None if origin is None else round(x0 - origin[0], 6),
        y_um=None if origin is None else round(y0 - origin[1], 6),
        scribe_um=scribe_um,
        seal_ring_um=ring_um,
        keepouts=tuple(moved(part, -x0, -y0) for part in closed),
    )


def _edge(outline: Polygon, found: Walk) -> tuple[float, float]:
    """Return the widths of scribe lane and seal ring of a die, 0 where none is drawn [um]."""
    inside = [s.outline for s in found.of_role("seal_ring") if outline.covers(s.outline.centroid)]
    ring = shapely.union_all(inside)
    if not isinstance(ring, Polygon) or not ring.interiors:
        return 0.0, 0.0
    scribe_um = ring.bounds[0] - outline.bounds[0]
    core = shapely.bounds(Polygon(max(ring.interiors, key=lambda r: Polygon(r).area)))
    return round(scribe_um, 6), round(float(core[0]) - ring.bounds[0], 6)


def _blocks(
    shapes: Sequence[DrawnShape], found: Walk, depth: int, path: Path, notes: list[str]
) -> list[SketchBlock]:
    names = names_of(shapes, found, depth, notes)
    faults, seen = Faults(), dict[str, DrawnShape]()
    spares = shapely.union_all([shape.outline for shape in found.of_role("spare")])
    shapely.prepare(spares)
    blocks = []
    for name, shape in zip(names, shapes, strict=True):
        x, y = shape.outline.representative_point().coords[0]
        where = f"{path}: cell {shape.cell} at ({x:g}, {y:g}) um"
        if name in seen:
            cure = "label the cells that they are drawn in, or the blocks apart"
            faults.add(where, f"block {name!r} is there twice", "a name of its own", cure)
        seen[name] = shape
        enabled = not spares.contains(shapely.Point(x, y))
        kind = BlockKind(shape.role)
        blocks.append(
            SketchBlock(name, shape.outline, where, hint=shape.cell, kind=kind, enabled=enabled)
        )
    faults.raise_if_any()
    return blocks


def _stacks(found: Walk, path: Path, origin: tuple[float, float]) -> list[SketchStack]:
    labels = [one for one in found.labels if one.layer in found.roles.layers_of("stack")]
    faces = [shape.outline for shape in found.of_role("stack_face")]
    stacks = []
    for number, shape in enumerate(found.of_role("stack")):
        x, y = shape.outline.centroid.coords[0]
        face = next((one for one in faces if shape.outline.covers(one.centroid)), None)
        outline = moved(shape.outline, -origin[0], -origin[1])
        name = label_of(shape, labels) or f"hbm{number}"
        where = f"{path}: cell {shape.cell} at ({x:g}, {y:g}) um"
        edge = None if face is None else _side(shape.outline, face)
        stacks.append(SketchStack(name, outline, where, shape.cell, edge))
    return stacks


def _side(body: Polygon, face: Polygon) -> Edge:
    """Return the side of a body that something in it lies at."""
    (x, y), (u, v) = body.centroid.coords[0], face.centroid.coords[0]
    if abs(u - x) > abs(v - y):
        return Edge.EAST if u > x else Edge.WEST
    return Edge.NORTH if v > y else Edge.SOUTH


def _size(found: Walk) -> tuple[float, float] | None:
    for shape in found.of_role("interposer"):
        x0, y0, x1, y1 = shape.outline.bounds
        return round(x1 - x0, 6), round(y1 - y0, 6)
    return None
