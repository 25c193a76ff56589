"""Blocks that have an outline with an extent, which alone can be drawn."""

from __future__ import annotations

import numpy as np

from floorplan.block import Block
from floorplan.floorplan import Floorplan
from techlib import Faults

__all__ = ["has_extent", "refuse_endless"]


def has_extent(block: Block) -> bool:
    """Return whether a block has an outline with finite bounds."""
    return bool(np.isfinite(block.outline.bounds).all())


def refuse_endless(floorplan: Floorplan) -> None:
    """Refuse a floorplan that no layout file can hold.

    Raises
    ------
    InputError
        Every block whose outline is empty, or reaches to infinity.
    """
    faults = Faults()
    for die in floorplan.dies:
        for block in die.blocks:
            if not has_extent(block):
                what = "its outline " + ("is empty" if block.outline.is_empty else "has no end")
                faults.add(f"{die.name}/{block.name}", what, "a polygon of finite size")
    faults.raise_if_any()
