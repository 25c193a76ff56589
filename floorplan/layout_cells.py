"""The cells of a layout: package, substrate, interposer, dies and stacks, blocks, bumps."""

from __future__ import annotations

import hashlib
import itertools

import gdstk
import shapely
from shapely import Polygon, affinity, box

from floorplan.block import Block
from floorplan.bump_cells import content_of, place_bumps
from floorplan.cell_shapes import CellBook, cell_name, points_nm, snap, to_nm
from floorplan.die import Die
from floorplan.feature import Feature
from floorplan.hbm_fields import INTERFACE_TURN
from floorplan.hierarchy import Group, groups_of
from floorplan.layer_map import layer_map
from floorplan.layout import Layout
from floorplan.route import RouteBundle
from floorplan.stack import HbmStack

__all__ = ["layout_cells"]

_LABELLED = ("die.mark", "die.power_grid", "die.clock_spine", "die.bump_area")


def layout_cells(layout: Layout) -> dict[str, gdstk.Cell]:
    """Draw a layout and return all its cells by name; ``PKG`` is the top.

    ::

        PKG > SUBSTRATE > INTERPOSER > COMPUTE_DIE, IO_DIE, HBM_STACK_..., LINK_... > blocks, bumps
    """
    return _Drawing(layout).cells()


class _Drawing:
    """One layout while it is drawn."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._plan = layout.floorplan
        self._book = CellBook(layer_map())

    def cells(self) -> dict[str, gdstk.Cell]:
        book, substrate = self._book, self._layout.substrate
        top, carrier = book.new("PKG"), book.new("SUBSTRATE")
        middle = (substrate.outline.centroid.x, substrate.outline.centroid.y)
        book.label(top, self._plan.name, middle, "package.substrate")
        top.add(gdstk.Reference(carrier, (snap(-substrate.x_um), snap(-substrate.y_um))))
        outline = box(0.0, 0.0, substrate.width_um, substrate.height_um)
        book.draw(carrier, outline, "package.substrate")
        book.label(carrier, "substrate", (0.0, 0.0), "package.substrate")
        self._bumps(carrier, "substrate")
        where = (snap(substrate.x_um), snap(substrate.y_um))
        carrier.add(gdstk.Reference(self._interposer(), where))
        return book.cells

    def _interposer(self) -> gdstk.Cell:
        book, plan = self._book, self._plan
        cell = book.new("INTERPOSER")
        book.draw(cell, plan.outline, "package.interposer")
        book.label(cell, "interposer", (0.0, 0.0), "package.interposer")
        for die in plan.dies:
            cell.add(gdstk.Reference(self._die(die), (snap(die.x_um), snap(die.y_um))))
            center = die.placed_outline.centroid
            book.label(cell, die.name, (center.x, center.y), "die.outline")
        for stack in plan.stacks:
            cell.add(gdstk.Reference(self._stack(stack), (snap(stack.x_um), snap(stack.y_um))))
            center = stack.placed_outline.centroid
            book.label(cell, stack.name, (center.x, center.y), "package.stack")
        for name, bundles in itertools.groupby(self._layout.bundles, key=lambda one: one.link):
            self._link(cell, name, tuple(bundles))
        self._bumps(cell, "interposer")
        return cell

    def _link(self, parent: gdstk.Cell, name: str, bundles: tuple[RouteBundle, ...]) -> None:
        """Place the bundles of a link; links that differ in place and name only share a cell."""
        book = self._book
        x0, y0, x1, y1 = shapely.total_bounds([bundle.outline for bundle in bundles]).tolist()
        own = [bundle.name.removeprefix(f"{name}/") for bundle in bundles]
        content = tuple(
            (local, bundle.layer, points_nm(bundle.outline, x0, y0))
            for local, bundle in zip(own, bundles, strict=True)
        )
        if content not in book.by_content:
            cell = book.new(f"LINK_{len(bundles)}")
            for local, bundle in zip(own, bundles, strict=True):
                outline = affinity.translate(bundle.outline, -x0, -y0)
                book.draw(cell, outline, bundle.layer)
                center = outline.centroid
                book.label(cell, local, (center.x, center.y), bundle.layer)
            book.by_content[content] = cell
        parent.add(gdstk.Reference(book.by_content[content], (snap(x0), snap(y0))))
        book.label(parent, name, ((x0 + x1) / 2, (y0 + y1) / 2), bundles[0].layer)

    def _bumps(self, cell: gdstk.Cell, owner: str) -> None:
        for field in self._layout.fields_of(owner):
            place_bumps(self._book, cell, field, self._layout.grid_um)

    def _die(self, die: Die) -> gdstk.Cell:
        book = self._book
        cell = book.new(f"{cell_name(die.name)}_DIE")
        book.draw(cell, die.outline, "die.outline")
        for feature in self._layout.features.get(die.name, ()):
            self._feature(cell, feature)
        groups, singles = groups_of(die)
        for group in groups:
            x0, y0, x1, y1 = group.bounds
            cell.add(gdstk.Reference(self._group(group), (snap(x0), snap(y0))))
            book.label(cell, group.name, ((x0 + x1) / 2, (y0 + y1) / 2), "die.outline")
        for block in singles:
            self._place(cell, block, block.name, 0.0, 0.0)
        self._bumps(cell, die.name)
        return cell

    def _feature(self, cell: gdstk.Cell, feature: Feature) -> None:
        if feature.columns * feature.rows == 1:
            self._book.draw(cell, feature.outline, feature.layer)
        else:  # an array of a polygon is written out in full; one of a cell is not
            x0, y0, _, _ = feature.outline.bounds
            content = ("feature", feature.layer, points_nm(feature.outline, x0, y0))
            if content not in self._book.by_content:
                one = self._book.new(cell_name(feature.layer.rpartition(".")[2]))
                self._book.draw(one, affinity.translate(feature.outline, -x0, -y0), feature.layer)
                self._book.by_content[content] = one
            cell.add(
                gdstk.Reference(
                    self._book.by_content[content],
                    (snap(x0), snap(y0)),
                    columns=feature.columns,
                    rows=feature.rows,
                    spacing=(feature.pitch_x_um, feature.pitch_y_um),
                )
            )
        if feature.name and feature.layer in _LABELLED:
            center = feature.outline.centroid
            self._book.label(cell, feature.name, (center.x, center.y), feature.layer)

    def _group(self, group: Group) -> gdstk.Cell:
        """Return the cell of a group; groups that differ in place and name only share it."""
        x0, y0, _, _ = group.bounds
        inside = len(group.name) + 1
        content = tuple(
            (block.name[inside:], block.kind, block.enabled, points_nm(block.outline, x0, y0))
            for block in group.blocks
        )
        if content not in self._book.by_content:
            stem = cell_name(group.name.rstrip("0123456789")) or "GROUP"
            cell = self._book.new(stem)
            for block in group.blocks:
                self._place(cell, block, block.name[inside:], x0, y0)
            self._book.by_content[content] = cell
        return self._book.by_content[content]

    def _place(self, parent: gdstk.Cell, block: Block, name: str, x_um: float, y_um: float) -> None:
        """Place a block's cell and its label in a cell whose origin is at (x_um, y_um)."""
        x0, y0, x1, y1 = block.outline.bounds
        where = (snap(x0 - x_um), snap(y0 - y_um))
        parent.add(gdstk.Reference(self._unit(block), where))
        center = ((x0 + x1) / 2 - x_um, (y0 + y1) / 2 - y_um)
        self._book.label(parent, name, center, f"block.{block.kind}")

    def _unit(self, block: Block) -> gdstk.Cell:
        """Return the cell of a block; blocks of equal kind and shape share it."""
        x0, y0, x1, y1 = block.outline.bounds
        points = points_nm(block.outline, x0, y0)
        content = (block.kind, block.enabled, points)
        if content not in self._book.by_content:
            width, height = (to_nm(length) for length in (x1 - x0, y1 - y0))
            name = f"{block.kind.upper()}_{width}x{height}"
            if not block.outline.equals(block.outline.envelope):
                name += "_" + hashlib.sha256(repr(points).encode()).hexdigest()[:6]
            cell = self._book.new(name if block.enabled else f"SPARE_{name}")
            outline = affinity.translate(block.outline, -x0, -y0)
            self._book.draw(cell, outline, f"block.{block.kind}")
            if not block.enabled:
                self._book.draw(cell, outline, "die.spare")
            self._book.by_content[content] = cell
        return self._book.by_content[content]

    def _stack(self, stack: HbmStack) -> gdstk.Cell:
        """Return the cell of a stack; stacks that differ in place and name only share it."""
        bumps = self._layout.fields_of(stack.name)
        size = (to_nm(stack.width_um), to_nm(stack.height_um))
        alike = ("stack", stack.generation.name, stack.phy_edge, size)
        content = (*alike, *map(content_of, bumps))
        if content not in self._book.by_content:
            name = f"HBM_STACK_{cell_name(stack.generation.name)}_{stack.phy_edge.upper()}"
            cell = self._book.new(name)
            outline = box(0.0, 0.0, stack.width_um, stack.height_um)
            self._book.draw(cell, outline, "package.stack")
            self._book.draw(cell, _interface(stack), "package.stack_face")
            for field in bumps:
                place_bumps(self._book, cell, field, self._layout.grid_um)
            self._book.by_content[content] = cell
        return self._book.by_content[content]


def _interface(stack: HbmStack) -> Polygon:
    """Return where the interface is on a stack, its lower left corner at the origin."""
    width, depth = stack.generation.width_um, stack.generation.depth_um
    low = (width - stack.generation.phy_width_um) / 2.0
    corners = [[-depth / 2.0, low - width / 2.0]]
    corners += [[stack.generation.phy_depth_um - depth / 2.0, width / 2.0 - low]]
    center = (stack.width_um / 2.0, stack.height_um / 2.0)
    (x0, y0), (x1, y1) = INTERFACE_TURN[stack.phy_edge].apply(corners, center)
    face: Polygon = box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return face
