"""Whether the dies and stacks of a floorplan can be packed at all."""

from __future__ import annotations

import itertools
from collections import Counter

import shapely
from shapely import Polygon

from floorplan import Die, Floorplan
from package.layers import GRID_UM
from techlib import Faults

__all__ = ["check_placement"]


def check_placement(floorplan: Floorplan, faults: Faults) -> None:
    """Note bodies off the interposer or on one another, blocks off their die, and double keys.

    The finer rules (spacing, reticle, facing PHYs) are those of the floorplan's own check.
    """
    placed = [(die.name, die.placed_outline) for die in floorplan.dies]
    placed += [(stack.name, stack.placed_outline) for stack in floorplan.stacks]
    for name, outline in placed:
        for edge, beyond_um in _beyond(outline, floorplan).items():
            if beyond_um > GRID_UM:
                faults.add(
                    f"{floorplan.name}: {name}",
                    f"reaches {beyond_um:g} um beyond the {edge} edge of the interposer",
                    f"inside {floorplan.width_um:g} x {floorplan.height_um:g} um",
                    f"move {name!r}, or widen the interposer",
                )
    for (one, first), (other, second) in itertools.combinations(placed, 2):
        area_um2 = first.intersection(second).area
        if area_um2 > GRID_UM * first.length:
            what = f"overlaps {other!r} on {area_um2 * 1e-6:.3g} mm2"
            faults.add(f"{floorplan.name}: {one}", what, "no overlap", "move one of the two")
    for die in floorplan.dies:
        _check_blocks(die, floorplan.name, faults)
    for key, times in Counter(floorplan.heat_keys).items():
        if times > 1:
            what = f"{times} blocks or stacks have this name"
            faults.add(f"{floorplan.name}: {key}", what, "one", "rename all but one")


def _check_blocks(die: Die, where: str, faults: Faults) -> None:
    """Note blocks that reach beyond their die by more than the grid along their edge."""
    placed = list(die.placed_blocks())
    outlines = [outline for _, _, outline in placed]
    beyond_um2 = shapely.area(shapely.difference(outlines, die.placed_outline))
    allowed_um2 = GRID_UM * shapely.length(outlines)
    for (key, _, _), area_um2, limit_um2 in zip(placed, beyond_um2, allowed_um2, strict=True):
        if area_um2 > limit_um2:
            what = f"{area_um2 * 1e-6:.3g} mm2 lie outside the die"
            faults.add(f"{where}: {key}", what, "inside its die", "move or shrink the block")


def _beyond(outline: Polygon, floorplan: Floorplan) -> dict[str, float]:
    """How far an outline reaches over each edge of the interposer [um]."""
    x0, y0, x1, y1 = outline.bounds
    return {
        "west": -x0,
        "south": -y0,
        "east": x1 - floorplan.width_um,
        "north": y1 - floorplan.height_um,
    }
