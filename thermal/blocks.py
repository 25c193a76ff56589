"""Between blocks and cells: powers in, means and maxima out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from techlib import Faults, did_you_mean
from thermal import arena
from thermal.mesh import Mesh
from thermal.numbers import numbers

__all__ = ["BlockCells", "Power", "belonging"]

Array = NDArray[np.float64]
Power = Mapping[str, float] | pd.Series | ArrayLike

_SHOWN = 20  #: faults of one kind that are listed before "and N more"
_INSIDE = 0.5  #: share of a cell that makes it one of a block's


class BlockCells:
    """The cells of every block of a mesh.

    Parameters
    ----------
    mesh : Mesh
        Its keys are the blocks.
    averaging : scipy.sparse.csr_array (keys, cells), optional
        Weights that give block means from cells; those of the mesh unless given.

    Attributes
    ----------
    corrected : bool
        Whether block means are others than those of the mesh.
    """

    def __init__(self, mesh: Mesh, averaging: sparse.csr_array | None = None) -> None:
        self.keys = mesh.keys
        self.averaging = mesh.averaging if averaging is None else averaging
        self.corrected = averaging is not None
        self._shape = mesh.shape
        heat = mesh.heat
        self._heated, place = np.unique(heat.indices, return_inverse=True)
        shares = (heat.data, place.astype(heat.indices.dtype), heat.indptr)
        self._shares = sparse.csc_array(shares, shape=(len(self._heated), len(self.keys)))
        self._members, self._starts = _members(mesh)

    @property
    def members(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cells of each block, one block after the other, and where each begins."""
        return self._members, self._starts

    def power_vector(self, power_w: Power, where: str = "power") -> Array:
        """Return powers in the order of the keys [W].

        Parameters
        ----------
        power_w : mapping of str to float, pandas.Series, or array (keys,)
            Blocks that a mapping leaves out have no power.
        where : str
            For error messages.

        Raises
        ------
        InputError
            Every unknown block, every one that has two powers, and every power that is negative
            or not a number; an array of another length.
        """
        faults = Faults()
        if isinstance(power_w, (Mapping, pd.Series)):
            known = dict.fromkeys(self.keys, 0.0)
            unknown = [str(key) for key in power_w.keys() if key not in known]  # noqa: SIM118
            for key in unknown[:_SHOWN]:
                cure = did_you_mean(key, self.keys)
                faults.add(f"{where}: {key}", "no block of that name", cure=cure)
            if len(unknown) > _SHOWN:
                faults.add(where, f"and {len(unknown) - _SHOWN} more unknown blocks")
            for key, times in Counter(power_w.keys()).items():
                if times > 1:
                    faults.add(f"{where}: {key}", f"{times} powers", "one; add them up")
            known |= {
                str(key): float(numbers(value, f"{where}: {key}"))
                for key, value in power_w.items()
                if key in known
            }
            vector = np.array([known[key] for key in self.keys])
        else:
            vector = numbers(power_w, where).copy()
            if vector.shape != (len(self.keys),):
                faults.add(where, f"an array of shape {vector.shape}", f"({len(self.keys)},)")
                faults.raise_if_any()
        wrong = np.flatnonzero(~(np.isfinite(vector) & (vector >= 0.0)))
        for index in wrong[:_SHOWN]:
            faults.add(f"{where}: {self.keys[index]}", f"{vector[index]:g} W", "0 W or more")
        if len(wrong) > _SHOWN:
            faults.add(where, f"and {len(wrong) - _SHOWN} more blocks without a usable power")
        faults.raise_if_any()
        return vector

    def source(
        self, power_w: Array, onto_w: Array | float = 0.0, before_w: Array | None = None
    ) -> Array:
        """Return the power of each cell, on top of other heat (nz, ny, nx) [W].

        `before_w` is a result on top of the same heat, which is changed and returned.
        """
        if before_w is None:
            heat_w = arena.empty(self._shape)
            heat_w[...] = onto_w
        else:
            heat_w = before_w
        other_w = np.asarray(onto_w)
        if other_w.ndim:
            other_w = other_w.reshape(-1)[self._heated]
        heat_w.reshape(-1)[self._heated] = other_w + self._shares @ power_w
        return heat_w

    def means(self, field: Array) -> Array:
        """Return the mean of a field over the volume that each block heats (keys,)."""
        return np.asarray(self.averaging @ field.ravel())

    def maxima(self, field: Array) -> Array:
        """Return the greatest cell of each block (keys,)."""
        if not self.keys:
            return np.zeros(0)
        return np.maximum.reduceat(field.ravel()[self._members], self._starts)


def belonging(mesh: Mesh) -> NDArray[np.bool_]:
    """Return which entries of `Mesh.heat`, pairs of block and cell, make the cell the block's.

    A cell is a block's if half of it lies inside; a block that has no such cell gets the one
    that holds most of it. So a cool block does not show the maximum of a hot neighbour whose
    cell it only touches.
    """
    heat = mesh.heat
    column = np.repeat(np.arange(heat.shape[1]), np.diff(heat.indptr))
    volume = np.zeros(heat.shape[1])
    number = {key: index for index, key in enumerate(mesh.keys)}
    for layer in mesh.package.layers:
        for region in layer.regions:
            if region.heats:
                cubic_um = region.outline.area * layer.thickness_um
                volume[number[region.heats]] += cubic_um * 1e-18
    share = heat.data * volume[column] / mesh.volume_m3.ravel()[heat.indices]
    inside = share >= _INSIDE * (1.0 - 1e-9)
    best = np.zeros(heat.shape[1])
    np.maximum.at(best, column, share)
    inside |= (best < _INSIDE)[column] & (share == best[column])
    return inside


def _members(mesh: Mesh) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells of each block, one block after the other, and where each begins."""
    inside = belonging(mesh)
    column = np.repeat(np.arange(mesh.heat.shape[1]), np.diff(mesh.heat.indptr))
    counts = np.bincount(column[inside], minlength=mesh.heat.shape[1])
    return mesh.heat.indices[inside].astype(np.int64), np.cumsum(counts) - counts
