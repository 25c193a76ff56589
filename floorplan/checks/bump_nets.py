"""Nets through the package: every level that a net passes has a bump of it, and no other net."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpKind
from floorplan.checks.bump_places import Place, around, label_of, listed
from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation

__all__ = ["net_violations"]

_TOP = (BumpKind.HBM, BumpKind.CORE, BumpKind.D2D)
#: Levels from the dies down; a net that leaves the interposer passes all of them.
_LEVELS = {BumpKind.TSV: "vias", BumpKind.C4: "C4 joints", BumpKind.BGA: "balls"}


def net_violations(fields: Sequence[Pads], deck: RuleDeck) -> Iterator[Violation]:
    """Yield nets that end in the middle of the package, and vias on joints of another net."""
    levels: dict[str, dict[str, tuple[Pads, int]]] = {}
    for pads in fields:
        level = "microbumps" if pads.kind in _TOP else _LEVELS[pads.kind]
        first = levels.setdefault(level, {})
        codes, index = np.unique(pads.codes, return_index=True)
        for code, bump in zip(codes.tolist(), index.tolist(), strict=True):
            if pads.nets[code]:
                first.setdefault(pads.nets[code], (pads, bump))
    if {_LEVELS[BumpKind.TSV], _LEVELS[BumpKind.BGA]} <= levels.keys():
        levels.setdefault(_LEVELS[BumpKind.C4], {})  # nothing else joins the two
    yield from _open(levels, _owners(fields), deck["net-open"])
    joints = [pads for pads in fields if pads.kind is BumpKind.C4]
    for vias in (pads for pads in fields if pads.kind is BumpKind.TSV):
        for below in joints:
            yield from _stacked(vias, below, deck)


def _owners(fields: Sequence[Pads]) -> dict[str, set[str]]:
    """Return the dies and stacks that each net has a microbump on."""
    owners: dict[str, set[str]] = {}
    for pads in fields:
        if pads.kind in _TOP:
            for code in np.unique(pads.codes).tolist():
                owners.setdefault(pads.nets[code], set()).add(pads.owner)
    return owners


def _open(
    levels: dict[str, dict[str, tuple[Pads, int]]], owners: dict[str, set[str]], rule: Rule
) -> Iterator[Violation]:
    """Yield nets that a level has and another one lacks; wires between two bodies need no more."""
    below = {name: nets for name, nets in levels.items() if name != "microbumps"}
    outside: set[str] = set().union(*below.values())
    found: dict[Pads, dict[int, str]] = {}
    for name, nets in levels.items():
        for net in sorted(nets):
            lacking = [other for other in levels if net not in levels[other]]
            first = next(level for level in levels if net in levels[level])
            inside = net not in outside and (not below or len(owners.get(net, ())) > 1)
            if lacking and name == first and not inside:
                pads, index = nets[net]
                what = f"net {net} has {name} and no {' and no '.join(lacking)}; connect it"
                found.setdefault(pads, {})[index] = what
    for pads, places in found.items():

        def place_of(index: int, pads: Pads = pads, whats: dict[int, str] = places) -> Place:
            return Place(around(pads, index), whats[index], 0.0)

        numbers = np.array(list(places), dtype=np.int64)
        yield from listed(rule, (pads.name,), numbers, place_of, pads.points_um)


def _stacked(vias: Pads, joints: Pads, deck: RuleDeck) -> Iterator[Violation]:
    """Yield vias that stand on a joint of another net, and joints without a via of their own."""
    from scipy.spatial import cKDTree

    tree = cKDTree(joints.points_um, balanced_tree=False, compact_nodes=False)
    found = tree.query(vias.points_um)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    on = np.flatnonzero(distance <= joints.pad_um / 2.0)
    names, there = vias.net_names()[on], joints.net_names()[nearest[on]]
    wrong = on[(names != there) & (names != "") & (there != "")]

    def place_of(index: int) -> Place:
        below = joints.net(int(nearest[index]))
        what = f"via of {vias.net(index)} stands on the joint of {below}; move it or rename its net"
        return Place(around(vias, index), what, float(distance[index]))

    where = (vias.name, joints.name)
    yield from listed(deck["net-short"], where, wrong, place_of, vias.points_um)
    yield from _without_via(vias, joints, nearest, deck["c4-via"])


def _without_via(
    vias: Pads, joints: Pads, nearest: NDArray[np.int64], rule: Rule
) -> Iterator[Violation]:
    """Yield joints that are the nearest one of no via."""
    served = np.zeros(len(joints.codes), dtype=bool)
    served[nearest] = True

    def place_of(index: int) -> Place:
        what = f"joint {label_of(joints, index)} has no via above it; connect it"
        return Place(around(joints, index), what, 0.0)

    missing = np.flatnonzero(~served)
    yield from listed(rule, (joints.name, vias.name), missing, place_of, joints.points_um)
