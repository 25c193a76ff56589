"""The bumps of an HBM stack, and of the PHY that it is wired to."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from floorplan.block import Block
from floorplan.bump import MECHANICAL, NO_CONNECT, BumpField, BumpKind
from floorplan.bump_runs import column_runs
from floorplan.die import Die
from floorplan.hbm_map import HbmMap
from floorplan.hbm_sites import fill_sites
from floorplan.orientation import Orientation
from floorplan.stack import Edge, HbmStack

__all__ = ["INTERFACE_TURN", "phy_field", "stack_field"]

#: From a map, its interface to the west, to a stack with its interface on a side.
INTERFACE_TURN = {
    Edge.WEST: Orientation.R0,
    Edge.SOUTH: Orientation.R90,
    Edge.EAST: Orientation.R180,
    Edge.NORTH: Orientation.R270,
}


def stack_field(stack: HbmStack, chart: HbmMap) -> BumpField:
    """Return the microbumps of a stack in its own frame, turned to its interface side.

    Signals are nets of their own, ``"<stack>/DQ0_a"``; supplies are nets of the package;
    mechanical bumps have none.

    Examples
    --------
    >>> import floorplan
    >>> from floorplan.hbm_map import hbm_maps
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> bumps = stack_field(plan.stacks[0], hbm_maps()["HBM3"])
    >>> bumps.count, bumps.count_by_net()["VSS"], bumps.nets[0]
    (7261, 2599, 'hbm_w0/DQ0_m')
    """
    field = _field(chart, stack.name)
    center = (stack.width_um / 2.0, stack.height_um / 2.0)
    return field.placed(
        *center, INTERFACE_TURN[stack.phy_edge], name=f"{stack.name}/hbm", owner=stack.name
    )


def phy_field(
    stack: HbmStack, chart: HbmMap, die: Die, phy: Block, *, inset_um: float, order: str
) -> BumpField:
    """Return the microbumps of a PHY in the frame of its die: the signal field of its stack.

    Parameters
    ----------
    stack : HbmStack
        The stack.
    chart : HbmMap
        Its map.
    die, phy
        The die, and the block on it.
    inset_um : float
        From the PHY's outer edge to the outermost bumps [um].
    order : str
        ``"mirrored"``: each bump stands opposite that of the stack, mirrored about a line along
        the edge, the outermost at the outermost. ``"shifted"``: the field is moved across, so that
        all wires are equally long.
    """
    field = _field(chart, stack.name, signal_field=True)
    there = field.placed(0.0, 0.0, INTERFACE_TURN[stack.phy_edge], name=f"{die.name}/{phy.name}")
    edge = stack.phy_edge
    if order == "mirrored":
        mirror = Orientation.MX if edge.horizontal else Orientation.MY
        there = there.placed(0.0, 0.0, mirror)
    x0, y0, x1, y1 = there.bounds_um
    left, bottom, right, top = phy.outline.bounds
    dx_um, dy_um = (left + right) / 2.0, (bottom + top) / 2.0  # along the edge as in the body
    match edge:  # of the stack; its PHY is beyond
        case Edge.EAST:
            dx_um = left + inset_um - x0
        case Edge.WEST:
            dx_um = right - inset_um - x1
        case Edge.NORTH:
            dy_um = bottom + inset_um - y0
        case _:
            dy_um = top - inset_um - y1
    return there.placed(dx_um, dy_um, owner=die.name, block=phy.name)


def _field(chart: HbmMap, stack: str, *, signal_field: bool = False) -> BumpField:
    """Return the bumps of a stack, or those of its signal field, about the middle of the body."""
    field = _canonical(chart, signal_field)
    nets = [
        f"{stack}/{port}" if code < chart.signals else NO_CONNECT if port == MECHANICAL else port
        for code, port in enumerate(field.ports)
    ]
    return replace(field, nets=tuple(nets))


@functools.lru_cache(maxsize=16)
def _canonical(chart: HbmMap, signal_field: bool) -> BumpField:
    """Return the bumps of a map with its ports as nets, columns of supply bumps as arrays."""
    sites = fill_sites(chart)
    chosen = sites.in_field if signal_field else np.ones(len(sites.port_of), dtype=np.bool_)
    positions, codes = sites.positions_um[chosen], sites.port_of[chosen]
    present = np.unique(codes)
    renumbered = np.searchsorted(present, codes).astype(np.int32)
    arrays, single = column_runs(positions, renumbered)
    ports = tuple(sites.ports[code] for code in present.tolist())
    return BumpField(
        name=chart.name,
        kind=BumpKind.HBM,
        owner=chart.name,
        pad_um=chart.pad_um,
        nets=ports,
        ports=ports,
        arrays=arrays,
        points_um=positions[single],
        point_nets=renumbered[single],
    )
