"""Pads: every bump of a field where it stands in the artwork, with its net, as plain arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from floorplan.artwork import Artwork
from floorplan.block import BlockKind
from floorplan.bump import NO_CONNECT, BumpKind
from floorplan.cell_tree import Drawn
from floorplan.layer_map import LayerMap
from floorplan.layout import Layout
from floorplan.layout_file import LayoutFile

__all__ = ["Pads", "pads_of", "pads_of_file"]

_NM_PER_UM = 1000.0


@dataclass(frozen=True, eq=False)
class Pads:
    """The bumps of one field in the artwork.

    Parameters
    ----------
    name : str
        The field, e.g. ``"hbm_w0/hbm"``.
    kind : BumpKind
        What they join.
    owner : str
        Die or stack, ``"interposer"`` or ``"substrate"``.
    block : str
        Block of the owner that they belong to; empty if none.
    pad_um : float
        Diameter [um].
    points_um : ndarray, shape (n, 2)
        Centres [um].
    nets : tuple of str
        Names; an empty one stands for none.
    codes : ndarray of int, shape (n,)
        Position in `nets` for each bump.
    """

    name: str
    kind: BumpKind
    owner: str
    block: str
    pad_um: float
    points_um: NDArray[np.float64]
    nets: tuple[str, ...]
    codes: NDArray[np.int32]

    def net(self, index: int) -> str:
        """Return the net of a bump; empty if it has none."""
        return self.nets[int(self.codes[index])]

    def net_names(self) -> NDArray[np.str_]:
        """Return the net of each bump."""
        return np.asarray(self.nets, dtype=np.str_)[self.codes]


def pads_of(layout: Layout) -> tuple[Pads, ...]:
    """Return the bumps of a layout, field by field."""
    return tuple(
        Pads(
            name=field.name,
            kind=field.kind,
            owner=field.owner,
            block=field.block,
            pad_um=field.pad_um,
            points_um=field.positions_um(),
            nets=tuple("" if net == NO_CONNECT else net for net in field.nets),
            codes=field.net_codes(),
        )
        for field in layout.placed_fields()
    )


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
    own = {
        cell.name: next((text.text for text in cell.labels if text.layer == layer), "")
        for cell in layout.cells
        if len(cell.polygons) == 1
    }
    middles = [(d.points_um.min(axis=0) + d.points_um.max(axis=0)) / 2.0 for d in drawn]
    points = np.concatenate([d.origins_um + m for d, m in zip(drawn, middles, strict=True)])
    names = [own.get(d.cell, "") for d in drawn]
    beside = {
        (round(t.x_um * _NM_PER_UM), round(t.y_um * _NM_PER_UM)): t.text
        for t in layout.texts(layer)
    }
    nets = sorted({"", *names, *beside.values()})
    code = {net: index for index, net in enumerate(nets)}
    codes = np.repeat(
        np.array([code[name] for name in names], dtype=np.int32),
        [len(d.origins_um) for d in drawn],
    )
    bare = np.flatnonzero(codes == code[""])
    places = np.round(points[bare] * _NM_PER_UM).astype(np.int64).tolist()
    codes[bare] = [code[beside.get((x, y), "")] for x, y in places]
    size = max(float(np.ptp(d.points_um[:, 0])) for d in drawn)
    return Pads(str(kind), kind, "", "", size, points, tuple(nets), codes)


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
    name = "/".join(part for part in (owner, block or str(pads.kind)) if part)
    points, codes = pads.points_um[mine], pads.codes[mine]
    return Pads(name, pads.kind, owner, block, pads.pad_um, points, pads.nets, codes)
