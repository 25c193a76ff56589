"""Rules of the seal ring: there is one, it is closed, and nowhere too narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from floorplan.artwork import DieArtwork
from floorplan.checks.edges import ROUND_OFF_UM, facing_edges
from floorplan.checks.shapes import ROUND_OFF_UM2
from floorplan.ring import close_ring, core_inside
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken

__all__ = ["seal_ring_violations"]


def seal_ring_violations(die: DieArtwork, deck: RuleDeck) -> Iterator[Violation]:
    """Yield what is wrong with the seal ring of one die."""
    ring = die.seal_ring
    if ring.is_empty:
        what = "it has no seal ring; draw one inside the scribe lane"
        rule = deck["seal-ring-missing" if die.scribe.is_empty else "seal-ring-closed"]
        yield broken(rule, die.name, die.outline.bounds, what)
        return
    yield from _edge(die, deck["seal-ring-edge"])
    core = core_inside(ring)
    if core is None or 2.0 * core.area < die.outline.area:
        gap_um, closed = close_ring(ring, die.outline)
        place = _bridge(ring, closed)
        gap = f"by {gap_um:.6g} um" if gap_um > ROUND_OFF_UM else "where its parts touch in a point"
        what = f"its seal ring is open {gap}; close it"
        yield broken(deck["seal-ring-closed"], die.name, place.bounds, what, amount=gap_um)
    rule = deck["seal-ring-width"]
    if rule.limit > 0.0:
        pairs = facing_edges(shapely.get_parts(ring), rule.limit)
        if len(pairs.distance_um):
            worst = int(np.argmin(pairs.distance_um))
            width_um = float(pairs.distance_um[worst])
            what = f"its seal ring is {width_um:.6g} um wide; the least is {rule.limit:g} um"
            yield broken(rule, die.name, pairs.bounds_um[worst], what, amount=width_um)


def _edge(die: DieArtwork, rule: Rule) -> Iterator[Violation]:
    """Hold the distance of the ring to scribe lane and die edge; below zero where it is beyond."""
    room = shapely.difference(die.outline, die.scribe)
    out = shapely.difference(die.seal_ring, room)
    distance_um = float(shapely.distance(die.seal_ring, shapely.boundary(room)))
    if out.area > ROUND_OFF_UM2:
        low, high = np.split(shapely.bounds(np.array([room, out])), 2, axis=1)
        depth_um = float(max((low[0] - low[1]).max(), (high[1] - high[0]).max()))
        what = f"its seal ring reaches {depth_um:.6g} um into the scribe lane or out of the die"
        yield broken(rule, die.name, out.bounds, f"{what}; move it inwards", amount=-depth_um)
    elif distance_um < rule.limit - ROUND_OFF_UM:
        what = f"its seal ring is {distance_um:.6g} um from scribe lane or edge"
        what += f"; the least is {rule.limit:g} um; move it inwards"
        yield broken(rule, die.name, die.seal_ring.bounds, what, amount=distance_um)


def _bridge(ring: BaseGeometry, closed: BaseGeometry) -> BaseGeometry:
    """Return what closes the ring: the piece that, left out, opens it again."""
    pieces = shapely.get_parts(shapely.difference(closed, ring))
    for piece in sorted(pieces, key=lambda part: -part.area):
        if core_inside(shapely.difference(closed, piece.buffer(ROUND_OFF_UM))) is None:
            return cast("BaseGeometry", piece)
    return closed
