"""The mesh: a package cut into the cells of a tensor-product grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from package import Package
from techlib import Fault, InputError, UnknownNameError, did_you_mean
from thermal.fill import LayerFill
from thermal.heat import heat_weights
from thermal.memory import check_memory, predicted_byte
from thermal.resolution import Resolution, height_lines, lateral_lines

__all__ = ["Mesh"]

Array = NDArray[np.float64]
_Lines = tuple[Array, Array, Array, NDArray[np.int64]]

_M_PER_UM = 1e-6


@dataclass(frozen=True, eq=False)
class Mesh:
    """Cells of a package, index order (z, y, x), with their materials and their blocks.

    Parameters
    ----------
    package : Package
        What was cut.
    resolution : Resolution
        How finely.
    x_m, y_m, z_m : array (nx + 1,), (ny + 1,), (nz + 1,)
        Grid lines; x and y in package coordinates, z from the bottom [m].
    layer_of_cell : array (nz,)
        Index of the layer that the cells at each height belong to.
    fills : tuple of LayerFill
        Conductivity and heat capacity of each layer's cells.
    heat : scipy.sparse.csc_array (nz * ny * nx, keys)
        Share of each block's power that each cell takes; columns sum to 1.
    reference_c : float
        Temperature at which `fills` hold where conductivities depend on it [degC].
    """

    package: Package
    resolution: Resolution
    x_m: Array
    y_m: Array
    z_m: Array
    layer_of_cell: NDArray[np.int64]
    fills: tuple[LayerFill, ...]
    heat: sparse.csc_array
    reference_c: float = 25.0

    @classmethod
    def of(
        cls,
        package: Package,
        resolution: Resolution | None = None,
        *,
        nonlinear: bool = True,
        marches: bool = True,
    ) -> Mesh:
        """Cut a package into cells.

        Parameters
        ----------
        package : Package
        resolution : Resolution, optional
        nonlinear : bool
            Whether the solver will follow the temperature, which takes more memory.
        marches : bool
            Whether there will be a transient, which takes more memory.

        Raises
        ------
        ResourceError
            The mesh would not fit into memory.
        InputError
            Blocks whose power would be lost, or overlapping regions.
        """
        resolution = Resolution() if resolution is None else resolution
        if not isinstance(resolution, Resolution):
            cure = "e.g. Resolution(lateral=64)"
            raise InputError.of("resolution", f"{resolution!r}", "a thermal.Resolution", cure)
        needs = {
            "varies": nonlinear and any(material.varies for material in package.materials),
            "flows": any(layer.flow is not None for layer in package.layers),
            "marches": marches,
        }

        def needed_at(lateral: int) -> int:
            shape, heated = _size(package, _lines(package, replace(resolution, lateral=lateral)))
            return predicted_byte(math.prod(shape), heated=heated, **needs)

        # Before the lines, which may be too many themselves: a cell in the height of each layer.
        least = (len(package.layers), resolution.lateral, resolution.lateral)
        check_memory(least, **needs, needed_at=needed_at)
        lines = x_um, y_um, z_um, layer_of_cell = _lines(package, resolution)
        shape, heated = _size(package, lines)
        check_memory(shape, heated=heated, **needs, needed_at=needed_at)
        reference_c = _reference_c(package)
        return cls(
            package=package,
            resolution=resolution,
            x_m=x_um * _M_PER_UM,
            y_m=y_um * _M_PER_UM,
            z_m=z_um * _M_PER_UM,
            layer_of_cell=layer_of_cell,
            fills=tuple(
                LayerFill.of(layer, package, x_um, y_um, reference_c) for layer in package.layers
            ),
            heat=heat_weights(package, x_um, y_um, z_um, layer_of_cell),
            reference_c=reference_c,
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along z, y and x."""
        return len(self.z_m) - 1, len(self.y_m) - 1, len(self.x_m) - 1

    @property
    def cells(self) -> int:
        """Number of cells."""
        nz, ny, nx = self.shape
        return nz * ny * nx

    @property
    def keys(self) -> tuple[str, ...]:
        """Blocks, in the order of the columns of `heat`."""
        return self.package.heat_keys

    @property
    def varies(self) -> bool:
        """Whether a conductivity depends on the temperature."""
        return any(fill.exponents is not None for fill in self.fills)

    @property
    def conductivity_w_mk(self) -> tuple[Array, Array, Array]:
        """Conductivity of each cell along x, y and z, halves in series, (nz, ny, nx) each."""
        sides = [
            np.stack([2.0 / (1.0 / f.kx_w_mk).sum(axis=0) for f in self.fills]),
            np.stack([2.0 / (1.0 / f.ky_w_mk).sum(axis=0) for f in self.fills]),
            np.stack([f.kz_w_mk for f in self.fills]),
        ]
        kx, ky, kz = (side[self.layer_of_cell] for side in sides)
        return kx, ky, kz

    @property
    def volume_m3(self) -> Array:
        """Volume of each cell (nz, ny, nx) [m^3]."""
        dz, dy, dx = np.diff(self.z_m), np.diff(self.y_m), np.diff(self.x_m)
        return np.asarray(dz[:, None, None] * dy[:, None] * dx)

    @property
    def averaging(self) -> sparse.csr_array:
        """Weights that give the mean of each block from the cells (keys, nz * ny * nx)."""
        return sparse.csr_array(self.heat.T)

    def layer_cells(self, layer: str) -> NDArray[np.int64]:
        """Return the indices along z of a layer's cells.

        Raises
        ------
        UnknownNameError
            The package has no such layer.
        """
        names = [each.name for each in self.package.layers]
        if layer not in names:
            where = f"package {self.package.name}"
            cure = did_you_mean(layer, names)
            raise UnknownNameError([Fault(where, f"unknown layer {layer!r}", cure=cure)])
        return np.flatnonzero(self.layer_of_cell == names.index(layer))


def _lines(package: Package, resolution: Resolution) -> _Lines:
    """Return the grid lines along x, y and z [um], and the layer of the cells at each height."""
    x_um, y_um = (lateral_lines(package, resolution, axis) for axis in (0, 1))
    return x_um, y_um, *height_lines(package, resolution)


def _size(package: Package, lines: _Lines) -> tuple[tuple[int, int, int], float]:
    """Return the cells along z, y and x, and the share of them that is heated."""
    x_um, y_um, z_um, layer_of_cell = lines
    return (len(z_um) - 1, len(y_um) - 1, len(x_um) - 1), _heated_share(package, layer_of_cell)


def _heated_share(package: Package, layer_of_cell: NDArray[np.int64]) -> float:
    """Return the share of a package's cells that blocks heat, in a mesh of even widths."""
    x0, y0, x1, y1 = package.extent_um
    area_um2 = np.array(
        [sum(r.outline.area for r in layer.regions if r.heats) for layer in package.layers]
    )
    return float(area_um2[layer_of_cell].mean() / ((x1 - x0) * (y1 - y0)))


def _reference_c(package: Package) -> float:
    """Return the reference temperature of the first material whose conductivity has one."""
    varying = [material for material in package.materials if material.varies]
    return varying[0].reference_temperature_c if varying else Mesh.reference_c
