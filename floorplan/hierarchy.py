"""Groups of blocks that tile a rectangle, such as slices; layout cells and labels use them."""

from __future__ import annotations

from dataclasses import dataclass

from floorplan.block import Block
from floorplan.die import Die

__all__ = ["Group", "groups_of"]

_FILLED = 1.0 - 1e-9  # share of the bounding box from which a group counts as a tile


@dataclass(frozen=True)
class Group:
    """Blocks with the same parent that together fill their bounding box.

    Parameters
    ----------
    name : str
        Parent path, e.g. ``"slice03"``.
    bounds : tuple of float
        x0, y0, x1, y1 in die coordinates [um].
    blocks : tuple of Block
        In the order of the die.
    """

    name: str
    bounds: tuple[float, float, float, float]
    blocks: tuple[Block, ...]


def groups_of(die: Die) -> tuple[tuple[Group, ...], tuple[Block, ...]]:
    """Split the blocks of a die into groups that are tiles, and single blocks."""
    families: dict[str, list[Block]] = {}
    for block in die.blocks:
        families.setdefault(block.parent, []).append(block)
    groups = [
        Group(parent, bounds, tuple(blocks))
        for parent, blocks in families.items()
        if parent and len(blocks) > 1 and (bounds := _tile(blocks)) is not None
    ]
    grouped = {group.name for group in groups}
    return tuple(groups), tuple(block for block in die.blocks if block.parent not in grouped)


def _tile(blocks: list[Block]) -> tuple[float, float, float, float] | None:
    """Return the bounds of blocks that fill them, else None."""
    bounds = [block.outline.bounds for block in blocks]
    x0, y0 = min(b[0] for b in bounds), min(b[1] for b in bounds)
    x1, y1 = max(b[2] for b in bounds), max(b[3] for b in bounds)
    area_um2 = sum(block.area_um2 for block in blocks)
    filled = area_um2 >= _FILLED * (x1 - x0) * (y1 - y0)
    return (x0, y0, x1, y1) if filled else None
