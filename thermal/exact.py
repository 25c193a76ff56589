r"""Exact temperatures of laterally uniform stacks, by Fourier series.

In a rectangular package whose layers are each of one material, with adiabatic sides, the steady
temperature separates into modes ``cos(m pi x / Lx) cos(n pi y / Ly)``. In a layer the amplitude
of a mode obeys ``theta'' = beta^2 theta - q / kz`` along z, with
``beta^2 = (kx (m pi / Lx)^2 + ky (n pi / Ly)^2) / kz``. Seen from the heated layer, what lies on
either side is an admittance: that of the film, carried through layer after layer by::

    Y -> kappa (Y + kappa t) / (kappa + Y t),   kappa = kz beta, t = tanh(beta d)

(``1 / Y -> 1 / Y + d / kz`` for the even mode, and for a contact resistance), and the two-point
problem in the heated layer has a closed solution. Nothing is discretised; the sum over modes is
cut where it is told to be.

References
----------
.. [1] Y. S. Muzychka, J. R. Culham and M. M. Yovanovich, "Thermal spreading resistance of
   eccentric heat sources on rectangular flux channels", Journal of Electronic Packaging 125, 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from package import Layer, Package
from techlib import Faults

__all__ = ["exact_block_means"]

Array = NDArray[np.float64]

_M_PER_UM = 1e-6
_SAME = 1e-9  #: relative difference of areas that counts as none


def exact_block_means(
    package: Package, power_w: Mapping[str, float], *, modes: int = 1000
) -> pd.Series[float]:
    """Return the exact mean temperature of each block of a laterally uniform package [degC].

    Parameters
    ----------
    package : Package
        Every layer covers the whole rectangle with one material; one layer is heated, by
        rectangular blocks; the sides are adiabatic.
    power_w : mapping of str to float
        Power of each block; those that are left out have none [W].
    modes : int
        Modes along x and along y. The means of blocks an n-th of the package wide are good to
        about ``(n / modes)^2`` of their spreading resistance.

    Raises
    ------
    InputError
        Everything that keeps the series from applying to the package.

    Examples
    --------
    A plate of 10 x 10 x 1 mm, heated evenly by 10 W and cooled at its top: the rise of the mean
    is ``q'' (d / 3 k + 1 / h)``.

    >>> from shapely import box
    >>> from package import Face, Layer, Package, Region
    >>> from techlib import Material
    >>> silicon = Material(
    ...     "silicon", "", {}, conductivity_w_mk=(120.0,) * 3, heat_capacity_j_m3k=1.65e6
    ... )
    >>> plate = box(0, 0, 10_000, 10_000)
    >>> layer = Layer("die", 1000.0, plate, silicon, (Region("core", plate, silicon, "core"),))
    >>> package = Package("plate", (layer,), silicon, Face(1e4, 25.0), Face(), Face(), 25.0)
    >>> print(f"{exact_block_means(package, {'core': 10.0})['core']:.3f} degC")
    35.278 degC
    """
    heated = _check(package, power_w)
    layer = package.layers[heated]
    x0, y0, x1, y1 = (value * _M_PER_UM for value in package.extent_um)
    keys = [region.heats for region in layer.regions if region.heats]
    bounds = np.array([r.outline.bounds for r in layer.regions if r.heats]) * _M_PER_UM
    x = _Axis.of(bounds[:, [0, 2]] - x0, x1 - x0, modes)
    y = _Axis.of(bounds[:, [1, 3]] - y0, y1 - y0, modes)
    power = np.array([float(power_w.get(key, 0.0)) for key in keys])
    response = _response(package, heated, x.waves, y.waves)  # mean of the layer per W/m^2
    flux = (y.means.T * power) @ x.means * y.weights[:, None] * x.weights / (x.length * y.length)
    rise = np.einsum("in,nm,im->i", y.means, response * flux, x.means)
    rise += _level(package, heated, float(power.sum()) / (x.length * y.length))
    return pd.Series(rise, index=pd.Index(keys, name="block"), name="mean_c")


@dataclass(frozen=True)
class _Axis:
    """Modes along one axis: wave numbers [1/m], norms, and means of each block over them."""

    length: float
    waves: Array
    weights: Array
    means: Array

    @classmethod
    def of(cls, spans: Array, length: float, modes: int) -> _Axis:
        waves = np.pi / length * np.arange(modes, dtype=np.float64)
        low, high = spans[:, :1], spans[:, 1:]
        means = np.ones((len(spans), modes))
        rising = np.sin(waves[1:] * high) - np.sin(waves[1:] * low)
        means[:, 1:] = rising / (waves[1:] * (high - low))
        weights = np.where(np.arange(modes) > 0, 2.0, 1.0)
        return cls(length, waves, weights, means)


def _response(package: Package, heated: int, waves_x: Array, waves_y: Array) -> Array:
    """Return the mean rise of the heated layer per even flux of a mode (ny, nx) [K m^2/W].

    The even mode gets 0: see `_level`.
    """
    wave_x, wave_y = np.meshgrid(waves_x, waves_y)
    wave_x[0, 0] = waves_x[1]  # any but zero; its response is not used

    def terms(layer: Layer) -> tuple[Array, Array]:
        """Return ``kappa`` and ``beta d``."""
        kx, ky, kz = layer.background.conductivity_w_mk
        beta = np.sqrt((kx * wave_x**2 + ky * wave_y**2) / kz)
        return kz * beta, beta * layer.thickness_um * _M_PER_UM

    def through(admittance: Array, layer: Layer) -> Array:
        kappa, depth = terms(layer)
        t = np.tanh(depth)
        with np.errstate(invalid="ignore"):
            inside = kappa * (admittance + kappa * t) / (kappa + admittance * t)
        return np.where(np.isinf(admittance), kappa / t, inside)

    below, above = _seen_from(package, heated, np.ones_like(wave_x), through)
    kappa, depth = terms(package.layers[heated])
    # theta = even + a exp(-beta z) + b exp(-beta (d - z)), with what the faces let out
    even, decay = 1.0 / (kappa * depth), np.exp(-depth)
    m11, m12 = -(kappa + below), decay * (kappa - below)
    m21, m22 = decay * (kappa - above), -(kappa + above)
    determinant = m11 * m22 - m12 * m21
    a = even * (below * m22 - above * m12) / determinant
    b = even * (above * m11 - below * m21) / determinant
    mean = even - (a + b) * np.expm1(-depth) / depth
    mean[0, 0] = 0.0
    return np.asarray(mean)


def _level(package: Package, heated: int, flux_w_m2: float) -> float:
    """Return the mean temperature of the heated layer if it were heated evenly [degC]."""

    def across(layer: Layer) -> float:
        return layer.thickness_um * _M_PER_UM / layer.background.conductivity_w_mk[2]

    def through(admittance: Array, layer: Layer) -> Array:
        return admittance / (1.0 + admittance * across(layer))

    below, above = (float(y) for y in _seen_from(package, heated, np.ones(()), through))
    fluid_b, fluid_t = package.bottom.temperature_c, package.top.temperature_c
    # T(z) = T0 + down z / kz - q z^2 / (2 kz d), with down = below (T0 - fluid_b) and, at the
    # top, q - down = above (T(d) - fluid_t).
    own = across(package.layers[heated])
    top = above * (fluid_t + flux_w_m2 * own / 2.0 + below * fluid_b * own)
    t0 = (flux_w_m2 + below * fluid_b + top) / (below + above * (1.0 + below * own))
    down = below * (t0 - fluid_b)
    return t0 + down * own / 2.0 - flux_w_m2 * own / 6.0


def _seen_from(
    package: Package, heated: int, one: Array, through: Callable[[Array, Layer], Array]
) -> tuple[Array, Array]:
    """Return the admittances that the heated layer sees below and above it [W/(m^2 K)].

    A contact resistance lies on the upper face of its layer.
    """

    def touch(admittance: Array, layer: Layer) -> Array:
        contact = layer.contact_resistance_k_m2_w
        return admittance / (1.0 + admittance * contact) if contact else admittance

    below, above = package.bottom.film_w_m2k * one, package.top.film_w_m2k * one
    for layer in package.layers[:heated]:
        below = touch(through(below, layer), layer)
    for layer in package.layers[:heated:-1]:
        above = through(touch(above, layer), layer)
    return below, touch(above, package.layers[heated])


def _check(package: Package, power_w: Mapping[str, float]) -> int:
    """Return the index of the heated layer, or say why the series does not apply."""
    faults = Faults()
    where = f"package {package.name}"
    x0, y0, x1, y1 = package.extent_um
    area = (x1 - x0) * (y1 - y0)
    heated = []
    for index, layer in enumerate(package.layers):
        place = f"{where}: layer {layer.name}"
        if abs(layer.outline.area / area - 1.0) > _SAME:
            faults.add(place, "does not cover the whole package", "layers of one outline")
        own = tuple(layer.background.conductivity_w_mk)
        if layer.flow is not None:
            faults.add(place, "carries a coolant", "solid layers")
        if layer.background.varies:
            faults.add(place, "conducts by its temperature", "constant conductivities")
        for region in layer.regions:
            if tuple(region.material.conductivity_w_mk) != own:
                faults.add(f"{place}: {region.name}", "is of another material", "one per layer")
            box = shapely.box(*region.outline.bounds)
            if region.heats and abs(region.outline.area / box.area - 1.0) > _SAME:
                faults.add(f"{place}: {region.name}", "is not a rectangle", "rectangular blocks")
        if any(region.heats for region in layer.regions):
            heated.append(index)
    keys = [r.heats for i in heated for r in package.layers[i].regions if r.heats]
    if len(heated) != 1 or len(set(keys)) != len(keys):
        faults.add(where, f"{len(heated)} layers are heated", "one, by blocks of one region each")
    for name, face in (("top", package.top), ("bottom", package.bottom)):
        if face.patches:
            faults.add(f"{where}: {name}", "has patches", "one film over the whole face")
    if package.sides.film_w_m2k > 0.0 or package.sides.patches:
        faults.add(f"{where}: sides", "take heat", "adiabatic sides")
    for key in sorted(set(power_w) - set(keys)):
        faults.add(f"{where}: power: {key}", "no block of that name")
    faults.raise_if_any()
    return heated[0]
