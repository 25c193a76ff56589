"""The beachfront: what stands along the edges of a die, interfaces with a stack or the outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from floorplan.block import Block, BlockKind
from floorplan.grid import Grid, Rect
from floorplan.recipe import Recipe
from floorplan.stack import Edge
from techlib import Fault, InputError

__all__ = ["Macro", "Strip", "interface_macros", "place_centred", "require_room", "share_out"]


@dataclass(frozen=True)
class Macro:
    """An interface block at an edge: its extent along the edge and away from it, in grid steps.

    `start` is its position along the edge in die coordinates, set when it is placed.
    """

    name: str
    kind: BlockKind
    length: int
    depth: int
    start: int = 0
    lanes: int = 0
    stack: str = ""

    @property
    def end(self) -> int:
        """Position of its far end along the edge."""
        return self.start + self.length


@dataclass(frozen=True)
class Strip:
    """A strip of the die core along one edge, from `low` to `high`, with its macros in order."""

    edge: Edge
    low: int
    high: int
    macros: tuple[Macro, ...] = ()

    @property
    def depth(self) -> int:
        """Extent away from the edge: that of the deepest macro, 0 if there is none."""
        return max((macro.depth for macro in self.macros), default=0)

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Free intervals along the edge."""
        ends = [self.low, *(macro.end for macro in self.macros)]
        starts = [*(macro.start for macro in self.macros), self.high]
        return [(a, b) for a, b in zip(ends, starts, strict=True) if b > a]

    def with_macros(self, more: Iterable[Macro]) -> Strip:
        """Return the strip with more macros placed on it."""
        macros = sorted((*self.macros, *more), key=lambda macro: macro.start)
        return replace(self, macros=tuple(macros))

    def blocks(self, core: Rect, grid: Grid, sliver: int) -> Iterator[Block]:
        """Yield the blocks that tile the strip: macros, filler behind and between them.

        A macro within a `sliver` of the strip's depth is drawn to the full depth.
        """
        fillers: list[Rect] = []
        for macro in self.macros:
            depth = self.depth if self.depth - macro.depth < sliver else macro.depth
            outline = grid.polygon(self._rect(core, macro.start, macro.end, 0, depth))
            yield Block(macro.name, macro.kind, outline, lanes=macro.lanes, stack=macro.stack)
            if depth < self.depth:
                fillers.append(self._rect(core, macro.start, macro.end, depth, self.depth))
        if self.depth:
            fillers += [self._rect(core, a, b, 0, self.depth) for a, b in self.gaps]
        for index, rect in enumerate(fillers):
            yield Block(f"filler/{self.edge}{index}", BlockKind.FILLER, grid.polygon(rect))

    def _rect(self, core: Rect, a: int, b: int, near: int, far: int) -> Rect:
        """Return the rectangle from `a` to `b` along the edge and `near` to `far` inwards."""
        match self.edge:
            case Edge.WEST:
                return Rect(core.x0 + near, a, core.x0 + far, b)
            case Edge.EAST:
                return Rect(core.x1 - far, a, core.x1 - near, b)
            case Edge.SOUTH:
                return Rect(a, core.y0 + near, b, core.y0 + far)
            case _:
                return Rect(a, core.y1 - far, b, core.y1 - near)


def require_room(strip: Strip, count: int, length: int, *, grid: Grid, where: str) -> None:
    """Refuse more PHYs than an edge is long, before any of them is placed.

    Raises
    ------
    InputError
        There is not enough beachfront; the message says how much is missing.
    """
    needed, room = count * length, strip.high - strip.low
    if needed > room:
        raise InputError.of(
            where,
            f"{count} PHYs need {grid.um(needed):g} um of the {strip.edge} edge, "
            f"{grid.um(needed - room):g} um more than it has",
            f"at most {grid.um(room):g} um",
            "take fewer stacks on this edge or a larger die",
        )


def place_centred(
    strip: Strip, macros: list[Macro], centres: list[int], *, reach: int, grid: Grid, where: str
) -> Strip:
    """Place macros at wanted centres, moved along the edge by as little as the strip asks for.

    Parameters
    ----------
    strip : Strip
        The edge.
    macros : list of Macro
        In order along the edge.
    centres : list of int
        Where their stacks have their centres, rising.
    reach : int
        How far a macro may move from its centre and still face its stack.
    grid : Grid
        For lengths in messages.
    where : str
        Key for messages.

    Raises
    ------
    InputError
        A macro would have to leave its stack's face.
    """
    if not macros:
        return strip
    starts = [c - m.length // 2 for c, m in zip(centres, macros, strict=True)]
    low = strip.low
    for index, macro in enumerate(macros):
        starts[index] = max(starts[index], low)
        low = starts[index] + macro.length
    high = strip.high
    for index in reversed(range(len(macros))):
        starts[index] = min(starts[index], high - macros[index].length)
        high = starts[index]
    worst = max(
        abs(2 * s + m.length - 2 * c) / 2 for s, c, m in zip(starts, centres, macros, strict=True)
    )
    if worst > reach + 1:
        raise InputError.of(
            where,
            f"the stacks overhang the {strip.edge} edge so far that a PHY misses the face of its "
            f"stack by {grid.um(int(worst) - reach):g} um",
            cure="take fewer stacks on this edge or a larger die",
        )
    return strip.with_macros(
        replace(macro, start=start) for macro, start in zip(macros, starts, strict=True)
    )


def interface_macros(recipe: Recipe, grid: Grid) -> list[Macro]:
    """Return the macros of host interface and SerDes, not yet placed or numbered."""
    macros = []
    if host_lanes := int(recipe.host_lanes):
        length = grid.up(host_lanes * recipe.host_lane_width_um)
        depth = grid.up(recipe.host_depth_um)
        macros.append(Macro("host", BlockKind.HOST, length, depth, lanes=host_lanes))
    left = int(recipe.serdes_lanes)
    while left:
        lanes = min(left, int(recipe.serdes_macro_lanes))
        length = grid.up(lanes * recipe.serdes_lane_width_um)
        depth = grid.up(recipe.serdes_depth_um)
        macros.append(Macro("serdes", BlockKind.SERDES, length, depth, lanes=lanes))
        left -= lanes
    return macros


def share_out(
    strips: list[Strip], macros: list[Macro], *, sliver: int, grid: Grid, where: str
) -> list[Strip]:
    """Place macros one after the other into the free interval with most room.

    SerDes macros are numbered along each edge: ``serdes_n0``, ``serdes_n1`` ...

    Raises
    ------
    InputError
        They do not fit; the message says how much beachfront is missing.
    """
    intervals = [
        [index, low, high] for index, strip in enumerate(strips) for low, high in strip.gaps
    ]
    taken: list[list[Macro]] = [[] for _ in intervals]
    for macro in macros:
        best = max(range(len(intervals)), key=lambda i: _room(intervals[i], taken[i]), default=-1)
        if best < 0 or _room(intervals[best], taken[best]) < macro.length:
            raise _no_room(strips, macros, grid, where)
        taken[best].append(macro)
    placed: list[list[Macro]] = [[] for _ in strips]
    for (index, low, high), held in zip(intervals, taken, strict=True):
        placed[index] += _spread(low, high, held, sliver)
    return [
        strip.with_macros(_numbered(strip.edge, more))
        for strip, more in zip(strips, placed, strict=True)
    ]


def _room(interval: list[int], held: list[Macro]) -> int:
    _, low, high = interval
    return high - low - sum(macro.length for macro in held)


def _no_room(strips: list[Strip], macros: list[Macro], grid: Grid, where: str) -> InputError:
    needed = sum(macro.length for macro in macros)
    gaps = [high - low for strip in strips for low, high in strip.gaps]
    edges = " and ".join(str(strip.edge) for strip in strips) + " edge" + "s" * (len(strips) > 1)
    sizes = ", ".join(f"{grid.um(gap):g} um" for gap in gaps) or "none"
    return InputError(
        [
            Fault(
                where,
                f"SerDes and host interface need {grid.um(needed):g} um of beachfront on the "
                f"{edges}, which leave {grid.um(sum(gaps)):g} um beside the PHYs",
                f"pieces that fit the free intervals ({sizes})",
                "take fewer lanes, smaller macros, or fewer stacks there",
            )
        ]
    )


def _spread(low: int, high: int, macros: list[Macro], sliver: int) -> list[Macro]:
    """Place macros side by side in the middle of an interval; leave no gap below a sliver."""
    slack = high - low - sum(macro.length for macro in macros)
    start = low + (slack // 2 if slack >= 2 * sliver else 0)
    placed = []
    for macro in macros:
        placed.append(replace(macro, start=start))
        start += macro.length
    if placed and 0 < high - start < sliver:
        placed[-1] = replace(placed[-1], length=high - placed[-1].start)
    return placed


def _numbered(edge: Edge, macros: list[Macro]) -> list[Macro]:
    serdes = sorted((m for m in macros if m.kind is BlockKind.SERDES), key=lambda m: m.start)
    others = [m for m in macros if m.kind is not BlockKind.SERDES]
    return others + [
        replace(macro, name=f"{macro.name}_{edge[0]}{index}") for index, macro in enumerate(serdes)
    ]
