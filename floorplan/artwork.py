"""Artwork: the shapes that a check looks at, in one frame, from a floorplan or a layout file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, affinity, box
from shapely.geometry.base import BaseGeometry

from floorplan.block import BlockKind
from floorplan.die import Die
from floorplan.die_links import facing_pairs
from floorplan.floorplan import Floorplan
from floorplan.layout import Layout
from floorplan.stack import Edge

Bounds: TypeAlias = Sequence[float] | NDArray[np.float64]

__all__ = ["Artwork", "DieArtwork", "Shapes", "StackArtwork", "artwork_of"]


G = TypeVar("G", bound=BaseGeometry)


@dataclass(frozen=True, eq=False)
class Shapes:
    """Polygons with names, in a frame of their own.

    Parameters
    ----------
    names : tuple of str
        One for each outline.
    outlines : ndarray of shapely.Polygon, shape (n,)
        In the frame of a die or a cell [um].
    x_um, y_um : float or ndarray, shape (n,)
        Where the frame's origin is in the artwork [um]; for a cell, its first place.
    counts : ndarray of int, shape (n,), optional
        How often each stands in the artwork; once if not given.
    """

    names: tuple[str, ...]
    outlines: NDArray[np.object_]
    x_um: float | NDArray[np.float64] = 0.0
    y_um: float | NDArray[np.float64] = 0.0
    counts: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def count(self, index: int) -> int:
        """Return how often an outline stands in the artwork."""
        return 1 if self.counts is None else int(self.counts[index])

    def placed(self, index: int, bounds: Bounds) -> tuple[float, float, float, float]:
        """Return bounds in the frame of an outline as those in the artwork [um]."""
        x = self.x_um if isinstance(self.x_um, float) else float(self.x_um[index])
        y = self.y_um if isinstance(self.y_um, float) else float(self.y_um[index])
        x0, y0, x1, y1 = bounds
        return float(x0) + x, float(y0) + y, float(x1) + x, float(y1) + y

    def placed_outline(self, index: int) -> Polygon:
        """Return an outline in the artwork [um]."""
        x, y, _, _ = self.placed(index, (0.0, 0.0, 0.0, 0.0))
        outline: Polygon = affinity.translate(self.outlines[index], x, y)
        return outline

    def subset(self, keep: NDArray[np.bool_]) -> Shapes:
        """Return some of the shapes."""
        chosen = np.flatnonzero(keep)
        x, y = (v if isinstance(v, float) else v[chosen] for v in (self.x_um, self.y_um))
        names = tuple(self.names[index] for index in chosen)
        counts = None if self.counts is None else self.counts[chosen]
        return Shapes(names, self.outlines[chosen], x, y, counts)


@dataclass(frozen=True, eq=False)
class DieArtwork:
    """What is drawn of one die, in the frame of the artwork [um].

    Parameters
    ----------
    name : str
        First part of its blocks' keys.
    outline : shapely.Polygon
        Scribe lane included.
    seal_ring : shapely geometry
        Empty where the die has none.
    core : shapely.Polygon
        The area inside the seal ring; the outline where there is none.
    keepouts : tuple of shapely.Polygon
        Where no block may lie.
    blocks : Shapes
        In a frame of the die or of the artwork.
    kinds : tuple of BlockKind
        One for each block.
    stacks : tuple of str
        Name of the stack that each block talks to; empty if none.
    scribe : shapely geometry
        The scribe lane; empty where none is drawn.
    """

    name: str
    outline: Polygon
    seal_ring: BaseGeometry
    core: Polygon
    keepouts: tuple[Polygon, ...]
    blocks: Shapes
    kinds: tuple[BlockKind, ...]
    stacks: tuple[str, ...]
    scribe: BaseGeometry


@dataclass(frozen=True, eq=False)
class StackArtwork:
    """A stack: its outline in the artwork [um] and the side of its interface, if that is drawn."""

    name: str
    outline: Polygon
    phy_edge: Edge | None


@dataclass(frozen=True, eq=False)
class Artwork:
    """Everything that stands on one interposer.

    Parameters
    ----------
    name : str
        Of the design or the top cell.
    interposer : shapely.Polygon or None
        Its outline [um]; none in the layout of a die alone.
    dies, stacks : tuple
        What stands on it.
    heat_keys : tuple of str
        Keys that power and temperature are joined on; of a file, those that labels give.
    """

    name: str
    interposer: Polygon | None
    dies: tuple[DieArtwork, ...]
    stacks: tuple[StackArtwork, ...]
    heat_keys: tuple[str, ...] = ()
    substrate: Polygon | None = None

    @property
    def bump_areas(self) -> dict[str, Polygon]:
        """Where the bumps of each owner may lie [um]: inside the seal ring of a die."""
        areas = {die.name: die.core for die in self.dies}
        areas |= {stack.name: stack.outline for stack in self.stacks}
        carriers = {"interposer": self.interposer, "substrate": self.substrate}
        return areas | {name: area for name, area in carriers.items() if area is not None}

    @property
    def die_links(self) -> tuple[tuple[str, str, bool], ...]:
        """Keys of die-to-die blocks that face each other, and whether one is above the other."""
        ends = [
            (die.blocks.names[index], die.blocks.placed_outline(index))
            for die in self.dies
            for index, kind in enumerate(die.kinds)
            if kind is BlockKind.DIE_TO_DIE
        ]
        found = []
        for one, other in facing_pairs(ends):
            (key, a), (far, b) = ends[one], ends[other]
            dx, dy = (abs(p - q) for p, q in zip(a.centroid.coords[0], b.centroid.coords[0],
                                                 strict=True))  # fmt: skip
            found.append((key, far, dy > dx))
        return tuple(found)

    @property
    def bodies(self) -> tuple[tuple[str, Polygon], ...]:
        """Name and outline of each die and each stack."""
        dies = ((die.name, die.outline) for die in self.dies)
        return (*dies, *((stack.name, stack.outline) for stack in self.stacks))


def artwork_of(layout: Floorplan | Layout) -> Artwork:
    """Return what a check sees of a floorplan or of a layout."""
    if isinstance(layout, Layout):
        artwork = artwork_of(layout.floorplan)
        dies = tuple(_with_ring(die, layout) for die in artwork.dies)
        return replace(artwork, dies=dies, substrate=layout.substrate.outline)
    floorplan = layout
    return Artwork(
        name=floorplan.name,
        interposer=floorplan.outline,
        dies=tuple(_die(die) for die in floorplan.dies),
        stacks=tuple(
            StackArtwork(stack.name, stack.placed_outline, stack.phy_edge)
            for stack in floorplan.stacks
        ),
        heat_keys=floorplan.heat_keys,
    )


def _with_ring(die: DieArtwork, layout: Layout) -> DieArtwork:
    """Return a die with the seal ring that its layout draws."""
    drawn = [f.outline for f in layout.features.get(die.name, ()) if f.layer == "die.seal_ring"]
    ring = affinity.translate(shapely.union_all(drawn), *layout.origin_um(die.name))
    return replace(die, seal_ring=ring)


def _die(die: Die) -> DieArtwork:
    corner = np.array([die.x_um, die.y_um])

    def placed(shape: G) -> G:
        return shapely.transform(shape, lambda points: points + corner)

    inset = die.scribe_um
    inside = box(inset, inset, die.width_um - inset, die.height_um - inset)
    ring = inside.difference(die.core)
    return DieArtwork(
        name=die.name,
        outline=die.placed_outline,
        seal_ring=placed(ring) if die.seal_ring_um > 0.0 else Polygon(),
        core=placed(die.core),
        keepouts=tuple(placed(keepout) for keepout in die.keepouts),
        blocks=Shapes(
            names=tuple(f"{die.name}/{block.name}" for block in die.blocks),
            outlines=np.array([block.outline for block in die.blocks], dtype=object),
            x_um=float(die.x_um),
            y_um=float(die.y_um),
        ),
        kinds=tuple(block.kind for block in die.blocks),
        stacks=tuple(block.stack for block in die.blocks),
        scribe=placed(die.outline.difference(inside)) if inset > 0.0 else Polygon(),
    )
