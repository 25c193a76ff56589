"""HotSpot's floorplans (``.flp``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from floorplan.formats.lines import Line, number, read_lines
from floorplan.formats.text import tidy, um_from_m
from techlib import Faults

__all__ = ["Unit", "read_floorplan"]

_UNIT = "name, width, height, left x, bottom y [m], and heat capacity and resistivity or neither"


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
