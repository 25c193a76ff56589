"""Macros: blocks of equal shape and kind, dies and stacks, as LEF defines them once each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely import Polygon

from floorplan.block import Block
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.formats.nanometres import Box, nm, pieces_nm
from floorplan.stack import HbmStack
from techlib import Faults

__all__ = ["Macro", "MacroSet", "macros_of"]


@dataclass(frozen=True)
class Macro:
    """A cell that DEF places.

    Parameters
    ----------
    name : str
        Of the LEF macro; also of the GDS cell.
    kind : str
        Kind of the block; ``"die"`` or ``"hbm_stack"``.
    width_nm, height_nm : int
        Of its bounding box.
    pieces_nm : tuple
        Rectangles of the outline where it is not its bounding box.
    points_nm : tuple
        Corners of the outline where it is not rectilinear.
    """

    name: str
    kind: str
    width_nm: int
    height_nm: int
    pieces_nm: tuple[Box, ...] = ()
    points_nm: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class MacroSet:
    """All macros of a floorplan by name, and the macro of each thing that is placed."""

    macros: Mapping[str, Macro]
    of_block: Mapping[tuple[str, str], str]  #: by die and block name
    of_body: Mapping[str, str]  #: by name of die or stack


def macros_of(plan: Floorplan) -> MacroSet:
    """Return the macros of a floorplan; blocks that differ in name and place only share one.

    Raises
    ------
    InputError
        Every block whose outline is slanted and has a hole, which LEF cannot hold.
    """
    collection = _Collection()
    faults = Faults()
    of_block, of_body = {}, {}
    for die in plan.dies:
        for block in die.blocks:
            of_block[die.name, block.name] = collection.block(die, block, faults)
        size = (nm(die.width_um), nm(die.height_um))
        of_body[die.name] = collection.add(f"{cell_name(die.name)}_DIE", "die", *size)
    for stack in plan.stacks:
        of_body[stack.name] = collection.stack(stack)
    faults.raise_if_any()
    return MacroSet(collection.macros, of_block, of_body)


def cell_name(name: str) -> str:
    """Return a name in the letters that GDSII allows."""
    return re.sub(r"[^A-Z0-9_$]", "_", name.upper())


class _Collection:
    """Macros while they are found, by name and by what they hold."""

    def __init__(self) -> None:
        self.macros: dict[str, Macro] = {}
        self._names: dict[object, str] = {}

    def block(self, die: Die, block: Block, faults: Faults) -> str:
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
        return self.add(
            stem if block.enabled else f"SPARE_{stem}", str(block.kind), *size, pieces, points
        )

    def stack(self, stack: HbmStack) -> str:
        stem = f"HBM_STACK_{cell_name(stack.generation.name)}_{stack.phy_edge.upper()}"
        return self.add(stem, "hbm_stack", nm(stack.width_um), nm(stack.height_um))

    def add(
        self,
        stem: str,
        kind: str,
        width_nm: int,
        height_nm: int,
        pieces: tuple[Box, ...] = (),
        points: tuple[tuple[int, int], ...] = (),
    ) -> str:
        """Return the name of the macro with this content; a stem that is taken gets a number."""
        content = (stem, kind, width_nm, height_nm, pieces, points)
        if content not in self._names:
            name, number = stem, 1
            while name in self.macros:
                number += 1
                name = f"{stem}_{number}"
            self._names[content] = name
            self.macros[name] = Macro(name, kind, width_nm, height_nm, pieces, points)
        return self._names[content]


def _points(outline: Polygon, x_um: float, y_um: float) -> tuple[tuple[int, int], ...]:
    corners = shapely.normalize(outline).exterior.coords[:-1]
    return tuple((nm(x) - nm(x_um), nm(y) - nm(y_um)) for x, y in corners)
