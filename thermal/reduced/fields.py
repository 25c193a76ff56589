"""Many fields in single precision: their combinations, and sums over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from techlib import ResourceError
from thermal.memory import available_byte
from thermal.workers import shared, single_threaded_blas

__all__ = [
    "Single",
    "check_fields",
    "combine",
    "combine_exactly",
    "groups",
    "products",
    "products_exactly",
    "values_at",
]

Array = NDArray[np.float64]
Single = NDArray[np.float32]
_Number = TypeVar("_Number", bound=np.generic)

GROUP = 96  #: fields that are worked on together
_CHUNK = 4096  #: cells whose products are added up in single precision
_SLABS = 16  #: sums that are added up on their own, however many threads there are
_BYTE = 4  #: of a cell of a field
_SHARE = 0.9  #: of what is available that fields may take


def groups(count: int, most: int = GROUP) -> list[slice]:
    """Return ranges of fields that are worked on together, of so many at most."""
    size = min(most, GROUP)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def combine(fields: Sequence[Single], coefficients: Array, out: Single) -> Single:
    """Set combinations of fields: (fields, count) to (count, cells)."""
    _combine(fields, coefficients.astype(np.float32), out)
    return out


def combine_exactly(fields: Sequence[Single], coefficients: Array) -> Array:
    """Return combinations of fields, added up in double precision."""
    out = np.empty((coefficients.shape[1], fields[0].shape[1]))
    _combine(fields, coefficients, out)
    return out


def _combine(
    fields: Sequence[Single], coefficients: NDArray[_Number], out: NDArray[_Number]
) -> None:
    weights, chunks = np.ascontiguousarray(coefficients.T), _chunks(out.shape[1])

    def loop(low: int, high: int) -> None:
        stacked = np.empty((weights.shape[1], _CHUNK), out.dtype)
        for chunk in chunks[low:high]:
            values = stacked[:, : chunk.stop - chunk.start]
            for into, part in zip(_split(values, fields), fields, strict=True):
                into[:] = part[:, chunk]
            np.matmul(weights, values, out=out[:, chunk])

    with single_threaded_blas():
        shared(loop, len(chunks))


def products(fields: Sequence[Single], others: Single) -> Array:
    """Return the inner products (fields, others) of fields with others.

    They are added up in single precision over a few thousand cells, and in double precision over
    all of these.
    """
    return _products(fields, others, np.float32)


def products_exactly(
    fields: Sequence[NDArray[np.floating]],
    others: NDArray[np.floating],
    weights: Array | None = None,
) -> Array:
    """Return the inner products of fields with others, added up in double precision.

    Cells count with `weights` (cells,), or evenly.
    """
    return _products(fields, others, np.float64, weights)


def _products(
    fields: Sequence[NDArray[np.floating]],
    others: NDArray[np.floating],
    precision: type[np.floating],
    weights: Array | None = None,
) -> Array:
    chunks = _chunks(others.shape[1])
    slabs = [chunks[first::_SLABS] for first in range(min(_SLABS, len(chunks)))]
    sums = np.zeros((len(slabs), sum(map(len, fields)), len(others)))

    def loop(low: int, high: int) -> None:
        for number in range(low, high):
            for chunk in slabs[number]:
                turned = others[:, chunk].astype(precision, copy=False).T
                if weights is not None:
                    turned = turned * weights[chunk, None]
                for into, part in zip(_split(sums[number], fields), fields, strict=True):
                    into += part[:, chunk].astype(precision, copy=False) @ turned

    with single_threaded_blas():
        shared(loop, len(slabs))
    return np.asarray(sums.sum(axis=0))


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
    2.8 GB, 1.0 GB are available; join inputs (see principal_inputs), or take a coarser mesh
    """
    there = available_byte() if available is None else available
    needed = cells * fields * _BYTE
    if there is None or needed <= _SHARE * there:
        return
    raise ResourceError(
        f"a reduced model of {inputs} inputs on {cells} cells needs about {needed / 1e9:.1f} GB, "
        f"{there / 1e9:.1f} GB are available; join inputs (see principal_inputs), or take a "
        "coarser mesh"
    )


def _chunks(cells: int) -> list[slice]:
    return [slice(first, min(first + _CHUNK, cells)) for first in range(0, cells, _CHUNK)]


def _split(
    rows: NDArray[_Number], fields: Sequence[NDArray[np.floating]]
) -> list[NDArray[_Number]]:
    """Return views of the rows that belong to each set of fields."""
    ends = np.cumsum([len(part) for part in fields])
    return [rows[end - len(part) : end] for end, part in zip(ends, fields, strict=True)]
