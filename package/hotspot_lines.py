"""The text of HotSpot's files: lines of words, ``#`` begins a comment, everything in SI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from floorplan.formats.lines import Line, number, read_lines
from floorplan.formats.text import tidy
from package.foreign import given_material
from techlib import Faults, Material
from techlib import materials as known_materials

__all__ = ["read_config", "read_materials"]


def read_config(path: Path, faults: Faults) -> dict[str, Line]:
    """Read a configuration file, ``-key value`` on each line.

    Returns
    -------
    dict of str to Line
        By key without the dash; the first of a kind counts, as in HotSpot, and its words are the
        value and what follows it.
    """
    found: dict[str, Line] = {}
    for line in read_lines(path, "a HotSpot configuration"):
        key = line.words[0]
        if not key.startswith("-") or len(line.words) < 2:
            faults.add(line.where, f"{' '.join(line.words)!r}", "-key value")
        else:
            found.setdefault(key[1:], Line(line.where, line.words[1:]))
    return found


def read_materials(path: Path, faults: Faults) -> Mapping[str, Material | None]:
    """Read a materials file: name, ``solid`` or ``fluid``, conductivity, heat capacity, viscosity.

    Returns
    -------
    mapping of str to Material or None
        None for fluids, which no layer can be made of.
    """
    lines = read_lines(path, "a HotSpot materials file")
    found: dict[str, Material | None] = {}
    start = 0
    while start < len(lines):
        name, where = lines[start].words[0], lines[start].where
        if name in found:
            faults.add(where, f"material {name!r} is given twice", "once")
        found.setdefault(name, known_materials()["silicon"])  # stands in after a fault
        kind = lines[start + 1].words[0] if start + 1 < len(lines) else "nothing"
        if kind not in ("solid", "fluid"):
            what = f"material {name!r} is followed by {kind!r}"
            faults.add(where, what, "solid or fluid on the next line")
            break  # the lines have no keys: what follows cannot be told apart
        size = 4 if kind == "solid" else 5
        rows = lines[start + 2 : start + size]
        if len(rows) < size - 2:
            faults.add(where, f"material {name!r} ends too soon", f"{size} lines for a {kind}")
            break
        labels = ("conductivity", "heat capacity", "viscosity")
        values = [
            number(row.words[0], row.where, f"{label} of {name!r}", faults)
            for row, label in zip(rows, labels, strict=False)
        ]
        if kind == "solid":
            k, capacity = (tidy(value or 1.0) for value in values)  # 1 after a fault
            found[name] = given_material(name, (k, k, k), capacity)
        else:
            found[name] = None
        start += size
    return found
