"""A die as rectangles that tile it: blocks in parts, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator

import shapely

from floorplan.die import Die
from floorplan.formats.nanometres import Box, pieces_nm
from techlib import Faults

__all__ = ["block_pieces", "void_pieces"]


def block_pieces(die: Die, tool: str) -> dict[str, tuple[Box, ...]]:
    """Return the rectangles of each block of a die, by block name.

    Parameters
    ----------
    die : Die
        Its blocks.
    tool : str
        What knows rectangles alone, for messages.

    Raises
    ------
    InputError
        Every block with a slanted edge.
    """
    faults = Faults()
    found: dict[str, tuple[Box, ...]] = {}
    for block in die.blocks:
        pieces = pieces_nm(block.outline)
        if pieces is None:
            where = f"{die.name}/{block.name}"
            faults.add(where, "has a slanted edge", f"rectangles in {tool}", "draw it in steps")
        found[block.name] = pieces or ()
    faults.raise_if_any()
    return found


def void_pieces(die: Die) -> Iterator[Box]:
    """Yield rectangles that fill what no block covers, scribe lane and seal ring included."""
    void = die.outline.difference(shapely.union_all([block.outline for block in die.blocks]))
    for part in shapely.get_parts(shapely.set_precision(void, 0.001)):
        yield from pieces_nm(part) or ()
