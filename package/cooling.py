"""From words on cooling to the faces of the package."""

from __future__ import annotations

import math
from dataclasses import dataclass

from package.layers import Face, Patch
from package.stackup import StackUp
from techlib import Coolant, Faults, InputError, Library

__all__ = ["Exchange", "face"]

_M2_PER_UM2 = 1e-12


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What is said on the heat exchange of a face, or of a patch of one.

    Parameters
    ----------
    coolant : str
        Name of a coolant, or empty.
    film_w_m2k, temperature_c : float, optional
        In place of the coolant's own.
    resistance_k_w : float, optional
        From the whole area to the fluid, in place of a film.
    held_c : float, optional
        Temperature that the area is held at, in place of all others [degC].
    """

    coolant: str = ""
    film_w_m2k: float | None = None
    resistance_k_w: float | None = None
    temperature_c: float | None = None
    held_c: float | None = None

    def resolve(
        self,
        coolants: Library[Coolant],
        *,
        area_um2: float,
        idle_c: float,
        where: str,
        faults: Faults,
    ) -> tuple[float, float]:
        """Return film [W/(m^2 K)] and temperature [degC]; an area that nothing is said on has none.

        Parameters
        ----------
        coolants : Library of Coolant
            To look the coolant up in.
        area_um2 : float
            Area that a resistance is spread over: ``film = 1 / (resistance area)`` [um^2].
        idle_c : float
            Temperature beside an adiabatic area, which nothing depends on [degC].
        where : str
            Prefix of fault positions.
        faults : Faults
            Takes what is contradictory, missing or unknown; the area is then adiabatic.
        """
        film, temperature_c = self.film_w_m2k, self.temperature_c
        if film is not None and self.resistance_k_w is not None:
            given = f"film {film:g} W/(m^2 K) and resistance {self.resistance_k_w:g} K/W"
            faults.add(where, f"{given} are both given", "one of them", "remove one")
        coolant = _find(coolants, self.coolant, where, faults)
        if self.held_c is not None:
            return self._held(where, faults)
        if self.resistance_k_w is not None:
            film = 1.0 / (self.resistance_k_w * area_um2 * _M2_PER_UM2)
        elif film is None and coolant is not None:
            film = coolant.film_w_m2k
        if temperature_c is None and coolant is not None:
            temperature_c = coolant.temperature_c
        if film is None:
            if temperature_c is not None:
                allowed = "a coolant, a film or a resistance beside the temperature"
                faults.add(where, "temperature without a film", allowed)
            return 0.0, idle_c
        if temperature_c is None:
            if not self.coolant:
                cure = 'e.g. "40 degC", or name a coolant'
                faults.add(f"{where}.temperature", "is missing", "a quantity in degC", cure)
            return 0.0, idle_c
        return film, temperature_c

    def _held(self, where: str, faults: Faults) -> tuple[float, float]:
        """Return what holds the area at its temperature; nothing else may be said on it."""
        assert self.held_c is not None
        others = {
            "coolant": self.coolant,
            "film": self.film_w_m2k is not None,
            "resistance": self.resistance_k_w is not None,
            "temperature": self.temperature_c is not None,
        }
        given = [name for name, is_given in others.items() if is_given]
        if given:
            what = f"is given beside {', '.join(given)}"
            cure = 'remove one of the two; a coolant is removed by coolant = ""'
            faults.add(f"{where}.held", what, "a held temperature alone", cure)
        return math.inf, self.held_c


def face(
    stackup: StackUp,
    side: str,
    coolants: Library[Coolant],
    *,
    area_um2: float,
    where: str,
    faults: Faults,
    patches: tuple[Patch, ...] = (),
) -> Face:
    """Return the heat exchange at one side of the package.

    Parameters
    ----------
    stackup : StackUp
        Its ``<side>_coolant``, ``_film_w_m2k``, ``_resistance_k_w``, ``_temperature_c`` and
        ``_held_c`` count.
    side : {"top", "bottom", "sides"}
        Which one.
    coolants : Library of Coolant
        To look the coolant up in.
    area_um2 : float
        Area that a resistance is spread over [um^2].
    where : str
        Prefix of fault positions.
    faults : Faults
        Takes what is contradictory, missing or unknown; the face is then adiabatic.
    patches : tuple of Patch
        Parts of the face with an exchange of their own.
    """
    exchange = Exchange(
        coolant=getattr(stackup, f"{side}_coolant"),
        film_w_m2k=getattr(stackup, f"{side}_film_w_m2k"),
        resistance_k_w=getattr(stackup, f"{side}_resistance_k_w", None),
        temperature_c=getattr(stackup, f"{side}_temperature_c"),
        held_c=getattr(stackup, f"{side}_held_c"),
    )
    film, temperature_c = exchange.resolve(
        coolants,
        area_um2=area_um2,
        idle_c=stackup.ambient_c,
        where=f"{where}.{side}",
        faults=faults,
    )
    return Face(film, temperature_c, patches)


def _find(coolants: Library[Coolant], name: str, place: str, faults: Faults) -> Coolant | None:
    if not name:
        return None
    try:
        return coolants.find(name, where=f"{place}.coolant")
    except InputError as error:
        faults.take(error)
        return None
