"""From a floorplan to its layout: bumps, features and routes, derived and not stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from shapely import Polygon, box

from floorplan.block import Block, BlockKind
from floorplan.bump import BumpField
from floorplan.detail_rules import DetailRules, detail_rules
from floorplan.die import Die
from floorplan.die_detail import alignment_marks, die_features
from floorplan.die_link_map import die_link_maps
from floorplan.die_links import die_links
from floorplan.extent import has_extent
from floorplan.floorplan import Floorplan
from floorplan.hbm_fields import phy_field, stack_field
from floorplan.hbm_link import hbm_link
from floorplan.hbm_map import HbmMap, hbm_map_of
from floorplan.layout import Layout
from floorplan.link import Link
from floorplan.route import bundles_of
from floorplan.stack import HbmStack
from floorplan.substrate import Substrate
from floorplan.supply_fields import (
    ball_field,
    c4_field,
    core_fields,
    lanes_of,
    via_field,
)
from techlib import Source, bibliography

__all__ = ["lay_out", "layout_sources"]


def lay_out(
    floorplan: Floorplan,
    *,
    rules: DetailRules | None = None,
    substrate_margin_um: float | None = None,
    substrate_thickness_um: float | None = None,
) -> Layout:
    """Derive the layout of a floorplan.

    Parameters
    ----------
    floorplan : Floorplan
        Blocks, dies and stacks.
    rules : DetailRules, optional
        Sizes of what is drawn; ``detail_rules()["standard"]`` if not given.
    substrate_margin_um : float, optional
        How far the substrate reaches beyond the interposer [um]; that of the rules if not given.
    substrate_thickness_um : float, optional
        Likewise.

    Returns
    -------
    Layout
        Everything in it follows from the arguments. Where a stack has no bump map or no PHY, its
        bumps are left out and `Layout.notes` says so.

    Examples
    --------
    >>> import floorplan
    >>> layout = floorplan.lay_out(floorplan.build(floorplan.recipes()["jalapeno"]))
    >>> layout.field("hbm_w0/hbm").count, layout.field("compute/phy_hbm_w0").count
    (7261, 3753)
    """
    rules = detail_rules()["standard"] if rules is None else rules
    margin_um = rules.substrate_margin_um if substrate_margin_um is None else substrate_margin_um
    thickness_um = rules.substrate_thickness_um
    if substrate_thickness_um is not None:
        thickness_um = substrate_thickness_um
    plan = replace(floorplan, grid_um=rules.grid_within(floorplan.grid_um))
    substrate = Substrate.around(plan, margin_um, thickness_um)
    memory = _Memory(plan, rules)
    fields: list[BumpField] = []
    serial: list[tuple[BumpField, Die]] = []
    features = {}
    chart = die_link_maps()["UCIe-A"]
    between = die_links(plan, chart, rules.bump_edge_um, memory.notes)
    if between:
        memory.notes.append(f"{chart.title}: estimated {chart.estimated}")
    wires = (*memory.links, *(link.wires for link in between))
    for die in plan.dies:
        phys = memory.phys.get(die.name, [])
        links = [one for link in between for one in link.fields if one.owner == die.name]
        taken = (*_areas(phys), *_areas(links), *_marks(die, rules))
        core = core_fields(die, plan, rules, taken)
        fields += [*core, *phys, *links]
        serial += [(lanes, die) for lanes in core[1:]]
        served = {lanes.block for lanes in core[1:]}
        memory.notes += [
            f"{die.name}/{block.name}: no bumps for its {block.lanes} lanes; there is no room"
            for block in die.blocks
            if block.lanes and block.name not in served
        ]
        features[die.name] = die_features(die, rules, plan.grid_um, core[0], (*phys, *links))
    lanes = tuple(lanes_of(serial))
    joints = c4_field(plan, rules, memory.stacks, lanes)
    fields += [*memory.stacks, joints, via_field(plan, joints)]
    fields.append(ball_field(plan, substrate, rules, joints, lanes))
    return Layout(
        floorplan=floorplan,
        substrate=substrate,
        rules=rules,
        fields=tuple(sorted(fields, key=lambda one: one.name)),
        features=features,
        links=wires,
        bundles=tuple(bundle for link in wires for bundle in bundles_of(link, rules, plan.grid_um)),
        notes=tuple(memory.notes),
        sources=layout_sources(floorplan, rules),
    )


def layout_sources(floorplan: Floorplan, rules: DetailRules) -> tuple[Source, ...]:
    """Return every source behind the layout of a floorplan, without deriving it."""
    charts = [hbm_map_of(stack.generation) for stack in floorplan.stacks]
    found = [floorplan.sources, rules.sources, *(chart.sources for chart in charts if chart)]
    kinds = {block.kind for die in floorplan.dies for block in die.blocks}
    if BlockKind.DIE_TO_DIE in kinds:
        found.append(die_link_maps()["UCIe-A"].sources)
    return bibliography(source for sources in found for source in sources)


@dataclass
class _Memory:
    """The bumps of all stacks and PHYs while a layout is derived."""

    floorplan: Floorplan
    rules: DetailRules
    stacks: list[BumpField] = field(default_factory=list)
    phys: dict[str, list[BumpField]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    charts: list[HbmMap] = field(default_factory=list)

    def __post_init__(self) -> None:
        for stack in self.floorplan.stacks:
            chart = hbm_map_of(stack.generation)
            if chart is None:
                generation = stack.generation
                self.notes.append(
                    f"{stack.name}: no microbumps; there is no map for {generation.name} with "
                    f"{generation.channels:g} channels"
                )
                continue
            if chart not in self.charts:
                self.charts.append(chart)
                self.notes.append(f"{chart.title}: estimated {chart.estimated}")
            self._add(stack, chart)

    def _add(self, stack: HbmStack, chart: HbmMap) -> None:
        bumps = stack_field(stack, chart)
        self.stacks.append(bumps)
        phys = list(self._phys_of(stack))
        if not phys:
            self.notes.append(f"{stack.name}: no block of kind hbm_phy names it; no links")
        for die, phy in phys[:1]:
            own = phy_field(
                stack,
                chart,
                die,
                phy,
                inset_um=self.rules.bump_edge_um,
                order=self.rules.phy_order,
            )
            self.phys.setdefault(die.name, []).append(own)
            placed = bumps.placed(stack.x_um, stack.y_um)
            self.links.append(hbm_link(stack, chart, placed, own.placed(die.x_um, die.y_um)))

    def _phys_of(self, stack: HbmStack) -> Iterator[tuple[Die, Block]]:
        for die in self.floorplan.dies:
            for block in die.blocks:
                is_phy = block.kind is BlockKind.HBM_PHY and block.stack == stack.name
                if is_phy and has_extent(block):
                    yield die, block


def _areas(fields: list[BumpField]) -> list[Polygon]:
    return [box(*one.bounds_um) for one in fields]


def _marks(die: Die, rules: DetailRules) -> list[Polygon]:
    return [box(*mark.bounds) for mark in alignment_marks(die, rules)]
