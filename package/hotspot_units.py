"""The blocks that a package's layers become in HotSpot's floorplans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shapely import Polygon

from floorplan.formats.rectangles import Rectangle
from floorplan.formats.text import some, unique_names
from package.foreign import renamed
from package.pieces import FlatLayer, power_shares, solid
from techlib import Material

__all__ = ["PlacedUnit", "is_detailed", "is_own", "place_units"]

_DEAD = "_"  # HotSpot's prefix for dead space


@dataclass(frozen=True)
class PlacedUnit:
    """A line of a floorplan, and the column of the trace that belongs to it."""

    name: str
    corners: Rectangle
    material: Material
    heats: str
    share: float  # of the heat key's power


def place_units(
    flat: Sequence[FlatLayer], extent: Polygon, notes: list[str]
) -> tuple[tuple[PlacedUnit, ...], ...]:
    """Return the blocks of each layer; they tile it, and names of heated ones occur once."""
    shares = power_shares(flat)
    total = {layer.name: _heated_areas(layer) for layer in flat}
    hot = [
        (layer, piece, corners)
        for layer in flat
        for piece in layer.pieces
        if piece.heats
        for corners in piece.rectangles_um
    ]
    keys = [piece.heats for _, piece, _ in hot]
    legal = unique_names(keys, illegal=r"\s", prefix="b", start=r"[^_#-]")
    numbered, split = _numbered([legal[key] for key in keys])
    if split:
        notes.append(
            "blocks of several rectangles or layers are written in parts, NAME.1, NAME.2 ..., "
            f"which share the power by volume: {some(split)}"
        )
    if changed := renamed(legal):
        notes.append(f"other names of blocks: {some(changed)}")
    found: dict[str, list[PlacedUnit]] = {layer.name: [] for layer in flat}
    for (layer, piece, corners), name in zip(hot, numbered, strict=True):
        part = _area(corners) / total[layer.name][piece.heats]
        share = shares[layer.name, piece.heats] * part
        found[layer.name].append(PlacedUnit(name, corners, piece.material, piece.heats, share))
    for layer in flat:
        cold = [
            (piece.material, corners)
            for piece in layer.pieces
            if not piece.heats
            for corners in piece.rectangles_um
        ]
        cold += [(layer.background, corners) for corners in layer.rest(extent)]
        found[layer.name] += [
            PlacedUnit(f"{_DEAD}{number}", corners, material, "", 0.0)
            for number, (material, corners) in enumerate(cold, start=1)
        ]
    return tuple(tuple(found[layer.name]) for layer in flat)


def _heated_areas(layer: FlatLayer) -> dict[str, float]:
    areas: dict[str, float] = {}
    for piece in layer.pieces:
        if piece.heats:
            area = sum(_area(corners) for corners in piece.rectangles_um)
            areas[piece.heats] = areas.get(piece.heats, 0.0) + area
    return areas


def _area(corners: Rectangle) -> float:
    return (corners[2] - corners[0]) * (corners[3] - corners[1])


def _numbered(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give names that occur several times a number; return the new names, and those."""
    times = Counter(names)
    several = [name for name in times if times[name] > 1]
    used = set(names)
    count: dict[str, int] = {}
    found = []
    for name in names:
        if times[name] == 1:
            found.append(name)
            continue
        number = count.get(name, 0) + 1
        while f"{name}.{number}" in used:
            number += 1
        count[name] = number
        found.append(f"{name}.{number}")
    return found, several


def is_own(layer: FlatLayer, unit: PlacedUnit) -> bool:
    """Return whether a block is of another material than its layer."""
    return solid(unit.material) != solid(layer.background)


def is_detailed(flat: Sequence[FlatLayer], units: Sequence[Sequence[PlacedUnit]]) -> bool:
    """Return whether any block is of another material than its layer."""
    return any(
        is_own(layer, unit) for layer, entries in zip(flat, units, strict=True) for unit in entries
    )
