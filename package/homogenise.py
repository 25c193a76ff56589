"""One material in place of a pile of thin layers."""

from __future__ import annotations

from collections.abc import Sequence

from techlib import Material

__all__ = ["homogenised"]


def homogenised(name: str, parts: Sequence[tuple[float, Material]]) -> Material:
    """Return the material that conducts and stores heat as a pile of layers does.

    Exact for one-dimensional flow along z (series) and along x or y (parallel)::

        k_z = sum t / sum (t / k_z),   k_x = sum (t k_x) / sum t,   c = sum (t c) / sum t

    Where the conductivity of a part depends on the temperature, so does that of the pile: exact
    to first order about the reference temperature of the first such part.

    Parameters
    ----------
    name : str
        Name of the new material.
    parts : sequence of (float, Material)
        Thickness [um] and material of each layer; repeating the pile changes nothing.

    Returns
    -------
    Material
        Its provenance holds every entry of every part, as ``"<part>.<field>"``.

    Examples
    --------
    >>> import techlib
    >>> stock = techlib.materials()
    >>> pair = homogenised("pair", [(41.0, stock["dram_die"]), (9.0, stock["hbm_bond"])])
    >>> pair.conductivity_w_mk[2] < pair.conductivity_w_mk[0]
    True
    """
    varying = [material for _, material in parts if material.varies]
    reference_c = (varying or [parts[0][1]])[0].reference_temperature_c
    kx, ky, kz = zip(*(m.conductivity_at(reference_c) for _, m in parts), strict=True)
    nx, ny, nz = zip(*(m.conductivity_exponent for _, m in parts), strict=True)
    resistances = [1.0 / k for k in kz]
    thickness = [t for t, _ in parts]
    return Material(
        name=name,
        title=" and ".join(dict.fromkeys(m.title for _, m in parts)) + ", homogenised",
        provenance={
            f"{m.name}.{field}": entry for _, m in parts for field, entry in m.provenance.items()
        },
        conductivity_w_mk=(
            _mean(kx, thickness),
            _mean(ky, thickness),
            1.0 / _mean(resistances, thickness),
        ),
        heat_capacity_j_m3k=_mean([m.heat_capacity_j_m3k for _, m in parts], thickness),
        conductivity_exponent=(
            _mean(nx, _products(kx, thickness)),
            _mean(ny, _products(ky, thickness)),
            _mean(nz, _products(resistances, thickness)),
        ),
        reference_temperature_c=reference_c,
    )


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(_products(values, weights)) / sum(weights)


def _products(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [a * b for a, b in zip(first, second, strict=True)]
