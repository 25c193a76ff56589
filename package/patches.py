"""Patches of a face as a user's tables give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shapely import box

from package.cooling import Exchange
from package.layers import Face, Patch
from techlib import Coolant, Faults, InputError, Library, did_you_mean, read_quantity

__all__ = ["read_patches"]

_PLACE = ("x", "y", "width", "height")
_EXCHANGE = {
    "film": ("film_w_m2k", "W/(m^2 K)"),
    "resistance": ("resistance_k_w", "K/W"),
    "temperature": ("temperature_c", "degC"),
    "held": ("held_c", "degC"),
}
_KNOWN = (*_PLACE, "coolant", *_EXCHANGE)


def read_patches(tables: Any, *, coolants: Library[Coolant], where: str) -> tuple[Patch, ...]:
    """Read the patches of the top or the bottom face.

    Parameters
    ----------
    tables : list of dict
        Each with ``x`` and ``y`` of its lower left corner in interposer coordinates, ``width``
        and ``height``, and as a face ``coolant``, ``film``, ``resistance`` (over the patch alone),
        ``temperature`` or ``held``. One without any of these is adiabatic.
    coolants : Library of Coolant
        To look coolants up in.
    where : str
        Section that they come from, for error messages.

    Raises
    ------
    InputError
        Every fault of every patch.

    Examples
    --------
    >>> import techlib
    >>> sink = {"x": "5 mm", "y": "5 mm", "width": "30 mm", "height": "30 mm",
    ...         "resistance": "0.1 K/W", "temperature": "35 degC"}
    >>> (patch,) = read_patches([sink], coolants=techlib.coolants(), where="package.top.patches")
    >>> round(patch.film_w_m2k), patch.outline.bounds
    (11111, (5000.0, 5000.0, 35000.0, 35000.0))
    """
    if not isinstance(tables, list):
        raise InputError.of(where, f"{tables!r} is not a list", f"[[{where.rpartition(': ')[2]}]]")
    faults = Faults()
    found = [
        _patch(table, coolants, f"{where}[{index}]", faults) for index, table in enumerate(tables)
    ]
    faults.raise_if_any()
    return tuple(patch for patch in found if patch is not None)


def _patch(table: Any, coolants: Library[Coolant], where: str, faults: Faults) -> Patch | None:
    if not isinstance(table, Mapping):
        faults.add(where, f"{table!r} is not a table", f"a table with {', '.join(_PLACE)}")
        return None
    before = len(faults.found)
    for key in sorted(table.keys() - set(_KNOWN)):
        faults.add(f"{where}.{key}", "unknown key", cure=did_you_mean(key, _KNOWN))
    place = [_number(table, key, "um", where, faults) for key in _PLACE]
    for key, value in zip(_PLACE, place, strict=True):
        if key not in table:
            faults.add(f"{where}.{key}", "is missing", "a quantity in um", 'e.g. "12 mm"')
        elif value is not None and value <= 0.0 and key in ("width", "height"):
            faults.add(f"{where}.{key}", f"{value:g} um", "above 0 um")
    given = {
        name: _number(table, key, unit, where, faults) for key, (name, unit) in _EXCHANGE.items()
    }
    for key, least in (("film", "at least 0 W/(m^2 K)"), ("resistance", "above 0 K/W")):
        value = given[_EXCHANGE[key][0]]
        if value is not None and (value < 0.0 or (key == "resistance" and value == 0.0)):
            faults.add(f"{where}.{key}", f"{value:g}", least)
    coolant = table.get("coolant", "")
    if not isinstance(coolant, str):
        faults.add(f"{where}.coolant", f"{coolant!r} is not a text", "the name of a coolant")
    if len(faults.found) > before:
        return None
    x_um, y_um, width_um, height_um = (value for value in place if value is not None)
    outline = box(x_um, y_um, x_um + width_um, y_um + height_um)
    film, temperature_c = Exchange(coolant=coolant, **given).resolve(
        coolants, area_um2=outline.area, idle_c=Face.temperature_c, where=where, faults=faults
    )
    return Patch(outline, film, temperature_c)


def _number(
    table: Mapping[str, Any], key: str, unit: str, where: str, faults: Faults
) -> float | None:
    if key not in table:
        return None
    try:
        return read_quantity(table[key], unit, where=f"{where}.{key}")
    except InputError as error:
        faults.take(error)
        return None
