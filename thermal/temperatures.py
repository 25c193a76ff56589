"""Temperatures: what a solve gives back, with how far it can be trusted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as with_default
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from techlib import InputError
from thermal.blocks import BlockCells
from thermal.mesh import Mesh
from thermal.netcdf import Labelled
from thermal.numbers import is_number, shown
from thermal.peaks import hottest_points
from thermal.validity import range_warnings
from thermal.vtk import write_vtk

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Temperatures"]

Array = NDArray[np.float64]
Direction = Literal["x", "y"]

_UM_PER_M = 1e6


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
        Hottest cell of each block [degC]; the mean of a cell, the lower the wider it is where a
        block is hottest at its edge; `block_peak_c` is free of that.
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

    @classmethod
    def of(
        cls,
        mesh: Mesh,
        blocks: BlockCells,
        field_c: Array,
        power_w: Array,
        *,
        warnings: tuple[str, ...] = (),
        **solve: Any,
    ) -> Temperatures:
        """Label a field and its powers by block, and warn of materials out of their range.

        `solve` holds the fields above that say how it was found.
        """
        index = pd.Index(blocks.keys, name="block")
        return cls(
            mesh=mesh,
            field_c=field_c,
            power_w=pd.Series(power_w, index=index, name="power_w"),
            block_mean_c=pd.Series(blocks.means(field_c), index=index, name="mean_c"),
            block_max_c=pd.Series(blocks.maxima(field_c), index=index, name="max_c"),
            warnings=(*warnings, *range_warnings(mesh, field_c)),
            **solve,
        )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.mesh.cells

    @property
    def max_c(self) -> float:
        """The hottest cell of the package [degC]."""
        return float(self.field_c.max())

    @functools.cached_property
    def block_peak_c(self) -> pd.Series[float]:
        """Hottest point of each block, between the values of cells (see `thermal.peaks`) [degC]."""
        peak_c = hottest_points(self.mesh, self.field_c)
        return pd.Series(peak_c, index=self.block_mean_c.index, name="peak_c")

    @functools.cached_property
    def field(self) -> xr.Dataset:
        """The field with its coordinates, layer names, units and origin."""
        return self._labelled().dataset()

    def _labelled(self) -> Labelled:
        mesh = self.mesh
        names = np.array([layer.name for layer in mesh.package.layers])
        lines = {"z": mesh.z_m, "y": mesh.y_m, "x": mesh.x_m}
        coordinates: dict[str, Any] = {
            axis: (
                axis,
                0.5 * (line[1:] + line[:-1]),
                {"units": "m", "long_name": f"{axis} of cell"},
            )
            for axis, line in lines.items()
        }
        coordinates["layer"] = ("z", names[mesh.layer_of_cell], {})
        for axis, line in lines.items():
            coordinates[f"{axis}_size"] = (axis, np.diff(line), {"units": "m"})
        variables = {
            "temperature_c": (
                ("z", "y", "x"),
                self.field_c,
                {"units": "degC", "long_name": "temperature"},
            )
        }
        return Labelled(variables, coordinates, self.provenance())

    def provenance(self) -> dict[str, str | float | int]:
        """Return where the field comes from, and how well it was solved."""
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

    def profile(self, layer: str, along: Direction, at_um: float) -> xr.DataArray:
        """Return the temperature along a line through a layer, mean over its height [degC].

        Parameters
        ----------
        layer : str
            Name of the layer.
        along : {"x", "y"}
            Direction of the line.
        at_um : float
            The other coordinate of the line, in package coordinates; the row of cells that it
            lies in counts [um].

        Raises
        ------
        UnknownNameError
            The package has no such layer.
        InputError
            Another direction, or a line outside of the package.

        Examples
        --------
        >>> import techlib
        >>> from shapely import box
        >>> from package import Face, Layer, Package, Region
        >>> from thermal import Resolution, ThermalModel
        >>> stock, plate, spot = techlib.materials(), box(0, 0, 8e3, 4e3), box(0, 0, 2e3, 4e3)
        >>> die = Layer("die", 300.0, plate, stock["silicon"],
        ...             (Region("spot", spot, stock["silicon"], "spot"),))
        >>> package = Package("p", (die,), stock["air"], Face(1e4, 25.0), Face(), Face(), 25.0)
        >>> found = ThermalModel(package, Resolution(lateral=4)).steady({"spot": 5.0})
        >>> found.profile("die", "x", 2000.0).to_numpy().round(1).tolist()
        [63.9, 39.8, 31.1, 28.2]
        """
        if along not in get_args(Direction):
            raise InputError.of("along", f"{along!r}", "'x' or 'y'")
        other = "y" if along == "x" else "x"
        lines_um = (self.mesh.y_m if other == "y" else self.mesh.x_m) * _UM_PER_M
        if not (is_number(at_um) and lines_um[0] <= at_um <= lines_um[-1]):
            allowed = f"{lines_um[0]:g} to {lines_um[-1]:g} um"
            raise InputError.of("at_um", f"{other} = {shown(at_um)} um", allowed)
        row = min(int(np.searchsorted(lines_um, at_um, side="right")), len(lines_um) - 1) - 1
        line = self.layer_map(layer).isel({other: row})
        line.attrs = {**line.attrs, "long_name": f"temperature of {layer} along {along}"}
        return line

    def to_dataframe(self) -> pd.DataFrame:
        """Return power, mean, hottest cell and hottest point by block."""
        return pd.DataFrame(
            {
                "power_w": self.power_w,
                "mean_c": self.block_mean_c,
                "max_c": self.block_max_c,
                "peak_c": self.block_peak_c,
            }
        )

    def to_netcdf(self, path: str | Path) -> None:
        """Write the field as NetCDF; the same field gives the same bytes."""
        self._labelled().write(path)

    def to_vtk(self, path: str | Path, *, voxels: tuple[int, int, int] | None = None) -> None:
        """Write the field for ParaView: ``.vtr`` as the mesh is, ``.vti`` on a uniform grid.

        See `thermal.vtk.write_vtk`.
        """
        write_vtk(self.mesh, self.field_c, path, voxels=voxels)
