"""Reading one table of a file: every fault is noted, and none is raised before the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from shapely import Polygon, box

from techlib import (
    Faults,
    InputError,
    Library,
    Record,
    did_you_mean,
    read_quantities,
    read_quantity,
)

__all__ = ["TableReader", "tables_of"]

R = TypeVar("R", bound=Record)


def tables_of(
    tables: Mapping[str, Any], key: str, where: str, faults: Faults
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the place and content of each table of an array of tables."""
    found = tables.get(key, [])
    if not isinstance(found, Sequence) or isinstance(found, str):
        faults.add(f"{where}{key}", "is not an array of tables", f"[[{key}]]")
        return []
    places = []
    for index, table in enumerate(found):
        place = f"{where}{key}[{index}]"
        if isinstance(table, Mapping):
            label = table.get("name")
            places.append((f"{place} ({label})" if isinstance(label, str) else place, table))
        else:
            faults.add(place, f"{table!r} is not a table", f"[[{key}]]")
    return places


class TableReader:
    """Reads the entries of one table; a bad one is noted and replaced by a stand-in.

    Parameters
    ----------
    where : str
        Place of the table for messages.
    table : mapping
        Its entries.
    keys : iterable of str
        All keys that it may have.
    faults : Faults
        Takes the faults.
    """

    def __init__(
        self, where: str, table: Mapping[str, Any], keys: Iterable[str], faults: Faults
    ) -> None:
        self._where, self._table, self._faults = where, table, faults
        known = set(keys)
        for key in sorted(table.keys() - known):
            faults.add(f"{where}.{key}", "unknown key", cure=did_you_mean(key, known))

    def length_um(
        self,
        key: str,
        *,
        default: float | None = None,
        above: float | None = None,
        at_least: float | None = None,
    ) -> float:
        """Read a length [um]."""
        return self._number(key, "um", default=default, above=above, at_least=at_least)

    def count(self, key: str) -> int:
        """Read a whole number, 0 if it is not given."""
        number = self._number(key, "", default=0.0, at_least=0.0)
        if not number.is_integer():
            self._faults.add(f"{self._where}.{key}", f"{number:g}", "a whole number")
        return int(number)

    def bytes(self, key: str) -> float:
        """Read an amount of memory [byte], 0 if it is not given."""
        return self._number(key, "byte", default=0.0, at_least=0.0)

    def flag(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            self._faults.add(f"{self._where}.{key}", f"{value!r}", "true or false")
        return bool(value)

    def word(
        self, key: str, *, choices: Iterable[str] | None = None, default: str | None = None
    ) -> str:
        """Read a name, or one of some choices."""
        if key not in self._table and default is not None:
            return default
        value = self._table.get(key)
        place = f"{self._where}.{key}"
        if value is None:
            allowed = f"one of {', '.join(choices)}" if choices else "a name in quotes"
            self._faults.add(place, "is missing", allowed)
        elif not isinstance(value, str) or not value.strip():
            self._faults.add(place, f"{value!r} is not a name", "a name in quotes")
        elif choices is not None and value not in (known := list(choices)):
            allowed = f"one of {', '.join(known)}" if known else "there is none to choose from"
            self._faults.add(place, f"unknown {value!r}", allowed, did_you_mean(value, known))
        else:
            return value
        return ""

    def record(self, key: str, library: Library[R]) -> R | None:
        """Look a name up in a library."""
        if name := self.word(key):
            try:
                return library.find(name, where=f"{self._where}.{key}")
            except InputError as error:
                self._faults.take(error)
        return None

    def outline(self) -> Polygon:
        """Read ``rect`` or ``polygon`` [um]."""
        given = [key for key in ("rect", "polygon") if key in self._table]
        if len(given) != 1:
            what = "has both rect and polygon" if given else "has no outline"
            example = 'e.g. rect = ["0 mm", "0 mm", "1 mm", "2 mm"]'
            self._faults.add(self._where, what, "either rect or polygon", example)
            return Polygon()
        return self.shape(given[0], self._table[given[0]])

    def shapes(self, key: str) -> tuple[Polygon, ...]:
        """Read a list of rectangles or polygons [um]."""
        value = self._table.get(key, [])
        if not isinstance(value, list):
            self._faults.add(f"{self._where}.{key}", "is not a list", "rectangles or polygons")
            return ()
        return tuple(self.shape(f"{key}[{index}]", item) for index, item in enumerate(value))

    def shape(self, key: str, value: Any) -> Polygon:
        """Read four lengths as a rectangle, or a list of points as a polygon [um]."""
        place = f"{self._where}.{key}"
        points = isinstance(value, list) and bool(value) and isinstance(value[0], list)
        try:
            outline = _polygon(value, place) if points else _rectangle(value, place)
        except InputError as error:
            self._faults.take(error)
            return Polygon()
        if not outline.is_valid or not outline.area > 0.0:
            what = "crosses itself or has no area"
            self._faults.add(place, what, "a simple polygon", "check the order of its points")
        return outline

    def _number(
        self,
        key: str,
        unit: str,
        *,
        default: float | None = None,
        above: float | None = None,
        at_least: float | None = None,
    ) -> float:
        place = f"{self._where}.{key}"
        if key not in self._table:
            if default is None:
                self._faults.add(place, "is missing", f"a quantity in {unit}")
            return default or 0.0
        try:
            number = read_quantity(self._table[key], unit, where=place)
        except InputError as error:
            self._faults.take(error)
            return 0.0
        if above is not None and not number > above:
            self._faults.add(place, f"{number:g} {unit}", f"above {above:g} {unit}")
        if at_least is not None and not number >= at_least:
            allowed = f"at least {at_least:g} {unit}".strip()
            self._faults.add(place, f"{number:g} {unit}".strip(), allowed)
        return number


def _rectangle(value: Any, place: str) -> Polygon:
    numbers = read_quantities(value, "um", where=place)
    if len(numbers) != 4:
        raise InputError.of(place, f"{len(numbers)} lengths", "x0, y0, x1, y1")
    x0, y0, x1, y1 = numbers
    if x1 <= x0 or y1 <= y0:
        cure = "give the lower left corner first"
        raise InputError.of(place, "its upper right corner is not above and right", "", cure)
    return box(x0, y0, x1, y1)


def _polygon(value: list[Any], place: str) -> Polygon:
    points = [
        read_quantities(point, "um", where=f"{place}[{index}]") for index, point in enumerate(value)
    ]
    for index, point in enumerate(points):
        if len(point) != 2:
            raise InputError.of(f"{place}[{index}]", f"{len(point)} lengths", "x and y")
    if len(points) < 3:
        raise InputError.of(place, f"{len(points)} points", "at least 3")
    return Polygon(points)
