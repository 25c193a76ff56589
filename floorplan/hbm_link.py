"""HBM links across the interposer: the wires from each PHY to its stack, and their figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpField
from floorplan.hbm_map import HbmMap
from floorplan.hbm_sites import fill_sites
from floorplan.stack import HbmStack

__all__ = ["HbmLink", "hbm_link"]

_GBIT = 1e9
_BIT_PER_BYTE = 8


@dataclass(frozen=True, eq=False)
class HbmLink:
    """The signal wires of one stack; wire i runs from ``phy_um[i]`` to ``stack_um[i]``.

    Parameters
    ----------
    stack : str
        Name of the stack.
    nets : tuple of str
        Net of each wire.
    phy_um, stack_um : ndarray, shape (n, 2)
        Both ends in interposer coordinates [um].
    channels : tuple of str
        Names of the channels.
    words : ndarray of int32, shape (n,)
        Word of each wire, ``channel * words_per_channel + word``.
    words_per_channel : int
        Words of a channel.
    horizontal : bool
        Whether the wires run along x.
    bandwidth_gbit_s : float
        Peak bandwidth of the stack [Gb/s].
    unmatched : tuple of str
        Signal nets that only one of the two ends has.
    """

    stack: str
    nets: tuple[str, ...]
    phy_um: NDArray[np.float64]
    stack_um: NDArray[np.float64]
    channels: tuple[str, ...]
    words: NDArray[np.int32]
    words_per_channel: int
    horizontal: bool
    bandwidth_gbit_s: float
    unmatched: tuple[str, ...] = ()

    @property
    def lengths_um(self) -> NDArray[np.float64]:
        """Length of each wire along x and y [um]."""
        return np.asarray(np.abs(self.stack_um - self.phy_um).sum(axis=1))

    @property
    def beachfront_mm(self) -> float:
        """Extent of the signal bumps along the edge of the die [mm]."""
        along = self.phy_um[:, int(self.horizontal)]
        return float(np.ptp(along)) / 1e3 if along.size else 0.0

    @property
    def density_gbit_s_mm(self) -> float:
        """Bandwidth over beachfront [Gb/s/mm]; 0 where there is no wire."""
        return self.bandwidth_gbit_s / self.beachfront_mm if self.beachfront_mm else 0.0

    @property
    def crossings(self) -> int:
        """Pairs of wires whose order along the edge differs at the two ends."""
        side = int(self.horizontal)
        return _inversions(self.phy_um[:, side], self.stack_um[:, side])


def hbm_link(
    stack: HbmStack, chart: HbmMap, stack_bumps: BumpField, phy_bumps: BumpField
) -> HbmLink:
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
    return HbmLink(
        stack=stack.name,
        nets=tuple(known),
        phy_um=np.array([there[net] for net in known]).reshape(-1, 2),
        stack_um=np.array([here[net] for net in known]).reshape(-1, 2),
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


def _inversions(first: NDArray[np.float64], second: NDArray[np.float64]) -> int:
    """Return the number of pairs that are ordered differently; equal places are in no order."""
    turned = (first[:, None] < first) & (second[:, None] > second)
    return int(np.count_nonzero(turned))
