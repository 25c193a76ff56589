"""Bumps of one face against each other: pitch, distance of pads, duplicates, nets that touch."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpKind
from floorplan.checks.bump_places import Place, label_of, listed
from floorplan.checks.edges import ROUND_OFF_UM
from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation

__all__ = ["pair_violations"]

_PITCH = {
    BumpKind.HBM: "hbm-bump-pitch",
    BumpKind.CORE: "core-bump-pitch",
    BumpKind.D2D: "d2d-bump-pitch",
    BumpKind.C4: "c4-pitch",
    BumpKind.TSV: "tsv-pitch",
    BumpKind.BGA: "ball-pitch",
}


def pair_violations(face: Sequence[Pads], deck: RuleDeck) -> Iterator[Violation]:
    """Yield pairs of bumps of one face that are too close, by the strictest rule they break."""
    pairs = _Pairs.of(face, deck)
    for rule, low, high, numbers in pairs.broken(deck):
        where = (face[low].name,) if low == high else (face[low].name, face[high].name)
        yield from listed(rule, where, numbers, functools.partial(pairs.place, rule), pairs.middles)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of bumps of one face that may be too close, nearest first."""

    face: Sequence[Pads]
    fields: NDArray[np.int64]  #: of both bumps, shape (n, 2)
    bumps: NDArray[np.int64]  #: of both, in their fields, shape (n, 2)
    distance_um: NDArray[np.float64]
    gap_um: NDArray[np.float64]
    pitch_um: NDArray[np.float64]  #: that the pair has to keep; 0 for bumps of two kinds
    middles: NDArray[np.float64]

    @classmethod
    def of(cls, face: Sequence[Pads], deck: RuleDeck) -> _Pairs:
        """Find all pairs within the largest limit that may hold for them."""
        points = np.concatenate([pads.points_um for pads in face])
        field = np.repeat(np.arange(len(face)), [len(pads.codes) for pads in face])
        start = np.cumsum([0, *(len(pads.codes) for pads in face)])
        radius = np.array([pads.pad_um / 2.0 for pads in face])
        pitch = np.array([deck[_PITCH[pads.kind]].limit for pads in face])
        kinds = np.array([str(pads.kind) for pads in face])
        pairs = _close_pairs(points, field, pitch, radius, deck["pad-spacing"].limit)
        distance = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
        order = np.lexsort((pairs[:, 1], pairs[:, 0], distance))
        pairs, distance = pairs[order], distance[order]
        fields = field[pairs]
        alike = kinds[fields[:, 0]] == kinds[fields[:, 1]]
        return cls(
            face=face,
            fields=fields,
            bumps=pairs - start[fields],
            distance_um=distance,
            gap_um=distance - radius[fields].sum(axis=1),
            pitch_um=np.where(alike, pitch[fields].max(axis=1, initial=0.0), 0.0),
            middles=points[pairs].mean(axis=1) if len(pairs) else np.empty((0, 2)),
        )

    def broken(self, deck: RuleDeck) -> Iterator[tuple[Rule, int, int, NDArray[np.int64]]]:
        """Yield rule, both fields and the numbers of the pairs that break it."""
        grid_um, spacing_um = deck["grid"].limit, deck["pad-spacing"].limit
        left = np.ones(len(self.distance_um), dtype=bool)
        kinds = np.array([_PITCH[pads.kind] for pads in self.face])
        tests = [
            ("bump-duplicate", self.distance_um <= grid_um / 2.0),
            ("net-short", (self.gap_um < -ROUND_OFF_UM) & self._nets_differ()),
            ("", self.distance_um < self.pitch_um - ROUND_OFF_UM),
            ("pad-spacing", self.gap_um < spacing_um - ROUND_OFF_UM),
        ]
        for name, test in tests:
            found = np.flatnonzero(test & left)
            left[found] = False
            both = np.sort(self.fields[found], axis=1)
            for low, high in np.unique(both, axis=0).tolist():
                mine = found[(both == (low, high)).all(axis=1)]
                yield deck[name or str(kinds[low])], low, high, mine

    def _nets_differ(self) -> NDArray[np.bool_]:
        """Whether both bumps have a net, and not the same one."""
        names: dict[str, int] = {"": 0}
        tables = [
            np.array([names.setdefault(net, len(names)) for net in pads.nets], dtype=np.int64)
            for pads in self.face
        ]
        ends = np.zeros(self.bumps.shape, dtype=np.int64)
        for number, (pads, table) in enumerate(zip(self.face, tables, strict=True)):
            mine = self.fields == number
            ends[mine] = table[pads.codes[self.bumps[mine]]]
        return np.asarray((ends > 0).all(axis=1) & (ends[:, 0] != ends[:, 1]), dtype=bool)

    def place(self, rule: Rule, number: int) -> Place:
        """Return where a pair breaks a rule, and how."""
        (a, b), (i, j) = self.fields[number].tolist(), self.bumps[number].tolist()
        one, other = self.face[a], self.face[b]
        ends = np.stack([one.points_um[i], other.points_um[j]])
        bounds = np.concatenate([ends.min(axis=0), ends.max(axis=0)])
        pair = f"bumps {label_of(one, i)} and {label_of(other, j)}"
        distance_um, gap_um = float(self.distance_um[number]), float(self.gap_um[number])
        if rule.name == "bump-duplicate":
            return Place(bounds, f"{pair} stand in one place; take one out", distance_um)
        if rule.name == "net-short":
            what = f"{pair} touch and are of different nets; move them apart"
            return Place(bounds, what, gap_um)
        if rule.name == "pad-spacing":
            what = f"pads of {pair} are {gap_um:.6g} um apart; the least is {rule.limit:g} um"
            return Place(bounds, what, gap_um)
        what = f"{pair} are {distance_um:.6g} um apart; the least is {rule.limit:g} um; spread them"
        return Place(bounds, what, distance_um)


def _close_pairs(
    points: NDArray[np.float64],
    field: NDArray[np.int64],
    pitch: NDArray[np.float64],
    radius: NDArray[np.float64],
    spacing_um: float,
) -> NDArray[np.int64]:
    """Return pairs of points that are closer than some limit of theirs, shape (n, 2).

    Fields of one reach are searched together, and then those of each two reaches.
    """
    from scipy.spatial import cKDTree

    reach = np.maximum(pitch, 2.0 * radius + spacing_um)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    trees: list[tuple[float, NDArray[np.int64], Any]] = []
    for level in np.unique(reach).tolist():
        mine = np.flatnonzero(reach[field] == level)
        tree = cKDTree(points[mine], balanced_tree=False, compact_nodes=False)
        near = tree.query_pairs(level - 2.0 * ROUND_OFF_UM, output_type="ndarray")
        pairs.append(mine[near])
        for smaller, others, other in trees:
            limit = max(2.0 * float(radius.max()) + spacing_um, smaller)
            table = tree.sparse_distance_matrix(other, limit, output_type="ndarray")
            pairs.append(np.stack([mine[table["i"]], others[table["j"]]], axis=1))
        trees.append((level, mine, tree))
    return np.sort(np.concatenate(pairs), axis=1)
