"""From a recipe to a floorplan."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from floorplan.compute_die import beachfront_strips, compute_blocks, link_room
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.io_die import io_die_blocks
from floorplan.recipe import Recipe
from floorplan.site import STACK_ORDER, Site, stack_names
from floorplan.stack import Edge, HbmStack
from techlib import Faults, HbmGeneration, InterposerTechnology, Library, ProcessNode

__all__ = ["build"]


def build(
    recipe: Recipe,
    *,
    nodes: Library[ProcessNode] | None = None,
    hbm: Library[HbmGeneration] | None = None,
    interposers: Library[InterposerTechnology] | None = None,
) -> Floorplan:
    """Build the floorplan of a recipe.

    The PHY of each stack lies on the beachfront and faces it, the slices that the stack feeds lie
    beside the PHY, and the network's spine, the collective network and the management unit lie
    between. The blocks tile each die inside its seal ring; what is left is filler.

    Parameters
    ----------
    recipe : Recipe
        The parameters.
    nodes, hbm, interposers : Library, optional
        Where the recipe's names are looked up; the shipped libraries if not given.

    Returns
    -------
    Floorplan
        All coordinates are multiples of the recipe's grid.

    Raises
    ------
    InputError
        An unknown name, or something that does not fit: which edge or area, by how much, and
        what to change.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> len(plan.stacks), sum(block.kind == "tensor" for block in plan.dies[0].blocks)
    (8, 1024)
    """
    site = Site.of(recipe, nodes, hbm, interposers)
    strips = beachfront_strips(site)
    blocks = tuple(compute_blocks(site, strips))
    stacks = tuple(_stacks(site))
    dies = [
        Die(
            name="compute",
            width_um=recipe.die_width_um,
            height_um=recipe.die_height_um,
            x_um=0.0,
            y_um=0.0,
            node=site.node,
            blocks=blocks,
            scribe_um=recipe.scribe_um,
            seal_ring_um=recipe.seal_ring_um,
        )
    ]
    if site.io_node is not None:
        dies.append(_io_die(site, site.io_node, link_room(site, strips)))
    _refuse_collisions(recipe, dies, stacks)
    return _on_interposer(site, dies, stacks)


def _stacks(site: Site) -> Iterator[HbmStack]:
    """Yield the stacks around a compute die whose lower left corner is at the origin."""
    recipe, grid = site.recipe, site.grid
    width, height = grid.up(recipe.die_width_um), grid.up(recipe.die_height_um)
    gap, depth = grid.up(recipe.die_gap_um), grid.up(site.generation.depth_um)
    for edge in STACK_ORDER:
        starts = site.stack_starts(edge)
        for name, start in zip(stack_names(edge, len(starts)), starts, strict=True):
            x, y = {
                Edge.WEST: (-gap - depth, start),
                Edge.EAST: (width + gap, start),
                Edge.NORTH: (start, height + gap),
                Edge.SOUTH: (start, -gap - depth),
            }[edge]
            yield HbmStack(name, site.generation, grid.um(x), grid.um(y), edge.opposite)


def _io_die(site: Site, node: ProcessNode, room: int) -> Die:
    """Return the I/O die beside a compute die whose lower left corner is at the origin."""
    recipe, grid = site.recipe, site.grid
    width, depth = grid.up(recipe.io_die_width_um), grid.up(recipe.io_die_depth_um)
    x = (grid.up(recipe.die_width_um) - width) // 2
    gap = grid.up(recipe.die_gap_um)
    y = -gap - depth if recipe.io_edge == Edge.SOUTH else grid.up(recipe.die_height_um) + gap
    return Die(
        name="io",
        width_um=grid.um(width),
        height_um=grid.um(depth),
        x_um=grid.um(x),
        y_um=grid.um(y),
        node=node,
        blocks=tuple(io_die_blocks(recipe, grid, site.sliver, room)),
        scribe_um=recipe.scribe_um,
        seal_ring_um=recipe.seal_ring_um,
    )


def _refuse_collisions(recipe: Recipe, dies: list[Die], stacks: tuple[HbmStack, ...]) -> None:
    """Refuse stacks that come too close to those round the corner, or to the I/O die."""
    items = [*((d.name, d.placed_outline) for d in dies)]
    items += [(s.name, s.placed_outline) for s in stacks]
    limit_um = min(recipe.die_gap_um, recipe.stack_gap_um)
    faults = Faults()
    for (first, a), (second, b) in itertools.combinations(items, 2):
        if (gap_um := a.distance(b)) < limit_um - recipe.grid_um / 2:
            what = (
                f"{first} and {second} come {limit_um - gap_um:g} um closer than the gap of "
                f"{limit_um:g} um"
            )
            cure = "take fewer stacks on one of the edges, a larger die or a narrower I/O die"
            faults.add(f"{recipe.name}.stack_gap", what, cure=cure)
    faults.raise_if_any()


def _on_interposer(site: Site, dies: list[Die], stacks: tuple[HbmStack, ...]) -> Floorplan:
    """Move everything so that the interposer's lower left corner is at the origin."""
    recipe, grid = site.recipe, site.grid
    outlines = [*(d.placed_outline for d in dies), *(s.placed_outline for s in stacks)]
    bounds = [outline.bounds for outline in outlines]
    margin = grid.up(recipe.interposer_margin_um)
    x0 = grid.down(min(b[0] for b in bounds)) - margin
    y0 = grid.down(min(b[1] for b in bounds)) - margin
    x1 = grid.up(max(b[2] for b in bounds)) + margin
    y1 = grid.up(max(b[3] for b in bounds)) + margin

    def moved(position_um: float, origin: int) -> float:
        return grid.um(grid.up(position_um) - origin)

    return Floorplan(
        name=recipe.name,
        technology=site.technology,
        width_um=grid.um(x1 - x0),
        height_um=grid.um(y1 - y0),
        dies=tuple(replace(d, x_um=moved(d.x_um, x0), y_um=moved(d.y_um, y0)) for d in dies),
        grid_um=recipe.grid_um,
        stacks=tuple(replace(s, x_um=moved(s.x_um, x0), y_um=moved(s.y_um, y0)) for s in stacks),
    )
