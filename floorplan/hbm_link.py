"""HBM links: the wires from each PHY to its stack."""

from __future__ import annotations

import numpy as np

from floorplan.bump import BumpField
from floorplan.hbm_map import HbmMap
from floorplan.hbm_sites import fill_sites
from floorplan.link import Link
from floorplan.stack import HbmStack

__all__ = ["hbm_link"]

_GBIT = 1e9
_BIT_PER_BYTE = 8


def hbm_link(stack: HbmStack, chart: HbmMap, stack_bumps: BumpField, phy_bumps: BumpField) -> Link:
    """Join the bumps of a stack to those of its PHY net by net.

    Parameters
    ----------
    stack : HbmStack
        The stack.
    chart : HbmMap
        Its map, for channels and words.
    stack_bumps, phy_bumps : BumpField
        Both ends in interposer coordinates.
    """
    here, there = _signals(stack_bumps, stack.name), _signals(phy_bumps, stack.name)
    both = sorted(here.keys() & there.keys())
    sites = fill_sites(chart)
    number = {f"{stack.name}/{port}": index for index, port in enumerate(sites.ports)}
    known = [net for net in both if net in number]
    return Link(
        name=stack.name,
        nets=tuple(known),
        near_um=np.array([there[net] for net in known]).reshape(-1, 2),
        far_um=np.array([here[net] for net in known]).reshape(-1, 2),
        channels=sites.channels,
        words=sites.words[[number[net] for net in known]],
        words_per_channel=len(chart.word_kinds),
        horizontal=not stack.phy_edge.horizontal,
        bandwidth_gbit_s=stack.generation.bandwidth_byte_s * _BIT_PER_BYTE / _GBIT,
        unmatched=tuple(sorted(here.keys() ^ there.keys())),
    )


def _signals(bumps: BumpField, stack: str) -> dict[str, tuple[float, float]]:
    """Return the place of each net that belongs to a stack alone."""
    own = f"{stack}/"
    return {
        net: (x, y)
        for code, (x, y) in zip(bumps.point_nets.tolist(), bumps.points_um.tolist(), strict=True)
        if (net := bumps.nets[code]).startswith(own)
    }
