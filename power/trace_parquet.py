"""Traces as Parquet, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from power.trace_checks import RowFault
from power.trace_formats import TraceFormat, detect_format
from power.trace_part import Part, PartReader, as_ticks
from techlib import InputError

__all__ = ["MAGIC", "parquet_parts"]

MAGIC = b"PAR1"
_BATCH_ROWS = 1_000_000


def parquet_parts(path: Path) -> Iterator[PartReader]:
    """Yield readers of the batches of a Parquet file.

    Raises
    ------
    InputError
        The file is damaged, or its columns are not known.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            head = file.schema_arrow.names
            form = detect_format(head, str(path))
            wanted = [_named(head, name) for name in form.columns]
            row = 1
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                part = _part(batch.select(wanted).to_pandas(), form, row)
                row += len(part)
                yield (lambda: None), (lambda part=part: part)  # type: ignore[misc]
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError.of(str(path), f"is a damaged Parquet file: {reason}") from None


def _named(head: list[str], name: str) -> str:
    return next(given for given in head if given.strip().casefold() == name.casefold())


def _part(table: pd.DataFrame, form: TraceFormat, first: int) -> Part:
    faults: list[RowFault] = []
    numbers: list[Any] = []
    for index, name in enumerate(form.columns):
        raw = table.iloc[:, index]
        if form.dated and index == 0:
            dates = pd.to_datetime(raw, errors="coerce", utc=True, format="ISO8601")
            missing, allowed = dates.isna().to_numpy(), "a date and time"
            numbers.append(as_ticks(dates.dt.tz_localize(None)))
        else:
            values = pd.to_numeric(raw, errors="coerce").to_numpy(np.float64, na_value=np.nan)
            missing, allowed = np.isnan(values), "a number"
            numbers.append(values)
        faults += [
            (int(row), f"{name} is {str(raw.iloc[row])[:40]!r}", allowed, "")
            for row in np.flatnonzero(missing)
        ]
    ticks = numbers[0] if form.arrival else np.zeros(len(table))
    lines = np.arange(first, first + len(table))
    return Part(form, ticks, numbers[-2], numbers[-1], lines, faults)
