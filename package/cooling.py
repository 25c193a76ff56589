"""From a stack-up's words on cooling to the faces of the package."""

from __future__ import annotations

from package.layers import Face
from package.stackup import StackUp
from techlib import Coolant, Faults, InputError, Library

__all__ = ["face"]

_M2_PER_UM2 = 1e-12


def face(
    stackup: StackUp,
    side: str,
    coolants: Library[Coolant],
    *,
    area_um2: float,
    where: str,
    faults: Faults,
) -> Face:
    """Return the heat exchange at one side of the package.

    Parameters
    ----------
    stackup : StackUp
        Its `<side>_coolant`, `_film_w_m2k`, `_resistance_k_w` and `_temperature_c` count.
    side : {"top", "bottom", "sides"}
        Which one.
    coolants : Library of Coolant
        To look the coolant up in.
    area_um2 : float
        Area that a resistance is spread over: ``film = 1 / (resistance area)`` [um^2].
    where : str
        Prefix of fault positions.
    faults : Faults
        Takes what is contradictory, missing or unknown; the face is then adiabatic.
    """
    film = getattr(stackup, f"{side}_film_w_m2k")
    resistance = getattr(stackup, f"{side}_resistance_k_w", None)
    temperature_c = getattr(stackup, f"{side}_temperature_c")
    name = getattr(stackup, f"{side}_coolant")
    place = f"{where}.{side}"
    if film is not None and resistance is not None:
        given = f"film {film:g} W/(m^2 K) and resistance {resistance:g} K/W are both given"
        faults.add(place, given, "one of them", "remove one")
    coolant = _find(coolants, name, place, faults)
    if resistance is not None:
        film = 1.0 / (resistance * area_um2 * _M2_PER_UM2)
    elif film is None and coolant is not None:
        film = coolant.film_w_m2k
    if temperature_c is None and coolant is not None:
        temperature_c = coolant.temperature_c
    if film is None:
        if temperature_c is not None:
            allowed = "a coolant, a film or a resistance beside the temperature"
            faults.add(place, "temperature without a film", allowed)
        return Face(film_w_m2k=0.0, temperature_c=stackup.ambient_c)
    if temperature_c is None:
        if not name:
            cure = 'e.g. "40 degC", or name a coolant'
            faults.add(f"{place}.temperature", "is missing", "a quantity in degC", cure)
        return Face(film_w_m2k=0.0, temperature_c=stackup.ambient_c)
    return Face(film_w_m2k=film, temperature_c=temperature_c)


def _find(coolants: Library[Coolant], name: str, place: str, faults: Faults) -> Coolant | None:
    if not name:
        return None
    try:
        return coolants.find(name, where=f"{place}.coolant")
    except InputError as error:
        faults.take(error)
        return None
