"""Macros: blocks of equal shape and kind, dies and stacks, as LEF defines them once each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely import Polygon

from floorplan.block import Block
from floorplan.cell_shapes import cell_name
from floorplan.die import Die
from floorplan.formats.nanometres import Box, box_nm, nm, pieces_nm
from floorplan.formats.pins import Pin, block_pins, signal_pins
from floorplan.layout import Layout
from floorplan.stack import HbmStack
from techlib import Faults

__all__ = ["Macro", "MacroSet", "macros_of"]


@dataclass(frozen=True)
class Macro:
    """A cell that DEF places.

    Parameters
    ----------
    name : str
        Of the LEF macro.
    cell : str
        Name of the GDS cell; macros that differ in their pins only have one.
    kind : str
        Kind of the block; ``"die"`` or ``"hbm_stack"``.
    width_nm, height_nm : int
        Of its bounding box.
    pieces_nm : tuple
        Rectangles of the outline where it is not its bounding box.
    points_nm : tuple
        Corners of the outline where it is not rectilinear.
    pins : tuple of Pin
        Terminals of a die, a stack or an interface.
    """

    name: str
    cell: str
    kind: str
    width_nm: int
    height_nm: int
    pieces_nm: tuple[Box, ...] = ()
    points_nm: tuple[tuple[int, int], ...] = ()
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True)
class MacroSet:
    """All macros of a layout by name, and the macro of each thing that is placed."""

    macros: Mapping[str, Macro]
    of_block: Mapping[tuple[str, str], str]  #: by die and block name
    of_body: Mapping[str, str]  #: by name of die or stack


def macros_of(layout: Layout) -> MacroSet:
    """Return the macros of a layout; blocks that differ in name and place only share one.

    Dies, stacks and interfaces have their signal bumps as pins.

    Raises
    ------
    InputError
        Every block whose outline is slanted and has a hole, which LEF cannot hold.
    """
    plan = layout.floorplan
    collection = _Collection(nm(layout.grid_um))
    faults = Faults()
    of_block, of_body = {}, {}
    for die in plan.dies:
        pins = tuple(pin for field in layout.fields_of(die.name) for pin in signal_pins(field))
        for block in die.blocks:
            own = [pin for pin in pins if pin.block == block.name]
            of_block[die.name, block.name] = collection.block(die, block, own, faults)
        size = (nm(die.width_um), nm(die.height_um))
        name = f"{cell_name(die.name)}_DIE"
        of_body[die.name] = collection.add(name, "die", *size, pins=pins)
    for stack in plan.stacks:
        of_body[stack.name] = collection.stack(stack, layout)
    faults.raise_if_any()
    return MacroSet(collection.macros, of_block, of_body)


class _Collection:
    """Macros while they are found, by name and by what they hold."""

    def __init__(self, grid_nm: int) -> None:
        self.grid_nm = grid_nm
        self.macros: dict[str, Macro] = {}
        self._names: dict[object, str] = {}

    def block(self, die: Die, block: Block, pins: Sequence[Pin], faults: Faults) -> str:
        x0, y0, x1, y1 = block.outline.bounds
        size = (nm(x1) - nm(x0), nm(y1) - nm(y0))
        pieces = pieces_nm(block.outline, x0, y0)
        points: tuple[tuple[int, int], ...] = ()
        if pieces is None:
            if block.outline.interiors:
                what, cure = "is slanted and has a hole", "cut it in two"
                faults.add(f"{die.name}/{block.name}", what, "one closed outline in LEF", cure)
            points = _points(block.outline, x0, y0)
            pieces = ()
        elif len(pieces) == 1:
            pieces = ()
        stem = f"{block.kind.upper()}_{size[0]}x{size[1]}"
        shape = points or pieces
        if shape:
            stem += "_" + hashlib.sha256(repr(shape).encode()).hexdigest()[:6]
        stem = stem if block.enabled else f"SPARE_{stem}"
        own = block_pins(pins, box_nm(block.outline.bounds), self.grid_nm)
        return self.add(stem, str(block.kind), *size, pieces, points, own)

    def stack(self, stack: HbmStack, layout: Layout) -> str:
        """Return the macro of a stack; stacks that differ in place and name only share one."""
        pins = tuple(pin for field in layout.fields_of(stack.name) for pin in signal_pins(field))
        name = f"HBM_STACK_{cell_name(stack.generation.name)}_{stack.phy_edge.upper()}"
        return self.add(name, "hbm_stack", nm(stack.width_um), nm(stack.height_um), pins=pins)

    def add(
        self,
        stem: str,
        kind: str,
        width_nm: int,
        height_nm: int,
        pieces: tuple[Box, ...] = (),
        points: tuple[tuple[int, int], ...] = (),
        pins: tuple[Pin, ...] = (),
    ) -> str:
        """Return the name of the macro with this content; a stem that is taken gets a number."""
        content = (stem, kind, width_nm, height_nm, pieces, points, pins)
        if content not in self._names:
            name, number = stem, 1
            while name in self.macros:
                number += 1
                name = f"{stem}_{number}"
            self._names[content] = name
            self.macros[name] = Macro(name, *content)
        return self._names[content]


def _points(outline: Polygon, x_um: float, y_um: float) -> tuple[tuple[int, int], ...]:
    corners = shapely.normalize(outline).exterior.coords[:-1]
    return tuple((nm(x) - nm(x_um), nm(y) - nm(y_um)) for x, y in corners)
