"""Floorplans of HotSpot and 3D-ICE (``.flp``) as sketches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import shapely

from floorplan.formats.hotspot_floorplan import read_floorplan as read_hotspot
from floorplan.formats.ice_floorplan import Element
from floorplan.formats.ice_floorplan import read_floorplan as read_ice
from floorplan.formats.text import read_text, some
from floorplan.imports.sketch import Sketch, SketchBlock, die_around
from techlib import Faults

__all__ = ["read_flp"]

_DEAD = "_"  # HotSpot's prefix for dead space


def read_flp(path: Path, die: str) -> Sketch:
    """Read a floorplan of either tool; 3D-ICE's has semicolons.

    Raises
    ------
    InputError
        Every fault of the file.
    """
    text = read_text(path, "a floorplan of HotSpot or 3D-ICE")
    return _ice(path, die) if ";" in text else _hotspot(path, die)


def _hotspot(path: Path, die: str) -> Sketch:
    faults = Faults()
    units = read_hotspot(path, faults)
    faults.raise_if_any()
    blocks = [SketchBlock(u.name, shapely.box(*u.rectangle_um), u.where) for u in units]
    live = [block for block in blocks if not block.name.startswith(_DEAD)]
    dead = len(blocks) - len(live)
    if not live:
        faults.add(str(path), "has dead space alone", "blocks whose names begin without '_'")
        faults.raise_if_any()
    notes = [f"{dead} blocks are dead space, which HotSpot marks by '_'"] if dead else []
    around = die_around(die, blocks)  # dead space belongs to the die
    kept = tuple(block for block in around.blocks if not block.name.startswith(_DEAD))
    return Sketch(str(path), (replace(around, blocks=kept),), notes=tuple(notes))


def _ice(path: Path, die: str) -> Sketch:
    faults = Faults()
    elements = read_ice(path, faults)
    faults.raise_if_any()
    blocks = [block for element in elements for block in _parts(element)]
    power_w = {e.name: e.powers_w[0] for e in elements if e.powers_w}
    notes = []
    split = [e.name for e in elements if len(shapely.get_parts(e.outline)) > 1]
    if split:
        notes.append(f"areas apart from one another become NAME.1, NAME.2 ...: {some(split)}")
        power_w = {k: v for k, v in power_w.items() if k not in split} | _shared(elements)
    if any(len(element.powers_w) > 1 for element in elements):
        notes.append("of several power values the first counts")
    return Sketch(str(path), (die_around(die, blocks),), power_w=power_w, notes=tuple(notes))


def _parts(element: Element) -> Iterator[SketchBlock]:
    parts = shapely.get_parts(element.outline)
    for number, part in enumerate(parts, 1):
        name = element.name if len(parts) == 1 else f"{element.name}.{number}"
        yield SketchBlock(name, part, element.where)


def _shared(elements: tuple[Element, ...]) -> dict[str, float]:
    """Share the power of an element over its parts, by area."""
    shared = {}
    for element in elements:
        parts = shapely.get_parts(element.outline)
        if len(parts) > 1 and element.powers_w:
            for number, part in enumerate(parts, 1):
                share = part.area / element.outline.area
                shared[f"{element.name}.{number}"] = element.powers_w[0] * share
    return shared
