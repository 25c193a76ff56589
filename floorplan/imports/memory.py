"""HBM stacks of an imported floorplan: those of the file, or one beside each PHY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from floorplan.block import Block, BlockKind
from floorplan.die import Die
from floorplan.imports.sketch import Sketch, SketchStack
from floorplan.stack import Edge, HbmStack
from techlib import Faults, HbmGeneration, InterposerTechnology, Library

__all__ = ["stacks_at_phys", "stacks_of"]

_SAME_UM = 0.5  # by which a body may differ from that of its generation


def stacks_of(
    sketch: Sketch,
    hbm: HbmGeneration | None,
    generations: Library[HbmGeneration],
    where: str,
    faults: Faults,
) -> tuple[HbmStack, ...]:
    """Return the stacks of a file.

    Parameters
    ----------
    sketch : Sketch
        With bodies and, where it knows them, their interface sides.
    hbm : HbmGeneration or None
        What they are. Without it, the generation whose body is as large and whose name begins the
        name of the cell, or that is alone in being as large.
    generations : Library of HbmGeneration
        To choose from.
    where : str
        Section of the settings, for messages.
    faults : Faults
        Takes the faults.
    """
    found = []
    for stack in sketch.stacks:
        edge = stack.phy_edge or _facing(stack, sketch)
        generation = hbm or _generation(stack, edge, generations)
        if generation is None:
            x0, y0, x1, y1 = stack.outline.bounds
            size = f"{x1 - x0:g} x {y1 - y0:g} um"
            what = f"the generation of stack {stack.name!r}, {size}, is not known"
            cure = f"say hbm in {where}, one of {', '.join(generations)}"
            faults.add(stack.where, what, "an HBM generation", cure)
            continue
        if not _as_large(stack, edge, generation):
            x0, y0, x1, y1 = stack.outline.bounds
            what = f"stack {stack.name!r} is {x1 - x0:g} x {y1 - y0:g} um"
            along, away = generation.width_um, generation.depth_um
            allowed = f"{along:g} um along its interface side, {away:g} um deep"
            cure = f"{generation.name} has another body: choose another, or add one as [hbm.NAME]"
            faults.add(stack.where, what, allowed, cure)
            continue
        x_um, y_um = stack.outline.bounds[:2]
        found.append(HbmStack(stack.name, generation, x_um, y_um, edge))
    return tuple(found)


def _facing(stack: SketchStack, sketch: Sketch) -> Edge:
    """Return the side of a stack that looks at the first die."""
    die = sketch.dies[0]
    x, y = stack.outline.centroid.coords[0]
    dx = (die.x_um or 0.0) + die.width_um / 2.0 - x
    dy = (die.y_um or 0.0) + die.height_um / 2.0 - y
    if abs(dx) / die.width_um > abs(dy) / die.height_um:
        return Edge.EAST if dx > 0.0 else Edge.WEST
    return Edge.NORTH if dy > 0.0 else Edge.SOUTH


def _as_large(stack: SketchStack, edge: Edge, generation: HbmGeneration) -> bool:
    x0, y0, x1, y1 = stack.outline.bounds
    along, away = (x1 - x0, y1 - y0) if edge.horizontal else (y1 - y0, x1 - x0)
    differs = max(abs(along - generation.width_um), abs(away - generation.depth_um))
    return differs <= _SAME_UM


def _generation(
    stack: SketchStack, edge: Edge, generations: Library[HbmGeneration]
) -> HbmGeneration | None:
    alike = [g for g in generations.values() if _as_large(stack, edge, g)]
    hint = stack.hint.casefold().replace("hbm_stack_", "")
    named = [g for g in alike if hint.startswith(g.name.casefold())]
    if named:
        return max(named, key=lambda g: len(g.name))
    return alike[0] if len(alike) == 1 else None


def stacks_at_phys(
    dies: Sequence[Die], hbm: HbmGeneration, technology: InterposerTechnology, notes: list[str]
) -> tuple[list[Die], tuple[HbmStack, ...]]:
    """Put a stack beside each PHY, as near as the interposer allows, in the middle before it.

    A stack bears the name that its PHY says, or one of its own: ``hbm_w0``, ``hbm_w1`` and so on
    from the south or the west. Stacks that would overlap are moved apart.
    """
    stacks: list[HbmStack] = []
    changed = []
    for die in dies:
        phys: dict[Edge, list[Block]] = {}
        for block in die.blocks:
            if block.kind is BlockKind.HBM_PHY:
                phys.setdefault(_edge_of(block, die), []).append(block)
        names: dict[str, str] = {}
        for edge, blocks in phys.items():
            for stack, block in _beside(die, edge, blocks, hbm, technology):
                stacks.append(stack)
                names[block.name] = stack.name
        blocks_named = tuple(replace(b, stack=names.get(b.name, b.stack)) for b in die.blocks)
        changed.append(replace(die, blocks=blocks_named))
    if stacks:
        notes.append(f"{len(stacks)} stacks of {hbm.name} were put beside the PHYs")
    return changed, tuple(stacks)


def _edge_of(block: Block, die: Die) -> Edge:
    x0, y0, x1, y1 = block.outline.bounds
    gaps = {
        Edge.WEST: x0,
        Edge.EAST: die.width_um - x1,
        Edge.SOUTH: y0,
        Edge.NORTH: die.height_um - y1,
    }
    return min(gaps, key=lambda edge: gaps[edge])


def _beside(
    die: Die,
    edge: Edge,
    blocks: Sequence[Block],
    hbm: HbmGeneration,
    technology: InterposerTechnology,
) -> list[tuple[HbmStack, Block]]:
    axis = 0 if edge.horizontal else 1
    gap_um = technology.minimum_die_gap_um
    ordered = sorted(blocks, key=lambda b: b.outline.centroid.coords[0][axis])
    wanted = np.array([b.outline.centroid.coords[0][axis] for b in ordered]) - hbm.width_um / 2.0
    starts = _apart(wanted, hbm.width_um + gap_um)
    away = {
        Edge.WEST: -gap_um - hbm.depth_um,
        Edge.EAST: die.width_um + gap_um,
        Edge.SOUTH: -gap_um - hbm.depth_um,
        Edge.NORTH: die.height_um + gap_um,
    }[edge]
    found = []
    for number, (block, start) in enumerate(zip(ordered, starts.tolist(), strict=True)):
        name = block.stack or f"hbm_{edge[0]}{number}"
        x, y = (start, away) if edge.horizontal else (away, start)
        place = (round(die.x_um + x, 3), round(die.y_um + y, 3))
        found.append((HbmStack(name, hbm, *place, edge.opposite), block))
    return found


def _apart(wanted: np.ndarray, pitch_um: float) -> np.ndarray:
    """Move rising positions apart to at least a pitch, by as little as can be in the mean."""
    steps = np.arange(len(wanted)) * pitch_um
    pushed = np.maximum.accumulate(wanted - steps) + steps
    return np.asarray(pushed + (wanted - pushed).mean()) if np.any(pushed > wanted) else wanted
