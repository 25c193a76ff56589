"""Which stack a PHY talks to, and which one feeds a block, where a file does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from floorplan.block import Block, BlockKind
from floorplan.die import Die
from floorplan.stack import HbmStack

__all__ = ["fed"]

_FED = (BlockKind.TENSOR, BlockKind.VECTOR, BlockKind.SRAM, BlockKind.ROUTER)


def fed(dies: Sequence[Die], stacks: Sequence[HbmStack], notes: list[str]) -> list[Die]:
    """Give each PHY without a stack the nearest free one, and compute blocks that of the next PHY.

    Compute blocks are left alone on a die where one of them names a stack.
    """
    taken = {b.stack for die in dies for b in die.blocks if b.kind is BlockKind.HBM_PHY and b.stack}
    free = [stack for stack in stacks if stack.name not in taken]
    linked = [_linked(die, free, notes) for die in dies]
    return [_fed(die, notes) for die in linked]


def _linked(die: Die, free: list[HbmStack], notes: list[str]) -> Die:
    blocks, found = list(die.blocks), 0
    pairs = sorted(
        (placed.distance(stack.placed_outline), number, order)
        for number, (_, block, placed) in enumerate(die.placed_blocks())
        if block.kind is BlockKind.HBM_PHY and not block.stack
        for order, stack in enumerate(free)
    )
    used: set[int] = set()
    for _, number, order in pairs:
        if not blocks[number].stack and order not in used:
            blocks[number] = replace(blocks[number], stack=free[order].name)
            used.add(order)
            found += 1
    if found:
        notes.append(f"{found} PHYs of die {die.name!r} were given the stack next to each")
        free[:] = [stack for order, stack in enumerate(free) if order not in used]
    return replace(die, blocks=tuple(blocks))


def _fed(die: Die, notes: list[str]) -> Die:
    phys = [b for b in die.blocks if b.kind is BlockKind.HBM_PHY and b.stack]
    compute = [b for b in die.blocks if b.kind in _FED]
    if not phys or not compute or any(block.stack for block in compute):
        return die
    notes.append(f"compute blocks of die {die.name!r} are fed by the stack of the nearest PHY")
    return replace(die, blocks=tuple(_nearest(block, phys) for block in die.blocks))


def _nearest(block: Block, phys: Sequence[Block]) -> Block:
    if block.kind not in _FED:
        return block
    middle = block.outline.centroid
    return replace(block, stack=min(phys, key=lambda p: p.outline.distance(middle)).stack)
