"""A die: its outline, its blocks, and where it stands on the interposer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import Polygon, box

from floorplan.block import Block
from techlib import ProcessNode

__all__ = ["Die"]


@dataclass(frozen=True)
class Die:
    """A die placed on the interposer, face down, not rotated.

    Parameters
    ----------
    name : str
        First part of the keys of its blocks, e.g. ``"compute"``.
    width_um, height_um : float
        Extent along x and y, scribe lane included [um].
    x_um, y_um : float
        Lower left corner on the interposer [um].
    node : ProcessNode
        Process of its logic.
    blocks : tuple of Block
        They tile the die inside its seal ring without overlap.
    scribe_um, seal_ring_um : float
        Widths of the scribe lane and of the seal ring inside it [um].
    keepouts : tuple of shapely.Polygon
        Areas of the die where no block may lie [um].
    """

    name: str
    width_um: float
    height_um: float
    x_um: float
    y_um: float
    node: ProcessNode
    blocks: tuple[Block, ...]
    scribe_um: float = 0.0
    seal_ring_um: float = 0.0
    keepouts: tuple[Polygon, ...] = field(default=())

    @property
    def outline(self) -> Polygon:
        """Outline in die coordinates [um]."""
        return box(0.0, 0.0, self.width_um, self.height_um)

    @property
    def core(self) -> Polygon:
        """The area inside the seal ring, in die coordinates [um]."""
        edge = self.scribe_um + self.seal_ring_um
        return box(edge, edge, self.width_um - edge, self.height_um - edge)

    @property
    def placed_outline(self) -> Polygon:
        """Outline in interposer coordinates [um]."""
        return box(self.x_um, self.y_um, self.x_um + self.width_um, self.y_um + self.height_um)

    @property
    def area_um2(self) -> float:
        """Area of the die, scribe lane included [um^2]."""
        return self.width_um * self.height_um

    def placed_blocks(self) -> Iterator[tuple[str, Block, Polygon]]:
        """Yield the key, the block, and its outline in interposer coordinates [um]."""
        outlines = np.array([block.outline for block in self.blocks], dtype=object)
        corner = np.array([self.x_um, self.y_um])
        moved = shapely.transform(outlines, lambda vertices: vertices + corner)
        for block, outline in zip(self.blocks, moved, strict=True):
            yield f"{self.name}/{block.name}", block, outline
