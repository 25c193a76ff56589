"""Labelled arrays as NetCDF files that xarray reads, written without it: it takes long to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from techlib.writing import staged_files

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Labelled"]

Entry = tuple[str | tuple[str, ...], ArrayLike, Mapping[str, str]]
_64_BIT_OFFSETS = 2


@dataclass(frozen=True, eq=False)
class Labelled:
    """Arrays with the names of their dimensions and what they mean.

    Parameters
    ----------
    variables, coordinates : mapping of str to (dimensions, array, attributes)
    attributes : mapping
        Of the whole.
    """

    variables: Mapping[str, Entry]
    coordinates: Mapping[str, Entry]
    attributes: Mapping[str, str | float | int]

    def dataset(self) -> xr.Dataset:
        """Return them as xarray has them."""
        import xarray as xr

        return xr.Dataset(dict(self.variables), dict(self.coordinates), dict(self.attributes))

    def write(self, path: str | Path) -> None:
        """Write a NetCDF-3 file; the same arrays give the same bytes."""
        from scipy.io import netcdf_file

        entries, path = {**self.coordinates, **self.variables}, Path(path)
        with (
            staged_files(path.parent, path.name) as place,
            netcdf_file(place / path.name, "w", version=_64_BIT_OFFSETS) as file,
        ):
            for name, (dimensions, values, attributes) in entries.items():
                along = (dimensions,) if isinstance(dimensions, str) else dimensions
                stored, along = _stored(np.asarray(values), along)
                for dimension, size in zip(along, stored.shape, strict=True):
                    if dimension not in file.dimensions:
                        file.createDimension(dimension, size)
                variable = file.createVariable(name, stored.dtype, along)
                variable[:] = stored
                _describe(variable, attributes)
                if stored.dtype.kind == "S":
                    _describe(variable, {"_Encoding": "utf-8"})
                beside = self.coordinates.keys() - set(file.dimensions)
                if name in self.variables and beside:
                    _describe(variable, {"coordinates": " ".join(sorted(beside))})
            _describe(file, self.attributes)


def _stored(values: NDArray[Any], along: tuple[str, ...]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return text as single characters along a dimension of its own, and numbers as they are."""
    if values.dtype.kind != "U":
        return values.astype(np.float64, copy=False), along
    coded = np.char.encode(values, "utf-8")
    length = max(coded.dtype.itemsize, 1)
    return coded.view("S1").reshape(*values.shape, length), (*along, f"string{length}")


def _describe(what: Any, attributes: Mapping[str, str | float | int]) -> None:
    for key, value in attributes.items():
        if isinstance(value, float):
            value = np.float64(value)  # scipy would write single precision
        setattr(what, key, value.encode() if isinstance(value, str) else value)
