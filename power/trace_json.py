"""JSON lines: one request an object."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.trace_checks import RowFault
from techlib import InputError, did_you_mean

__all__ = ["read_json_lines"]


def read_json_lines(
    text: str, path: Path, keys: tuple[str, ...]
) -> tuple[pd.DataFrame, NDArray[np.int64], list[RowFault]]:
    """Parse one JSON object a line.

    Parameters
    ----------
    text : str
        The file's text.
    path : Path
        For error messages.
    keys : tuple of str
        Keys to keep.

    Returns
    -------
    table : DataFrame
        A row for each line that is not blank; NaN where a line is faulty.
    lines : array, shape (n,)
        Line number of each row.
    faults : list
        What cannot be read, by row.
    """
    rows: list[tuple[float, ...]] = []
    lines: list[int] = []
    faults: list[RowFault] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        values, found = _read_line(line, keys)
        faults += [(len(rows), what, allowed, cure) for what, allowed, cure in found]
        rows.append(values)
        lines.append(number)
    if rows and len({row for row, *_ in faults}) == len(rows) and text.lstrip().startswith("["):
        raise InputError.of(str(path), "is one JSON list", "one JSON object a line")
    return pd.DataFrame(rows, columns=list(keys)), np.array(lines, dtype=np.int64), faults


def _read_line(
    line: str, keys: tuple[str, ...]
) -> tuple[tuple[float, ...], list[tuple[str, str, str]]]:
    """Return the numbers of a line, zero where there is none, and its faults."""
    empty = tuple(0.0 for _ in keys)
    try:
        entry = json.loads(line)
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
        return empty, [(f"broken JSON: {reason}", "one JSON object a line", "")]
    if not isinstance(entry, dict):
        return empty, [(f"is {type(entry).__name__}", "one JSON object a line", "")]
    values: list[float] = []
    found: list[tuple[str, str, str]] = []
    for key in keys:
        value: Any = entry.get(key)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if key not in entry:
            near = did_you_mean(key, entry).replace("known:", "found:") if entry else ""
            found.append((f"{key} is missing", ", ".join(keys), near))
        elif not number:
            found.append((f"{key} is {str(value)[:40]!r}", "a number", ""))
        values.append(_as_float(value) if number else 0.0)
    return tuple(values), found


def _as_float(value: float) -> float:
    """Return a number as a float; a whole number beyond its range is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
