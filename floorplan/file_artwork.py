"""From the shapes of a layout file to dies, blocks and stacks, by layer map and labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, STRtree, affinity, box
from shapely.geometry.base import BaseGeometry

from floorplan.artwork import Artwork, DieArtwork, Shapes, StackArtwork
from floorplan.block import BlockKind
from floorplan.cell_tree import Drawn
from floorplan.layer_map import LayerMap
from floorplan.layout_file import LayoutFile
from floorplan.ring import close_ring, core_inside
from floorplan.stack import Edge
from techlib import InputError

__all__ = ["artwork_of_file", "outline_of"]

_ROUND_OFF_UM2 = 1e-6  # of areas from coordinates as floats


@dataclass(frozen=True, eq=False)
class _Placed:
    """The shapes of one layer of the map, each where it stands in the top cell."""

    names: list[str]
    outlines: NDArray[np.object_]
    labelled: NDArray[np.bool_]  #: by a label of their own, not by that of an instance


def outline_of(points: NDArray[np.float64]) -> list[Polygon]:
    """Return a drawn polygon without its cut lines; one that crosses itself stays as it is.

    Layout files have no holes: a ring is drawn with a cut line from its outside to its inside.

    Examples
    --------
    >>> ring = [(0, 0), (3, 0), (3, 3), (0, 3), (0, 1), (1, 1), (1, 2), (2, 2), (2, 1), (0, 1)]
    >>> [outline.area for outline in outline_of(np.array(ring, dtype=float))]
    [8.0]
    """
    polygon = Polygon(points if len(points) >= 3 else points[[0, -1, -1]])
    if polygon.is_valid:
        return [polygon]
    x, y = points[:, 0], points[:, 1]
    drawn_um2 = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2.0
    parts = shapely.get_parts(shapely.make_valid(polygon))
    areas = [part for part in parts if isinstance(part, Polygon)]
    same = abs(sum(part.area for part in areas) - drawn_um2) <= _ROUND_OFF_UM2
    return areas if same and areas else [polygon]


def artwork_of_file(layout: LayoutFile, layers: LayerMap) -> Artwork:
    """Return what a check sees of a layout file.

    Parameters
    ----------
    layout : LayoutFile
        Its labels name dies, stacks and blocks: a label at the middle of an instance, or inside a
        polygon on its layer.
    layers : LayerMap
        What its layers hold.

    Raises
    ------
    InputError
        No layer of the file is in the map.
    """
    known = {layer for layer in layout.layers if layers.name_of(*layer)}
    if not known:
        there = ", ".join(f"{layer}/{datatype}" for layer, datatype in layout.layers)
        raise InputError.of(
            str(layout.path),
            f"none of its layers ({there}) is in the layer map",
            cure="give a layer map of its own with --layers",
        )
    drawing = _Drawing(layout, layers)
    outlines = drawing.layer("die.outline")
    blocks = {kind: drawing.layer(f"block.{kind}") for kind in BlockKind}
    if not len(outlines.outlines):
        hull = np.array([_hull(blocks)], dtype=object)
        outlines = _Placed([layout.name.lower()], hull, np.zeros(1, dtype=np.bool_))
    stacks = tuple(_stacks(drawing))
    drawn = list(_dies(drawing, outlines, blocks, stacks))
    return Artwork(
        name=layout.name,
        interposer=next(iter(drawing.layer("package.interposer").outlines), None),
        dies=tuple(die for die, _ in drawn),
        stacks=stacks,
        heat_keys=tuple(key for _, labelled in drawn for key in labelled),
        substrate=next(iter(drawing.layer("package.substrate").outlines), None),
    )


class _Drawing:
    """The shapes of a file by the names of its layers."""

    def __init__(self, layout: LayoutFile, layers: LayerMap) -> None:
        self._layout, self._layers = layout, layers

    def layer(self, name: str) -> _Placed:
        """Return all sound shapes of a layer, placed and named."""
        names: list[str] = []
        outlines: list[Polygon] = []
        for shape in self._layout.drawn:
            if self._layers.name_of(*shape.layer) == name:
                for given, outline in _expanded(shape):
                    names.append(given)
                    outlines.append(outline)
        found = np.array(outlines, dtype=object)
        labelled = self._label(name, names, found)
        keep = np.flatnonzero(shapely.is_valid(found) & (shapely.area(found) > 0.0))
        return _Placed([names[index] for index in keep], found[keep], labelled[keep])

    def _label(
        self, layer: str, names: list[str], outlines: NDArray[np.object_]
    ) -> NDArray[np.bool_]:
        """Name shapes after the label on their layer that lies inside them, nearest the middle.

        Return which ones have a label that is no other one's.
        """
        nearest = np.full(len(outlines), -1)
        if layer not in self._layers.layers:
            return nearest >= 0
        number = self._layers[layer].gds_layer
        texts = list(self._layout.texts(number))
        if not texts or not len(outlines):
            return nearest >= 0
        points = np.asarray(shapely.points([[text.x_um, text.y_um] for text in texts]))
        middles = shapely.centroid(outlines)
        text, owner = STRtree(outlines).query(points, predicate="intersects")
        distance = shapely.distance(points[text], middles[owner])
        for index in np.lexsort((text, -distance)):
            label = texts[text[index]]
            path = f"{label.path}/{label.text}" if label.path else label.text
            names[owner[index]] = path
            nearest[owner[index]] = text[index]
        first = np.zeros(len(outlines), dtype=np.bool_)
        first[np.unique(nearest, return_index=True)[1]] = True
        return first & (nearest >= 0)


def _expanded(shape: Drawn) -> Iterator[tuple[str, Polygon]]:
    """Yield a shape in each of its places, with its name; valid or not."""
    parts = outline_of(shape.points_um)
    for index, origin in enumerate(shape.origins_um):
        name = shape.names[index] if index < len(shape.names) else ""
        for part in parts:
            yield name or f"{shape.cell}[{index}]", affinity.translate(part, *origin.tolist())


def _hull(blocks: dict[BlockKind, _Placed]) -> Polygon:
    """Return the box around all blocks: the outline of a die that has none drawn."""
    bounds = [shapely.bounds(placed.outlines) for placed in blocks.values() if placed.names]
    if not bounds:
        return Polygon()
    every = np.concatenate(bounds)
    low, high = every[:, :2].min(axis=0), every[:, 2:].max(axis=0)
    return box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _stacks(drawing: _Drawing) -> Iterator[StackArtwork]:
    bodies, faces = drawing.layer("package.stack"), drawing.layer("package.stack_face")
    for name, outline in zip(bodies.names, bodies.outlines, strict=True):
        inside = [face for face in faces.outlines if outline.contains(face.centroid)]
        edge = _side(outline, inside[0]) if inside else None
        yield StackArtwork(name.rpartition("/")[2], outline, edge)


def _side(outline: Polygon, face: Polygon) -> Edge:
    """Return the side of a stack that its interface lies at."""
    x0, y0, x1, y1 = outline.bounds
    left, bottom, right, top = face.bounds
    gaps = {
        Edge.WEST: left - x0,
        Edge.EAST: x1 - right,
        Edge.SOUTH: bottom - y0,
        Edge.NORTH: y1 - top,
    }
    return min(gaps, key=lambda edge: gaps[edge])


def _dies(
    drawing: _Drawing,
    outlines: _Placed,
    blocks: dict[BlockKind, _Placed],
    stacks: tuple[StackArtwork, ...],
) -> Iterator[tuple[DieArtwork, tuple[str, ...]]]:
    """Yield each die, and the keys of its blocks that have a label of their own."""
    rings, keepouts = drawing.layer("die.seal_ring"), drawing.layer("die.keepout")
    if outlines.outlines[0].is_empty:
        return
    owners = {kind: _owners(outlines.outlines, placed.outlines) for kind, placed in blocks.items()}
    ring_of = _owners(outlines.outlines, rings.outlines)
    keepout_of = _owners(outlines.outlines, keepouts.outlines)
    lanes = drawing.layer("die.scribe")
    lane_of = _owners(outlines.outlines, lanes.outlines)
    stacks_of = {BlockKind.HBM_PHY: _stacks_of(blocks[BlockKind.HBM_PHY], stacks)}
    for index, (path, outline) in enumerate(zip(outlines.names, outlines.outlines, strict=True)):
        above, _, die = path.rpartition("/")
        ring = shapely.union_all(rings.outlines[ring_of == index])
        mine = [
            (kind, number)
            for kind in blocks
            for number in np.flatnonzero(owners[kind] == index).tolist()
        ]
        keys = tuple(_key(above, die, blocks[kind].names[number]) for kind, number in mine)
        drawn = [blocks[kind].outlines[number] for kind, number in mine]
        labelled = tuple(
            key
            for key, (kind, number) in zip(keys, mine, strict=True)
            if blocks[kind].labelled[number]
        )
        yield (
            DieArtwork(
                name=die,
                outline=outline,
                seal_ring=ring,
                core=_core(ring, outline),
                keepouts=tuple(keepouts.outlines[keepout_of == index]),
                blocks=Shapes(keys, np.array(drawn, dtype=object)),
                kinds=tuple(kind for kind, _ in mine),
                stacks=tuple(
                    stacks_of[kind][number] if kind in stacks_of else "" for kind, number in mine
                ),
                scribe=shapely.union_all(lanes.outlines[lane_of == index]),
            ),
            labelled,
        )


def _owners(dies: NDArray[np.object_], shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the die that each shape lies on, or else the nearest one."""
    if not len(shapes):
        return np.empty(0, dtype=np.int64)
    middles = shapely.centroid(shapes)
    middles[shapely.is_empty(middles)] = shapely.Point(0.0, 0.0)
    distance = np.stack([np.asarray(shapely.distance(middles, die)) for die in dies])
    return np.asarray(distance.argmin(axis=0), dtype=np.int64)


def _core(ring: BaseGeometry, outline: Polygon) -> Polygon:
    """Return the area inside the seal ring, as if an open one were closed."""
    if ring.is_empty:
        return outline
    return core_inside(ring) or core_inside(close_ring(ring, outline)[1]) or outline


def _key(above: str, die: str, path: str) -> str:
    """Return the key of a block: its path from its die on, without what stands above the die."""
    local = path.removeprefix(f"{above}/")
    parts = local.split("/")
    return "/".join(parts[parts.index(die) :]) if die in parts else f"{die}/{local}"


def _stacks_of(phys: _Placed, stacks: tuple[StackArtwork, ...]) -> list[str]:
    """Return the stack of each PHY: the one in its name, or else the nearest that no name has.

    Of PHYs without such a name the one that is nearest to a stack takes it.
    """
    found = [
        max((s.name for s in stacks if path.endswith(s.name)), key=len, default="")
        for path in phys.names
    ]
    pairs = [
        (float(stack.outline.distance(phys.outlines[index])), index, stack.name)
        for index, named in enumerate(found)
        for stack in stacks
        if not named and stack.name not in found
    ]
    for _, index, stack in sorted(pairs):
        if not found[index] and stack not in found:
            found[index] = stack
    return found
