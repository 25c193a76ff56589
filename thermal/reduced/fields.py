"""Many fields in single precision, and sums over them in double precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from techlib import ResourceError
from thermal.memory import available_byte

__all__ = ["Single", "check_fields", "combine", "groups", "products", "values_at"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]

GROUP = 32  #: fields that are held in double precision at a time
_CHUNK = 512  #: cells of all fields that are converted to double precision at a time
_BYTE = 4  #: of a cell of a field
_WORK = 4 * GROUP  #: fields' worth of memory of two groups in double precision
_SHARE = 0.9  #: of what is available that fields may take


def groups(count: int) -> list[slice]:
    """Return ranges of fields that are held in double precision together."""
    return [slice(first, min(first + GROUP, count)) for first in range(0, count, GROUP)]


def combine(fields: Sequence[Single], coefficients: Array) -> Array:
    """Return combinations of fields: (fields, count) to (count, cells)."""
    cells = fields[0].shape[1]
    out = np.empty((coefficients.shape[1], cells))
    for chunk in _chunks(cells):
        out[:, chunk] = coefficients.T @ _double(fields, chunk)
    return out


def products(fields: Sequence[Single], others: Sequence[Array]) -> list[Array]:
    """Return the inner products (fields, others) of fields with each of several sets of others."""
    out = [np.zeros((sum(map(len, fields)), len(each))) for each in others]
    for chunk in _chunks(fields[0].shape[1]):
        part = _double(fields, chunk)
        for sums, each in zip(out, others, strict=True):
            sums += part @ each[:, chunk].T
    return out


def values_at(fields: Sequence[Single], cells: NDArray[np.int64]) -> Single:
    """Return the values of all fields at some cells (fields, cells)."""
    return np.concatenate([part[:, cells] for part in fields])


def check_fields(cells: int, fields: int, inputs: int, available: int | None = None) -> None:
    """Refuse a number of fields that would not fit.

    Parameters
    ----------
    cells, fields : int
        Of the mesh; of the basis, work space included.
    inputs : int
        For the message.
    available : int, optional
        In place of what the machine tells [byte].

    Raises
    ------
    ResourceError
        The prediction is above nine tenths of what is available.

    Examples
    --------
    >>> check_fields(1_000_000, 700, 100, available=10**9)
    Traceback (most recent call last):
    ...
    techlib.errors.ResourceError: a reduced model of 100 inputs on 1000000 cells needs about
    3.3 GB, 1.0 GB are available; join inputs (see principal_inputs), or take a coarser mesh
    """
    there = available_byte() if available is None else available
    needed = cells * (fields + _WORK) * _BYTE
    if there is None or needed <= _SHARE * there:
        return
    raise ResourceError(
        f"a reduced model of {inputs} inputs on {cells} cells needs about {needed / 1e9:.1f} GB, "
        f"{there / 1e9:.1f} GB are available; join inputs (see principal_inputs), or take a "
        "coarser mesh"
    )


def _chunks(cells: int) -> list[slice]:
    return [slice(first, min(first + _CHUNK, cells)) for first in range(0, cells, _CHUNK)]


def _double(fields: Sequence[Single], chunk: slice) -> Array:
    return np.concatenate([part[:, chunk] for part in fields], dtype=np.float64)
