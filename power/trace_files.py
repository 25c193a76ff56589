"""Traces from files: the published formats, told apart by their columns."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.trace import Trace
from power.trace_checks import RowFault, check_rows, list_rows
from power.trace_json import read_json_lines
from techlib import Fault, Faults, InputError, did_you_mean

__all__ = ["TRACE_FORMATS", "TraceFormat", "read_trace"]


@dataclass(frozen=True)
class TraceFormat:
    """A published form of trace file.

    Parameters
    ----------
    name : str
        What it is called.
    arrival, prompt, output : str
        Its columns, or its keys.
    ticks_per_s : float
        Unit of the arrival; 0 for a date and time, which is counted from the earliest.
    kind : {"csv", "jsonl"}
        Table with a header, or one JSON object a line.
    """

    name: str
    arrival: str
    prompt: str
    output: str
    ticks_per_s: float
    kind: Literal["csv", "jsonl"] = "csv"

    @property
    def columns(self) -> tuple[str, str, str]:
        """The columns in the order arrival, prompt, output."""
        return self.arrival, self.prompt, self.output


TRACE_FORMATS = (
    TraceFormat("plain CSV", "arrival_s", "prompt_tokens", "output_tokens", 1.0),
    TraceFormat("Azure LLM inference", "TIMESTAMP", "ContextTokens", "GeneratedTokens", 0.0),
    TraceFormat("BurstGPT", "Timestamp", "Request tokens", "Response tokens", 1.0),
    TraceFormat("LLMServingSim", "arrival_time_ns", "input_toks", "output_toks", 1e9),
    TraceFormat("Mooncake", "timestamp", "input_length", "output_length", 1e3, "jsonl"),
)

_NOT_TEXT = {
    b"\x1f\x8b": "is compressed with gzip",
    b"PK\x03\x04": "is a zip archive",
    b"(\xb5/\xfd": "is compressed with zstd",
    b"PAR1": "is a Parquet file",
    b"\xff\xfe": "is encoded in UTF-16",
    b"\xfe\xff": "is encoded in UTF-16",
}


def read_trace(path: str | Path) -> Trace:
    r"""Read a trace; its format is told by its columns.

    Known are Azure LLM inference 2023 and 2024, BurstGPT, LLMServingSim and the plain CSV
    ``arrival_s, prompt_tokens, output_tokens``, and Mooncake as JSON lines. Column names may
    differ in case and surrounding blanks; other columns are left alone. Rows are never sorted or
    left out in silence: a log that is out of order is a fault with its line numbers.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Trace
        Named after the file.

    Raises
    ------
    InputError
        The file cannot be read, its columns are not known, or rows are faulty; each fault carries
        its line number, the first twenty are listed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "chat.csv")
    ...     _ = file.write_text("arrival_s,prompt_tokens,output_tokens\n0,12,3\n0.25,40,8\n")
    ...     trace = read_trace(file)
    >>> trace.name, trace.arrival_s.tolist(), trace.output_tokens.tolist()
    ('chat', [0.0, 0.25], [3, 8])
    """
    path = Path(path)
    text = _read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        table, lines, known = read_json_lines(text, path, _json_format().columns)
        form = _json_format()
    else:
        table, lines, known, form = _read_csv(text, path)
    faults = Faults()

    def place(row: int) -> str:
        return f"{path}: line {lines[row]}"

    columns, unread = _columns(table, form)
    if not len(table):
        cure = "write at least one request below the header"
        raise InputError.of(str(path), "holds no request", "one request a line", cure)
    check_rows(columns, place, faults, known=[*known, *unread], whole=str(path))
    faults.raise_if_any()
    return Trace(path.stem, *columns.values())  # type: ignore[arg-type]


def _json_format() -> TraceFormat:
    return next(form for form in TRACE_FORMATS if form.kind == "jsonl")


def _read_text(path: Path) -> str:
    """Read the file as UTF-8 text, or say what it is instead."""
    where = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        cure = did_you_mean(path.name, near) if near else "check the path"
        raise InputError.of(where, "no such file", "a trace file", cure) from None
    except OSError as error:
        raise InputError.of(where, f"cannot be read: {error.strerror}", "a trace file") from None
    for magic, what in _NOT_TEXT.items():
        if data.startswith(magic):
            cure = "save it as UTF-8 text" if "UTF" in what else "unpack it or convert it to CSV"
            raise InputError.of(where, what, "CSV or JSON lines", cure)
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise InputError.of(f"{where}: line {line}", "is binary, not text", "CSV or JSON lines")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte {data[error.start]:#04x} is not UTF-8"
        raise InputError.of(f"{where}: line {line}", what, cure="save it as UTF-8") from None
    if not text.strip():
        raise InputError.of(where, "is empty", "a header and at least one request")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _read_csv(
    text: str, path: Path
) -> tuple[pd.DataFrame, NDArray[np.int64], list[RowFault], TraceFormat]:
    """Parse the table; rows are numbered as lines of the file."""
    head = _fields(text, path)
    form = _detect(head, path)
    names = [name.strip().casefold() for name in head]
    wanted = [name.casefold() for name in form.columns]
    table = _parse(text, names, path)[wanted]
    table.columns = pd.Index(form.columns)
    lines = np.arange(2, len(table) + 2)
    blank = table.isna().all(axis=1).to_numpy()
    return table[~blank].reset_index(drop=True), lines[~blank], [], form


def _parse(text: str, names: list[str], path: Path) -> pd.DataFrame:
    """Parse with pandas, after a row of another length has been ruled out."""
    first = _fields(text.partition("\n")[2], path)
    try:
        if len(first) > len(names):
            raise pd.errors.ParserError
        return pd.read_csv(
            io.StringIO(text), header=0, names=names, skip_blank_lines=False, low_memory=False
        )
    except (pd.errors.ParserError, ValueError):
        rows = (_fields(line, path) for line in text.split("\n"))
        found: list[RowFault] = [
            (number, f"{len(row)} fields", f"{len(names)} as in the header", "")
            for number, row in enumerate(rows, start=1)
            if len(row) > len(names)
        ]
        faults = Faults()
        list_rows(found, lambda row: f"{path}: line {row}", faults, whole=str(path))
        faults.raise_if_any()
        raise InputError.of(str(path), "is not a CSV table", "comma-separated columns") from None


def _fields(text: str, path: Path) -> list[str]:
    """Return the fields of the first line."""
    try:
        return next(csv.reader(io.StringIO(text)), [])
    except csv.Error as error:
        raise InputError.of(str(path), f"is not a CSV table: {error}") from None


def _detect(head: list[str], path: Path) -> TraceFormat:
    """Choose the format whose columns are all there, or say which ones are missing."""
    given = {name.strip().casefold(): name.strip() for name in head}
    if len(given) < len(head):
        raise InputError.of(f"{path}: line 1", "a column name is given twice", "unique names")
    forms = [form for form in TRACE_FORMATS if form.kind == "csv"]
    missing = {form: [c for c in form.columns if c.casefold() not in given] for form in forms}
    for form in forms:
        if not missing[form]:
            return form
    nearest = min(forms, key=lambda form: len(missing[form]))
    if len(missing[nearest]) < len(nearest.columns):
        raise InputError(
            Fault(
                f"{path}: line 1",
                f"column {name!r} of {nearest.name} is missing",
                ", ".join(nearest.columns),
                did_you_mean(name, given.values()).replace("known:", "found:"),
            )
            for name in missing[nearest]
        )
    known = "; ".join(f"{form.name}: {', '.join(form.columns)}" for form in forms)
    near = [did_you_mean(name, forms[0].columns) for name in given.values()]
    cure = next((hint for hint in near if hint.startswith("did")), "give the file a header line")
    if len(head) == 1 and any(mark in head[0] for mark in ";\t|"):
        cure = "separate the columns by commas"
    raise InputError.of(f"{path}: line 1", f"columns {', '.join(head)} are not known", known, cure)


def _columns(
    table: pd.DataFrame, form: TraceFormat
) -> tuple[dict[str, NDArray[np.float64]], list[RowFault]]:
    """Turn the columns into numbers, and note what is not one."""
    unread: list[RowFault] = []
    columns: dict[str, NDArray[np.float64]] = {}
    fields = zip(("arrival_s", "prompt_tokens", "output_tokens"), form.columns, strict=True)
    for name, source in fields:
        raw = table[source]
        if name == "arrival_s" and form.ticks_per_s == 0.0:
            values, allowed = _seconds(raw), "a date and time"
        else:
            values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=np.float64)
            allowed = "a number"
        for row in np.flatnonzero(np.isnan(values)):
            cell = raw.iloc[row]
            shown = "is missing" if pd.isna(cell) else f"is {str(cell)[:40]!r}"
            unread.append((int(row), f"{source} {shown}", allowed, ""))
        if name == "arrival_s" and form.ticks_per_s:
            values = values / form.ticks_per_s
        columns[name] = values
    return columns, unread


def _seconds(raw: pd.Series) -> NDArray[np.float64]:
    """Return dates as seconds since the earliest; NaN where one cannot be read."""
    times = pd.to_datetime(raw.astype(str), errors="coerce", utc=True, format="ISO8601")
    since = (times - times.min()).dt.total_seconds()
    return np.asarray(since, dtype=np.float64)
