"""A one-dimensional estimate of a package's thermal resistance, to hold a solver against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shapely import Polygon

from package.layers import Face, Layer
from techlib import InputError, did_you_mean

__all__ = ["resistance_1d"]

_M2_PER_UM2 = 1e-12
_M_PER_UM = 1e-6


def resistance_1d(
    layers: Sequence[Layer], top: Face, power_w: Mapping[str, float] | None = None
) -> float:
    """Return the resistance from the heated regions to the fluid on top, every plane isothermal.

    With ``Q(z)`` the share of the power that is dissipated below height ``z``::

        R = integral of Q(z)^2 / (sum over regions of k_z A) dz + 1 / (h A_top)

    and ``Q(z)^2 R_c / A`` for a contact resistance between two layers.

    This is the power-weighted mean temperature rise over the fluid, per watt, of a package whose
    planes conduct laterally without resistance. Adding conductance never raises it (Rayleigh's
    monotonicity), so it is a lower bound where the top alone is cooled, and exact where heat and
    layers do not vary laterally. Heat that leaves elsewhere is not counted.

    Parameters
    ----------
    layers : sequence of Layer
        Bottom to top.
    top : Face
        Of the topmost layer's outline; film above zero.
    power_w : mapping of str to float, optional
        Power by heat key [W]; by default the same per heated volume everywhere.

    Returns
    -------
    float
        Resistance [K/W].

    Raises
    ------
    InputError
        A key that heats no region, no power at all, no film on top, or coolant in a layer.
    """
    volumes = [_heated_volumes(layer) for layer in layers]
    totals: dict[str, float] = {}
    for part in volumes:
        for key, volume in part.items():
            totals[key] = totals.get(key, 0.0) + volume
    power = dict(totals if power_w is None else power_w)
    for key in power.keys() - totals.keys():
        raise InputError.of("power", f"{key!r} heats no region", cure=did_you_mean(key, totals))
    total_w = sum(power.values())
    if not total_w > 0.0:
        raise InputError.of("power", f"{total_w:g} W in all", "above 0 W")
    flowing = [layer.name for layer in layers if layer.flow is not None]
    if flowing:
        raise InputError.of(f"layer {flowing[0]}", "coolant flows", "layers that all conduct")
    if not top.cools:
        raise InputError.of("top", "has no film", "a film above 0 W/(m^2 K)")
    below, resistance_k_w = 0.0, 0.0
    for layer, part in zip(layers, volumes, strict=True):
        here = sum(power.get(key, 0.0) * volume / totals[key] for key, volume in part.items())
        above = below + here / total_w
        mean_square = (below * below + below * above + above * above) / 3.0
        resistance_k_w += mean_square * _layer_resistance(layer)
        resistance_k_w += above * above * _contact_resistance(layer)
        below = above
    return resistance_k_w + 1.0 / _film_conductance(layers[-1].outline, top)


def _heated_volumes(layer: Layer) -> dict[str, float]:
    volumes: dict[str, float] = {}
    for region in layer.regions:
        if region.heats:
            volume = region.outline.area * layer.thickness_um
            volumes[region.heats] = volumes.get(region.heats, 0.0) + volume
    return volumes


def _film_conductance(outline: Polygon, top: Face) -> float:
    """Conductance from the top to its fluid, its patches counted with their own films [W/K]."""
    left_um2, conductance = outline.area, 0.0
    for patch in top.patches:
        area_um2 = patch.outline.intersection(outline).area
        left_um2 -= area_um2
        if patch.film_w_m2k:
            conductance += patch.film_w_m2k * area_um2 * _M2_PER_UM2
    return conductance + (top.film_w_m2k * left_um2 * _M2_PER_UM2 if top.film_w_m2k else 0.0)


def _contact_resistance(layer: Layer) -> float:
    """Resistance of the contact on top of a layer [K/W]."""
    return layer.contact_resistance_k_m2_w / (layer.outline.area * _M2_PER_UM2)


def _layer_resistance(layer: Layer) -> float:
    """Resistance across a layer, background and regions in parallel [K/W]."""
    rest_um2 = layer.outline.area - sum(region.outline.area for region in layer.regions)
    parts = [(region.outline.area, region.material) for region in layer.regions]
    parts.append((max(rest_um2, 0.0), layer.background))
    across = sum(area * material.conductivity_w_mk[2] for area, material in parts)
    return layer.thickness_um * _M_PER_UM / (across * _M2_PER_UM2)
