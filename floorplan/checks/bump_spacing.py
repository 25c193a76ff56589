"""Rules of the bumps of a layout, face by face: grid, edge, and each against the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from floorplan.bump import BumpKind
from floorplan.checks.bump_pairs import pair_violations
from floorplan.checks.bump_places import Place, around, label_of, listed
from floorplan.checks.edges import ROUND_OFF_UM
from floorplan.checks.shapes import off_grid_um
from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation

__all__ = ["face_violations"]

_EDGE = {
    BumpKind.HBM: "bump-edge",
    BumpKind.CORE: "bump-edge",
    BumpKind.D2D: "bump-edge",
    BumpKind.C4: "c4-edge",
    BumpKind.TSV: "c4-edge",
    BumpKind.BGA: "ball-edge",
}
_CARRIERS = {"interposer", "substrate"}


def face_violations(
    fields: Sequence[Pads], bounds: dict[str, Polygon], deck: RuleDeck
) -> Iterator[Violation]:
    """Yield what is wrong with the bumps of a layout, face by face.

    Parameters
    ----------
    fields : sequence of Pads
        All fields.
    bounds : dict of str to shapely.Polygon
        Where the bumps of each owner may lie [um].
    deck : RuleDeck
        With all limits known.
    """
    faces: dict[tuple[str, str], list[Pads]] = {}
    for pads in fields:
        top = pads.kind in (BumpKind.HBM, BumpKind.CORE, BumpKind.D2D)
        faces.setdefault((pads.owner, "face" if top else str(pads.kind)), []).append(pads)
        yield from _grid(pads, deck["grid"])
        yield from _sizes(pads, deck["pad-size"])
        yield from _second_names(pads, deck["net-short"])
        if pads.owner in bounds:
            yield from _edge(pads, bounds[pads.owner], deck[_EDGE[pads.kind]])
        elif not pads.owner and bounds.keys() - _CARRIERS:
            yield from _astray(pads, deck[_EDGE[pads.kind]])
    for face in faces.values():
        yield from pair_violations(face, deck)


def _grid(pads: Pads, rule: Rule) -> Iterator[Violation]:
    points = pads.points_um
    distance = off_grid_um(points, rule.limit).max(axis=1, initial=0.0)

    def place_of(index: int) -> Place:
        x, y = points[index].tolist()
        what = (
            f"bump at ({x:.6f}, {y:.6f}) um lies {distance[index] * 1e3:.4g} nm off the "
            f"{rule.limit * 1e3:g} nm grid; snap it"
        )
        return Place(points[index][[0, 1, 0, 1]], what, float(distance[index]))

    off = np.flatnonzero(distance > 0.0)
    order = off[np.argsort(-distance[off], kind="stable")]
    yield from listed(rule, (pads.name,), order, place_of, points, limit=0.0)


def _sizes(pads: Pads, rule: Rule) -> Iterator[Violation]:
    """Hold the size of each pad against that of most."""
    if pads.sizes_um is None:
        return
    sizes = pads.sizes_um
    off = np.flatnonzero(np.abs(sizes - pads.pad_um) > rule.limit + ROUND_OFF_UM)

    def place_of(index: int) -> Place:
        what = (
            f"the pad of bump {label_of(pads, index)} is {sizes[index]:.6g} um wide; others are "
            f"{pads.pad_um:.6g} um; make them alike"
        )
        return Place(around(pads, index), what, float(sizes[index]))

    limit = pads.pad_um
    yield from listed(rule, (pads.name,), off, place_of, pads.points_um, limit=limit)


def _second_names(pads: Pads, rule: Rule) -> Iterator[Violation]:
    """Yield bumps that two texts name."""

    def place_of(index: int) -> Place:
        what = f"bump {label_of(pads, index)} is named {pads.other_nets[index]} too"
        return Place(around(pads, index), f"{what}; take one of the texts out", 0.0)

    named = np.array(sorted(pads.other_nets), dtype=np.int64)
    yield from listed(rule, (pads.name,), named, place_of, pads.points_um)


def _edge(pads: Pads, outline: Polygon, rule: Rule) -> Iterator[Violation]:
    """Hold the distance of centres to the edge of their body, below zero outside."""
    margin = _margin(pads.points_um, outline)

    def place_of(index: int) -> Place:
        what = (
            f"bump {label_of(pads, index)} is {margin[index]:.6g} um from the edge of "
            f"{pads.owner}; the least is {rule.limit:g} um; move it inwards"
        )
        return Place(around(pads, index), what, float(margin[index]))

    near = np.flatnonzero(margin < rule.limit - ROUND_OFF_UM)
    order = near[np.argsort(margin[near], kind="stable")]
    yield from listed(rule, (pads.name,), order, place_of, pads.points_um)


def _astray(pads: Pads, rule: Rule) -> Iterator[Violation]:
    """Yield the microbumps that stand on no die or stack, though there are some."""

    def place_of(index: int) -> Place:
        what = f"bump {label_of(pads, index)} stands on no die or stack; move it or take it out"
        return Place(around(pads, index), what, 0.0)

    every = np.arange(len(pads.codes))
    yield from listed(rule, (pads.name,), every, place_of, pads.points_um)


def _margin(points: NDArray[np.float64], outline: Polygon) -> NDArray[np.float64]:
    """Return how far points lie inside an outline [um]; rectangles are measured side by side."""
    x0, y0, x1, y1 = outline.bounds
    if abs(outline.area - (x1 - x0) * (y1 - y0)) <= ROUND_OFF_UM:
        x, y = points[:, 0], points[:, 1]
        return np.asarray(np.min([x - x0, x1 - x, y - y0, y1 - y], axis=0))
    each = shapely.points(points)
    side = np.where(shapely.contains(outline, each), 1.0, -1.0)
    return np.asarray(side * shapely.distance(each, outline.exterior))
