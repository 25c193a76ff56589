"""Gaps in grids of bumps: a single site without its microbump, joint, via or ball."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from floorplan.artwork import Artwork
from floorplan.bump import BumpKind
from floorplan.checks.bump_places import Place, listed
from floorplan.pads import Pads
from floorplan.place_keys import among, key_step, keys_of, places_of
from floorplan.rule import Rule
from floorplan.violation import Violation

__all__ = ["gap_violations"]

_NM_PER_UM = 1000.0
_NEIGHBOURS = 3  # of four; one at the rim of a grid has no more, one in its corner has two
_WHAT = {
    BumpKind.CORE: "microbump",
    BumpKind.C4: "joint",
    BumpKind.TSV: "via",
    BumpKind.BGA: "ball",
}


def gap_violations(artwork: Artwork, fields: Sequence[Pads], rule: Rule) -> Iterator[Violation]:
    """Yield empty sites of microbumps, C4 joints, vias and balls amid others.

    Larger areas without bumps are a designer's choice, and so is a keep-out of the die; a single
    site is as a rule a mistake. Bumps of all blocks of a die are one grid with those of its core.
    """
    keepouts = {die.name: shapely.union_all(die.keepouts) for die in artwork.dies}
    grids: dict[tuple[str, BumpKind], list[Pads]] = {}
    for pads in fields:
        if pads.kind in _WHAT:
            grids.setdefault((pads.owner, pads.kind), []).append(pads)
    for (owner, _), members in grids.items():
        yield from _grid_violations(members, keepouts.get(owner, Polygon()), rule)


def _grid_violations(
    members: Sequence[Pads], closed: BaseGeometry, rule: Rule
) -> Iterator[Violation]:
    pads, half = members[0], members[0].pad_um / 2.0
    points = np.concatenate([member.points_um for member in members])
    gaps = _gaps(np.round(points * _NM_PER_UM).astype(np.int64)) / _NM_PER_UM
    gaps = gaps[shapely.distance(shapely.points(gaps), closed) > half] if closed else gaps

    def place_of(index: int) -> Place:
        x, y = gaps[index].tolist()
        bounds = np.array([x - half, y - half, x + half, y + half])
        what = f"no {_WHAT[pads.kind]} at ({x:.3f}, {y:.3f}) um, where its neighbours leave "
        return Place(bounds, f"{what}room for one; put it there", 0.0)

    yield from listed(rule, (pads.name,), np.arange(len(gaps)), place_of, gaps)


def _gaps(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return empty sites that three of the four nearest sites of their grid surround [nm].

    The steps of the grid are the commonest ones along x and along y.
    """
    from scipy.spatial import cKDTree

    steps = [_commonest_step(places[:, axis], places[:, 1 - axis]) for axis in (0, 1)]
    if 0 in steps:
        return np.empty((0, 2), dtype=np.int64)
    there = np.sort(keys_of(places))
    dx, dy = steps
    ways = (key_step(dx, 0), key_step(-dx, 0), key_step(0, dy), key_step(0, -dy))
    beside = [wanted[~among(wanted, there)] for wanted in (there + way for way in ways)]
    keys, neighbours = np.unique(np.concatenate(beside), return_counts=True)
    sites = places_of(keys[neighbours >= _NEIGHBOURS])
    if len(sites):  # a bump beside its site was moved, and is none that is missing
        distance = np.asarray(cKDTree(places).query(sites)[0])
        sites = sites[distance >= min(steps) / 2.0]
    return np.asarray(sites[np.lexsort(sites.T)], dtype=np.int64)


def _commonest_step(along: NDArray[np.int64], across: NDArray[np.int64]) -> int:
    """Return the commonest distance of neighbours in a row; 0 where no row has two."""
    order = np.lexsort((along, across))
    steps = np.diff(along[order])[np.diff(across[order]) == 0]
    steps = steps[steps > 0]
    if not len(steps):
        return 0
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])
