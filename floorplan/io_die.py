"""The I/O die: die-to-die links towards the compute die, SerDes and host at the far edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from floorplan.beachfront import Macro, Strip, interface_macros, share_out
from floorplan.block import Block, BlockKind
from floorplan.grid import Grid, Rect
from floorplan.recipe import Recipe
from floorplan.stack import Edge
from techlib import InputError

__all__ = ["die_to_die_macros", "io_die_blocks", "io_die_core"]


def die_to_die_macros(recipe: Recipe, grid: Grid, strip: Strip, room: int) -> list[Macro]:
    """Return the die-to-die links, spread evenly over `room` in the middle of an edge.

    The two dies are centred on each other, so links with the same room face each other.

    Raises
    ------
    InputError
        They are wider together than the edge.
    """
    count = int(recipe.die_to_die_blocks)
    length = grid.up(recipe.die_to_die_width_um)
    if count * length > room:
        raise InputError.of(
            f"{recipe.name}.die_to_die_width",
            f"{count} links need {grid.um(count * length):g} um of the {strip.edge} edge, "
            f"{grid.um(count * length - room):g} um more than there is",
            f"at most {grid.um(room // count):g} um each",
            "take fewer or narrower links",
        )
    pitch = room // count
    middle = (strip.low + strip.high) // 2
    first = middle - (count * pitch) // 2 + (pitch - length) // 2
    depth = grid.up(recipe.die_to_die_depth_um)
    base = Macro("d2d", BlockKind.DIE_TO_DIE, length, depth)
    return [
        replace(base, name=f"d2d{index}", start=first + index * pitch) for index in range(count)
    ]


def io_die_core(recipe: Recipe, grid: Grid) -> Rect:
    """Return the area inside the I/O die's seal ring."""
    edge = grid.up(recipe.scribe_um) + grid.up(recipe.seal_ring_um)
    width, depth = grid.up(recipe.io_die_width_um), grid.up(recipe.io_die_depth_um)
    return Rect(edge, edge, width - edge, depth - edge)


def io_die_blocks(recipe: Recipe, grid: Grid, sliver: int, room: int) -> Iterator[Block]:
    """Yield the blocks that tile the core of the I/O die, in its own coordinates.

    `room` is the length of the edge that the die-to-die links are spread over.

    Raises
    ------
    InputError
        Links and interfaces do not fit its edges, or its network does not fit between them.
    """
    core = io_die_core(recipe, grid)
    far = Edge(recipe.io_edge)
    outer = Strip(far, core.x0, core.x1)
    inner = Strip(far.opposite, core.x0, core.x1)
    macros = interface_macros(recipe, grid)
    where = f"{recipe.name}.serdes_lanes"
    (outer,) = share_out([outer], macros, sliver=sliver, grid=grid, where=where)
    inner = inner.with_macros(die_to_die_macros(recipe, grid, inner, room))
    yield from outer.blocks(core, grid, sliver)
    yield from inner.blocks(core, grid, sliver)
    south, north = (outer, inner) if far is Edge.SOUTH else (inner, outer)
    middle = Rect(core.x0, core.y0 + south.depth, core.x1, core.y1 - north.depth)
    yield from _network(recipe, grid, middle, sliver)


def _network(recipe: Recipe, grid: Grid, middle: Rect, sliver: int) -> Iterator[Block]:
    """Yield the network block in the middle, and filler on both sides."""
    area = grid.area(recipe.io_noc_area_um2)
    if middle.height <= 0 or area > middle.width * middle.height:
        missing = area - max(middle.height, 0) * middle.width
        raise InputError.of(
            f"{recipe.name}.io_die_depth",
            f"the I/O die is {grid.mm2(missing):.4g} mm^2 too small for its links, SerDes and "
            "network",
            cure="raise io_die_depth or lower io_noc_area",
        )
    width = -int(-area // middle.height)
    side = (middle.width - width) // 2
    if not width or side < sliver:
        side, width = (0, middle.width) if width else (middle.width, 0)
    left, network, right = middle.columns([side, width, middle.width - side - width])
    if network.width:
        yield Block("noc/hub", BlockKind.NOC, grid.polygon(network))
    for index, rect in enumerate(piece for piece in (left, right) if piece.width):
        yield Block(f"filler/core{index}", BlockKind.FILLER, grid.polygon(rect))
