"""DEF with its LEF as a sketch: die area, macros, keep-outs. KLayout reads both formats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from floorplan.formats.def_writer import PACKAGE
from floorplan.formats.lines import as_float
from floorplan.formats.text import read_text, some
from floorplan.imports.def_text import Component, DefText, scan_def, scan_lef
from floorplan.imports.sketch import Sketch, SketchBlock, SketchDie, moved
from techlib import Faults, InputError, MissingExtraError

if TYPE_CHECKING:
    import klayout.db as kdb

__all__ = ["read_def"]

_OUTLINE, _PLACEMENT = "OUTLINE", "PLACEMENT_BLK"
_NAME = "name"
_HELD = ("macs", "sram_byte", "lanes")  # properties of components that are numbers
_LEF_GEOMETRY = 1  # of `macro_resolution_mode`: a macro is what LEF says, FOREIGN or not
_MACRO_CLASSES = ("BLOCK", "RING", "COVER")  # what a floorplan is made of; others are cells of rows


def read_def(path: Path, lef: Sequence[Path]) -> Sketch:
    """Read a die from DEF.

    Components whose macro has the class CORE, PAD or ENDCAP are passed over.

    Parameters
    ----------
    path : Path
        The ``.def``.
    lef : sequence of Path
        The layers first, then the macros.

    Raises
    ------
    InputError
        A missing file, what KLayout cannot read, and every macro that no LEF defines and component
        without a place.
    MissingExtraError
        KLayout is not installed.
    """
    faults = Faults()
    texts = {}
    for file in (path, *lef):
        try:
            texts[file] = read_text(file, "a DEF file" if file == path else "a LEF file")
        except InputError as error:
            faults.take(error)
    faults.raise_if_any()
    classes: dict[str, str] = {}
    for file in lef:
        classes |= scan_lef(texts[file])
    found = scan_def(texts[path], str(path))
    level, package = PACKAGE
    if found.properties.get(level) == package:
        what, allowed = "is the DEF of a package, without the blocks", "the DEF of one of its dies"
        cure = f"take {path.stem}.DIE.def, or {path.stem}.gds, which has all of them"
        raise InputError.of(str(path), what, allowed, cure)
    if not found.design:
        faults.add(str(path), "has no DESIGN", "DEF 5.8")
    if not found.units_per_um:  # what readers take it for then is 1000, 100, or nothing at all
        cure = "add the units that it was written in"
        faults.add(str(path), "has no UNITS, or 0", "e.g. UNITS DISTANCE MICRONS 1000", cure)
    wanted = _wanted(found, classes, path, faults)
    faults.raise_if_any()
    layout = _read(path, lef, found)
    return _sketch(layout, found, wanted, path)


def _wanted(
    found: DefText, classes: Mapping[str, str], path: Path, faults: Faults
) -> dict[str, Component]:
    """Return the components that a floorplan is made of, by name; note what is wrong."""
    users: dict[str, list[str]] = {}
    for component in found.components:
        users.setdefault(component.macro, []).append(component.name)
    wanted, noted = {}, set()
    for component in found.components:
        macro = component.macro
        if macro not in classes and macro not in noted:
            what = f"macro {macro!r} of {some(users[macro], 3)} is not defined"
            cure = "give the LEF that defines it"
            faults.add(component.where, what, "a macro of the LEF files", cure)
            noted.add(macro)
        if classes.get(macro) in _MACRO_CLASSES:
            wanted[component.name] = component
            if not component.placed:
                what = f"component {component.name!r} has no place"
                faults.add(component.where, what, "PLACED, FIXED or COVER", "place it first")
    if not wanted and not faults:
        faults.add(str(path), "has no component of the class BLOCK", "placed macros")
    return wanted


def _read(path: Path, lef: Sequence[Path], found: DefText) -> kdb.Layout:
    """Read the files by KLayout."""
    try:
        import klayout.db as kdb
    except ImportError:
        what = "reading DEF needs KLayout: pip install 'scoville[def]'"
        raise MissingExtraError(what) from None
    options = kdb.LoadLayoutOptions()
    config = options.lefdef_config
    config.dbu = 1.0 / found.units_per_um
    config.lef_files = [str(file.resolve()) for file in lef]
    config.read_lef_with_def = False
    config.macro_resolution_mode = _LEF_GEOMETRY
    config.instance_property_name = _NAME
    config.cell_outline_layer = _OUTLINE
    config.placement_blockage_layer = _PLACEMENT
    options.lefdef_config = config
    layout = kdb.Layout()
    try:
        layout.read(str(path), options)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise InputError.of(
            str(path), f"cannot be read: {reason}", "DEF 5.8 with its LEF"
        ) from None
    return layout


def _sketch(
    layout: kdb.Layout, found: DefText, wanted: Mapping[str, Component], path: Path
) -> Sketch:
    top, units = layout.cell(found.design), found.units_per_um
    index = {layout.get_info(i).name: i for i in layout.layer_indexes()}
    area = [] if top is None else _shapes(top, index.get(_OUTLINE), units)
    if not area:
        raise InputError.of(str(path), "has no DIEAREA", "the outline of the die")
    outline = shapely.union_all(area)
    x0, y0, x1, y1 = outline.bounds
    placed = {_plain(instance.property(_NAME)): instance for instance in top.each_inst()}
    faults = Faults()
    blocks = [
        _block(placed.get(name), component, index[_OUTLINE], (x0, y0), units, faults)
        for name, component in wanted.items()
    ]
    faults.raise_if_any()
    notes = [*found.notes]
    if passed := len(found.components) - len(wanted):
        notes.append(f"{passed} components are no macros of the class BLOCK and were passed over")
    scribe_um, ring_um = (_length(found, key, path) for key in ("scribe_um", "seal_ring_um"))
    missing = box(x0, y0, x1, y1).difference(outline)  # of a die area that is no rectangle
    closed = shapely.union_all([*_shapes(top, index.get(_PLACEMENT), units), missing])
    die = SketchDie(
        found.design,
        round(x1 - x0, 6),
        round(y1 - y0, 6),
        tuple(block for block in blocks if block is not None),
        scribe_um=scribe_um,
        seal_ring_um=ring_um,
        keepouts=_keepouts(closed, outline.bounds, scribe_um + ring_um),
        node=found.properties.get("node", ""),
    )
    return Sketch(str(path), (die,), notes=tuple(notes))


def _keepouts(
    closed: BaseGeometry, bounds: tuple[float, float, float, float], edge_um: float
) -> tuple[Polygon, ...]:
    """Return where no block may lie, in die coordinates, without scribe lane and seal ring."""
    x0, y0, x1, y1 = bounds
    if edge_um:
        closed = closed.intersection(box(x0 + edge_um, y0 + edge_um, x1 - edge_um, y1 - edge_um))
    return tuple(
        moved(part, -x0, -y0)
        for part in shapely.get_parts(closed)
        if isinstance(part, Polygon) and part.area > 0.0
    )


def _length(found: DefText, key: str, path: Path) -> float:
    """Read a length of the design's properties [um]; 0 where it has none."""
    length_um = as_float(found.properties.get(key, "0"))
    if not 0.0 <= length_um < math.inf:
        raise InputError.of(f"{path}: {key}", found.properties[key], "a length in um")
    return length_um


def _shapes(cell: kdb.Cell, index: int | None, units: int) -> list[Polygon]:
    """Return the shapes of a cell on a layer [um]."""
    if index is None:
        return []
    return [_polygon(shape.polygon, units) for shape in cell.shapes(index).each() if shape.polygon]


def _polygon(polygon: Any, units: int) -> Polygon:
    holes = [
        [(p.x / units, p.y / units) for p in polygon.each_point_hole(number)]
        for number in range(polygon.holes())
    ]
    return Polygon([(p.x / units, p.y / units) for p in polygon.each_point_hull()], holes)


def _block(
    instance: kdb.Instance | None,
    component: Component,
    index: int,
    origin: tuple[float, float],
    units: int,
    faults: Faults,
) -> SketchBlock | None:
    """Return a component as a block; none, and a fault, where its macro has no outline."""
    shapes = [] if instance is None else _placed(instance, index, units)
    outline = shapely.union_all(shapes)
    if not isinstance(outline, Polygon) or not outline.area > 0.0:
        what = f"macro {component.macro!r} of {component.name!r} has no outline of one piece"
        faults.add(component.where, what, "SIZE, or shapes on its OVERLAP layer that touch")
        return None
    held = {key: as_float(component.properties.get(key, "0")) for key in _HELD}
    for key, value in held.items():
        if not 0.0 <= value < math.inf or (key != "sram_byte" and not value.is_integer()):
            given = component.properties[key]
            faults.add(component.where, f"{key} of {component.name!r} is {given!r}", "0 or more")
            held[key] = 0.0
    return SketchBlock(
        component.name,
        moved(outline, -origin[0], -origin[1]),
        component.where,
        hint=component.macro,
        macs=int(held["macs"]),
        sram_byte=held["sram_byte"],
        lanes=int(held["lanes"]),
        stack=component.properties.get("stack", ""),
    )


def _placed(instance: kdb.Instance, index: int, units: int) -> list[Polygon]:
    """Return the shapes of an instance's cell on a layer, in place [um]."""
    turn = instance.cplx_trans
    shapes = instance.cell.shapes(index).each()
    return [_polygon(shape.polygon.transformed(turn), units) for shape in shapes]


def _plain(name: object) -> str:
    """Return a name without the backslashes before brackets and slashes."""
    return str(name).replace("\\", "")
