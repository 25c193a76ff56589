"""From the mesh to the conduction operator: conductances between cells and to the outside.

Two neighbours are joined by their two half-cell resistances in series, which is exact for a flow
that crosses the face at right angles, whatever the sizes and the materials of the two cells; a
contact resistance between two layers lies in series with them. An outer face is joined to its
fluid by half a cell and the film in series, and so is coolant that flows through a layer to the
layers below and above.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from package import Face, Package, Patch
from techlib import zero_celsius_k
from thermal.channels import channels
from thermal.faces import Outside
from thermal.mesh import Mesh
from thermal.operator import Operator

__all__ = ["assemble"]

Array = NDArray[np.float64]

_FARTHEST = 8.0
_M2_PER_UM2 = 1e-12


def assemble(mesh: Mesh, temperature_c: Array | None = None) -> Operator:
    """Return the conduction operator of a mesh.

    Its reference temperature is that of the fluid which takes most of the heat.

    Parameters
    ----------
    mesh : Mesh
    temperature_c : array (nz, ny, nx), optional
        At which to take conductivities that depend on the temperature; the mesh's reference
        temperature unless given [degC].
    """
    of, (nz, ny, nx) = mesh.layer_of_cell, mesh.shape
    dz, dy, dx = np.diff(mesh.z_m), np.diff(mesh.y_m), np.diff(mesh.x_m)
    area = np.outer(dy, dx)
    around_m2 = 2.0 * float(dx.sum() + dy.sum()) * float(dz.sum())
    reference_c = _main_fluid_c(mesh.package, float(area.sum()), around_m2)
    outside = Outside(mesh, reference_c)
    gx = np.empty((nz, ny, nx - 1), np.float32)
    gy = np.empty((nz, ny - 1, nx), np.float32)
    gz = np.empty((nz - 1, ny, nx), np.float32)
    contact_k_m2_w = [layer.contact_resistance_k_m2_w for layer in mesh.package.layers]
    slabs: dict[int, _Slab] = {}
    flowing = channels(mesh)
    below = np.empty(0)
    for k, layer in enumerate(of):
        fill = mesh.fills[layer]
        if layer not in slabs or (temperature_c is not None and fill.exponents is not None):
            ratio = None if temperature_c is None else _log_ratio(mesh, temperature_c[k])
            slabs[layer] = _Slab.of(fill.conductivity_w_mk(ratio), dx, dy)
        slab = slabs[layer]
        gx[k], gy[k] = slab.gx_w_mk * dz[k], slab.gy_w_mk * dz[k]
        ends = [end * dz[k] for end in slab.ends_w_mk]
        floor = ceiling = slab.half_z_w_m / dz[k]
        if k in flowing:
            floor, ceiling = flowing[k].halves(ceiling, area)
            flowing[k].part(gx[k], gy[k])
            ends = flowing[k].part_ends(ends)
            outside.add_inlet(flowing[k].stream, flowing[k].flow.inlet_c)
        if k == 0:
            outside.add_bottom(floor)
        else:
            between = series(below, floor)
            resistance = contact_k_m2_w[of[k - 1]]
            if layer != of[k - 1] and resistance:
                between = series(between, area / resistance)
            gz[k - 1] = between
        outside.add_sides(k, ends)
        below = ceiling
    outside.add_top(below, contact_k_m2_w[-1])
    return Operator(
        gx=gx,
        gy=gy,
        gz=gz,
        outside_w_k=outside.conductance_w_k,
        outside_w=outside.heat_w,
        capacity=_Capacity(mesh),
        reference_c=reference_c,
        streams=tuple(channel.stream for channel in flowing.values()),
    )


class _Capacity:
    """Heat capacity of each cell (nz, ny, nx) [J/K], made once it is asked for."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    def __call__(self) -> Array:
        return self._of_cells

    @functools.cached_property
    def _of_cells(self) -> Array:
        capacity_j_k = self._mesh.volume_m3
        for k, layer in enumerate(self._mesh.layer_of_cell):
            capacity_j_k[k] *= self._mesh.fills[layer].capacity_j_m3k
        return capacity_j_k


class _Slab(NamedTuple):
    """Conductances of the cells at one height.

    Those in the plane are per metre of height [W/(m K)]; that of half a cell along z is times
    the height [W m/K]. `ends_w_mk` are the half cells at the faces west, east, south and north.
    """

    gx_w_mk: Array
    gy_w_mk: Array
    half_z_w_m: Array
    ends_w_mk: tuple[Array, Array, Array, Array]

    @classmethod
    def of(cls, conductivity_w_mk: tuple[Array, Array, Array], dx: Array, dy: Array) -> _Slab:
        kx, ky, kz = conductivity_w_mk
        half_x = 2.0 * kx / dx * dy[:, None]
        half_y = 2.0 * ky / dy[:, None] * dx
        return cls(
            series(half_x[1, :, :-1], half_x[0, :, 1:]),
            series(half_y[1, :-1], half_y[0, 1:]),
            2.0 * kz * np.outer(dy, dx),
            (half_x[0, :, 0], half_x[1, :, -1], half_y[0, 0], half_y[1, -1]),
        )


def _log_ratio(mesh: Mesh, temperature_c: Array) -> Array:
    """Return the logarithm of the absolute temperature over the reference one.

    Held constant beyond a factor of 8: far outside of any range, but where conductivities fall
    faster than 1 / T there is no steady state at all above some power, and a thermal runaway is
    to be found by its powers.
    """
    ratio = (temperature_c + zero_celsius_k()) / (mesh.reference_c + zero_celsius_k())
    return np.log(np.clip(ratio, 1.0 / _FARTHEST, _FARTHEST))


def series(first: Array, second: Array) -> Array:
    """Return the conductance of two in series, ``1 / (1 / first + 1 / second)``.

    Examples
    --------
    >>> import numpy as np
    >>> series(np.array([2.0]), np.array([2.0]))
    array([1.])
    """
    total = first + second
    return np.asarray(first * second / np.where(total > 0.0, total, 1.0))


def _main_fluid_c(package: Package, plane_m2: float, around_m2: float) -> float:
    """Return the temperature of the fluid that can take most heat per kelvin [degC]."""
    parts: list[tuple[Face | Patch, float]] = []
    for face in (package.top, package.bottom):
        patches = [(patch, patch.outline.area * _M2_PER_UM2) for patch in face.patches]
        parts += [(face, plane_m2 - sum(area_m2 for _, area_m2 in patches)), *patches]
    parts.append((package.sides, around_m2))
    fluids = [
        (part.film_w_m2k * area_m2 if area_m2 > 0.0 else 0.0, part.temperature_c)
        for part, area_m2 in parts
    ]
    flows = [layer.flow for layer in package.layers if layer.flow is not None]
    fluids += [(flow.capacity_rate_w_k, flow.inlet_c) for flow in flows]
    return max(fluids, key=lambda fluid: fluid[0])[1]
