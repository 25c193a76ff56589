"""Places in whole nanometres as single numbers, to look for one place among millions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["among", "key_step", "keys_of", "places_of"]

_ROW = 1 << 32  # nanometres; wider than any layout


def keys_of(places_nm: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each place, shape (n, 2), that grows along x and then along y.

    Examples
    --------
    >>> places = np.array([[5, -3], [-5, 7]])
    >>> places_of(keys_of(places)).tolist()
    [[5, -3], [-5, 7]]
    """
    return np.asarray(places_nm[:, 0] * _ROW + places_nm[:, 1])


def key_step(dx_nm: int, dy_nm: int) -> int:
    """Return what a step adds to the number of a place."""
    return dx_nm * _ROW + dy_nm


def places_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of numbers, shape (n, 2) [nm]."""
    y = (keys + _ROW // 2) % _ROW - _ROW // 2
    return np.stack([(keys - y) // _ROW, y], axis=1)


def among(keys: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which numbers are among others, which are sorted."""
    if not len(others):
        return np.zeros(len(keys), dtype=np.bool_)
    found = np.searchsorted(others, keys).clip(max=len(others) - 1)
    return np.asarray(others[found] == keys)
