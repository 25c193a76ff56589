"""HotSpot's geometry: floorplans (``.flp``) and layer configurations (``.lcf``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from package.foreign import tidy, um_from_m
from package.hotspot_lines import Line, as_float, number, read_lines
from techlib import Faults

__all__ = ["LayerEntry", "Unit", "read_floorplan", "read_layers"]

_UNIT = "name, width, height, left x, bottom y [m], and heat capacity and resistivity or neither"
_LAYER = (
    "number, lateral Y/N, power Y/N, heat capacity and resistivity or a material, thickness, "
    "floorplan file; one a line"
)


@dataclass(frozen=True)
class Unit:
    """A block of a floorplan, in micrometres from the floorplan's lower left corner.

    Parameters
    ----------
    name : str
        Unique in its floorplan.
    rectangle_um : tuple of float
        x0, y0, x1, y1 [um].
    where : str
        File and line.
    solid : tuple of (float, float) or None
        Conductivity [W/(m K)] and heat capacity [J/(m^3 K)] of its own.
    """

    name: str
    rectangle_um: tuple[float, float, float, float]
    where: str
    solid: tuple[float, float] | None = None


def read_floorplan(path: Path, faults: Faults) -> tuple[Unit, ...]:
    """Read a floorplan; its lower left corner becomes the origin, connectivity is passed over."""
    units: dict[str, Unit] = {}
    for line in read_lines(path, "a HotSpot floorplan"):
        if len(line.words) == 3:  # connectivity between two units, for floorplanning alone
            continue
        unit = _unit(line, faults)
        if unit is None:
            continue
        if unit.name in units:
            faults.add(line.where, f"block {unit.name!r} is given twice", "once")
        units.setdefault(unit.name, unit)
    if not units and not faults:
        faults.add(str(path), "has no blocks", "one or more")
    x0 = min((unit.rectangle_um[0] for unit in units.values()), default=0.0)
    y0 = min((unit.rectangle_um[1] for unit in units.values()), default=0.0)
    return tuple(_moved(unit, -x0, -y0) for unit in units.values())


def _unit(line: Line, faults: Faults) -> Unit | None:
    name, *rest = line.words
    rest = rest[: next((i for i, word in enumerate(rest) if word.startswith("#")), len(rest))]
    if len(rest) not in (4, 6):
        faults.add(line.where, f"block {name!r} has {len(rest)} values", _UNIT)
        return None
    labels = ("width", "height", "left x", "bottom y", "heat capacity", "resistivity")
    values = [
        number(word, line.where, f"{label} of {name!r}", faults, positive=i not in (2, 3))
        for i, (word, label) in enumerate(zip(rest, labels, strict=False))
    ]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    width, height, left, bottom = (um_from_m(value) for value in known[:4])
    solid = (tidy(1.0 / known[5]), tidy(known[4])) if len(known) == 6 else None
    corners = (left, bottom, round(left + width, 6), round(bottom + height, 6))
    return Unit(name, corners, line.where, solid)


def _moved(unit: Unit, dx: float, dy: float) -> Unit:
    x0, y0, x1, y1 = unit.rectangle_um
    corners = (round(x0 + dx, 6), round(y0 + dy, 6), round(x1 + dx, 6), round(y1 + dy, 6))
    return Unit(unit.name, corners, unit.where, unit.solid)


@dataclass(frozen=True)
class LayerEntry:
    """A layer of a layer configuration.

    Parameters
    ----------
    number : int
        From the bottom, 0 first.
    lateral, power : bool
        Whether heat flows sideways in it, and whether its blocks dissipate.
    solid : tuple of (float, float) or str
        Conductivity [W/(m K)] and heat capacity [J/(m^3 K)], or the name of a material.
    thickness_um : float
        [um].
    floorplan : str
        As written.
    where : str
        File and line of its number.
    """

    number: int
    lateral: bool
    power: bool
    solid: tuple[float, float] | str
    thickness_um: float
    floorplan: str
    where: str


def read_layers(path: Path, faults: Faults) -> tuple[LayerEntry, ...]:
    """Read a layer configuration, and return the layers from bottom to top."""
    lines = iter(read_lines(path, "a HotSpot layer configuration"))
    entries = []
    for first in lines:
        try:
            entry = _entry(first, lines, faults)
        except StopIteration:
            faults.add(first.where, f"layer {first.words[0]!r} ends too soon", _LAYER)
            break
        if entry is None:
            break  # the lines have no keys: what follows cannot be told apart
        entries.append(entry)
    numbers = sorted(entry.number for entry in entries)
    if not faults and numbers != list(range(len(numbers))):
        given = ", ".join(map(str, numbers))
        faults.add(str(path), f"layers are numbered {given}", "0, 1, 2 ... without gaps")
    if not entries and not faults:
        faults.add(str(path), "has no layers", _LAYER)
    return tuple(sorted(entries, key=lambda entry: entry.number))


def _entry(first: Line, lines: Iterator[Line], faults: Faults) -> LayerEntry | None:
    known = len(faults.found)
    index = first.words[0]
    if not (index.isascii() and index.isdecimal()):
        faults.add(
            first.where, f"layer number is {index!r}", "0, 1, 2 ...", f"a layer has {_LAYER}"
        )
    lateral = _flag(next(lines), "lateral heat flow", faults)
    power = _flag(next(lines), "power", faults)
    solid = next(lines)
    capacity = None
    resistivity = None
    if not math.isnan(as_float(solid.words[0])):
        capacity = number(solid.words[0], solid.where, "heat capacity", faults)
        line = next(lines)
        resistivity = number(line.words[0], line.where, "resistivity", faults)
    line = next(lines)
    thickness_m = number(line.words[0], line.where, "thickness", faults)
    floorplan = next(lines).words[0]
    if len(faults.found) > known or thickness_m is None:
        return None
    material: tuple[float, float] | str = solid.words[0]
    if capacity is not None and resistivity is not None:
        material = (tidy(1.0 / resistivity), tidy(capacity))
    thickness_um = um_from_m(thickness_m)
    return LayerEntry(int(index), lateral, power, material, thickness_um, floorplan, first.where)


def _flag(line: Line, what: str, faults: Faults) -> bool:
    word = line.words[0][0].upper()
    if word not in "YN":
        faults.add(line.where, f"{what} is {line.words[0]!r}", "Y or N")
    return word == "Y"
