"""Rules of the blocks of one die against each other and against their die."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from floorplan.artwork import DieArtwork, Shapes
from floorplan.checks.edges import ROUND_OFF_UM, facing_edges
from floorplan.checks.shapes import ROUND_OFF_UM2, sound
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken

__all__ = ["block_violations", "overlap_violations"]


def block_violations(die: DieArtwork, deck: RuleDeck) -> Iterator[Violation]:
    """Yield what is wrong with the blocks of one die; see `shape_violations` for each by itself."""
    blocks = _in_artwork(sound(die.blocks))
    if len(blocks):
        yield from overlap_violations(blocks, deck["block-overlap"])
        yield from _spacing(blocks, deck["block-spacing"])
        yield from _enclosure(die, blocks, deck["block-enclosure"])
        yield from _keepouts(die, blocks, deck["block-keepout"])


def _in_artwork(shapes: Shapes) -> Shapes:
    """Return shapes with one common frame moved into that of the artwork, without round-off."""
    shift = np.array([shapes.x_um, shapes.y_um])
    return Shapes(
        shapes.names, shapely.transform(shapes.outlines, lambda points: np.round(points + shift, 6))
    )


def overlap_violations(blocks: Shapes, rule: Rule) -> Iterator[Violation]:
    """Yield pairs of shapes that share more area than a rule allows."""
    outlines = blocks.outlines
    first, second = STRtree(outlines).query(outlines)
    low, high = np.split(shapely.bounds(outlines), 2, axis=1)
    extent = np.minimum(high[first], high[second]) - np.maximum(low[first], low[second])
    deep = (first < second) & (extent > 0.0).all(axis=1)  # leaves out those that only touch
    first, second = first[deep], second[deep]
    common = shapely.intersection(outlines[first], outlines[second])
    areas = shapely.area(common)
    for index in np.flatnonzero(areas > rule.limit + ROUND_OFF_UM2):
        names = tuple(sorted((blocks.names[first[index]], blocks.names[second[index]])))
        what = f"overlaps {names[1]} by {areas[index]:.6g} um^2; move or shrink one of them"
        yield broken(rule, names, common[index].bounds, what, amount=areas[index])


def _spacing(blocks: Shapes, rule: Rule) -> Iterator[Violation]:
    """Measure between what is left when touching blocks have grown together."""
    if not rule.limit > 0.0:
        return
    merged = shapely.union_all(blocks.outlines)
    parts = shapely.get_parts(merged)
    pairs = facing_edges(parts, rule.limit, outside=True)
    tree = STRtree(blocks.outlines)
    places: dict[tuple[str, ...], tuple[float, NDArray[np.float64]]] = {}
    for distance_um, bounds, ends in zip(*pairs[1:], strict=True):
        _, near = tree.query(ends, predicate="dwithin", distance=ROUND_OFF_UM)
        names = tuple(sorted({blocks.names[index] for index in near}))
        if names not in places or distance_um < places[names][0]:
            places[names] = (float(distance_um), bounds)
    for names, (distance_um, bounds) in places.items():
        others = f" from {', '.join(names[1:])}" if names[1:] else " from itself, in a notch"
        what = (
            f"is {distance_um:.6g} um{others}; the least is {rule.limit:g} um, or none; close the "
            "gap or widen it"
        )
        yield broken(rule, names, bounds, what, amount=distance_um)


def _enclosure(die: DieArtwork, blocks: Shapes, rule: Rule) -> Iterator[Violation]:
    """Measure how far blocks stay inside the seal ring; below zero where they reach out."""
    rest = shapely.difference(blocks.outlines, die.core)
    out = shapely.area(rest) > ROUND_OFF_UM2
    for index in np.flatnonzero(out):
        corners = shapely.points(shapely.get_coordinates(rest[index]))
        depth_um = float(shapely.distance(corners, die.core).max())
        what = (
            f"reaches {depth_um:.6g} um out of the seal ring of die {die.name} with "
            f"{rest[index].area:.6g} um^2; move the block inwards or shrink it"
        )
        name = blocks.names[index]
        yield broken(rule, name, rest[index].bounds, what, amount=-depth_um)
    distance = shapely.distance(blocks.outlines, die.core.exterior)
    for index in np.flatnonzero(~out & (distance < rule.limit - ROUND_OFF_UM)):
        what = (
            f"is {distance[index]:.6g} um from the seal ring of die {die.name}; the least is "
            f"{rule.limit:g} um; move the block inwards or shrink it"
        )
        bounds = blocks.outlines[index].bounds
        yield broken(rule, blocks.names[index], bounds, what, amount=distance[index])


def _keepouts(die: DieArtwork, blocks: Shapes, rule: Rule) -> Iterator[Violation]:
    tree = STRtree(blocks.outlines)
    for number, keepout in enumerate(die.keepouts):
        for index in np.sort(tree.query(keepout, predicate="dwithin", distance=rule.limit)):
            outline = blocks.outlines[index]
            common = shapely.intersection(outline, keepout)
            distance_um = float(shapely.distance(outline, keepout))
            if common.area > ROUND_OFF_UM2:
                what = f"lies on keep-out {number} of die {die.name} with {common.area:.6g} um^2"
                bounds, distance_um = common.bounds, 0.0
            elif distance_um < rule.limit - ROUND_OFF_UM:
                what = f"is {distance_um:.6g} um from keep-out {number} of die {die.name}"
                bounds = shapely.shortest_line(outline, keepout).bounds
            else:
                continue
            what += f"; the least is {rule.limit:g} um; move it off"
            yield broken(rule, blocks.names[index], bounds, what, amount=distance_um)
