"""Records of heat: materials, coolants, the zero of Celsius."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib.library import Library
from techlib.record import Record, quantity

__all__ = [
    "Constants",
    "Coolant",
    "Material",
    "constants",
    "coolants",
    "materials",
    "zero_celsius_k",
]


@dataclass(frozen=True, eq=False)
class Constants(Record):
    """Constants of a system of units."""

    zero_celsius_k: float = quantity("zero_celsius", "K", above=0.0)


@dataclass(frozen=True, eq=False)
class Material(Record):
    """A homogenised solid: conductivity along x, y and z, and heat capacity per volume.

    Where an exponent ``n`` is given, the conductivity along that axis follows the temperature as
    ``k (T / T0)^-n``, both in kelvin; `reference_temperature_c` is ``T0``.
    """

    conductivity_w_mk: tuple[float, float, float] = quantity(
        "conductivity", "W/(m K)", size=3, above=0.0
    )
    heat_capacity_j_m3k: float = quantity("heat_capacity", "J/(m^3 K)", above=0.0)
    conductivity_exponent: tuple[float, float, float] = quantity(
        "conductivity_exponent", "", size=3, default=(0.0, 0.0, 0.0)
    )
    reference_temperature_c: float = quantity(
        "reference_temperature", "degC", default=25.0, at_least=-200.0
    )

    @property
    def varies(self) -> bool:
        """Whether the conductivity depends on the temperature."""
        return any(self.conductivity_exponent)

    def conductivity_at(self, temperature_c: float) -> tuple[float, float, float]:
        """Return the conductivity along x, y and z at a temperature [W/(m K)].

        Examples
        --------
        >>> silicon = materials()["silicon"]
        >>> [round(silicon.conductivity_at(t)[2]) for t in (27.0, 85.0, 127.0)]
        [148, 117, 101]
        """
        zero = zero_celsius_k()
        ratio = (temperature_c + zero) / (self.reference_temperature_c + zero)
        x, y, z = (
            k * ratio**-n
            for k, n in zip(self.conductivity_w_mk, self.conductivity_exponent, strict=True)
        )
        return x, y, z


@dataclass(frozen=True, eq=False)
class Coolant(Record):
    """A cooling solution on one side of the package, as a film on its face."""

    film_w_m2k: float = quantity("film", "W/(m^2 K)", above=0.0)
    temperature_c: float = quantity("temperature", "degC")


@functools.cache
def constants() -> Library[Constants]:
    """Return the constants of systems of units, by system."""
    return Library.load("system of units", Constants, "constants.toml")


@functools.cache
def zero_celsius_k() -> float:
    """Return the thermodynamic temperature of 0 degC [K].

    Examples
    --------
    >>> zero_celsius_k()
    273.15
    """
    return constants()["si"].zero_celsius_k


@functools.cache
def materials() -> Library[Material]:
    """Return the materials that ship with the toolkit."""
    return Library.load("material", Material, "materials.toml")


@functools.cache
def coolants() -> Library[Coolant]:
    """Return the cooling solutions that ship with the toolkit."""
    return Library.load("coolant", Coolant, "coolants.toml")
