"""The 2-norm of a field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal import kernels
from thermal.operator import plain
from thermal.workers import Workers, available_threads, hired

__all__ = ["norm"]

Array = NDArray[np.float64]


def norm(field: Array, workers: Workers | None = None) -> float:
    """Return the 2-norm of a field (nz, ny, nx), the same for any number of threads.

    It is not a finite number where a value is not one. Not by BLAS, whose threads would change it
    in the last bits.
    """
    nz, ny, nx = field.shape
    workers = workers or hired(available_threads(), (nz, ny, nx))
    field, squares = plain(field), np.empty(ny)
    workers.run(
        lambda low, high: kernels.square_sums(field, squares, low, high),
        workers.slabs((nz, ny, nx)),
    )
    return float(np.sqrt(squares.sum()))
