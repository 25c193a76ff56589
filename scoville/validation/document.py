"""The report of a validation, as Markdown with pictures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path

import pandas as pd

from scoville.validation.section import Check, Section, Table

__all__ = ["markdown_table", "write_document"]

_ORIGIN = """\
Figures, tables and pictures are written by `scoville validate {name}`."""
_TIMES = """\
 Times are those of that
one run, with whatever else the machine was doing; the first solve loads compiled kernels."""
_SOFTWARE = {"Software": None}  # keeps the version of the drawing library out of pictures


def write_document(
    folder: Path, name: str, title: str, sections: Sequence[Section], left_out: Sequence[str]
) -> Path:
    """Write ``NAME.md`` and the pictures of all sections into a folder; return the file.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of other names are left alone.
    name, title : str
    sections : sequence of Section
    left_out : sequence of str
        Notes on cases that could not run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checks = [check for section in sections for check in section.checks]
    met = sum(check.passed for check in checks)
    origin = _ORIGIN.format(name=name) + (_TIMES if name == "thermal" else "")
    lines = [f"# {title}", "", origin, ""]
    lines += [f"{met} of {len(checks)} targets are met.", "", _checks(checks), ""]
    lines += [f"Left out: {note}\n" for note in left_out]
    for section in sections:
        lines += [f"## {section.title}", "", cleandoc(section.text), ""]
        for table in section.tables:
            lines += [f"**{table.caption}**", "", markdown_table(table), ""]
        for picture in section.pictures:
            picture.draw().savefig(folder / picture.name, format="png", metadata=_SOFTWARE)
            lines += [f"![{picture.caption}]({picture.name})", "", f"*{picture.caption}*", ""]
    target = folder / f"{name}.md"
    target.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return target


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, numbers with three or four figures.

    Examples
    --------
    >>> rows = pd.DataFrame({"case": ["a"], "error K": [0.0123456], "cells": [4096]})
    >>> print(markdown_table(Table("errors", rows)))
    | case | error K | cells |
    | :--- | ---: | ---: |
    | a | 0.01235 | 4096 |
    """
    rows = table.rows
    numeric = [pd.api.types.is_numeric_dtype(rows[column]) for column in rows.columns]
    lines = [list(map(str, rows.columns)), ["---:" if number else ":---" for number in numeric]]
    lines += [[_cell(value) for value in row] for row in rows.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return str(value).replace("|", "\\|")


def _checks(checks: Sequence[Check]) -> str:
    rows = [
        {
            "target": check.name,
            "value": f"{check.value:.3g} {check.unit}".strip(),
            "allowed": f"{'at least' if check.at_least else 'at most'} {check.target:g} "
            f"{check.unit}".strip(),
            "met": "yes" if check.passed else "**no**",
        }
        for check in checks
    ]
    return markdown_table(Table("targets", pd.DataFrame(rows)))
