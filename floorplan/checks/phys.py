"""Rules of each HBM stack against the PHY that it is wired to, and of ends of die-to-die links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from floorplan.artwork import Artwork, StackArtwork
from floorplan.block import BlockKind
from floorplan.checks.edges import ROUND_OFF_UM
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.stack import Edge
from floorplan.violation import Violation, broken

__all__ = ["link_violations", "phy_violations"]

Bounds: TypeAlias = tuple[float, float, float, float]


def phy_violations(artwork: Artwork, deck: RuleDeck) -> Iterator[Violation]:
    """Yield stacks without a PHY, turned away from it, beside it, or too far from it.

    Where there are stacks, a PHY that talks to none is told too.
    """
    phys: dict[str, list[tuple[str, Bounds]]] = {stack.name: [] for stack in artwork.stacks}
    for die in artwork.dies:
        for index, (kind, stack) in enumerate(zip(die.kinds, die.stacks, strict=True)):
            if kind is not BlockKind.HBM_PHY:
                continue
            placed = die.blocks.placed(index, die.blocks.outlines[index].bounds)
            if stack in phys:
                phys[stack].append((die.blocks.names[index], placed))
            elif phys and not stack:
                what = "no stack is its own; place one at it, or take the block out"
                yield broken(deck["phy-unused"], die.blocks.names[index], placed, what)
    for body in artwork.stacks:
        if not phys[body.name] and artwork.dies:  # in the layout of a stack alone there is none
            what = "no block of kind hbm_phy names it; add one, or take the stack out"
            yield broken(deck["phy-missing"], body.name, body.outline.bounds, what)
        for key, bounds in phys[body.name] if body.phy_edge is not None else ():
            yield from _facing(body, key, bounds, deck)


def link_violations(artwork: Artwork, rule: Rule) -> Iterator[Violation]:
    """Yield die-to-die blocks that face none of another die, where there are other dies."""
    if len(artwork.dies) < 2:
        return
    linked = {key for one, other, _ in artwork.die_links for key in (one, other)}
    for die in artwork.dies:
        for index, key in enumerate(die.blocks.names):
            if die.kinds[index] is BlockKind.DIE_TO_DIE and key not in linked:
                place = die.blocks.placed(index, die.blocks.outlines[index].bounds)
                what = "no die-to-die block of another die faces it; add one, or take it out"
                yield broken(rule, key, place, what)


def _facing(stack: StackArtwork, key: str, bounds: Bounds, deck: RuleDeck) -> Iterator[Violation]:
    """Compare a PHY with the face of its stack; `along` runs along the face, `away` from it."""
    gap, low, high, start, end = _across(stack, bounds)
    names, place = (stack.name, key), stack.outline.bounds
    if gap < -ROUND_OFF_UM:
        what = (
            f"its interface is on its {stack.phy_edge} edge, but {key} lies {-gap:.6g} um behind "
            "that edge; turn the stack or move it to the other side"
        )
        yield broken(deck["phy-facing"], names, place, what, amount=gap)
        return
    offset, rule = max(start - low, high - end, 0.0), deck["phy-offset"]
    if offset > rule.limit + ROUND_OFF_UM:
        what = (
            f"{key} reaches {offset:.6g} um beyond the {stack.phy_edge} face of the stack; line "
            "them up"
        )
        yield broken(rule, names, place, what, amount=offset)
    rule = deck["phy-gap"]
    if gap > rule.limit + ROUND_OFF_UM:
        what = (
            f"{key} is {gap:.6g} um away, more than the {rule.limit:g} um that links on this "
            "interposer reach; move them together"
        )
        yield broken(rule, names, place, what, amount=gap)


def _across(stack: StackArtwork, bounds: Bounds) -> tuple[float, float, float, float, float]:
    """Return gap from the stack's face to the PHY, and both their extents along the face [um]."""
    x0, y0, x1, y1 = bounds
    left, bottom, right, top = stack.outline.bounds
    match stack.phy_edge:
        case Edge.EAST:
            return x0 - right, y0, y1, bottom, top
        case Edge.WEST:
            return left - x1, y0, y1, bottom, top
        case Edge.NORTH:
            return y0 - top, x0, x1, left, right
        case _:
            return bottom - y1, x0, x1, left, right
