"""Rules of what stands on the interposer: reticle, gaps, edge, area, grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Polygon

from floorplan.artwork import Artwork
from floorplan.checks.edges import ROUND_OFF_UM
from floorplan.checks.shapes import off_grid_um
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken

__all__ = ["placement_violations"]


def placement_violations(artwork: Artwork, deck: RuleDeck) -> Iterator[Violation]:
    """Yield what is wrong with the placement of dies and stacks."""
    items = artwork.bodies
    yield from _reticle(artwork, deck["reticle"])
    for name, outline in items:
        yield from _grid(name, outline, deck["grid"])
    for first, second in itertools.combinations(items, 2):
        yield from _gap(first, second, deck["die-gap"])
    if artwork.interposer is not None:
        yield from _interposer_area(artwork.interposer, deck["interposer-area"])
        for name, outline in items:
            yield from _edge(artwork.interposer, name, outline, deck["interposer-edge"])


def _reticle(artwork: Artwork, rule: Rule) -> Iterator[Violation]:
    """Hold each die against the field; a die may be exposed turned by 90 degrees."""
    field = sorted(rule.values)
    for die in artwork.dies:
        x0, y0, x1, y1 = die.outline.bounds
        sides = sorted((x1 - x0, y1 - y0))
        excess, side, limit = max((a - b, a, b) for a, b in zip(sides, field, strict=True))
        if excess > ROUND_OFF_UM:
            what = (
                f"a side of {side:g} um is {excess:g} um longer than the reticle field of "
                f"{rule.limit_text} allows; make the die smaller or split it"
            )
            yield broken(rule, die.name, die.outline.bounds, what, amount=side, limit=limit)


def _interposer_area(interposer: Polygon, rule: Rule) -> Iterator[Violation]:
    area_um2 = interposer.area
    if area_um2 > rule.limit * (1.0 + 1e-12):
        what = (
            f"{area_um2 / 1e6:.6g} mm^2 is more than the {rule.limit / 1e6:.6g} mm^2 of its "
            "technology; take smaller gaps, fewer stacks or another technology"
        )
        yield broken(rule, "interposer", interposer.bounds, what, amount=area_um2)


def _edge(interposer: Polygon, name: str, outline: Polygon, rule: Rule) -> Iterator[Violation]:
    left, bottom, right, top = interposer.bounds
    x0, y0, x1, y1 = outline.bounds
    margins = {"west": x0 - left, "south": y0 - bottom, "east": right - x1, "north": top - y1}
    side, margin = min(margins.items(), key=lambda item: item[1])
    if margin < rule.limit - ROUND_OFF_UM:
        found = (
            f"reaches {-margin:.6g} um beyond the {side} side of the interposer"
            if margin < 0.0
            else f"stands {margin:.6g} um from the {side} side of the interposer"
        )
        what = f"{found}, which asks for {rule.limit:g} um; move it or enlarge the interposer"
        yield broken(rule, name, outline.bounds, what, amount=margin)


def _grid(name: str, outline: Polygon, rule: Rule) -> Iterator[Violation]:
    bounds = np.array(outline.bounds)
    distance = float(off_grid_um(bounds, rule.limit).max())
    if distance > 0.0:
        what = (
            f"its corners lie {distance * 1e3:.4g} nm off the {rule.limit * 1e3:g} nm grid; snap "
            "its position and size"
        )
        yield broken(rule, name, bounds[[0, 1, 0, 1]], what, amount=distance, limit=0.0)


def _gap(
    first: tuple[str, Polygon], second: tuple[str, Polygon], rule: Rule
) -> Iterator[Violation]:
    gap = float(shapely.distance(first[1], second[1]))
    if gap >= rule.limit - ROUND_OFF_UM:
        return
    common = shapely.intersection(first[1], second[1])
    if common.area > 0.0:
        found, place = f"overlap by {common.area:.6g} um^2", common
    else:
        found, place = f"are {gap:.6g} um apart", shapely.shortest_line(first[1], second[1])
    one, other = sorted((first[0], second[0]))
    what = f"{found}; the smallest gap is {rule.limit:g} um; move them apart"
    subject = f"{one} and {other}"
    yield broken(rule, (one, other), place.bounds, what, amount=gap, subject=subject)
