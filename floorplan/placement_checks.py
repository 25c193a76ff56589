"""Checks of what stands on the interposer: reticle, gaps, edge, area, grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Polygon

from floorplan.block_checks import off_grid_um
from floorplan.floorplan import Floorplan
from floorplan.violation import Violation

__all__ = ["placement_violations"]

_ROUND_OFF_UM = 1e-6  # of coordinates as floats


def placement_violations(floorplan: Floorplan) -> Iterator[Violation]:
    """Yield what is wrong with the placement of dies and stacks."""
    items = [
        *((die.name, die.placed_outline) for die in floorplan.dies),
        *((stack.name, stack.placed_outline) for stack in floorplan.stacks),
    ]
    yield from _reticle(floorplan)
    yield from _interposer_area(floorplan)
    for name, outline in items:
        yield from _edge(floorplan, name, outline)
        yield from _grid(floorplan, name, outline)
    for first, second in itertools.combinations(items, 2):
        yield from _gap(floorplan, first, second)


def _reticle(floorplan: Floorplan) -> Iterator[Violation]:
    """Hold each die against the field; a die may be exposed turned by 90 degrees."""
    technology = floorplan.technology
    field = sorted((technology.reticle_width_um, technology.reticle_height_um))
    for die in floorplan.dies:
        sides = sorted((die.width_um, die.height_um))
        excess, side, limit = max((a - b, a, b) for a, b in zip(sides, field, strict=True))
        if excess > _ROUND_OFF_UM:
            center = die.placed_outline.centroid
            yield Violation(
                "reticle",
                (die.name,),
                center.x,
                center.y,
                side,
                limit,
                "um",
                f"{die.name}: a side of {side:g} um is {excess:g} um longer than the reticle field "
                f"of {technology.reticle_width_um:g} x {technology.reticle_height_um:g} um allows; "
                "make the die smaller or split it",
            )


def _interposer_area(floorplan: Floorplan) -> Iterator[Violation]:
    area_mm2 = floorplan.outline.area / 1e6
    limit_mm2 = floorplan.technology.maximum_area_um2 / 1e6
    if area_mm2 > limit_mm2 * (1.0 + 1e-12):
        yield Violation(
            "interposer-area",
            ("interposer",),
            floorplan.width_um / 2,
            floorplan.height_um / 2,
            area_mm2,
            limit_mm2,
            "mm^2",
            f"interposer: {area_mm2:.6g} mm^2 is more than the {limit_mm2:.6g} mm^2 of "
            f"{floorplan.technology.name}; take smaller gaps, fewer stacks or another technology",
        )


def _edge(floorplan: Floorplan, name: str, outline: Polygon) -> Iterator[Violation]:
    limit = floorplan.technology.minimum_edge_um
    x0, y0, x1, y1 = outline.bounds
    margins = {
        "west": x0,
        "south": y0,
        "east": floorplan.width_um - x1,
        "north": floorplan.height_um - y1,
    }
    side, margin = min(margins.items(), key=lambda item: item[1])
    if margin < limit - _ROUND_OFF_UM:
        found = (
            f"reaches {-margin:.6g} um beyond the {side} side of the interposer"
            if margin < 0.0
            else f"stands {margin:.6g} um from the {side} side of the interposer"
        )
        yield Violation(
            "interposer-edge",
            (name,),
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            margin,
            limit,
            "um",
            f"{name}: {found}, which asks for {limit:g} um; move it or enlarge the interposer",
        )


def _grid(floorplan: Floorplan, name: str, outline: Polygon) -> Iterator[Violation]:
    bounds = np.array(outline.bounds)
    distance = float(off_grid_um(bounds, floorplan.grid_um).max())
    if distance > 0.0:
        yield Violation(
            "grid",
            (name,),
            float(bounds[0]),
            float(bounds[1]),
            distance,
            0.0,
            "um",
            f"{name}: its corners lie {distance * 1e3:.4g} nm off the "
            f"{floorplan.grid_um * 1e3:g} nm grid; snap its position and size",
        )


def _gap(
    floorplan: Floorplan, first: tuple[str, Polygon], second: tuple[str, Polygon]
) -> Iterator[Violation]:
    limit = floorplan.technology.minimum_die_gap_um
    gap = float(shapely.distance(first[1], second[1]))
    if gap >= limit - _ROUND_OFF_UM:
        return
    common = shapely.intersection(first[1], second[1])
    if common.area > 0.0:
        found = f"overlap by {common.area:.6g} um^2"
        place = common.centroid
    else:
        found = f"are {gap:.6g} um apart"
        place = shapely.shortest_line(first[1], second[1]).centroid
    names = tuple(sorted((first[0], second[0])))
    yield Violation(
        "die-gap",
        names,
        round(place.x, 6),
        round(place.y, 6),
        gap,
        limit,
        "um",
        f"{names[0]} and {names[1]} {found}; the smallest gap is {limit:g} um; move them apart",
    )
