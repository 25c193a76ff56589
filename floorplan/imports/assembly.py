"""From a sketch and what the user says of it to a floorplan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from shapely import Polygon

from floorplan.die import Die
from floorplan.explicit import refuse_reserved
from floorplan.floorplan import Floorplan
from floorplan.formats.text import some
from floorplan.imports.feeding import fed
from floorplan.imports.kinds import Rule, block_of, kind_of, shipped_rules
from floorplan.imports.memory import stacks_at_phys, stacks_of
from floorplan.imports.settings import ImportSettings, Technology
from floorplan.imports.sketch import Sketch, SketchBlock, SketchDie, moved
from floorplan.stack import HbmStack
from techlib import Faults

__all__ = ["ImportedLayout", "assemble"]


@dataclass(frozen=True, eq=False)
class ImportedLayout:
    """A floorplan that was read from another tool's file.

    Parameters
    ----------
    floorplan : Floorplan
        Geometry is left to `floorplan.check`.
    power_w : mapping of str to float
        Power by heat key, where the file has it [W].
    notes : tuple of str
        What was passed over or made up, in words.
    """

    floorplan: Floorplan
    power_w: dict[str, float]
    notes: tuple[str, ...]


def assemble(
    sketch: Sketch, settings: ImportSettings, technology: Technology, *, name: str, where: str
) -> ImportedLayout:
    """Give the blocks of a sketch their meaning, and put its dies and stacks on an interposer.

    Parameters
    ----------
    sketch : Sketch
        What the file says.
    settings : ImportSettings
        What the user says.
    technology : Technology
        Where names are looked up.
    name : str
        Of the floorplan.
    where : str
        File and section of the settings, for messages.

    Raises
    ------
    InputError
        Every kind, process node and HBM generation that neither of them says, and names that are
        used twice.
    """
    faults, notes = Faults(), list(sketch.notes)
    rules = (*settings.rules, *shipped_rules())
    sketched = [_grown(die, settings) for die in sketch.dies]
    dies = [_die(die, settings, technology, rules, where, faults) for die in sketched]
    _refuse_repeats(sketched, faults)
    refuse_reserved(sketch.where, (die.name for die in sketched), faults)
    stacks = settings.stacks or stacks_of(sketch, settings.hbm, technology.hbm, where, faults)
    faults.raise_if_any()
    known = [die for die in dies if die is not None]
    if not stacks and settings.hbm is not None:
        known, stacks = stacks_at_phys(known, settings.hbm, settings.technology, notes)
    known = fed(known, stacks, notes)
    plan = _on_interposer(name, known, stacks, settings, sketch.size_um)
    keys = set(plan.heat_keys)
    first = plan.dies[0].name
    power_w = {
        key if key in keys else f"{first}/{key}": watts for key, watts in sketch.power_w.items()
    }
    return ImportedLayout(plan, power_w, tuple(notes))


def _grown(die: SketchDie, settings: ImportSettings) -> SketchDie:
    """Return a die with the user's scribe lane and seal ring; around blocks they are added."""
    scribe_um = die.scribe_um if settings.scribe_um is None else settings.scribe_um
    ring_um = die.seal_ring_um if settings.seal_ring_um is None else settings.seal_ring_um
    edge = scribe_um + ring_um
    die = replace(die, scribe_um=scribe_um, seal_ring_um=ring_um)
    if not die.around_blocks or not edge:
        return die
    return replace(
        die,
        width_um=die.width_um + 2.0 * edge,
        height_um=die.height_um + 2.0 * edge,
        blocks=tuple(replace(b, outline=moved(b.outline, edge, edge)) for b in die.blocks),
        x_um=None if die.x_um is None else die.x_um - edge,
        y_um=None if die.y_um is None else die.y_um - edge,
    )


def _die(
    die: SketchDie,
    settings: ImportSettings,
    technology: Technology,
    rules: Sequence[Rule],
    where: str,
    faults: Faults,
) -> Die | None:
    """Return a die; none, and its faults, where something is missing."""
    node = settings.node
    if node is None and die.node in technology.nodes:
        node = technology.nodes[die.node]
    if node is None:
        what = f"the process of die {die.name!r} is not known"
        faults.add(f"{where}.node", what, "a process node", 'e.g. node = "N5"')
    kinds = [kind_of(block, rules) or settings.default_kind for block in die.blocks]
    unknown = [block for block, kind in zip(die.blocks, kinds, strict=True) if kind is None]
    if unknown:
        _note_unknown(unknown, faults)
    if 2.0 * (die.scribe_um + die.seal_ring_um) >= min(die.width_um, die.height_um):
        faults.add(f"{where}.seal_ring", f"leaves no core of die {die.name!r}")
    if node is None or unknown:
        return None
    return Die(
        name=die.name,
        width_um=die.width_um,
        height_um=die.height_um,
        x_um=next((x for x in (settings.x_um, die.x_um) if x is not None), 0.0),
        y_um=next((y for y in (settings.y_um, die.y_um) if y is not None), 0.0),
        node=node,
        blocks=tuple(
            block_of(block, kind, rules, node)
            for block, kind in zip(die.blocks, kinds, strict=True)
            if kind is not None
        ),
        scribe_um=die.scribe_um,
        seal_ring_um=die.seal_ring_um,
        keepouts=die.keepouts,
    )


def _note_unknown(blocks: Sequence[SketchBlock], faults: Faults) -> None:
    what = f"no rule knows the kind of {some([block.name for block in blocks], 8)}"
    allowed = "a rule for each, or a kind for the rest"
    cure = f'e.g. [[floorplan.kinds]] match = "{blocks[0].name}" kind = "vector", or default_kind'
    faults.add(blocks[0].where, what, allowed, cure)


def _refuse_repeats(dies: Sequence[SketchDie], faults: Faults) -> None:
    names = [die.name for die in dies]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add(f"die {name!r}", "is there more than once", "a name of its own for each die")


def _on_interposer(
    name: str,
    dies: Sequence[Die],
    stacks: Sequence[HbmStack],
    settings: ImportSettings,
    size_um: tuple[float, float] | None,
) -> Floorplan:
    """Put bodies on the interposer; where nobody says where they are, it is drawn around them."""
    fixed = size_um is not None or settings.x_um is not None or settings.y_um is not None
    given = size_um or (0.0, 0.0)
    edge_um = settings.technology.minimum_edge_um
    x0, y0, x1, y1 = _bounds(
        [*(d.placed_outline for d in dies), *(s.placed_outline for s in stacks)]
    )
    shift = (0.0, 0.0) if fixed else (edge_um - x0, edge_um - y0)
    width_um = settings.width_um or given[0] or x1 + shift[0] + edge_um
    height_um = settings.height_um or given[1] or y1 + shift[1] + edge_um
    return Floorplan(
        name=name,
        technology=settings.technology,
        width_um=round(width_um, 6),
        height_um=round(height_um, 6),
        dies=tuple(_shifted(die, shift) for die in dies),
        stacks=tuple(_shifted(stack, shift) for stack in stacks),
        grid_um=settings.grid_um,
    )


def _bounds(outlines: Sequence[Polygon]) -> tuple[float, float, float, float]:
    bounds = [outline.bounds for outline in outlines]
    low = [min(b[axis] for b in bounds) for axis in (0, 1)]
    high = [max(b[axis] for b in bounds) for axis in (2, 3)]
    return low[0], low[1], high[0], high[1]


Body = TypeVar("Body", Die, HbmStack)


def _shifted(body: Body, shift: tuple[float, float]) -> Body:
    return replace(body, x_um=round(body.x_um + shift[0], 6), y_um=round(body.y_um + shift[1], 6))
