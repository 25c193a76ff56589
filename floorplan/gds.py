"""GDSII: the floorplan as a hierarchical layout file."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path

import gdstk
import shapely
from shapely import Polygon, affinity, box
from shapely.geometry.base import BaseGeometry

from floorplan.block import Block
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.hierarchy import Group, groups_of
from floorplan.layer_map import LayerMap, MapLayer, layer_map
from floorplan.stack import Edge, HbmStack
from techlib import InputError

__all__ = ["write_gds"]

_UNIT_M, _PRECISION_M = 1e-6, 1e-9  # micrometres in the file's user unit, nanometres stored
_NM_PER_UM = 1000
_MAXIMUM_POINTS = 8190  # of a polygon in a GDSII record
_MAXIMUM_NAME = 32  # characters of a cell name that every reader takes
_TIMESTAMP = datetime(2000, 1, 1)


def write_gds(floorplan: Floorplan, path: str | Path) -> Path:
    """Write a floorplan as a GDSII file.

    One top cell holds the interposer, the dies and the stacks; a die holds its slices; a slice
    holds its units. Slices and units of equal geometry share a cell. Coordinates are whole
    nanometres, layers are those of the layer map, and the same floorplan gives the same bytes.

    Parameters
    ----------
    floorplan : Floorplan
        Should be clean (`floorplan.check`); coordinates between nanometres are rounded.
    path : str or Path
        File to write; its folder must exist.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The folder does not exist.

    Examples
    --------
    >>> import floorplan, tempfile
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = floorplan.write_gds(plan, f"{folder}/jalapeno.gds")
    ...     file.stat().st_size < 200_000
    True
    """
    file = Path(path)
    if not file.parent.is_dir():
        raise InputError.of(str(file), "the folder does not exist", cure="make it first")
    library = gdstk.Library(_cell_name(floorplan.name), unit=_UNIT_M, precision=_PRECISION_M)
    cells = _Drawing(layer_map()).cells(floorplan)
    library.add(*(cells[name] for name in sorted(cells)))
    library.write_gds(file, max_points=_MAXIMUM_POINTS, timestamp=_TIMESTAMP)
    return file


class _Drawing:
    """The cells of one layout while it is drawn, by name and by what they hold."""

    def __init__(self, layers: LayerMap) -> None:
        self._layers = layers
        self._cells: dict[str, gdstk.Cell] = {}
        self._by_content: dict[object, gdstk.Cell] = {}

    def cells(self, floorplan: Floorplan) -> dict[str, gdstk.Cell]:
        """Draw the floorplan and return all its cells by name."""
        top = self._new_cell(_cell_name(floorplan.name))
        self._draw(top, floorplan.outline, "package.interposer")
        self._label(top, "interposer", (0.0, 0.0), "package.interposer")
        for die in floorplan.dies:
            top.add(gdstk.Reference(self._die(die), (_snap(die.x_um), _snap(die.y_um))))
            center = die.placed_outline.centroid
            self._label(top, die.name, (center.x, center.y), "die.outline")
        for stack in floorplan.stacks:
            top.add(gdstk.Reference(self._stack(stack), (_snap(stack.x_um), _snap(stack.y_um))))
            center = stack.placed_outline.centroid
            self._label(top, stack.name, (center.x, center.y), "package.stack")
        return self._cells

    def _die(self, die: Die) -> gdstk.Cell:
        cell = self._new_cell(f"DIE_{_cell_name(die.name)}")
        inside = die.scribe_um
        seal = box(inside, inside, die.width_um - inside, die.height_um - inside)
        self._draw(cell, die.outline, "die.outline")
        self._draw(cell, die.outline.difference(seal), "die.scribe")
        self._draw(cell, seal.difference(die.core), "die.seal_ring")
        for keepout in die.keepouts:
            self._draw(cell, keepout, "die.keepout")
        groups, singles = groups_of(die)
        for group in groups:
            x0, y0, x1, y1 = group.bounds
            cell.add(gdstk.Reference(self._group(group), (_snap(x0), _snap(y0))))
            self._label(cell, group.name, ((x0 + x1) / 2, (y0 + y1) / 2), "die.outline")
        for block in singles:
            self._place(cell, block, block.name, 0.0, 0.0)
        return cell

    def _group(self, group: Group) -> gdstk.Cell:
        """Return the cell of a group; groups that differ in place and name only share it."""
        x0, y0, _, _ = group.bounds
        inside = len(group.name) + 1
        content = tuple(
            (block.name[inside:], block.kind, block.enabled, _points_nm(block.outline, x0, y0))
            for block in group.blocks
        )
        if content not in self._by_content:
            stem = _cell_name(group.name.rstrip("0123456789")) or "GROUP"
            cell = self._new_cell(stem)
            for block in group.blocks:
                self._place(cell, block, block.name[inside:], x0, y0)
            self._by_content[content] = cell
        return self._by_content[content]

    def _place(self, parent: gdstk.Cell, block: Block, name: str, x_um: float, y_um: float) -> None:
        """Place a block's cell and its label in a cell whose origin is at (x_um, y_um)."""
        x0, y0, x1, y1 = block.outline.bounds
        where = (_snap(x0 - x_um), _snap(y0 - y_um))
        parent.add(gdstk.Reference(self._unit(block), where))
        center = ((x0 + x1) / 2 - x_um, (y0 + y1) / 2 - y_um)
        self._label(parent, name, center, f"block.{block.kind}")

    def _unit(self, block: Block) -> gdstk.Cell:
        """Return the cell of a block; blocks of equal kind and shape share it."""
        x0, y0, x1, y1 = block.outline.bounds
        points = _points_nm(block.outline, x0, y0)
        content = (block.kind, block.enabled, points)
        if content not in self._by_content:
            width, height = (_to_nm(length) for length in (x1 - x0, y1 - y0))
            name = f"{block.kind.upper()}_{width}x{height}"
            if not block.outline.equals(block.outline.envelope):
                name += "_" + hashlib.sha256(repr(points).encode()).hexdigest()[:6]
            cell = self._new_cell(name if block.enabled else f"SPARE_{name}")
            outline = affinity.translate(block.outline, -x0, -y0)
            self._draw(cell, outline, f"block.{block.kind}")
            if not block.enabled:
                self._draw(cell, outline, "die.spare")
            self._by_content[content] = cell
        return self._by_content[content]

    def _stack(self, stack: HbmStack) -> gdstk.Cell:
        content = (stack.generation.name, stack.phy_edge, stack.width_um, stack.height_um)
        if content not in self._by_content:
            cell = self._new_cell(f"{_cell_name(stack.generation.name)}_{stack.phy_edge.upper()}")
            self._draw(cell, box(0.0, 0.0, stack.width_um, stack.height_um), "package.stack")
            self._draw(cell, _interface(stack), "package.stack_face")
            self._by_content[content] = cell
        return self._by_content[content]

    def _new_cell(self, stem: str) -> gdstk.Cell:
        """Add an empty cell; a name that is taken gets a number."""
        name, number = stem[:_MAXIMUM_NAME], 1
        while name in self._cells:
            number += 1
            name = f"{stem[: _MAXIMUM_NAME - 1 - len(str(number))]}_{number}"
        self._cells[name] = gdstk.Cell(name)
        return self._cells[name]

    def _draw(self, cell: gdstk.Cell, shape: BaseGeometry, layer: str) -> None:
        for part in getattr(shape, "geoms", [shape]):
            if isinstance(part, Polygon) and not part.is_empty:
                cell.add(*_polygons(part, self._layers[layer]))

    def _label(self, cell: gdstk.Cell, text: str, where: tuple[float, float], layer: str) -> None:
        number, texttype = self._layers[layer].gds_layer, self._layers.text_type
        place = (_snap(where[0]), _snap(where[1]))
        cell.add(gdstk.Label(text, place, layer=number, texttype=texttype))


def _cell_name(name: str) -> str:
    """Return a name in the letters that GDSII allows."""
    return re.sub(r"[^A-Z0-9_$]", "_", name.upper())


def _to_nm(length_um: float) -> int:
    return round(length_um * _NM_PER_UM)


def _snap(length_um: float) -> float:
    return _to_nm(length_um) / _NM_PER_UM


def _points_nm(outline: Polygon, x_um: float, y_um: float) -> tuple[tuple[int, int], ...]:
    """Return all vertices against an origin, in a fixed order, in whole nanometres."""
    ordered = shapely.normalize(outline)
    rings = [ordered.exterior, *ordered.interiors]
    return tuple((_to_nm(x - x_um), _to_nm(y - y_um)) for ring in rings for x, y in ring.coords)


def _polygons(shape: Polygon, layer: MapLayer) -> list[gdstk.Polygon]:
    """Return a shape as polygons without holes."""
    numbers = {"layer": layer.gds_layer, "datatype": layer.gds_datatype}
    outer, *inner = (
        gdstk.Polygon([(_snap(x), _snap(y)) for x, y in list(ring.coords)[:-1]], **numbers)
        for ring in (shape.exterior, *shape.interiors)
    )
    if not inner:
        return [outer]
    return list(gdstk.boolean(outer, inner, "not", precision=_PRECISION_M / _UNIT_M, **numbers))


def _interface(stack: HbmStack) -> Polygon:
    """Return where the interface is on a stack, its lower left corner at the origin."""
    along, away = stack.generation.phy_width_um, stack.generation.phy_depth_um
    width, height = stack.width_um, stack.height_um
    match stack.phy_edge:
        case Edge.WEST:
            return box(0.0, (height - along) / 2, away, (height + along) / 2)
        case Edge.EAST:
            return box(width - away, (height - along) / 2, width, (height + along) / 2)
        case Edge.SOUTH:
            return box((width - along) / 2, 0.0, (width + along) / 2, away)
        case _:
            return box((width - along) / 2, height - away, (width + along) / 2, height)
