"""KLayout marker files (``.lyrdb``): violations to step through in a layout viewer.

Written here and not by KLayout, which the toolkit does not need for anything else at run time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation
from techlib import InputError

__all__ = ["write_markers"]


def write_markers(
    violations: Sequence[Violation],
    path: str | Path,
    *,
    top_cell: str,
    rules: RuleDeck,
    layout: str = "",
) -> Path:
    """Write violations as a KLayout report database.

    Each rule is a category, each violation an item with its box and its message; the same
    violations give the same bytes.

    Parameters
    ----------
    violations : sequence of Violation
        In the order in which they shall be listed.
    path : str or Path
        File to write; its folder must exist.
    top_cell : str
        Cell that the places are in.
    rules : RuleDeck
        Titles of the categories.
    layout : str
        The layout file that was checked, if one was.

    Raises
    ------
    InputError
        The folder does not exist.

    Examples
    --------
    >>> import floorplan, tempfile
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"]).with_stack_at("hbm_w0", 0.0, 0.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = floorplan.write_markers(
    ...         floorplan.check(plan), Path(folder, "plan.lyrdb"), top_cell="JALAPENO",
    ...         rules=floorplan.rule_deck())
    ...     "category>'interposer-edge'" in file.read_text()
    True
    """
    file = Path(path)
    if not file.parent.is_dir():
        raise InputError.of(str(file), "the folder does not exist", cure="make it first")
    root = ET.Element("report-database")
    _texts(root, {"description": f"Layout check of {top_cell}", "original-file": layout})
    _texts(root, {"generator": "scoville check", "top-cell": top_cell})
    ET.SubElement(root, "tags")
    categories = ET.SubElement(root, "categories")
    for name in sorted({violation.rule for violation in violations}):
        rule = rules[name]
        about = f"{rule.title} [{rule.limit_text}]" if rule.values else rule.title
        category = ET.SubElement(categories, "category")
        _texts(category, {"name": name, "description": f"{rule.severity}: {about}"})
        ET.SubElement(category, "categories")
    cell = ET.SubElement(ET.SubElement(root, "cells"), "cell")
    _texts(cell, {"name": top_cell, "variant": "", "layout-name": ""})
    ET.SubElement(cell, "references")
    items = ET.SubElement(root, "items")
    for violation in violations:
        _item(items, violation, top_cell)
    ET.indent(root, " ")
    ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    return file


def _item(items: ET.Element, violation: Violation, top_cell: str) -> None:
    item = ET.SubElement(items, "item")
    ET.SubElement(item, "tags")
    _texts(item, {"category": f"'{violation.rule}'", "cell": top_cell, "visited": "false"})
    _texts(item, {"multiplicity": str(violation.count), "comment": "", "image": ""})
    x0, y0, x1, y1 = (f"{value:.6f}".rstrip("0").rstrip(".") for value in violation.bounds_um)
    values = ET.SubElement(item, "values")
    for value in (f"box: ({x0},{y0};{x1},{y1})", f"text: {_quoted(violation.message)}"):
        ET.SubElement(values, "value").text = value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _texts(parent: ET.Element, entries: Mapping[str, str]) -> None:
    for key, value in entries.items():
        ET.SubElement(parent, key).text = value
