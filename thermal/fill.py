"""What the cells of a layer are made of, where materials share a cell.

The conductivity along z, and the heat capacity, is the mean by area: exact where heat crosses
the layer. Along x it is kept for the two halves of each cell apart: mean over y first, then in
series along x, from the cell's edge to its centre. The resistance between two centres then is
exact for straight edges across the flow, wherever in a cell they lie, and so are edges along it.
Along y the same. On fitted lines no cell is mixed and all of this is the material's own value.

Where conductivities depend on the temperature, those of a cell follow ``k (T / T0)^-n`` with the
exponents of its materials, each with the weight of that material in the mean: exact in a cell of
one material, and to first order about ``T0`` in a mixed one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from package import Layer, Package
from techlib import InputError, Material
from thermal.overlap import covered_area
from thermal.resolution import material_edges

__all__ = ["LayerFill"]

Array = NDArray[np.float64]
Shares = list[tuple[Material, Array]]

_NEAR_UM = 1e-4  #: an edge this near to a line (a tenth of the database grid) lies on it
_OVERFULL = 1e-6  #: of a cell's area
_ROUNDING = 1e-9  #: of a cell's area


@dataclass(frozen=True, eq=False)
class LayerFill:
    """Properties of the cells of one layer; the same at all of its heights.

    Parameters
    ----------
    kx_w_mk : array (2, ny, nx)
        Conductivity along x of the halves at lower and at higher x [W/(m K)].
    ky_w_mk : array (2, ny, nx)
        Along y, of the halves at lower and at higher y.
    kz_w_mk : array (ny, nx)
        Along z.
    capacity_j_m3k : array (ny, nx)
        Heat capacity per volume [J/(m^3 K)].
    exponents : tuple of arrays (2, ny, nx), (2, ny, nx), (ny, nx), or None
        Of the conductivities above, where they depend on the temperature; those above then hold
        at the mesh's reference temperature.
    """

    kx_w_mk: Array
    ky_w_mk: Array
    kz_w_mk: Array
    capacity_j_m3k: Array
    exponents: tuple[Array, Array, Array] | None = None

    @classmethod
    def of(
        cls, layer: Layer, package: Package, x_um: Array, y_um: Array, reference_c: float = 25.0
    ) -> LayerFill:
        """Mix the materials of a layer into the cells of a grid.

        Parameters
        ----------
        layer : Layer
            One of the package's.
        package : Package
            Its filler lies outside of the layer's outline.
        x_um, y_um : array (nx + 1,), (ny + 1,)
            Grid lines [um].
        reference_c : float
            Temperature at which to take conductivities that depend on it [degC].

        Raises
        ------
        InputError
            Regions of the layer overlap, or reach outside of its outline.
        """
        shares = _shares(layer, package, x_um, y_um)
        if not _mixed(shares):
            return cls._pure(shares, reference_c)
        x_fine = _with_edges(x_um, material_edges(layer, package, 0))
        y_fine = _with_edges(y_um, material_edges(layer, package, 1))
        along_x = _shares(layer, package, x_fine, y_um)
        along_y = [(m, share.T) for m, share in _shares(layer, package, x_um, y_fine)]
        kx, ky, kz = (
            _conductivity(part, axis, reference_c)
            for axis, part in enumerate((along_x, along_y, shares))
        )
        fill = cls(
            kx_w_mk=_halves(kx, x_fine, x_um),
            ky_w_mk=_halves(ky, y_fine, y_um).transpose(0, 2, 1),
            kz_w_mk=kz,
            capacity_j_m3k=_mean(shares, lambda m: m.heat_capacity_j_m3k),
        )
        if not any(material.varies and share.any() for material, share in shares):
            return fill
        nx, ny, nz = (
            _exponent(part, axis, reference_c) / k
            for axis, (part, k) in enumerate(((along_x, kx), (along_y, ky), (shares, kz)))
        )
        exponents = (
            _halves(kx, x_fine, x_um, nx),
            _halves(ky, y_fine, y_um, ny).transpose(0, 2, 1),
            nz,
        )
        return dataclasses.replace(fill, exponents=exponents)

    @classmethod
    def _pure(cls, shares: Shares, reference_c: float) -> LayerFill:
        """Return the properties of cells of one material each: both halves are alike."""
        shape = (2, *shares[0][1].shape)
        kx, ky, kz = _conductivities(shares, reference_c)
        fill = cls(
            kx_w_mk=np.broadcast_to(kx, shape),
            ky_w_mk=np.broadcast_to(ky, shape),
            kz_w_mk=kz,
            capacity_j_m3k=_mean(shares, lambda m: m.heat_capacity_j_m3k),
        )
        if not any(material.varies for material, _ in shares):
            return fill
        nx, ny, nz = (
            _exponent(shares, axis, reference_c) / k for axis, k in enumerate((kx, ky, kz))
        )
        exponents = (np.broadcast_to(nx, shape), np.broadcast_to(ny, shape), nz)
        return dataclasses.replace(fill, exponents=exponents)

    def conductivity_w_mk(self, log_ratio: Array | None) -> tuple[Array, Array, Array]:
        """Return the conductivities along x, y and z at one height [W/(m K)].

        Parameters
        ----------
        log_ratio : array (ny, nx) or None
            Logarithm of the absolute temperature over the reference one; none for that one.
        """
        if self.exponents is None or log_ratio is None:
            return self.kx_w_mk, self.ky_w_mk, self.kz_w_mk
        nx, ny, nz = self.exponents
        across = np.exp(-nz * log_ratio)
        kx, ky = (
            k * (across if _alike(n, nz) else np.exp(-n * log_ratio))
            for k, n in ((self.kx_w_mk, nx), (self.ky_w_mk, ny))
        )
        return kx, ky, self.kz_w_mk * across


def _alike(halves: Array, whole: Array) -> bool:
    """Whether the exponents of both halves are those of the whole cell: spares an exponential."""
    return bool((halves == whole).all())


def _mixed(shares: Shares) -> bool:
    """Whether some cell holds more than one material."""
    return any(bool(((share > _ROUNDING) & (share < 1.0 - _ROUNDING)).any()) for _, share in shares)


def _conductivity(shares: Shares, axis: int, reference_c: float) -> Array:
    return _mean(shares, lambda m: m.conductivity_at(reference_c)[axis])


def _conductivities(shares: Shares, reference_c: float) -> list[Array]:
    """Return the means along x, y and z; one array for axes along which all materials are alike."""
    of_axis = list(zip(*(m.conductivity_at(reference_c) for m, _ in shares), strict=True))
    means = {k: _conductivity(shares, axis, reference_c) for axis, k in enumerate(of_axis)}
    return [means[k] for k in of_axis]


def _exponent(shares: Shares, axis: int, reference_c: float) -> Array:
    """Return the mean of exponent times conductivity."""
    return _mean(
        shares, lambda m: m.conductivity_exponent[axis] * m.conductivity_at(reference_c)[axis]
    )


def _shares(layer: Layer, package: Package, x_um: Array, y_um: Array) -> Shares:
    """Return each material of a layer with its share of the area of each cell (ny, nx)."""
    area = np.outer(np.diff(y_um), np.diff(x_um))
    inside = covered_area([layer.outline], x_um, y_um) / area
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, region in enumerate(layer.regions):
        if _substance(region.material) != _substance(layer.background):
            groups.setdefault(_substance(region.material), []).append(index)
    shares = []
    left = inside.copy()
    for indices in groups.values():
        regions = [layer.regions[i] for i in indices]
        share = covered_area([r.outline for r in regions], x_um, y_um) / area
        left -= share
        shares.append((regions[0].material, share))
    if left.min() < -_OVERFULL:
        raise InputError.of(
            f"package {package.name}: layer {layer.name}",
            "regions overlap, or reach outside of the layer's outline",
            "regions side by side inside the outline",
            "cut one region out of the other",
        )
    shares.append((layer.background, np.maximum(left, 0.0)))
    shares.append((package.filler, np.maximum(1.0 - inside, 0.0)))
    return [(material, share) for material, share in shares if share.max() > _ROUNDING]


def _substance(material: Material) -> tuple[object, ...]:
    """Return what makes two materials alike: their values, whatever their names."""
    constant = (*material.conductivity_w_mk, material.heat_capacity_j_m3k)
    if not material.varies:
        return constant
    return (*constant, *material.conductivity_exponent, material.reference_temperature_c)


def _mean(shares: Shares, value: Callable[[Material], float]) -> Array:
    """Return the mean of a property by area; no memory for one that is the same everywhere."""
    values = [value(material) for material, _ in shares]
    shape = shares[0][1].shape
    if len(set(values)) == 1:
        return np.broadcast_to(np.float64(values[0]), shape)
    total, weight = np.zeros(shape), np.zeros(shape)
    for own, (_, share) in zip(values, shares, strict=True):
        total += own * share
        weight += share
    return np.asarray(total / weight)


def _with_edges(lines: Array, edges: dict[float, float]) -> Array:
    """Return the lines, the cell centres between them, and the edges that lie on neither."""
    fixed = np.sort(np.concatenate([lines, 0.5 * (lines[1:] + lines[:-1])]))
    places = np.sort(np.array(list(edges)))
    places = places[np.diff(places, prepend=-np.inf) > _NEAR_UM]  # one of those that are alike
    places = places[(places > lines[0]) & (places < lines[-1])]
    right = np.searchsorted(fixed, places)
    gap = np.minimum(fixed[right] - places, places - fixed[right - 1])
    return np.sort(np.concatenate([fixed, places[gap > _NEAR_UM]]))


def _halves(values: Array, fine: Array, lines: Array, exponents: Array | None = None) -> Array:
    """Return the series mean of values (m, fine cells) in both halves of each cell (2, m, n).

    With exponents, their mean instead, each with the weight that its value has in that mean.
    """
    bounds = np.sort(np.concatenate([lines, 0.5 * (lines[1:] + lines[:-1])]))
    starts = np.searchsorted(fine, bounds[:-1])
    parts = np.diff(fine) / values
    resistance = np.add.reduceat(parts, starts, axis=1)
    if exponents is None:
        mean = np.diff(bounds) / resistance
    else:
        mean = np.add.reduceat(parts * exponents, starts, axis=1) / resistance
    return np.stack([mean[:, 0::2], mean[:, 1::2]])
