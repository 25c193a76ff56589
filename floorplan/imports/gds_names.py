"""Names of blocks from the labels of a layout, behind the names of the cells they are drawn in."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely import Point, STRtree

from floorplan.imports.gds_cells import DrawnShape, Label, Path, Walk

__all__ = ["NamedShape", "label_of", "names_of"]

_OFF_CENTRE_UM = 0.002  # two database units: places in a file are rounded
Bounds = tuple[float, float, float, float]
NamedShape = tuple[str, DrawnShape]


def label_of(shape: DrawnShape, labels: Sequence[Label]) -> str:
    """Return the text nearest to the middle of a shape, of those that lie in it; or nothing."""
    inside = [one for one in labels if shape.outline.covers(Point(one.x_um, one.y_um))]
    middle = shape.outline.centroid
    near = min(inside, key=lambda one: middle.distance(Point(one.x_um, one.y_um)), default=None)
    return "" if near is None else near.text


def names_of(shapes: Sequence[DrawnShape], found: Walk, depth: int, notes: list[str]) -> list[str]:
    """Return the name of each shape; note how many have been made up or numbered.

    Parameters
    ----------
    shapes : sequence of DrawnShape
        The blocks of one die.
    found : Walk
        With all labels.
    depth : int
        How many instances from the top stand above the die; their names are left out.
    """
    cells = _cell_names(shapes, found)
    local = _labelled(shapes, found)
    names, made_up = list[str](), 0
    counts: Counter[str] = Counter()
    for index, shape in enumerate(shapes):
        if index in local:
            label = local[index]
            above, text = label.path, label.text
        else:
            above, text = shape.path, f"{shape.role}{counts[shape.role]}"
            counts[shape.role] += 1
            made_up += 1
        prefix = [
            cells[above[:size]]
            for size in range(depth + 1, len(above) + 1)
            if above[:size] in cells
        ]
        names.append("/".join((*prefix, text)))
    if made_up:
        notes.append(f"{made_up} blocks have no label; they are named after their kind")
    if numbered := _numbered(names, local):
        notes.append(f"{numbered} blocks have a label that their cell repeats; they are numbered")
    return names


def _numbered(names: list[str], local: Mapping[int, Label]) -> int:
    """Give blocks a number each that are named by one label of a cell in several places."""
    alike: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        alike.setdefault(name, []).append(index)
    numbered = 0
    for name, members in alike.items():
        paths = {local[index].path for index in members if index in local}
        if len(members) == 1 or len(paths) < len(members):
            continue
        numbers = (n for n in itertools.count() if f"{name}{n}" not in alike)
        for index, number in zip(members, numbers, strict=False):
            names[index] = f"{name}{number}"
        numbered += len(members)
    return numbered


def _labelled(shapes: Sequence[DrawnShape], found: Walk) -> dict[int, Label]:
    """Return the label of each shape that has one.

    A label belongs to shapes of its own layer, or of any layer if it is on a layer of labels, that
    are drawn in its cell or below. One in the middle of a shape's bounds is the shape's, even where
    the shape has a notch there; any other names the smallest shape that it lies in.
    """
    wanted = [one for one in found.labels if one.layer in found.roles.block_layers]
    if not wanted or not shapes:
        return {}
    points = shapely.points([(one.x_um, one.y_um) for one in wanted])
    bounds = [shape.outline.bounds for shape in shapes]
    tree = STRtree(shapely.box(*np.array(bounds).T))
    pairs = []
    for number, index in zip(*tree.query(points, predicate="intersects").tolist(), strict=True):
        label, shape = wanted[number], shapes[index]
        if not _may_name(label, shape, found):
            continue
        x0, y0, x1, y1 = bounds[index]
        off_um = max(abs(label.x_um - (x0 + x1) / 2.0), abs(label.y_um - (y0 + y1) / 2.0))
        centred = off_um <= _OFF_CENTRE_UM
        if centred or shape.outline.intersects(points[number]):
            depth = len(label.path)  # of several labels the one in the nearest cell above counts
            pairs.append((not centred, -depth, float(shape.outline.area), number, index))
    chosen: dict[int, Label] = {}
    used: set[int] = set()
    for _, _, _, number, index in sorted(pairs):
        if index not in chosen and number not in used:
            chosen[index] = wanted[number]
            used.add(number)
    return chosen


def _may_name(label: Label, shape: DrawnShape, found: Walk) -> bool:
    same = label.layer == shape.layer or label.layer in found.roles.label_layers
    return same and shape.path[: len(label.path)] == label.path


def _cell_names(shapes: Sequence[DrawnShape], found: Walk) -> dict[Path, str]:
    """Return the names of instances: labels of outlines in the cell above that lie in them."""
    bounds: dict[Path, Bounds] = {}
    for shape in shapes:
        own = shape.outline.bounds
        for size in range(1, len(shape.path) + 1):
            known = bounds.setdefault(shape.path[:size], own)
            bounds[shape.path[:size]] = (
                min(known[0], own[0]),
                min(known[1], own[1]),
                max(known[2], own[2]),
                max(known[3], own[3]),
            )
    below: dict[Path, list[Path]] = {}
    for path in bounds:
        below.setdefault(path[:-1], []).append(path)
    names: dict[Path, str] = {}
    for label in found.labels:
        if label.layer not in found.roles.layers_of("die"):
            continue
        around = [p for p in below.get(label.path, []) if _holds(bounds[p], label)]
        if around:
            names.setdefault(min(around, key=lambda p: _area(bounds[p])), label.text)
    return names


def _holds(bounds: Bounds, label: Label) -> bool:
    x0, y0, x1, y1 = bounds
    return x0 <= label.x_um <= x1 and y0 <= label.y_um <= y1


def _area(bounds: Bounds) -> float:
    return (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])
