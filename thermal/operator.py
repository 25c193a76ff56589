"""The conduction operator: conductances between cells, and to the outside."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thermal import arena, kernels
from thermal.stream import Stream
from thermal.workers import available_threads, hired

__all__ = ["Left", "Operator", "plain", "single"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]


class Left(NamedTuple):
    """``heat - A T``, what is left of the heat balance of each cell (nz, ny, nx) [W].

    With its 2-norm, its sum, and the 2-norm of the heat, the same for any number of threads.
    """

    field_w: Array
    norm_w: float
    sum_w: float
    heat_norm_w: float


@dataclass(frozen=True)
class Operator:
    """Heat conduction on a tensor-product grid of cells, index order (z, y, x).

    The heat balance of a cell is::

        C dT/dt = P + b - (A T),
        (A T)_i = sum_j g_ij (T_i - T_j) + (g_outside_i + s C_i) T_i

    with `j` over the up to six neighbours and ``s`` the shift (0 for a steady solve, ``1 / dt``
    and the like for a step in time). Streams of coolant add what they take from each cell, and
    make ``A`` unsymmetric.

    Conductances between cells are kept in single precision, which rounds them by up to 6e-8: far
    below what any conductivity is known to, and a quarter of the memory and time less. All else,
    and every sum, is in double precision, so that heat is conserved as exactly as ever.

    Parameters
    ----------
    gx : array (nz, ny, nx - 1)
        Conductance between neighbours along x [W/K].
    gy : array (nz, ny - 1, nx)
        Along y [W/K].
    gz : array (nz - 1, ny, nx)
        Along z [W/K].
    outside_w_k : array (nz, ny, nx)
        Sum of the conductances to fluids on all outer faces [W/K].
    outside_w : array (nz, ny, nx)
        Sum over outer faces of conductance times (fluid temperature - `reference_c`) [W].
    capacity : array (nz, ny, nx), or callable that returns it
        Heat capacity of each cell [J/K]; a callable is not asked for by steady solves.
    reference_c : float
        Temperatures inside the solvers are differences to this one [degC].
    shift_per_s : float
        Shift ``s`` above [1/s].
    streams : tuple of Stream
        Coolant that flows through cells; the heat of their inlets is in `outside_w`.
    """

    gx: Single
    gy: Single
    gz: Single
    outside_w_k: Array
    outside_w: Array
    capacity: Array | Callable[[], Array]
    reference_c: float
    shift_per_s: float = 0.0
    streams: tuple[Stream, ...] = ()

    def __post_init__(self) -> None:
        for name in ("gx", "gy", "gz"):
            object.__setattr__(self, name, single(getattr(self, name)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along z, y and x."""
        nz, ny, nx = self.outside_w_k.shape
        return nz, ny, nx

    @functools.cached_property
    def capacity_j_k(self) -> Array:
        """Heat capacity of each cell (nz, ny, nx) [J/K]."""
        return self.capacity() if callable(self.capacity) else self.capacity

    @property
    def ground_w_k(self) -> Array:
        """Conductance to fluids plus shift times capacity of each cell [W/K]."""
        if self.shift_per_s == 0.0:
            return self.outside_w_k
        return self.outside_w_k + self.shift_per_s * self.capacity_j_k

    @property
    def diagonal(self) -> Array:
        """Diagonal of the operator without streams [W/K]."""
        d = self.ground_w_k.copy()
        d[:, :, :-1] += self.gx
        d[:, :, 1:] += self.gx
        d[:, :-1, :] += self.gy
        d[:, 1:, :] += self.gy
        d[:-1] += self.gz
        d[1:] += self.gz
        return d

    @property
    def drain_w_k(self) -> Array:
        """Heat that leaves per kelvin of each cell, to fluids and by outlets [W/K].

        Its product with the rise, less `outside_w`, is the heat that leaves the package.
        """
        if not self.streams:
            return self.outside_w_k
        drain = self.outside_w_k.copy()
        for stream in self.streams:
            stream.add_outlet_to(drain)
        return drain

    def apply(self, rise_k: Array, *, threads: int | None = None) -> Array:
        """Return ``A T`` for a temperature rise over `reference_c` (nz, ny, nx) [W]."""
        out = arena.empty(self.shape)
        ground, field = plain(self.ground_w_k), plain(rise_k)
        none = np.zeros(self.shape[2], np.float32)

        def loop(low: int, high: int) -> None:
            kernels.apply(self.gx, self.gy, self.gz, ground, none, field, out, low, high)

        workers = hired(threads or available_threads(), self.shape)
        workers.run(loop, workers.slabs(self.shape))
        for stream in self.streams:
            stream.add_to(rise_k, out)
        return out

    def left(self, heat_w: Array, rise_k: Array) -> Left:
        """Return what ``A T`` leaves of the heat into each cell."""
        out, sums = arena.empty(self.shape), np.empty((self.shape[1], 3))
        ground, heat, field = plain(self.ground_w_k), plain(heat_w), plain(rise_k)
        none = np.zeros(self.shape[2], np.float32)

        def loop(low: int, high: int) -> None:
            kernels.left(self.gx, self.gy, self.gz, ground, none, heat, field, out, sums, low, high)

        workers = hired(available_threads(), self.shape)
        workers.run(loop, workers.slabs(self.shape))
        if self.streams:
            carried = np.zeros(self.shape)
            for stream in self.streams:
                stream.add_to(rise_k, carried)
            out -= carried
            sums[:, 0], sums[:, 1] = np.square(out).sum(axis=(0, 2)), out.sum(axis=(0, 2))
        squares, total_w, given = sums.sum(axis=0).tolist()
        return Left(out, math.sqrt(squares), total_w, math.sqrt(given))


def plain(values: Array) -> Array:
    """Return a contiguous, writeable array: for views, loops would be compiled again."""
    return np.require(values, np.float64, ["C", "W"])


def single(values: NDArray[np.floating]) -> Single:
    """Return a contiguous, writeable array in single precision."""
    return np.require(values, np.float32, ["C", "W"])
