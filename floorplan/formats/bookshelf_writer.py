"""Bookshelf: a die for floorplanners, as ``.blocks``, ``.pl``, ``.nets`` and ``.power``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import shapely
from shapely import Polygon

from floorplan.block import BlockKind
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.formats.nanometres import nm, pieces_nm, um_text
from floorplan.formats.registry import Content, Job
from floorplan.formats.text import unique_names
from floorplan.hierarchy import groups_of
from floorplan.stack import HbmStack
from techlib import Faults

__all__ = ["files", "nets_of"]

_ILLEGAL = r"[^A-Za-z0-9_/\\+-]"  # names may hold nothing else
_NETWORK = (
    BlockKind.ROUTER,
    BlockKind.NOC,
    BlockKind.COLLECTIVE,
    BlockKind.MANAGEMENT,
    BlockKind.SERDES,
    BlockKind.HOST,
    BlockKind.DIE_TO_DIE,
)


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield blocks, places and nets of each die, and power densities where power is known.

    Lengths are micrometres. The HBM stacks are terminals.
    """
    for die in job.floorplan.dies:
        stacks = _stacks_of(die, job.floorplan)
        keys = [*(block.name for block in die.blocks), *(stack.name for stack in stacks)]
        names = unique_names(keys, illegal=_ILLEGAL, prefix="n", start=r"[A-Za-z0-9_]")
        yield job.die_file(die.name, "blocks"), _blocks(die, stacks, names)
        yield job.die_file(die.name, "pl"), _places(die, stacks, names)
        yield job.die_file(die.name, "nets"), _nets(nets_of(die, stacks), names)
        if all(f"{die.name}/{block.name}" in job.power_w for block in die.blocks):
            yield job.die_file(die.name, "power"), _power(die, job.power_w)


def nets_of(die: Die, stacks: Sequence[HbmStack]) -> dict[str, tuple[str, ...]]:
    """Return which blocks and stacks talk to one another, by the name of the net.

    One net joins each stack with its PHY, one each PHY with the routers that it feeds (or with all
    blocks that name the stack, where there are no routers), one the blocks of each slice, and one
    everything on the on-chip network.
    """
    nets: dict[str, tuple[str, ...]] = {}
    for stack in stacks:
        phys = [b.name for b in die.blocks if _is_phy(b.kind) and b.stack == stack.name]
        fed = [b for b in die.blocks if b.stack == stack.name and not _is_phy(b.kind)]
        routers = [b for b in fed if b.kind is BlockKind.ROUTER]
        nets[f"{stack.name}/link"] = (stack.name, *phys)
        nets[f"{stack.name}/feed"] = (*phys, *(b.name for b in routers or fed))
    for group in groups_of(die)[0]:
        nets[f"{group.name}/local"] = tuple(block.name for block in group.blocks)
    nets["network"] = tuple(block.name for block in die.blocks if block.kind in _NETWORK)
    return {name: pins for name, pins in nets.items() if len(pins) > 1}


def _is_phy(kind: BlockKind) -> bool:
    return kind is BlockKind.HBM_PHY


def _stacks_of(die: Die, plan: Floorplan) -> list[HbmStack]:
    named = {block.stack for block in die.blocks if _is_phy(block.kind)}
    return [stack for stack in plan.stacks if stack.name in named]


def _blocks(die: Die, stacks: Sequence[HbmStack], names: Mapping[str, str]) -> str:
    faults = Faults()
    lines = []
    for block in die.blocks:
        if pieces_nm(block.outline) is None or block.outline.interiors:
            what = "has a slanted edge or a hole"
            cure = "draw it in steps, or cut it in two"
            faults.add(f"{die.name}/{block.name}", what, "a rectilinear outline in Bookshelf", cure)
            continue
        corners = _clockwise(block.outline)
        points = " ".join(f"({um_text(x)}, {um_text(y)})" for x, y in corners)
        lines.append(f"{names[block.name]} hardrectilinear {len(corners)} {points}\n")
    faults.raise_if_any()
    terminals = [f"{names[stack.name]} terminal\n" for stack in stacks]
    return (
        "UCSC blocks 1.0\n\nNumSoftRectangularBlocks : 0\n"
        f"NumHardRectilinearBlocks : {len(lines)}\nNumTerminals : {len(terminals)}\n\n"
        + "".join(lines)
        + "\n"
        + "".join(terminals)
    )


def _clockwise(outline: Polygon) -> list[tuple[int, int]]:
    """Return the corners [nm] against the lower left one of the bounds, clockwise from there."""
    x0, y0, _, _ = outline.bounds
    ring = shapely.normalize(outline).exterior.coords[:-1]
    corners = [(nm(x) - nm(x0), nm(y) - nm(y0)) for x, y in ring]
    area = sum(
        a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
    )
    return corners if area < 0 else [corners[0], *reversed(corners[1:])]


def _places(die: Die, stacks: Sequence[HbmStack], names: Mapping[str, str]) -> str:
    lines = []
    for block in die.blocks:
        x0, y0, _, _ = block.outline.bounds
        lines.append(_place(names[block.name], x0, y0))
    for stack in stacks:
        center = stack.placed_outline.centroid
        lines.append(_place(names[stack.name], center.x - die.x_um, center.y - die.y_um))
    return "UCLA pl 1.0\n\n" + "".join(lines)


def _place(name: str, x_um: float, y_um: float) -> str:
    return f"{name}\t{um_text(nm(x_um))}\t{um_text(nm(y_um))}\n"


def _nets(nets: Mapping[str, Sequence[str]], names: Mapping[str, str]) -> str:
    pins = sum(len(members) for members in nets.values())
    parts = [f"UCLA nets 1.0\n\nNumNets : {len(nets)}\nNumPins : {pins}\n"]
    for net, members in nets.items():
        parts.append(f"NetDegree : {len(members)} {net}\n")
        parts += [f"{names[member]} B\n" for member in members]
    return "".join(parts)


def _power(die: Die, power_w: Mapping[str, float]) -> str:
    lines = [
        f"{power_w[f'{die.name}/{block.name}'] / (block.area_um2 / 1e6):.9g}\n"
        for block in die.blocks
    ]
    return "# power density in 10^6 W/m^2 = uW/um^2 end\n" + "".join(lines)
