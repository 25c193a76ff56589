"""A link across the interposer: the wires between two bodies, and their figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Link"]


@dataclass(frozen=True, eq=False)
class Link:
    """The signal wires of one link; wire i runs from ``near_um[i]`` to ``far_um[i]``.

    Parameters
    ----------
    name : str
        Of the stack, or of the interface at the near end, such as ``"compute/d2d0"``.
    nets : tuple of str
        Net of each wire.
    near_um, far_um : ndarray, shape (n, 2)
        Both ends in interposer coordinates [um]: at the PHY and at its stack, or at both dies.
    channels : tuple of str
        Names of the channels, or of the modules.
    words : ndarray of int32, shape (n,)
        Word of each wire, ``channel * words_per_channel + word``.
    words_per_channel : int
        Words of a channel.
    horizontal : bool
        Whether the wires run along x.
    bandwidth_gbit_s : float
        Peak bandwidth, both directions together where they have wires of their own [Gb/s].
    unmatched : tuple of str
        Signal nets that only one of the two ends has.
    """

    name: str
    nets: tuple[str, ...]
    near_um: NDArray[np.float64]
    far_um: NDArray[np.float64]
    channels: tuple[str, ...]
    words: NDArray[np.int32]
    words_per_channel: int
    horizontal: bool
    bandwidth_gbit_s: float
    unmatched: tuple[str, ...] = ()

    @property
    def lengths_um(self) -> NDArray[np.float64]:
        """Length of each wire along x and y [um]."""
        return np.asarray(np.abs(self.far_um - self.near_um).sum(axis=1))

    @property
    def beachfront_mm(self) -> float:
        """Extent of the signal bumps along the edge of the die [mm]."""
        along = self.near_um[:, int(self.horizontal)]
        return float(np.ptp(along)) / 1e3 if along.size else 0.0

    @property
    def density_gbit_s_mm(self) -> float:
        """Bandwidth over beachfront [Gb/s/mm]; 0 where there is no wire."""
        return self.bandwidth_gbit_s / self.beachfront_mm if self.beachfront_mm else 0.0

    @property
    def crossings(self) -> int:
        """Pairs of wires whose order along the edge differs at the two ends."""
        side = int(self.horizontal)
        return _inversions(self.near_um[:, side], self.far_um[:, side])


def _inversions(first: NDArray[np.float64], second: NDArray[np.float64]) -> int:
    """Return the number of pairs that are ordered differently; equal places are in no order."""
    turned = (first[:, None] < first) & (second[:, None] > second)
    return int(np.count_nonzero(turned))
