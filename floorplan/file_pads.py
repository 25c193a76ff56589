"""Pads of a layout file: by layer and cell, with the nets that texts give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from floorplan.artwork import Artwork
from floorplan.block import BlockKind
from floorplan.bump import BumpKind
from floorplan.cell_tree import Drawn
from floorplan.layer_map import LayerMap
from floorplan.layout_file import LayoutFile, Text
from floorplan.pads import Pads
from floorplan.place_keys import among, keys_of

__all__ = ["pads_of_file"]

_NM_PER_UM = 1000.0
_DIGITS = 6  # of diameters in um that count


def pads_of_file(layout: LayoutFile, layers: LayerMap, artwork: Artwork) -> tuple[Pads, ...]:
    """Return the bumps of a layout file by body, and those over a PHY by block.

    A net is the text in the cell of a pad, or the text at its centre; nets of a file are the
    owner's own names for them.
    """
    found: list[Pads] = []
    for kind in BumpKind:
        name = f"bump.{kind}"
        drawn = [shape for shape in layout.drawn if layers.name_of(*shape.layer) == name]
        if drawn:
            every = _collected(kind, drawn, layout, layers[name].gds_layer)
            found += _by_owner(every, artwork)
    return tuple(found)


def _collected(kind: BumpKind, drawn: list[Drawn], layout: LayoutFile, layer: int) -> Pads:
    """Return all pads on one layer with their nets."""
    counts = np.array([len(d.origins_um) for d in drawn])
    middles = [(d.points_um.min(axis=0) + d.points_um.max(axis=0)) / 2.0 for d in drawn]
    points = np.concatenate([d.origins_um + m for d, m in zip(drawn, middles, strict=True)])
    sizes = np.round([np.ptp(d.points_um, axis=0).max() for d in drawn], _DIGITS)
    kinds, index = np.unique(sizes, return_inverse=True)
    commonest = float(kinds[np.bincount(index, weights=counts).argmax()])
    own = _texts_of_pads(layout, layer)
    names = [own.get(d.cell, []) for d in drawn]
    texts = list(layout.texts(layer))
    nets = sorted({"", *(net for some in names for net in some), *(text.text for text in texts)})
    code = {net: number for number, net in enumerate(nets)}
    first = np.array([code[some[0]] if some else code[""] for some in names], dtype=np.int32)
    codes = np.repeat(first, counts)
    others = {
        number: some[1]
        for some, end, count in zip(names, np.cumsum(counts).tolist(), counts.tolist(), strict=True)
        for number in (range(end - count, end) if len(some) > 1 else ())
    }
    for number, text in _texts_at(points, commonest / 2.0, texts):
        if codes[number] == code[""]:
            codes[number] = code[text]
        elif nets[codes[number]] != text:
            others[number] = text
    each = np.repeat(sizes, counts) if len(kinds) > 1 else None
    return Pads(str(kind), kind, "", "", commonest, points, tuple(nets), codes, each, others)


def _texts_of_pads(layout: LayoutFile, layer: int) -> dict[str, list[str]]:
    """Return the different texts inside the one polygon of each cell that is a pad."""
    found: dict[str, list[str]] = {}
    for cell in layout.cells:
        if len(cell.polygons) == 1 and cell.polygons[0].repetition.size <= 1:
            (x0, y0), (x1, y1) = cell.polygons[0].bounding_box()
            mine = ((label.text, *label.origin) for label in cell.labels if label.layer == layer)
            inside = [text for text, x, y in mine if x0 <= x <= x1 and y0 <= y <= y1]
            found[cell.name] = list(dict.fromkeys(inside))
    return found


def _texts_at(
    points: NDArray[np.float64], radius_um: float, texts: list[Text]
) -> Iterator[tuple[int, str]]:
    """Yield the number of each pad that a text stands on, and the text.

    A text in the middle of pads is that of all of them, any other that of the nearest one.
    """
    from scipy.spatial import cKDTree

    if not texts:
        return
    places = np.array([(text.x_um, text.y_um) for text in texts])
    pads, marks = _keys(points), _keys(places)
    there: dict[int, list[str]] = {}
    for key, text in zip(marks.tolist(), texts, strict=True):
        there.setdefault(key, []).append(text.text)
    for number in np.flatnonzero(among(pads, np.sort(marks))).tolist():
        for name in there[int(pads[number])]:
            yield number, name
    stray = np.flatnonzero(~among(marks, np.sort(pads)))
    if len(stray):
        found = cKDTree(points, balanced_tree=False, compact_nodes=False).query(places[stray])
        distance, nearest = np.asarray(found[0]), np.asarray(found[1])
        for index in np.flatnonzero(distance <= radius_um).tolist():
            yield int(nearest[index]), texts[int(stray[index])].text


def _keys(points_um: NDArray[np.float64]) -> NDArray[np.int64]:
    return keys_of(np.round(points_um * _NM_PER_UM).astype(np.int64))


def _by_owner(pads: Pads, artwork: Artwork) -> Iterator[Pads]:
    """Split the pads of a kind by the body, and the PHY, that they stand on."""
    if pads.kind in (BumpKind.C4, BumpKind.TSV):
        yield _part(pads, np.arange(len(pads.codes)), "interposer", "")
        return
    if pads.kind is BumpKind.BGA:
        yield _part(pads, np.arange(len(pads.codes)), "substrate", "")
        return
    left = np.ones(len(pads.codes), dtype=bool)
    for owner, outline in artwork.bodies:
        mine = np.flatnonzero(left & (_distance(pads.points_um, outline) == 0.0))
        left[mine] = False
        phys = _interfaces(artwork, owner, pads.kind)
        if phys and len(mine):  # a field may reach beyond its PHY: each bump is the nearest one's
            away = [_distance(pads.points_um[mine], shape) for _, shape in phys]
            nearest = np.argmin(away, axis=0)
            for number, (block, _) in enumerate(phys):
                yield _part(pads, mine[nearest == number], owner, block)
        elif len(mine):
            yield _part(pads, mine, owner, "")
    if left.any():
        yield _part(pads, np.flatnonzero(left), "", "")


_INTERFACES = {BumpKind.HBM: BlockKind.HBM_PHY, BumpKind.D2D: BlockKind.DIE_TO_DIE}


def _interfaces(artwork: Artwork, owner: str, bump: BumpKind) -> list[tuple[str, Polygon]]:
    """Return name and outline of the blocks of a die that have bumps of a kind to themselves."""
    return [
        (die.blocks.names[index].partition("/")[2], die.blocks.placed_outline(index))
        for die in artwork.dies
        for index, kind in enumerate(die.kinds)
        if die.name == owner and kind is _INTERFACES.get(bump)
    ]


def _distance(points: NDArray[np.float64], outline: Polygon) -> NDArray[np.float64]:
    """Return the distance of points from the box around an outline; 0 inside [um]."""
    x0, y0, x1, y1 = outline.bounds
    low, high = np.array([x0, y0]) - points, points - np.array([x1, y1])
    return np.asarray(np.hypot(*np.maximum(np.maximum(low, high), 0.0).T))


def _part(pads: Pads, mine: NDArray[np.int64], owner: str, block: str) -> Pads:
    """Return some of the pads, by their sorted numbers, as those of a body or of a block."""
    numbers = np.array(list(pads.other_nets), dtype=np.int64)
    here = numbers[among(numbers, mine)]
    others = {
        new: pads.other_nets[old]
        for new, old in zip(np.searchsorted(mine, here).tolist(), here.tolist(), strict=True)
    }
    return replace(
        pads,
        name="/".join(part for part in (owner, block or str(pads.kind)) if part),
        owner=owner,
        block=block,
        points_um=pads.points_um[mine],
        codes=pads.codes[mine],
        sizes_um=None if pads.sizes_um is None else pads.sizes_um[mine],
        other_nets=others,
    )
