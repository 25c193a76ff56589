"""Checks that each HBM stack faces the PHY that it is wired to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from floorplan.block import BlockKind
from floorplan.floorplan import Floorplan
from floorplan.stack import Edge, HbmStack
from floorplan.violation import Violation

__all__ = ["phy_violations"]

Bounds: TypeAlias = tuple[float, float, float, float]

_ROUND_OFF_UM = 1e-6  # of coordinates as floats


def phy_violations(floorplan: Floorplan) -> Iterator[Violation]:
    """Yield stacks without a PHY, turned away from it, beside it, or too far from it."""
    phys: dict[str, list[tuple[str, Bounds]]] = {stack.name: [] for stack in floorplan.stacks}
    for die in floorplan.dies:
        for block in die.blocks:
            if block.kind is BlockKind.HBM_PHY and block.stack in phys:
                x0, y0, x1, y1 = block.outline.bounds
                placed = (x0 + die.x_um, y0 + die.y_um, x1 + die.x_um, y1 + die.y_um)
                phys[block.stack].append((f"{die.name}/{block.name}", placed))
    for stack in floorplan.stacks:
        if not phys[stack.name]:
            what = "no block of kind hbm_phy names it; add one, or take the stack out"
            yield _at(stack, (stack.name,), "phy-missing", 0.0, 1.0, "", what)
        for key, bounds in phys[stack.name]:
            yield from _facing(floorplan, stack, key, bounds)


def _facing(floorplan: Floorplan, stack: HbmStack, key: str, bounds: Bounds) -> Iterator[Violation]:
    """Compare a PHY with the face of its stack; `along` runs along the face, `away` from it."""
    gap, low, high, start, end = _across(stack, bounds)
    names = (stack.name, key)
    if gap < -_ROUND_OFF_UM:
        what = (
            f"its interface is on its {stack.phy_edge} edge, but {key} lies {-gap:.6g} um behind "
            "that edge; turn the stack or move it to the other side"
        )
        yield _at(stack, names, "phy-facing", gap, 0.0, "um", what)
        return
    offset = max(start - low, high - end, 0.0)
    if offset > _ROUND_OFF_UM:
        what = (
            f"{key} reaches {offset:.6g} um beyond the {stack.phy_edge} face of the stack; line "
            "them up"
        )
        yield _at(stack, names, "phy-offset", offset, 0.0, "um", what)
    limit = floorplan.technology.maximum_phy_gap_um
    if gap > limit + _ROUND_OFF_UM:
        what = (
            f"{key} is {gap:.6g} um away, more than the {limit:g} um that links on "
            f"{floorplan.technology.name} reach; move them together"
        )
        yield _at(stack, names, "phy-gap", gap, limit, "um", what)


def _across(stack: HbmStack, bounds: Bounds) -> tuple[float, float, float, float, float]:
    """Return gap from the stack's face to the PHY, and both their extents along the face [um]."""
    x0, y0, x1, y1 = bounds
    left, bottom, right, top = stack.placed_outline.bounds
    match stack.phy_edge:
        case Edge.EAST:
            return x0 - right, y0, y1, bottom, top
        case Edge.WEST:
            return left - x1, y0, y1, bottom, top
        case Edge.NORTH:
            return y0 - top, x0, x1, left, right
        case _:
            return bottom - y1, x0, x1, left, right


def _at(
    stack: HbmStack,
    where: tuple[str, ...],
    rule: str,
    amount: float,
    limit: float,
    unit: str,
    what: str,
) -> Violation:
    center = stack.placed_outline.centroid
    return Violation(
        rule,
        where,
        round(center.x, 6),
        round(center.y, 6),
        amount,
        limit,
        unit,
        f"{stack.name}: {what}",
    )
