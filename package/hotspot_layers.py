"""HotSpot's layer configurations (``.lcf``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from floorplan.formats.lines import Line, as_float, number, read_lines
from floorplan.formats.text import tidy, um_from_m
from techlib import Faults

__all__ = ["LayerEntry", "read_layers"]

_LAYER = (
    "number, lateral Y/N, power Y/N, heat capacity and resistivity or a material, thickness, "
    "floorplan file; one a line"
)


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
