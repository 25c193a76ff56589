"""Temperatures: what a solve gives back, with how far it can be trusted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as with_default
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from thermal.mesh import Mesh

__all__ = ["Temperatures"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Temperatures:
    """A temperature field on a mesh.

    Parameters
    ----------
    mesh : Mesh
        Where.
    field_c : array (nz, ny, nx)
        Mean of each cell [degC].
    power_w : pandas.Series
        Power of each block that it belongs to [W].
    block_mean_c : pandas.Series
        Mean over the volume that each block heats [degC].
    block_max_c : pandas.Series
        Hottest cell of each block [degC]; the mean of a cell, not extrapolated to its faces.
    residual : float
        Relative 2-norm of what is left of the heat balance.
    energy_balance : float
        Difference of heat in and heat out, relative to the heat in.
    iterations : int
        Of the linear solver.
    fixed_point_iterations : int
        Solves that the feedback of temperature on power took; 0 without.
    seconds : mapping of str to float
        Time taken by ``assembly``, ``setup`` and ``solve`` [s].
    warnings : tuple of str
        What is resolved too coarsely, and materials that were used out of their range.
    """

    mesh: Mesh
    field_c: Array
    power_w: pd.Series[float]
    block_mean_c: pd.Series[float]
    block_max_c: pd.Series[float]
    residual: float
    energy_balance: float
    iterations: int
    fixed_point_iterations: int = 0
    seconds: Mapping[str, float] = with_default(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.mesh.cells

    @property
    def max_c(self) -> float:
        """The hottest cell of the package [degC]."""
        return float(self.field_c.max())

    @functools.cached_property
    def field(self) -> xr.Dataset:
        """The field with its coordinates, layer names, units and origin."""
        mesh = self.mesh
        names = np.array([layer.name for layer in mesh.package.layers])
        lines = {"z": mesh.z_m, "y": mesh.y_m, "x": mesh.x_m}
        coordinates: dict[str, object] = {
            axis: (
                axis,
                0.5 * (line[1:] + line[:-1]),
                {"units": "m", "long_name": f"{axis} of cell"},
            )
            for axis, line in lines.items()
        }
        coordinates["layer"] = ("z", names[mesh.layer_of_cell])
        for axis, line in lines.items():
            coordinates[f"{axis}_size"] = (axis, np.diff(line), {"units": "m"})
        variables = {
            "temperature_c": (
                ("z", "y", "x"),
                self.field_c,
                {"units": "degC", "long_name": "temperature"},
            )
        }
        return xr.Dataset(variables, coordinates, self._provenance())

    def _provenance(self) -> dict[str, str | float | int]:
        package = self.mesh.package
        return {
            "title": f"Temperatures of {package.name}",
            "source": f"scoville {metadata.version('scoville')}, finite volumes",
            "references": "\n".join(str(source) for source in package.sources),
            "power_w": float(self.power_w.sum()),
            "residual": self.residual,
            "energy_balance": self.energy_balance,
            "iterations": self.iterations,
        }

    def layer_map(self, layer: str) -> xr.DataArray:
        """Return the mean over the height of a layer (y, x) [degC].

        Raises
        ------
        UnknownNameError
            The package has no such layer.
        """
        cells = self.mesh.layer_cells(layer)
        part = self.field["temperature_c"].isel(z=cells)
        mean = part.weighted(self.field["z_size"].isel(z=cells)).mean("z")
        mean.attrs = {"units": "degC", "long_name": f"temperature of {layer}"}
        return mean

    def to_dataframe(self) -> pd.DataFrame:
        """Return power, mean and maximum by block."""
        return pd.DataFrame(
            {
                "power_w": self.power_w,
                "mean_c": self.block_mean_c,
                "max_c": self.block_max_c,
            }
        )

    def to_netcdf(self, path: str | Path) -> None:
        """Write the field as NetCDF; the same field gives the same bytes."""
        self.field.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
