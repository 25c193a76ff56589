"""Differences of bumps: moved, on another net, come or gone, another pad."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floorplan.differences.difference import Change, Difference, difference
from floorplan.pads import Pads

__all__ = ["compare_bumps"]

_ROUND_OFF_UM = 1e-6
_LISTED = 100  # bumps of one field that are told one by one


class _Bumps(NamedTuple):
    """All bumps of one kind on one owner; points are relative to the owner's corner."""

    points_um: NDArray[np.float64]
    nets: NDArray[np.str_]
    pad_um: float


def compare_bumps(
    before: Sequence[Pads],
    after: Sequence[Pads],
    corners: tuple[Mapping[str, tuple[float, float]], Mapping[str, tuple[float, float]]],
    tolerance_um: float,
) -> Iterator[Difference]:
    """Yield what differs between the bumps of two layouts, by owner and kind.

    Parameters
    ----------
    before, after : sequence of Pads
        Both with nets of the same naming.
    corners : pair of mapping
        Lower left corner of each owner in either layout [um]; a body that moves takes its bumps
        along.
    tolerance_um : float
        Bumps up to this apart stand in one place [um].
    """
    first, second = (_joined(pads, own) for pads, own in zip((before, after), corners, strict=True))
    for name in dict.fromkeys([*first, *second]):
        owner = name.partition("/")[0]
        empty = _Bumps(np.empty((0, 2)), np.empty(0, dtype=np.str_), 0.0)
        one, other = first.get(name, empty), second.get(name, empty)
        shift = np.array(corners[1].get(owner, corners[0].get(owner, (0.0, 0.0))))
        if one.pad_um and other.pad_um and abs(one.pad_um - other.pad_um) > tolerance_um:
            change = Change.GREW if other.pad_um > one.pad_um else Change.SHRANK
            old, new = f"pads of {one.pad_um:g} um", f"pads of {other.pad_um:g} um"
            box = [*(other.points_um.min(axis=0) + shift), *(other.points_um.max(axis=0) + shift)]
            yield difference(change, "bumps", name, old, new, box)
        yield from _compare(name, one, other, shift, tolerance_um)


def _joined(
    fields: Sequence[Pads], corners: Mapping[str, tuple[float, float]]
) -> dict[str, _Bumps]:
    groups: dict[str, list[Pads]] = {}
    for pads in fields:
        groups.setdefault(f"{pads.owner}/{pads.kind}", []).append(pads)
    return {
        name: _Bumps(
            np.concatenate([p.points_um for p in group])
            - np.array(corners.get(group[0].owner, (0.0, 0.0))),
            np.concatenate([p.net_names() for p in group]),
            group[0].pad_um,
        )
        for name, group in sorted(groups.items())
    }


def _compare(
    name: str, before: _Bumps, after: _Bumps, shift: NDArray[np.float64], tolerance_um: float
) -> Iterator[Difference]:
    """Match bumps by place; those that are left by net; count the rest."""
    here, there = _matched(before.points_um, after.points_um, tolerance_um)
    rewired = np.flatnonzero(before.nets[here] != after.nets[there])
    gone = np.setdiff1d(np.arange(len(before.nets)), here, assume_unique=True)
    come = np.setdiff1d(np.arange(len(after.nets)), there, assume_unique=True)
    for index in rewired[:_LISTED].tolist():
        x, y = (after.points_um[there[index]] + shift).tolist()
        old, new = str(before.nets[here[index]]), str(after.nets[there[index]])
        yield _one(Change.NET, name, old or "no net", new or "no net", (x, y), 1.0)
    if len(rewired) > _LISTED:
        yield _rest(Change.NET, name, "nets", after.points_um[there[rewired[_LISTED:]]] + shift)
    moved = list(_moved(before, after, gone, come))
    for one, other in moved[:_LISTED]:
        place = after.points_um[other]
        far_um = round(float(np.hypot(*(place - before.points_um[one]))), 6)
        old, new = _label(before, one), _label(after, other)
        x, y = (place + shift).tolist()
        yield _one(Change.MOVED, name, old, new, (x, y), far_um, "um")
    if len(moved) > _LISTED:
        rest = np.array([other for _, other in moved[_LISTED:]])
        yield _rest(Change.MOVED, name, "places", after.points_um[rest] + shift)
    left = np.setdiff1d(gone, [one for one, _ in moved])
    more = np.setdiff1d(come, [other for _, other in moved])
    yield from _counted(Change.REMOVED, name, before, left, shift)
    yield from _counted(Change.ADDED, name, after, more, shift)


def _one(
    change: Change,
    name: str,
    before: str,
    after: str,
    place_um: tuple[float, float],
    amount: float,
    unit: str = "",
) -> Difference:
    bounds = (*place_um, *place_um)
    return difference(change, "bumps", name, before, after, bounds, amount=amount, unit=unit)


def _rest(change: Change, name: str, what: str, points: NDArray[np.float64]) -> Difference:
    """Tell of all that are left at once."""
    old, new = f"{len(points)} more bumps", f"other {what}"
    return difference(change, "bumps", name, old, new, _box(points), amount=len(points))


def _label(bumps: _Bumps, index: int) -> str:
    x, y = bumps.points_um[index].tolist()
    return f"{bumps.nets[index] or 'no net'} at ({round(x, 4):.10g}, {round(y, 4):.10g}) um"


def _matched(
    first: NDArray[np.float64], second: NDArray[np.float64], tolerance_um: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of points that stand in one place, each point in one pair."""
    none = np.empty(0, dtype=np.int64)
    if not len(first) or not len(second):
        return none, none
    from scipy.spatial import cKDTree

    reach = tolerance_um + 10.0 * _ROUND_OFF_UM
    tree = cKDTree(second, balanced_tree=False, compact_nodes=False)
    found = tree.query(first, distance_upper_bound=reach)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    hit = np.flatnonzero(np.isfinite(distance))
    order = hit[np.lexsort((hit, distance[hit]))]
    _, unique = np.unique(nearest[order], return_index=True)
    here = order[unique]
    return here, nearest[here]


def _moved(
    before: _Bumps, after: _Bumps, gone: NDArray[np.int64], new: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """Yield bumps that have gone and come again on the same net.

    They stand less than a pad apart and are each other's nearest, or are the only ones of their
    net to have gone, and to have come.
    """
    near = _nearest_pairs(before.points_um[gone], after.points_um[new], before.pad_um)
    same = [(i, j) for i, j in near if before.nets[gone[i]] == after.nets[new[j]] != ""]
    yield from ((int(gone[i]), int(new[j])) for i, j in same)
    left = [np.delete(gone, [i for i, _ in same]), np.delete(new, [j for _, j in same])]
    alone = [_alone(before.nets, left[0]), _alone(after.nets, left[1])]
    for net, index in alone[0].items():
        if net and net in alone[1]:
            yield index, alone[1][net]


def _nearest_pairs(
    first: NDArray[np.float64], second: NDArray[np.float64], reach_um: float
) -> list[tuple[int, int]]:
    """Return pairs of points that are each other's nearest within a reach."""
    if not len(first) or not len(second):
        return []
    from scipy.spatial import cKDTree

    there = np.asarray(cKDTree(second).query(first, distance_upper_bound=reach_um)[1])
    back = np.append(cKDTree(first).query(second, distance_upper_bound=reach_um)[1], -1)
    mutual = np.flatnonzero(back[there] == np.arange(len(first)))
    return list(zip(mutual.tolist(), there[mutual].tolist(), strict=True))


def _alone(nets: NDArray[np.str_], left: NDArray[np.int64]) -> dict[str, int]:
    """Return the bumps whose net no other one of them has, by net."""
    names, first, counts = np.unique(nets[left], return_index=True, return_counts=True)
    single = counts == 1
    return dict(zip(names[single].tolist(), left[first[single]].tolist(), strict=True))


def _counted(
    change: Change, name: str, bumps: _Bumps, left: NDArray[np.int64], shift: NDArray[np.float64]
) -> Iterator[Difference]:
    """Yield how many bumps of each net came or went; of very many nets, the rest together."""
    nets, code, counts = np.unique(bumps.nets[left], return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = order if len(order) <= _LISTED else order[: _LISTED - 1]
    groups = [(f"{counts[n]} of {nets[n] or 'no net'}", left[code == n]) for n in shown.tolist()]
    rest = left[~np.isin(code, shown)]
    if len(rest):
        groups.append((f"{len(rest)} of {len(order) - len(shown)} more nets", rest))
    for text, mine in groups:
        old, new = (text, "") if change is Change.REMOVED else ("", text)
        box = _box(bumps.points_um[mine] + shift)
        yield difference(change, "bumps", name, old, new, box, amount=len(mine))


def _box(points: NDArray[np.float64]) -> list[float]:
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
