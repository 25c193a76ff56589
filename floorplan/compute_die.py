"""The compute die: beachfront, slices, and the network between them."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.beachfront import (
    Macro,
    Strip,
    interface_macros,
    place_centred,
    require_room,
    share_out,
)
from floorplan.block import Block, BlockKind
from floorplan.grid import Rect
from floorplan.io_die import die_to_die_macros, io_die_core
from floorplan.recipe import Recipe
from floorplan.site import STACK_ORDER, Site, stack_names
from floorplan.slice_cell import SliceCell, SliceNeeds
from floorplan.slice_plan import SlicePlan, plan_slices, require_area
from floorplan.stack import Edge
from techlib import Faults, InputError

__all__ = ["beachfront_strips", "compute_blocks", "link_room"]


def beachfront_strips(site: Site) -> dict[Edge, Strip]:
    """Place PHYs, SerDes, host and die-to-die links along the four edges."""
    recipe, core = site.recipe, site.core
    strips: dict[Edge, Strip] = {}
    faults = Faults()
    outside = [] if recipe.has_io_die else interface_macros(recipe, site.grid)
    for pair in ((Edge.WEST, Edge.EAST), (Edge.NORTH, Edge.SOUTH)):
        low, high = core.y0, core.y1
        if pair[0].horizontal:
            low, high = core.x0 + strips[Edge.WEST].depth, core.x1 - strips[Edge.EAST].depth
        for edge in pair:
            try:
                strips[edge] = _phys(site, Strip(edge, low, high))
            except InputError as error:
                faults.take(error)
        faults.raise_if_any()
        if recipe.interface_edges == f"{pair[0]}-{pair[1]}":
            shared = share_out(
                [strips[edge] for edge in pair],
                outside,
                sliver=site.sliver,
                grid=site.grid,
                where=f"{recipe.name}.serdes_lanes",
            )
            strips |= {strip.edge: strip for strip in shared}
    if recipe.has_io_die:
        edge = Edge(recipe.io_edge)
        room = link_room(site, strips)
        links = die_to_die_macros(recipe, site.grid, strips[edge], room)
        strips[edge] = strips[edge].with_macros(links)
    return strips


def link_room(site: Site, strips: dict[Edge, Strip]) -> int:
    """Return the length of the edge that both the compute die and the I/O die have for links."""
    strip = strips[Edge(site.recipe.io_edge)]
    return min(strip.high - strip.low, io_die_core(site.recipe, site.grid).width)


def _phys(site: Site, strip: Strip) -> Strip:
    """Place the PHYs of one edge, each at the middle of its stack."""
    grid, generation, edge = site.grid, site.generation, strip.edge
    length, depth = grid.up(generation.phy_width_um), grid.up(generation.phy_depth_um)
    body = grid.up(generation.width_um)
    where = f"{site.recipe.name}.stacks_{edge}"
    require_room(strip, site.recipe.stacks(edge), length, grid=grid, where=where)
    starts = site.stack_starts(edge)
    macros = [
        Macro(f"phy_{stack}", BlockKind.HBM_PHY, length, depth, stack=stack)
        for stack in stack_names(edge, len(starts))
    ]
    return place_centred(
        strip,
        macros,
        [start + body // 2 for start in starts],
        reach=(body - length) // 2,
        grid=grid,
        where=where,
    )


def _slice_counts(recipe: Recipe) -> dict[str, int]:
    """Return the number of slices of each stack; extra ones go round the edges."""
    turns = sorted(
        (index, order, name)
        for order, edge in enumerate(STACK_ORDER)
        for index, name in enumerate(stack_names(edge, recipe.stacks(edge)))
    )
    extra = {name for _, _, name in turns[: int(recipe.extra_slices)]}
    return {name: int(recipe.slices_per_stack) + (name in extra) for _, _, name in turns}


def compute_blocks(site: Site, strips: dict[Edge, Strip]) -> Iterator[Block]:
    """Yield all blocks of the compute die."""
    recipe, grid, core = site.recipe, site.grid, site.core
    inner = Rect(
        core.x0 + strips[Edge.WEST].depth,
        core.y0 + strips[Edge.SOUTH].depth,
        core.x1 - strips[Edge.EAST].depth,
        core.y1 - strips[Edge.NORTH].depth,
    )
    needs = SliceNeeds.of(recipe, site.node, grid)
    where = f"{recipe.name}.slices_per_stack"
    require_area(inner, recipe.slice_count, needs, grid=grid, where=where)
    counts = _slice_counts(recipe)
    fed = {
        edge: [
            stack for stack in stack_names(edge, recipe.stacks(edge)) for _ in range(counts[stack])
        ]
        for edge in STACK_ORDER
    }
    hub_um2 = recipe.noc_hub_area_um2 + recipe.collective_area_um2 + recipe.management_area_um2
    plan = plan_slices(
        inner,
        {edge: len(names) for edge, names in fed.items()},
        needs,
        spine=grid.up(recipe.noc_spine_width_um),
        hub=grid.area(hub_um2),
        sliver=site.sliver,
        grid=grid,
        where=where,
    )
    digits = max(2, len(str(recipe.slice_count - 1)))
    placed = [
        (edge, rect, stack)
        for edge in STACK_ORDER
        for rect, stack in zip(plan.slices[edge], fed[edge], strict=True)
    ]
    size = (placed[0][1].width, placed[0][1].height)
    cell = SliceCell.fit(size, needs, plan.array, sliver=site.sliver, grid=grid, where=where)
    for index, (edge, rect, stack) in enumerate(placed):
        name = f"slice{index:0{digits}d}"
        mirrored = edge is Edge.EAST
        yield from cell.blocks(rect, recipe, name=name, stack=stack, mirrored=mirrored, grid=grid)
    yield from _uncore_blocks(site, plan)
    for edge in STACK_ORDER:
        yield from strips[edge].blocks(core, grid, site.sliver)


def _uncore_blocks(site: Site, plan: SlicePlan) -> Iterator[Block]:
    """Yield network, collective and management blocks and the filler between the slices."""
    recipe, grid = site.recipe, site.grid
    for edge, rect in plan.spines.items():
        yield Block(f"noc/spine_{edge[0]}", BlockKind.NOC, grid.polygon(rect))
    fillers = list(plan.fillers)
    management, network, collective = (
        -int(-grid.area(area_um2) // plan.hub.width)
        for area_um2 in (
            recipe.management_area_um2,
            recipe.noc_hub_area_um2,
            recipe.collective_area_um2,
        )
    )
    slack = plan.hub.height - management - network - collective
    below = slack // 2 if slack >= 2 * site.sliver else 0
    above = slack - below
    if above < site.sliver:
        network, above = network + above, 0
    rows = plan.hub.rows([management, below, network, above, collective])
    yield Block("management", BlockKind.MANAGEMENT, grid.polygon(rows[0]))
    yield Block("noc/hub", BlockKind.NOC, grid.polygon(rows[2]))
    yield Block("collective", BlockKind.COLLECTIVE, grid.polygon(rows[4]))
    fillers += [rows[index] for index in (1, 3) if rows[index].height]
    for index, rect in enumerate(fillers):
        yield Block(f"filler/core{index}", BlockKind.FILLER, grid.polygon(rect))
