"""Rules of a layout file as a file: top cell, duplicate cells and instances, layers, raw shapes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import gdstk
import numpy as np
from numpy.typing import NDArray

from floorplan.artwork import Shapes
from floorplan.cell_tree import Drawn, labels_of, offsets_of, polygons_of, turn_of
from floorplan.checks.shapes import off_grid_um, shape_violations
from floorplan.file_artwork import outline_of
from floorplan.layer_map import LayerMap
from floorplan.layout_file import LayoutFile
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken

__all__ = ["file_violations"]

_DIGITS = 6  # of coordinates in um that count when cells are compared
_NM_PER_UM = 1000.0
_BUNDLES = "interposer.route"  # areas that wires are routed in, at any angle; no shapes of a mask
_NOWHERE = (0.0, 0.0, 0.0, 0.0)


def file_violations(layout: LayoutFile, layers: LayerMap, deck: RuleDeck) -> Iterator[Violation]:
    """Yield what is wrong with the cells, layers and single shapes of a file."""
    names = Counter(cell.name for cell in layout.cells)
    others = [name for name in layout.tops if name != layout.name and names[name] == 1]
    if others:
        verb, them = ("stands", "it") if len(others) == 1 else ("stand", "them")
        what = f"{', '.join(others)} {verb} beside it; place {them} below or take {them} out"
        rule = deck["top-cell"]
        yield broken(rule, layout.name, _NOWHERE, what, amount=len(others) + 1, limit=1.0)
    for name, count in names.items():
        if count > 1:
            what = f"{count} cells have this name; rename all but one"
            yield broken(deck["cell-duplicate"], name, _NOWHERE, what, amount=count, limit=1.0)
    yield from _duplicate_cells(layout, deck["cell-duplicate"])
    yield from _duplicate_instances(layout, deck["instance-duplicate"])
    yield from _unknown_layers(layout, layers, deck["layer-unknown"])
    for drawn in layout.drawn:
        name = f"{drawn.cell}/{layers.name_of(*drawn.layer) or '{}/{}'.format(*drawn.layer)}"
        yield from _off_grid(drawn, name, deck["grid"])
        shapes = _shapes(drawn, name)
        layer = layers.name_of(*drawn.layer)
        drawn_at_angles = not layer or layer.startswith(_BUNDLES)
        rules = ("polygon",) if drawn_at_angles else ("polygon", "angle")
        yield from shape_violations(shapes, deck, rules=rules)


def _shapes(drawn: Drawn, name: str) -> Shapes:
    parts = outline_of(drawn.points_um)
    x, y = drawn.origins_um[0].tolist()
    counts = np.full(len(parts), len(drawn.origins_um))
    return Shapes((name,) * len(parts), np.array(parts, dtype=object), x, y, counts)


def _off_grid(drawn: Drawn, name: str, rule: Rule) -> Iterator[Violation]:
    """Hold every vertex in every place against the grid; places that lie on it cost nothing."""
    points, origins = drawn.points_um, drawn.origins_um
    if not off_grid_um(points, rule.limit).any() and not off_grid_um(origins, rule.limit).any():
        return
    rests = np.round(np.mod(origins, rule.limit), _DIGITS)
    kinds, first, count = np.unique(rests, axis=0, return_index=True, return_counts=True)
    for rest, index, places in zip(kinds, first, count, strict=True):
        distance = off_grid_um(points + rest, rule.limit).max(axis=1)
        worst = int(distance.argmax())
        if distance[worst] > 0.0:
            x, y = (points[worst] + origins[index]).tolist()
            what = (
                f"vertex ({x:.6f}, {y:.6f}) um lies {distance[worst] * 1e3:.4g} nm off the "
                f"{rule.limit * 1e3:g} nm grid; snap it"
            )
            amount, place = float(distance[worst]), (x, y, x, y)
            yield broken(rule, name, place, what, amount=amount, limit=0.0, count=int(places))


def _unknown_layers(layout: LayoutFile, layers: LayerMap, rule: Rule) -> Iterator[Violation]:
    for layer in layout.layers:
        if not layers.name_of(*layer):
            shapes = [drawn for drawn in layout.drawn if drawn.layer == layer]
            count = sum(len(drawn.origins_um) for drawn in shapes)
            points = shapes[0].points_um + shapes[0].origins_um[0]
            place = (*points.min(axis=0), *points.max(axis=0))
            name = f"layer {layer[0]}/{layer[1]}"
            what = f"{count} shapes lie on it and it is not in the layer map; add it to the map"
            yield broken(rule, name, place, what, amount=count, count=count)


def _duplicate_cells(layout: LayoutFile, rule: Rule) -> Iterator[Violation]:
    same: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for cell in layout.cells:
        if content := _content(cell):
            same[content].append(cell.name)
    for names in same.values():
        if len(names) > 1:
            what = f"holds the same as {', '.join(names[1:])}; keep one of them"
            yield broken(rule, tuple(names), _NOWHERE, what, amount=len(names), limit=1.0)


def _content(cell: gdstk.Cell) -> tuple[object, ...]:
    """Return what a cell holds, as something that compares."""
    shapes = (
        (p.layer, p.datatype, _bytes(np.asarray(p.points)), _bytes(offsets_of(p.repetition)))
        for p in polygons_of(cell)
    )
    references = (
        (r.cell_name, _bytes(turn_of(r)), _bytes(np.array([r.origin]) + offsets_of(r.repetition)))
        for r in cell.references
    )
    texts = ((t.layer, t.text, _bytes(places)) for t, places in labels_of(cell))
    content = tuple(tuple(sorted(part)) for part in (shapes, references, texts))
    return content if any(content) else ()


def _bytes(numbers: NDArray[np.float64]) -> bytes:
    return (np.round(numbers, _DIGITS) + 0.0).tobytes()


def _duplicate_instances(layout: LayoutFile, rule: Rule) -> Iterator[Violation]:
    for cell in layout.cells:
        places: dict[tuple[str, bytes], list[NDArray[np.float64]]] = defaultdict(list)
        for reference in cell.references:
            key = (reference.cell_name, _bytes(turn_of(reference)))
            places[key].append(np.array([reference.origin]) + offsets_of(reference.repetition))
        for (child, _), origins in places.items():
            for x, y, count in _repeated(np.concatenate(origins)):
                what = (
                    f"stands {count} times at ({x:g}, {y:g}) um of cell {cell.name}; take all but "
                    "one out"
                )
                yield broken(rule, child, (x, y, x, y), what, amount=count, limit=1.0)


def _repeated(points: NDArray[np.float64]) -> Iterator[tuple[float, float, int]]:
    """Yield x and y of points that coincide to a nanometre, and how many do."""
    if len(points) < 2:
        return
    whole = np.round(points * _NM_PER_UM).astype(np.int64)
    keys = (whole[:, 0] << 32) + whole[:, 1]
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.diff(keys[order], prepend=keys[order[0]] - 1))
    counts = np.diff(np.append(first, len(keys)))
    for start, count in zip(first[counts > 1], counts[counts > 1].tolist(), strict=True):
        x, y = points[order[start]].tolist()
        yield x, y, count
