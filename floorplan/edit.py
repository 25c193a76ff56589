"""Changes to a floorplan: a moved stack, a block of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from floorplan.block import Block, BlockKind
from floorplan.die import Die

__all__ = ["with_block"]


def with_block(die: Die, block: Block) -> Die:
    """Return a die with a block replaced or added; filler gives way to it.

    Pieces of filler that are cut are named ``<filler>~0``, ``<filler>~1`` and so on. A block that
    overlaps another one than filler is added as it is; the checks report it.
    """
    blocks: list[Block] = []
    replaced = False
    for old in die.blocks:
        if old.name == block.name:
            blocks.append(block)
            replaced = True
        elif old.kind is BlockKind.FILLER and block.kind is not BlockKind.FILLER:
            blocks += _cut(old, block.outline)
        else:
            blocks.append(old)
    if not replaced:
        blocks.append(block)
    return replace(die, blocks=tuple(blocks))


def _cut(filler: Block, outline: Polygon) -> Iterator[Block]:
    """Yield what an outline leaves of a filler, in pieces without holes."""
    if not outline.is_valid or not filler.outline.intersection(outline).area:
        yield filler
        return
    x0, y0, x1, y1 = outline.bounds
    left, bottom, right, top = filler.outline.bounds
    quarters = [
        box(left, bottom, max(x0, left), top),
        box(min(x1, right), bottom, right, top),
        box(max(x0, left), bottom, min(x1, right), max(y0, bottom)),
        box(max(x0, left), min(y1, top), min(x1, right), top),
        outline.envelope.difference(outline),
    ]
    pieces = [piece for part in quarters for piece in _polygons(filler.outline.intersection(part))]
    for index, piece in enumerate(pieces):
        yield replace(filler, name=f"{filler.name}~{index}", outline=piece)


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    parts = getattr(shape, "geoms", [shape])
    return [part for part in parts if isinstance(part, Polygon) and part.area > 0.0]
