"""Columns of evenly spaced points of one net, found again as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpArray

__all__ = ["column_runs"]

_SHORTEST = 4  # bumps; a shorter run stays points
_TOLERANCE_UM = 1e-6  # of float coordinates


def column_runs(
    points_um: NDArray[np.float64], nets: NDArray[np.int32]
) -> tuple[tuple[BumpArray, ...], NDArray[np.int64]]:
    """Return arrays for the runs of evenly spaced points along y, and which points are left.

    Examples
    --------
    >>> points = np.array([[0.0, 0.0], [0.0, 5.0], [0.0, 10.0], [0.0, 15.0], [7.0, 1.0]])
    >>> arrays, left = column_runs(points, np.zeros(5, dtype=np.int32))
    >>> arrays[0].rows, arrays[0].pitch_y_um, left.tolist()
    (4, 5.0, [4])
    """
    order = np.lexsort((points_um[:, 1], points_um[:, 0], nets))
    x, y, net = points_um[order, 0], points_um[order, 1], nets[order]
    joined = (np.diff(net) == 0) & (np.abs(np.diff(x)) < _TOLERANCE_UM)
    steps = np.where(joined, np.round(np.diff(y) / _TOLERANCE_UM), -1.0)
    edges = np.flatnonzero(np.diff(steps, prepend=np.nan, append=np.nan) != 0)
    arrays: list[BumpArray] = []
    single = np.ones(len(order), dtype=np.bool_)
    end_before = -1
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        start = max(first, end_before + 1)  # a point at the joint of two runs is in the first
        count = last - start + 1
        if steps[first] > 0 and count >= _SHORTEST:
            pitch = float(y[last] - y[start]) / (count - 1)
            arrays.append(
                BumpArray(float(x[start]), float(y[start]), 0.0, pitch, 1, count, int(net[start]))
            )
            single[start : last + 1] = False
            end_before = last
    return tuple(arrays), np.sort(order[single])
