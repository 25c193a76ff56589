"""What of DEF and LEF is read as text: where a component stands in the file, and what it says.

KLayout reads the geometry. It passes over components without a place, macros that no LEF defines,
wrong counts and properties, so that these are looked up here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Component", "DefText", "scan_def", "scan_lef"]

_SECTION = re.compile(r"^\s*COMPONENTS\s+(\d+)\s*;(.*?)^\s*END\s+COMPONENTS\b", re.M | re.S)
_UNITS = re.compile(r"^\s*UNITS\s+DISTANCE\s+MICRONS\s+(\d+)\s*;", re.M)
_DESIGN = re.compile(r"^\s*DESIGN\s+(\S+)\s*;", re.M)
_PROPERTY = re.compile(r'^\s*DESIGN\s+(\w+)\s+(?:REAL|INTEGER|STRING)\s+("[^"]*"|\S+)\s*;', re.M)
_MACRO = re.compile(r"^\s*MACRO\s+(\S+)(.*?)^\s*END\s+\1\s*$", re.M | re.S)
_CLASS = re.compile(r"^\s*CLASS\s+(\w+)", re.M)
_PLACED = {"PLACED", "FIXED", "COVER"}
_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True)
class Component:
    """A component of a DEF file.

    Parameters
    ----------
    name, macro : str
        As written, without backslashes.
    where : str
        File and line.
    placed : bool
        Whether it has a place.
    properties : mapping of str to str
        Its properties.
    """

    name: str
    macro: str
    where: str
    placed: bool
    properties: Mapping[str, str]


@dataclass(frozen=True)
class DefText:
    """What `scan_def` finds."""

    design: str
    units_per_um: int
    components: tuple[Component, ...]
    properties: Mapping[str, str]  #: of the design
    notes: tuple[str, ...]


def scan_def(text: str, path: str) -> DefText:
    """Find the design, its properties and its components."""
    text = _COMMENT.sub("", text)
    design = _DESIGN.search(text)
    section = _SECTION.search(text)
    components: tuple[Component, ...] = ()
    notes: tuple[str, ...] = ()
    if section is not None:
        first = text.count("\n", 0, section.start(2)) + 1
        components = tuple(_components(section[2], path, first))
        if len(components) != int(section[1]):
            notes = (f"COMPONENTS says {section[1]}, and there are {len(components)}",)
    properties = {name: value.strip('"') for name, value in _PROPERTY.findall(text)}
    units = _UNITS.search(text)
    return DefText(
        design=design[1] if design else "",
        units_per_um=int(units[1]) if units else 0,
        components=components,
        properties=properties,
        notes=notes,
    )


def _components(body: str, path: str, first: int) -> Iterator[Component]:
    line = first
    for statement in body.split(";"):
        lead = len(statement) - len(statement.lstrip())
        start = line + statement.count("\n", 0, lead)
        line += statement.count("\n")
        words = statement.replace("\\", "").split()
        if len(words) < 3 or words[0] != "-":
            continue
        properties: dict[str, str] = {}
        for part in statement.split("+")[1:]:
            rest = part.split()
            if rest[:1] == ["PROPERTY"]:
                rest = rest[1:]
                properties |= dict(zip(rest[::2], (w.strip('"') for w in rest[1::2]), strict=False))
        placed = not _PLACED.isdisjoint(words)
        yield Component(words[1], words[2], f"{path}:{start}", placed, properties)


def scan_lef(text: str) -> dict[str, str]:
    r"""Return the class of each macro, BLOCK where it has none.

    Examples
    --------
    >>> scan_lef("MACRO pll\n CLASS BLOCK ;\nEND pll\nMACRO nand\n CLASS CORE ;\nEND nand\n")
    {'pll': 'BLOCK', 'nand': 'CORE'}
    """
    found = {}
    for name, body in _MACRO.findall(_COMMENT.sub("", text)):
        given = _CLASS.search(body)
        found[name] = given[1].upper() if given else "BLOCK"
    return found
