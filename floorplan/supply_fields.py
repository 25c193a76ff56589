"""Arrays of joints that carry power and lanes: core microbumps, C4, interposer vias, balls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from floorplan.block import Block
from floorplan.bump import BumpField, BumpKind
from floorplan.bump_grid import BumpGrid
from floorplan.detail_rules import DetailRules
from floorplan.die import Die
from floorplan.extent import has_extent
from floorplan.floorplan import Floorplan
from floorplan.substrate import Substrate

__all__ = [
    "Lane",
    "ball_field",
    "c4_field",
    "core_fields",
    "lanes_of",
    "via_field",
]

_CORE = ("VDD", "VSS")
_RAILS = ("VSS", "VDD", "VDDC", "VDDQ", "VDDQL")
_STACK_RAILS = ("VDDC", "VDDQ", "VDDC", "VDDQL")  # under a stack, in turn
_BALL_RAILS = ("VDD", "VDD", "VDDC", "VDD", "VDDQ", "VDD", "VDD", "VDDQL")
_WIRES = (("tx{}_p", 0, -2), ("tx{}_n", 1, -2), ("rx{}_p", 0, 1), ("rx{}_n", 1, 1))


@dataclass(frozen=True)
class Lane:
    """One wire of a serial lane: its net and its bump in interposer coordinates [um]."""

    net: str
    x_um: float
    y_um: float


def core_fields(
    die: Die, floorplan: Floorplan, rules: DetailRules, taken: Iterable[Polygon]
) -> tuple[BumpField, ...]:
    """Return the microbumps of a die beside its HBM interfaces: power, ground, serial lanes.

    Rows of the core supply and of ground alternate over the whole die inside its seal ring, at
    the microbump pitch of the interposer. Bumps leave out `taken` areas, in die coordinates, and
    keep-outs. Each wire of a serial lane takes one of them, at the middle of its block.
    """
    technology = floorplan.technology
    pitch_um, pad_um = technology.microbump_pitch_um, technology.microbump_diameter_um
    grid = BumpGrid.within(die.core.bounds, rules.bump_edge_um, pitch_um, floorplan.grid_um)
    grid.stripes(*range(len(_CORE)))
    for shape in taken:
        grid.clear(shape, pitch_um)
    for keepout in die.keepouts:
        grid.clear(keepout, pad_um / 2.0)
    lanes = tuple(
        field
        for block in die.blocks
        if block.lanes and has_extent(block) and (field := _lanes(die, block, grid, pad_um))
    )
    core = BumpField(
        f"{die.name}/core", BumpKind.CORE, die.name, pad_um, _CORE, arrays=grid.arrays()
    )
    return (core, *lanes)


def _lanes(die: Die, block: Block, grid: BumpGrid, pad_um: float) -> BumpField | None:
    """Take bumps of a grid for the lanes of a block; None where it has no room for them."""
    sites: list[tuple[int, int]] = []
    for x_um, y_um in _wanted(block, grid.pitch_um):
        site = grid.nearest(x_um, y_um)
        if site is None:
            grid.release(sites)
            return None
        sites.append(site)
    for site in sites:
        grid.nets[site] = -1
    ports = tuple(wire.format(lane) for lane in range(block.lanes) for wire, _, _ in _WIRES)
    return BumpField(
        name=f"{die.name}/{block.name}",
        kind=BumpKind.CORE,
        owner=die.name,
        pad_um=pad_um,
        nets=tuple(f"{die.name}/{block.name}/{port}" for port in ports),
        ports=ports,
        points_um=np.array([grid.position_um(site) for site in sites]),
        point_nets=_numbers(0, len(sites)),
        block=block.name,
    )


def _wanted(block: Block, pitch_um: float) -> Iterator[tuple[float, float]]:
    """Yield where the wires of a block's lanes come up: evenly along its longer side [um]."""
    x0, y0, x1, y1 = block.outline.bounds
    along_x = x1 - x0 >= y1 - y0
    for lane in range(block.lanes):
        share = (lane + 0.5) / block.lanes
        for _, along, away in _WIRES:
            if along_x:
                x, y = x0 + (x1 - x0) * share, (y0 + y1) / 2.0
                yield x + along * pitch_um, y + away * pitch_um
            else:
                x, y = (x0 + x1) / 2.0, y0 + (y1 - y0) * share
                yield x + away * pitch_um, y + along * pitch_um


def c4_field(
    floorplan: Floorplan, rules: DetailRules, stacks: Iterable[BumpField], lanes: Iterable[Lane]
) -> BumpField:
    """Return the C4 joints below the interposer.

    Ground alternates with the supply of what stands above: that of the core below dies, those
    that its bumps have below each of the `stacks`. Each wire of a serial lane takes the joint
    nearest to its bump.
    """
    technology = floorplan.technology
    bounds = floorplan.outline.bounds
    grid = BumpGrid.within(bounds, rules.c4_edge_um, technology.c4_pitch_um, floorplan.grid_um)
    grid.checker(_RAILS.index("VSS"), _RAILS.index("VDD"))
    outlines = {stack.name: stack.placed_outline for stack in floorplan.stacks}
    for bumps in stacks:
        here = grid.nets[grid.window(outlines[bumps.owner].bounds)]
        turn = _numbers_of(_STACK_RAILS, bumps)
        column = np.arange(here.shape[1]) // 2 % len(turn)
        here[:] = np.where(here == _RAILS.index("VDD"), turn[column], here)
    return _with_lanes(
        "interposer/c4", BumpKind.C4, "interposer", technology.c4_diameter_um, grid, lanes
    )


def via_field(floorplan: Floorplan, joints: BumpField) -> BumpField:
    """Return the vias through the interposer: as many above each C4 as its pitch has room for."""
    technology = floorplan.technology
    pitch_um = technology.tsv_pitch_um
    each = max(int(technology.c4_pitch_um // pitch_um), 1)
    steps = (np.arange(each) - (each - 1) / 2.0) * pitch_um
    steps = np.round(steps / floorplan.grid_um) * floorplan.grid_um
    offsets = [(x, y) for y in steps.tolist() for x in steps.tolist()]
    return replace(
        joints,
        name="interposer/tsv",
        kind=BumpKind.TSV,
        pad_um=technology.tsv_diameter_um,
        arrays=tuple(
            replace(array, x_um=array.x_um + x, y_um=array.y_um + y)
            for array in joints.arrays
            for x, y in offsets
        ),
        points_um=(joints.points_um[:, None] + np.array(offsets)).reshape(-1, 2),
        point_nets=np.repeat(joints.point_nets, len(offsets)),
    )


def ball_field(
    floorplan: Floorplan,
    substrate: Substrate,
    rules: DetailRules,
    joints: BumpField,
    lanes: Iterable[Lane],
) -> BumpField:
    """Return the balls below the substrate, in its own coordinates; lanes go to the rim.

    They carry the supplies that the C4 `joints` have.
    """
    bounds = substrate.outline.bounds
    grid = BumpGrid.within(bounds, rules.bga_edge_um, rules.bga_pitch_um, floorplan.grid_um)
    grid.checker(_RAILS.index("VSS"), _RAILS.index("VDD"))
    turn = _numbers_of(_BALL_RAILS, joints)
    column = np.arange(grid.nets.shape[1]) // 2 % len(turn)
    grid.nets[:] = np.where(grid.nets == _RAILS.index("VDD"), turn[column], grid.nets)
    outward = [_to_rim(lane, bounds) for lane in lanes]
    field = _with_lanes(
        "substrate/bga", BumpKind.BGA, "substrate", rules.bga_diameter_um, grid, outward
    )
    return field.placed(substrate.x_um, substrate.y_um)


def _to_rim(lane: Lane, bounds: tuple[float, float, float, float]) -> Lane:
    """Return a lane moved to where a ray from the middle through it leaves some bounds."""
    x0, y0, x1, y1 = bounds
    center = np.array([(x0 + x1) / 2.0, (y0 + y1) / 2.0])
    ray = np.array([lane.x_um, lane.y_um]) - center
    reach = np.abs(ray) / (np.array([x1 - x0, y1 - y0]) / 2.0)
    x_um, y_um = (center + ray / max(reach.max(), 1e-9)).tolist()
    return Lane(lane.net, x_um, y_um)


def _with_lanes(
    name: str, kind: BumpKind, owner: str, pad_um: float, grid: BumpGrid, lanes: Iterable[Lane]
) -> BumpField:
    """Return a grid as a field in which each wire of a lane has the site nearest to it."""
    places = {lane.net: (lane.x_um, lane.y_um) for lane in lanes}
    taken = [(net, site) for net, place in places.items() if (site := grid.nearest(*place))]
    for _, site in taken:
        grid.nets[site] = -1
    points = np.array([grid.position_um(site) for _, site in taken]).reshape(-1, 2)
    return BumpField(
        name=name,
        kind=kind,
        owner=owner,
        pad_um=pad_um,
        nets=(*_RAILS, *(net for net, _ in taken)),
        arrays=grid.arrays(),
        points_um=points,
        point_nets=_numbers(len(_RAILS), len(taken)),
    )


def _numbers_of(rails: Sequence[str], field: BumpField) -> NDArray[np.int64]:
    """Return the numbers of those rails that a field has bumps of, that of the core if of none."""
    there = {net for net, count in field.count_by_net().items() if count}
    numbers = [_RAILS.index(rail) for rail in rails if rail in there]
    return np.array(numbers or [_RAILS.index("VDD")])


def _numbers(first: int, count: int) -> NDArray[np.int32]:
    return np.arange(first, first + count, dtype=np.int32)


def lanes_of(fields: Iterable[tuple[BumpField, Die]]) -> Iterator[Lane]:
    """Yield the wires of serial lanes of some fields, in interposer coordinates."""
    for field, die in fields:
        for code, (x, y) in zip(field.point_nets.tolist(), field.points_um.tolist(), strict=True):
            yield Lane(field.nets[code], x + die.x_um, y + die.y_um)
