"""3D-ICE's areas: floorplans with power (``.flp``) and layouts with materials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import box, union_all
from shapely.geometry.base import BaseGeometry

from floorplan.formats.ice_forms import positive, unknown_clause
from floorplan.formats.ice_text import Clause, Section, read_sections
from techlib import Faults

__all__ = ["Element", "read_areas", "read_floorplan"]

_POSITION = "position # , #"
_DIMENSION = "dimension # , #"
_RECTANGLE = "rectangle ( # , # , # , # )"
_CELLS = "discretization # , #"
_MATERIAL = "material @"
_POWER = "power values # , # , #"
_AREAS = (_POSITION, _DIMENSION, _RECTANGLE)


@dataclass(frozen=True)
class Element:
    """An area of a floorplan.

    Parameters
    ----------
    name : str
        Unique in its floorplan.
    outline : shapely.geometry.base.BaseGeometry
        One rectangle or several, from the chip's lower left corner [um].
    powers_w : tuple of float
        One value per time slot; may be empty.
    material : str
        Of its own, or empty.
    where : str
        File and line.
    """

    name: str
    outline: BaseGeometry
    powers_w: tuple[float, ...]
    material: str
    where: str


def read_floorplan(path: Path, faults: Faults) -> tuple[Element, ...]:
    """Read a floorplan.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    found: dict[str, Element] = {}
    for section in read_sections(path, "a 3D-ICE floorplan", faults):
        named = section.heading.match("@")
        if named is None:
            unknown_clause(section.heading, ["@"], faults)
            continue
        name = str(named[0])
        if name in found:
            faults.add(section.where, f"element {name!r} is given twice", "once")
        outline = read_areas(section, faults, also=(_MATERIAL, _CELLS, _POWER))
        if outline is not None:
            material = _material(section, faults)
            found[name] = Element(name, outline, _powers(section, faults), material, section.where)
    if not found and not faults:
        faults.add(str(path), "has no elements", "one or more")
    return tuple(found.values())


def read_areas(section: Section, faults: Faults, also: Sequence[str] = ()) -> BaseGeometry | None:
    """Read position and dimension, or rectangles; None after a fault.

    Clauses in the forms `also` are passed over, any other is a fault.
    """
    known = len(faults.found)
    corners: list[tuple[float, float]] = []
    sizes: list[tuple[float, float]] = []
    for clause in section.clauses:
        if values := _matched(clause, _POSITION):
            corners.append((values[0], values[1]))
        elif values := _matched(clause, _DIMENSION):
            sizes.append((values[0], values[1]))
            positive(values, clause.where, "dimension", faults)
        elif values := _matched(clause, _RECTANGLE):
            corners.append((values[0], values[1]))
            sizes.append((values[2], values[3]))
            positive(values[2:], clause.where, "dimension", faults)
        elif not any(clause.match(form) or _is_list(clause, form) for form in also):
            unknown_clause(clause, (*_AREAS, *also), faults)
    if not sizes or len(sizes) != len(corners):
        allowed = "position and dimension, or one rectangle or more"
        faults.add(section.where, f"'{section.heading}' has no area", allowed)
    if len(faults.found) > known:
        return None
    pieces = [
        box(x, y, round(x + width, 6), round(y + height, 6))
        for (x, y), (width, height) in zip(corners, sizes, strict=True)
    ]
    return pieces[0] if len(pieces) == 1 else union_all(pieces)


def _matched(clause: Clause, form: str) -> list[float] | None:
    """Return the numbers of a clause that has a form of numbers alone."""
    values = clause.match(form)
    return None if values is None else [float(v) for v in values if isinstance(v, float)]


def _is_list(clause: Clause, form: str) -> bool:
    return form == _POWER and clause.numbers("power values") is not None


def _material(section: Section, faults: Faults) -> str:
    found = [(c, values) for c in section.clauses if (values := c.match(_MATERIAL))]
    for clause, _ in found[1:]:
        faults.add(clause.where, "a second material", "one")
    return str(found[0][1][0]) if found else ""


def _powers(section: Section, faults: Faults) -> tuple[float, ...]:
    found = [(c, v) for c in section.clauses if (v := c.numbers("power values")) is not None]
    for clause, _ in found[1:]:
        faults.add(clause.where, "a second list of power values", "one")
    if not found:
        return ()
    clause, values = found[0]
    what = f"power of {section.heading}"
    return tuple(positive(values, clause.where, what, faults, or_zero=True))
