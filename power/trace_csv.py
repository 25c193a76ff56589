"""Traces as CSV: read quickly by Arrow, and once more with line numbers where something is off."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.trace_checks import RowFault
from power.trace_formats import TraceFormat, detect_format
from power.trace_part import Part, PartReader, as_ticks
from power.trace_text import LineBlock, as_text
from techlib import InputError

__all__ = ["csv_parts"]

_ZONE = re.compile(rb"(Z|[+-]\d\d:?\d\d)\"?\s*$")


def csv_parts(blocks: Iterator[LineBlock], path: Path) -> Iterator[PartReader]:
    """Yield readers of the stretches of a CSV file.

    Parameters
    ----------
    blocks : iterator of LineBlock
        The file, from its header on.
    path : Path
        For error messages.

    Raises
    ------
    InputError
        The header is not known.
    """
    head: list[str] | None = None
    for block in blocks:
        data, line = block.data, block.line
        if head is None:
            first, _, data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n")
            head = _fields(as_text(first, line, path), path, line)
            form = detect_format(head, f"{path}: line {line}")
            line += 1
        yield _reader(head, form, data, line, path)


def _reader(head: list[str], form: TraceFormat, data: bytes, line: int, path: Path) -> PartReader:
    return (
        lambda: _read_fast(head, form, data),
        lambda: _read_carefully(head, form, as_text(data, line, path), line, path),
    )


def _read_fast(head: list[str], form: TraceFormat, data: bytes) -> Part | None:
    """Read with Arrow; None where a cell is not what its column holds."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    if not data.strip():
        return None
    chosen = [_position(head, name) for name in form.columns]
    names = [str(number) for number in range(len(head))]
    kinds = {names[index]: pa.float64() for index in chosen}
    if form.dated:
        cell = data.partition(b"\n")[0].split(b",")[chosen[0] : chosen[0] + 1]
        zone = "UTC" if cell and _ZONE.search(cell[0]) else None
        kinds[names[chosen[0]]] = pa.timestamp("ns", tz=zone)
    # Threads of Arrow's own hold on to the bytes for a moment longer, and abort a process that ends
    # just then; its signal handler, set in the main thread alone, loses interrupts.
    read = functools.partial(
        arrow.read_csv,
        pa.BufferReader(data),
        read_options=arrow.ReadOptions(column_names=names, use_threads=False),
        convert_options=arrow.ConvertOptions(
            include_columns=[names[index] for index in chosen],
            column_types=kinds,
            null_values=[],
            timestamp_parsers=[arrow.ISO8601],
        ),
    )
    try:
        with ThreadPoolExecutor(1) as apart:
            table = apart.submit(read).result()
    except pa.ArrowInvalid:
        return None
    columns = [table[names[index]].combine_chunks() for index in chosen]
    if form.dated:
        columns[0] = columns[0].cast(pa.int64())
    values = [column.to_numpy(zero_copy_only=False) for column in columns]
    ticks = values[0] if form.arrival else np.zeros(len(values[0]))
    return Part(form, ticks, values[-2], values[-1])


def _position(head: list[str], name: str) -> int:
    return [given.strip().casefold() for given in head].index(name.casefold())


def _read_carefully(head: list[str], form: TraceFormat, text: str, line: int, path: Path) -> Part:
    """Read with pandas; rows keep their line, and what is wrong with them."""
    rows = text.split("\n")
    if rows and not rows[-1]:
        rows.pop()
    lines = np.arange(line, line + len(rows))
    known = {
        number: len(fields)
        for number, row in enumerate(rows)
        if row.count(",") >= len(head)
        and len(fields := _fields(row, path, line + number)) > len(head)
    }
    table = _table(["" if number in known else row for number, row in enumerate(rows)], head, path)
    wanted = table[[_position(head, name) for name in form.columns]]
    there = ~wanted.isna().all(axis=1).to_numpy()
    there[list(known)] = True
    place = {int(number): row for row, number in enumerate(np.flatnonzero(there))}
    allowed = f"{len(head)} as in the header"
    faults: list[RowFault] = [
        (place[number], f"{count} fields", allowed, "") for number, count in known.items()
    ]
    long = {row for row, *_ in faults}
    wanted = wanted[there].reset_index(drop=True)
    columns = [wanted.iloc[:, index] for index in range(wanted.shape[1])]
    numbers = [_numbers(raw, name, form, long, faults)
               for raw, name in zip(columns, form.columns, strict=True)]  # fmt: skip
    ticks = numbers[0] if form.arrival else np.zeros(len(wanted))
    return Part(form, ticks, numbers[-2], numbers[-1], lines[there], faults)


def _table(rows: list[str], head: list[str], path: Path) -> pd.DataFrame:
    """Parse rows that are not too long, one line each, in columns by number."""
    if not any(rows):
        return pd.DataFrame(np.nan, index=range(len(rows)), columns=range(len(head)))
    try:
        table = pd.read_csv(
            io.StringIO("\n".join(rows) + "\n"),
            header=None, names=range(len(head)), skip_blank_lines=False, low_memory=False,
        )  # fmt: skip
    except (pd.errors.ParserError, ValueError):
        raise InputError.of(str(path), "is not a CSV table", "comma-separated columns") from None
    if len(table) != len(rows):
        what, cure = "has a quoted field that spans lines", "leave such columns out"
        raise InputError.of(str(path), what, "one request a line", cure)
    return table


def _numbers(
    raw: pd.Series, name: str, form: TraceFormat, known: set[int], faults: list[RowFault]
) -> NDArray[Any]:
    """Turn a column into numbers, and note what is not one."""
    values: NDArray[Any]
    if form.dated and name == form.arrival:
        dates = pd.to_datetime(raw.astype(str), errors="coerce", utc=True, format="ISO8601")
        missing, allowed = dates.isna().to_numpy(), "a date and time"
        values = as_ticks(dates.dt.tz_localize(None))
    else:
        values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=np.float64)
        missing, allowed = np.isnan(values), "a number"
    for row in np.flatnonzero(missing):
        if int(row) not in known:
            cell = raw.iloc[row]
            shown = "is missing" if pd.isna(cell) else f"is {str(cell)[:40]!r}"
            faults.append((int(row), f"{name} {shown}", allowed, ""))
    return values


def _fields(text: str, path: Path, line: int) -> list[str]:
    """Return the fields of a line."""
    try:
        return next(csv.reader(io.StringIO(text)), [])
    except csv.Error as error:
        raise InputError.of(f"{path}: line {line}", f"is not a CSV table: {error}") from None
