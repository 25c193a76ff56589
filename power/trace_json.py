"""Traces as JSON: one request an object and line, a list of them, or one object of lists."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from power.trace_checks import RowFault
from power.trace_formats import TRACE_FORMATS, TraceFormat, detect_format
from power.trace_part import Part, PartReader, as_ticks
from power.trace_text import LineBlock, as_text
from techlib import InputError, did_you_mean

__all__ = ["json_parts"]

_BETWEEN = re.compile(r"[\s,]*")  #: entries of a list


def json_parts(blocks: Iterator[LineBlock], path: Path) -> Iterator[PartReader]:
    """Yield readers of the stretches of a file of JSON objects.

    Raises
    ------
    InputError
        The keys of the first object are not known; one JSON list that is broken, or too long to be
        read whole.
    """
    form: TraceFormat | None = None
    for block in blocks:
        text = as_text(block.data, block.line, path)
        if form is None:
            if text.lstrip().startswith("["):
                if not block.last:
                    what, cure = "is one JSON list of over 32 MB", "jq -c '.[]' FILE gives one"
                    raise InputError.of(str(path), what, "one JSON object a line", cure)
                yield _known(_of_list(text, block.line, path))
                return
            whole = _object(text) if block.last else None
            if whole and (part := _of_lists(whole, path)) is not None:
                yield _known(part)
                return
            form = _form(text, path)
        yield _known(_of_lines(text, form, block.line))


def _known(part: Part) -> PartReader:
    return lambda: None, lambda: part


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _form(text: str, path: Path) -> TraceFormat:
    """Tell the format by the first object; Mooncake's where none can be read."""
    for line in text.split("\n"):
        entry = _object(line) if line.strip() else None
        if entry:
            return detect_format(list(entry), str(path))
    return next(form for form in TRACE_FORMATS if form.blocks)


def _of_lists(whole: Mapping[str, Any], path: Path) -> Part | None:
    """Read an object that holds a list for each column; None where it holds one request."""
    form = detect_format(list(whole), str(path))
    found = {key.strip().casefold(): values for key, values in whole.items()}
    columns = [found[name.casefold()] for name in form.columns]
    if not all(isinstance(column, list) for column in columns):
        return None
    if len({len(column) for column in columns}) > 1:
        sizes = ", ".join(f"{name} {len(c)}" for name, c in zip(form.columns, columns, strict=True))
        raise InputError.of(str(path), f"lists of different length: {sizes}", "equal lengths")
    rows = [dict(zip(form.columns, entry, strict=True)) for entry in zip(*columns, strict=True)]
    if form.arrival:  # a benchmark lists its requests as they end
        rows.sort(key=lambda row: row[form.arrival] if _is_number(row[form.arrival]) else math.inf)
    return _of_rows(list(enumerate(rows, start=1)), form, [])


def _of_list(text: str, first: int, path: Path) -> Part:
    """Read a list of objects, each with the line on which it begins."""
    rows: list[tuple[int, Any]] = []
    faults: list[RowFault] = []
    for line, entry in _entries(text, first, path):
        known = isinstance(entry, dict)
        if not known:
            faults.append((len(rows), f"is {type(entry).__name__}", "a JSON object", ""))
        rows.append((line, entry if known else None))
    keys = next((list(entry) for _, entry in rows if entry), [])
    return _of_rows(rows, detect_format(keys, str(path)), faults)


def _entries(text: str, first: int, path: Path) -> Iterator[tuple[int, Any]]:
    """Yield line and value of each entry of a JSON list."""
    decoder, line, seen = json.JSONDecoder(), first, 0
    place = _past(text, text.index("[") + 1)
    while not text.startswith("]", place):
        line, seen = line + text.count("\n", seen, place), place
        try:
            entry, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
            where = f"{path}: line {line}"
            raise InputError.of(where, f"broken JSON: {reason}", "a list of objects") from None
        yield line, entry
        place = _past(text, place)


def _past(text: str, place: int) -> int:
    """Return where the next entry of a list, or its end, begins."""
    found = _BETWEEN.match(text, place)
    return place if found is None else found.end()


def _of_lines(text: str, form: TraceFormat, first: int) -> Part:
    rows: list[tuple[int, Any]] = []
    faults: list[RowFault] = []
    for number, line in enumerate(text.split("\n"), start=first):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
            faults.append((len(rows), f"broken JSON: {reason}", "one JSON object a line", ""))
            entry = None
        else:
            if not isinstance(entry, dict):
                what = f"is {type(entry).__name__}"
                faults.append((len(rows), what, "one JSON object a line", ""))
                entry = None
        rows.append((number, entry))
    return _of_rows(rows, form, faults)


def _of_rows(rows: list[tuple[int, Any]], form: TraceFormat, faults: list[RowFault]) -> Part:
    """Return the numbers of objects, zero where there is none, and their faults."""
    values = np.zeros((len(rows), len(form.columns)))
    dates = [""] * len(rows)
    blocks: list[Any] = []
    for row, (_, entry) in enumerate(rows):
        blocks.append(_blocks(entry, form, row, faults))
        if entry is None:
            continue
        for column, key in enumerate(form.columns):
            given = entry.get(key)
            if form.dated and column == 0 and isinstance(given, str):
                dates[row] = given
            elif _is_number(given):
                values[row, column] = _as_float(given)
            else:
                faults.append((row, *_fault(key, entry, form)))
    ticks: Any = values[:, 0] if form.arrival else np.zeros(len(rows))
    if form.dated:
        read = pd.to_datetime(
            pd.Series(dates, dtype=str), errors="coerce", utc=True, format="ISO8601"
        )
        bad = np.flatnonzero(read.isna().to_numpy())
        known = {row for row, *_ in faults}
        faults += [
            (int(row), f"{form.arrival} is {dates[row]!r}", "a date and time", "")
            for row in bad
            if row not in known
        ]
        ticks = as_ticks(read.dt.tz_localize(None))
    lines = np.array([number for number, _ in rows], dtype=np.int64)
    faults.sort()
    kept = blocks if form.blocks and any(blocks) else None
    return Part(form, ticks, values[:, -2], values[:, -1], lines, faults, kept)


def _blocks(entry: Any, form: TraceFormat, row: int, faults: list[RowFault]) -> list[int]:
    """Return the prefix blocks of an object; none where it has no such key."""
    given = entry.get(form.blocks, []) if entry is not None and form.blocks else []
    if isinstance(given, list) and all(type(item) is int and abs(item) < 2**63 for item in given):
        return given
    faults.append((row, f"{form.blocks} is {str(given)[:40]!r}", "a list of whole numbers", ""))
    return []


def _fault(key: str, entry: Mapping[str, Any], form: TraceFormat) -> tuple[str, str, str]:
    if key in entry:
        return f"{key} is {str(entry[key])[:40]!r}", "a number", ""
    near = did_you_mean(key, entry).replace("known:", "found:") if entry else ""
    return f"{key} is missing", ", ".join(form.columns), near


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_float(value: float) -> float:
    """Return a number as a float; a whole number beyond its range is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
