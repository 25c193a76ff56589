"""Gaps in the grids below a package: a single site without its joint or ball."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpKind
from floorplan.checks.bump_places import Place, listed
from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.violation import Violation

__all__ = ["gap_violations"]

_NM_PER_UM = 1000.0
_ROW = 1 << 32  # nanometres; wider than any layout


def gap_violations(fields: Sequence[Pads], rule: Rule) -> Iterator[Violation]:
    """Yield sites of C4 joints and balls that are empty while all four neighbours are there.

    Larger areas without joints are a designer's choice; a single one is as a rule a mistake.
    """
    for pads in fields:
        if pads.kind in (BumpKind.C4, BumpKind.BGA):
            yield from _field_violations(pads, rule)


def _field_violations(pads: Pads, rule: Rule) -> Iterator[Violation]:
    places = np.round(pads.points_um * _NM_PER_UM).astype(np.int64)
    gaps = _gaps(places) / _NM_PER_UM
    what = "joint" if pads.kind is BumpKind.C4 else "ball"

    def place_of(index: int) -> Place:
        x, y = gaps[index].tolist()
        half = pads.pad_um / 2.0
        bounds = np.array([x - half, y - half, x + half, y + half])
        message = f"no {what} at ({x:.3f}, {y:.3f}) um, where four neighbours leave room for one"
        return Place(bounds, f"{message}; put it there", 0.0)

    yield from listed(rule, (pads.name,), np.arange(len(gaps)), place_of, gaps)


def _gaps(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return sites between four places at the commonest step along x, and at that along y [nm]."""
    from scipy.spatial import cKDTree

    steps = [_commonest_step(places[:, axis], places[:, 1 - axis]) for axis in (0, 1)]
    if 0 in steps:
        return np.empty((0, 2), dtype=np.int64)
    there = np.sort(places[:, 0] * _ROW + places[:, 1])

    def has(candidates: NDArray[np.int64]) -> NDArray[np.bool_]:
        keys = candidates[:, 0] * _ROW + candidates[:, 1]
        found = np.searchsorted(there, keys).clip(max=len(there) - 1)
        return np.asarray(there[found] == keys)

    sites = places + np.array([steps[0], 0])
    sites = sites[~has(sites)]
    for step in ((steps[0], 0), (0, steps[1]), (0, -steps[1])):
        sites = sites[has(sites + np.array(step))]
    beside = np.asarray(cKDTree(places).query(sites)[0]) < min(steps) / 2.0  # one that was moved
    sites = sites[~beside]
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
