"""What happened to one outline, and to things that are matched by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import shapely
from shapely import Polygon, STRtree, affinity

from floorplan.differences.difference import Change, Difference, difference

__all__ = ["Thing", "compare_things", "outline_change"]

_ROUND_OFF_UM = 1e-6


class Thing(NamedTuple):
    """Something with a name and an outline.

    `outline` is in the frame that it is compared in, `dx_um` and `dy_um` lead to that of the
    layout; `layer` is its kind, `net` what it is wired to, `properties` all else that counts.
    """

    outline: Polygon
    dx_um: float = 0.0
    dy_um: float = 0.0
    layer: str = ""
    net: str = ""
    properties: Mapping[str, str] = {}

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Box in the layout [um]."""
        x0, y0, x1, y1 = self.outline.bounds
        dx, dy = self.dx_um, self.dy_um
        return x0 + dx, y0 + dy, x1 + dx, y1 + dy


def compare_things(
    what: str, before: Mapping[str, Thing], after: Mapping[str, Thing], tolerance_um: float
) -> Iterator[Difference]:
    """Yield what came, went, was renamed or changed; things are matched by name, then by place."""
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    renamed = dict(_renamed(before, after, gone, new, tolerance_um))
    for old, name in renamed.items():
        yield difference(Change.RENAMED, what, name, old, name, after[name].bounds)
    for name in gone:
        if name not in renamed:
            text = _text(before[name])
            yield difference(Change.REMOVED, what, name, text, "", before[name].bounds, amount=1)
    taken = set(renamed.values())
    for name in new:
        if name not in taken:
            text = _text(after[name])
            yield difference(Change.ADDED, what, name, "", text, after[name].bounds, amount=1)
    pairs = {name: name for name in before if name in after} | renamed
    for old, name in pairs.items():
        yield from _changes(what, name, before[old], after[name], tolerance_um)


def _renamed(
    before: Mapping[str, Thing],
    after: Mapping[str, Thing],
    gone: list[str],
    new: list[str],
    tolerance_um: float,
) -> Iterator[tuple[str, str]]:
    """Yield old and new name of things that stand where they stood, on the same layer."""
    if not gone or not new:
        return
    tree = STRtree([shapely.centroid(after[name].outline) for name in new])
    taken: set[int] = set()
    for old in gone:
        thing = before[old]
        place = shapely.centroid(thing.outline)
        near = tree.query(place, predicate="dwithin", distance=tolerance_um + _ROUND_OFF_UM)
        for index in np.sort(near).tolist():
            other = after[new[index]]
            alike = other.layer == thing.layer and index not in taken
            if alike and _same(thing.outline, other.outline, tolerance_um):
                taken.add(index)
                yield old, new[index]
                break


def _changes(
    what: str, name: str, before: Thing, after: Thing, tolerance_um: float
) -> Iterator[Difference]:
    place = after.bounds
    changed = outline_change(before.outline, after.outline, tolerance_um)
    if changed is not None:
        change, first, second, amount, unit = changed
        yield difference(change, what, name, first, second, place, amount=amount, unit=unit)
    if before.layer != after.layer:
        yield difference(Change.LAYER, what, name, before.layer, after.layer, place)
    if before.net != after.net:
        net = before.net or "none", after.net or "none"
        yield difference(Change.NET, what, name, *net, place)
    for key in sorted(before.properties.keys() | after.properties.keys()):
        old, new = (thing.properties.get(key, "none") for thing in (before, after))
        if old != new:
            first, second = f"{key} {old}", f"{key} {new}"
            yield difference(Change.PROPERTY, what, name, first, second, place)


def outline_change(
    before: Polygon, after: Polygon, tolerance_um: float
) -> tuple[Change, str, str, float, str] | None:
    """Return what happened to an outline: change, both states in words, amount and unit.

    Examples
    --------
    >>> outline_change(shapely.box(0, 0, 2, 1), shapely.box(3, 4, 5, 5), 0.0)
    (<Change.MOVED: 'moved'>, '(0, 0) um', '(3, 4) um', 5.0, 'um')
    >>> outline_change(shapely.box(0, 0, 2, 1), shapely.box(0, 0, 2, 1.004), 0.005) is None
    True
    """
    if _same(before, after, tolerance_um):
        return None
    if before.is_empty or after.is_empty:
        return Change.RESHAPED, _size(before), _size(after), 0.0, "um^2"
    dx, dy = (b - a for a, b in zip(before.bounds[:2], after.bounds[:2], strict=True))
    if _same(affinity.translate(before, dx, dy), after, tolerance_um):
        far_um = round(float(np.hypot(dx, dy)), 6)
        return Change.MOVED, _corner(before), _corner(after), far_um, "um"
    growth = float(after.area - before.area)
    slack = (tolerance_um + _ROUND_OFF_UM) * max(before.length, after.length)
    change = Change.RESHAPED
    if abs(growth) > slack:
        change = Change.GREW if growth > 0.0 else Change.SHRANK
    return change, _size(before), _size(after), round(growth, 6), "um^2"


def _same(one: Polygon, other: Polygon, tolerance_um: float) -> bool:
    """Whether no point of one outline is farther from the other than the tolerance."""
    if one.is_empty or other.is_empty:
        return bool(one.is_empty and other.is_empty)
    apart = np.abs(np.array(one.bounds) - np.array(other.bounds)).max()
    if apart > tolerance_um + _ROUND_OFF_UM:
        return False
    if not (one.is_valid and other.is_valid):
        return bool(shapely.equals_exact(one, other, tolerance_um + _ROUND_OFF_UM))
    away = shapely.hausdorff_distance(one.boundary, other.boundary)
    return bool(away <= tolerance_um + _ROUND_OFF_UM)


def _corner(outline: Polygon) -> str:
    return f"({_um(outline.bounds[0])}, {_um(outline.bounds[1])}) um"


def _size(outline: Polygon) -> str:
    if outline.is_empty:
        return "nothing"
    x0, y0, x1, y1 = outline.bounds
    return f"{_um(x1 - x0)} x {_um(y1 - y0)} um at ({_um(x0)}, {_um(y0)}) um"


def _text(thing: Thing) -> str:
    return f"{thing.layer} {_size(thing.outline)}".strip()


def _um(length_um: float) -> str:
    return f"{round(length_um, 4):.10g}"
