"""Where the power of each block goes: weights of cells per block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from package import Package
from techlib import Faults
from thermal.overlap import overlap_area

__all__ = ["heat_weights"]

Array = NDArray[np.float64]

_LOST = 1e-9  #: share of a block's power that may miss the grid by rounding


def heat_weights(
    package: Package,
    x_um: Array,
    y_um: Array,
    z_um: Array,
    layer_of_cell: NDArray[np.int64],
) -> sparse.csc_array:
    """Return the share of each block's power that each cell takes.

    A block heats the volume of all regions with its key evenly; a cell takes the share of that
    volume that lies in it. The same weights average temperatures over a block's volume.

    Parameters
    ----------
    package : Package
        Its `heat_keys` are the columns.
    x_um, y_um, z_um : array (nx + 1,), (ny + 1,), (nz + 1,)
        Grid lines [um].
    layer_of_cell : array (nz,)
        Layer of the cells at each height.

    Returns
    -------
    scipy.sparse.csc_array (nz * ny * nx, keys)
        Columns sum to 1.

    Raises
    ------
    InputError
        Every block that has no volume, or lies partly outside of the grid.
    """
    keys = package.heat_keys
    column_of = {key: column for column, key in enumerate(keys)}
    plane = (len(x_um) - 1) * (len(y_um) - 1)
    full = np.zeros(len(keys))
    cells, columns, volumes = [], [], []
    for index, layer in enumerate(package.layers):
        regions = [r for r in layer.regions if r.heats]
        if not regions:
            continue
        column = np.array([column_of[r.heats] for r in regions])
        areas = np.array([r.outline.area for r in regions])
        np.add.at(full, column, areas * layer.thickness_um)
        shared = overlap_area([r.outline for r in regions], x_um, y_um).tocoo()
        for k in np.flatnonzero(layer_of_cell == index):
            cells.append(k * plane + shared.col.astype(np.int64))
            columns.append(column[shared.row])
            volumes.append(shared.data * (z_um[k + 1] - z_um[k]))
    if not keys:
        return sparse.csc_array((plane * len(layer_of_cell), 0))
    volume = sparse.csc_array(
        (np.concatenate(volumes), (np.concatenate(cells), np.concatenate(columns))),
        shape=(plane * len(layer_of_cell), len(keys)),
    )
    found = np.asarray(volume.sum(axis=0), dtype=np.float64).ravel()
    _check(keys, full, found)
    volume.data /= np.repeat(found, np.diff(volume.indptr))
    return volume


def _check(keys: tuple[str, ...], full: Array, found: Array) -> None:
    """Report every block whose power would be lost."""
    faults = Faults()
    for key, volume, share in zip(keys, full, found, strict=True):
        if not volume > 0.0:
            faults.add(f"block {key}", "has no volume to heat", cure="give its outline an area")
        elif abs(share / volume - 1.0) > _LOST:
            what = f"{1.0 - share / volume:.3%} of it lies outside of the package"
            faults.add(f"block {key}", what, "blocks inside the package's extent")
    faults.raise_if_any()
