"""Rules of single shapes: valid outlines, grid, angle and width."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from floorplan.artwork import Shapes
from floorplan.checks.edges import ROUND_OFF_UM, edges_of, facing_edges
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken

__all__ = ["ROUND_OFF_UM2", "off_grid_um", "shape_violations", "sound"]

ROUND_OFF_UM2 = 1e-6  #: areas below this come from coordinates as floats


def sound(shapes: Shapes) -> Shapes:
    """Return the shapes that have a valid outline with an area; only these can be compared."""
    return shapes.subset(_is_sound(shapes.outlines))


def shape_violations(
    shapes: Shapes,
    deck: RuleDeck,
    rules: Collection[str] = ("polygon", "grid", "angle", "block-width"),
) -> Iterator[Violation]:
    """Yield what is wrong with each shape by itself."""
    fine = _is_sound(shapes.outlines)
    for index in np.flatnonzero(~fine).tolist() if "polygon" in rules else ():
        outline = shapes.outlines[index]
        yield broken(
            deck["polygon"],
            shapes.names[index],
            shapes.placed(index, outline.bounds),
            f"outline {_fault(outline)}; redraw it",
            count=shapes.count(index),
        )
    rest = shapes.subset(fine)
    each = {"grid": _off_grid, "angle": _off_angle, "block-width": _narrow}
    for name, look in each.items() if len(rest) else ():
        if name in rules and deck.on(name):
            yield from look(rest, deck[name])


def _is_sound(outlines: NDArray[np.object_]) -> NDArray[np.bool_]:
    fine = np.asarray(np.isfinite(shapely.bounds(outlines)).all(axis=-1), dtype=bool)
    fine[fine] = shapely.is_valid(outlines[fine])
    fine[fine] = shapely.area(outlines[fine]) > ROUND_OFF_UM2
    return fine


def _fault(outline: BaseGeometry) -> str:
    """Return what makes an outline unusable."""
    if outline.is_empty:
        return "is empty"
    if not np.isfinite(outline.bounds).all():
        return "has coordinates that are not finite"
    if outline.convex_hull.area <= ROUND_OFF_UM2:
        return "has no area"
    if not outline.is_valid:
        return f"is not valid ({shapely.is_valid_reason(outline)})"
    return "has no area"


def off_grid_um(coordinates: NDArray[np.float64], grid_um: float) -> NDArray[np.float64]:
    """Return the distance of coordinates from the nearest grid line [um]."""
    distance = np.abs(coordinates - np.round(coordinates / grid_um) * grid_um)
    return np.where(distance > ROUND_OFF_UM, distance, 0.0)


def _off_grid(shapes: Shapes, rule: Rule) -> Iterator[Violation]:
    vertices, owners = shapely.get_coordinates(shapes.outlines, return_index=True)
    distance = off_grid_um(vertices, rule.limit).max(axis=1, initial=0.0)
    for owner, worst in _worst_of_each(owners, distance):
        x, y = vertices[worst]
        yield broken(
            rule,
            shapes.names[owner],
            shapes.placed(owner, np.array([x, y, x, y])),
            f"vertex ({x:.6f}, {y:.6f}) um lies {distance[worst] * 1e3:.4g} nm off the "
            f"{rule.limit * 1e3:g} nm grid; snap it",
            amount=distance[worst],
            limit=0.0,
            count=shapes.count(owner),
        )


def _off_angle(shapes: Shapes, rule: Rule) -> Iterator[Violation]:
    """Hold edges against the angle; what matters is how far their end is off, not the angle."""
    edges, owners = edges_of(shapes.outlines)
    step = edges[:, 2:] - edges[:, :2]
    length = np.hypot(step[:, 0], step[:, 1])
    angle = np.degrees(np.arctan2(step[:, 1], step[:, 0]))
    off = angle - np.round(angle / rule.limit) * rule.limit
    aside = length * np.abs(np.sin(np.radians(off)))
    aside[aside <= ROUND_OFF_UM] = 0.0
    for owner, worst in _worst_of_each(owners, aside):
        x0, y0, x1, y1 = edges[worst]
        yield broken(
            rule,
            shapes.names[owner],
            shapes.placed(owner, np.array([min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)])),
            f"the edge from ({x0:.6f}, {y0:.6f}) to ({x1:.6f}, {y1:.6f}) um runs at "
            f"{angle[worst] % 180.0:.6g} degrees; allowed are multiples of {rule.limit:g}",
            amount=angle[worst] % 180.0,
            count=shapes.count(owner),
        )


def _narrow(shapes: Shapes, rule: Rule) -> Iterator[Violation]:
    """Hold widths against the limit; rectangles by their sides, others edge by edge."""
    if not rule.limit > 0.0:
        return
    bounds = shapely.bounds(shapes.outlines)
    sides = bounds[:, 2:] - bounds[:, :2]
    area = sides[:, 0] * sides[:, 1]
    rectangle = np.abs(shapely.area(shapes.outlines) - area) <= ROUND_OFF_UM2
    thin = rectangle & (sides.min(axis=1) < rule.limit - ROUND_OFF_UM)
    for index in np.flatnonzero(thin):
        yield _too_narrow(shapes, rule, int(index), float(sides[index].min()), bounds[index])
    others = np.flatnonzero(~rectangle)
    if len(others):
        pairs = facing_edges(shapes.outlines[others], rule.limit)
        for owner, worst in _worst_of_each(pairs.owners[:, 0], rule.limit - pairs.distance_um):
            place = pairs.bounds_um[worst]
            yield _too_narrow(
                shapes, rule, int(others[owner]), float(pairs.distance_um[worst]), place
            )


def _too_narrow(
    shapes: Shapes, rule: Rule, index: int, width_um: float, bounds: NDArray[np.float64]
) -> Violation:
    found = f"is {width_um:.6g} um wide" if width_um > ROUND_OFF_UM else "comes to a sharp corner"
    what = f"{found}; the least width is {rule.limit:g} um; widen it or take it out"
    place = shapes.placed(index, bounds)
    name, count = shapes.names[index], shapes.count(index)
    return broken(rule, name, place, what, amount=width_um, count=count)


def _worst_of_each(
    owners: NDArray[np.int64], amount: NDArray[np.float64]
) -> Iterator[tuple[int, int]]:
    """Yield each owner that has an amount above zero, and where its largest one is."""
    found = np.flatnonzero(amount > 0.0)
    order = found[np.lexsort((found, -amount[found], owners[found]))]
    first = np.unique(owners[order], return_index=True)[1]
    for position in order[first]:
        yield int(owners[position]), int(position)
