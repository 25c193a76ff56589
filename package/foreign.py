"""What the readers and writers of other tools' files share: SI at the edge, names, text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from techlib import Material, Provenance, Trust, data_sources, zero_celsius_k

__all__ = [
    "celsius",
    "find_file",
    "given_material",
    "kelvin",
    "renamed",
]


def celsius(temperature_k: float) -> float:
    """Kelvin to degC."""
    return round(temperature_k - zero_celsius_k(), 9)


def kelvin(temperature_c: float) -> float:
    """Degrees Celsius to K."""
    return round(temperature_c + zero_celsius_k(), 9)


def given_material(
    name: str, conductivity_w_mk: tuple[float, float, float], heat_capacity_j_m3k: float
) -> Material:
    """Make a material of a user's file."""
    user = data_sources()["user"]

    def given(unit: str) -> Provenance:
        return Provenance(unit=unit, source=user, trust=Trust.USER, valid="this case")

    return Material(
        name=name,
        title=name,
        provenance={
            "conductivity_w_mk": given("W/(m K)"),
            "heat_capacity_j_m3k": given("J/(m^3 K)"),
        },
        conductivity_w_mk=conductivity_w_mk,
        heat_capacity_j_m3k=heat_capacity_j_m3k,
    )


def find_file(name: str, folders: Sequence[Path]) -> Path:
    """Return the first folder's file of this name that exists, or else the first folder's."""
    candidates = [folder / name for folder in folders]
    return next((path for path in candidates if path.is_file()), candidates[0])


def renamed(names: Mapping[str, str]) -> list[str]:
    """Return a note for each name that a format does not allow."""
    return [f"{old!r} is {new!r}" for old, new in names.items() if old != new]
