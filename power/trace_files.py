"""Traces from files: CSV, JSON lines or Parquet in a published form, whole or chunk by chunk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from power.arrivals import Arrivals
from power.prefix import PrefixBlocks
from power.trace import Trace
from power.trace_checks import MOST_ROWS_LISTED, find_faults, is_clean
from power.trace_csv import csv_parts
from power.trace_json import json_parts
from power.trace_parquet import MAGIC, parquet_parts
from power.trace_part import Part, PartReader
from power.trace_text import line_blocks
from techlib import Faults, InputError

__all__ = ["read_trace", "trace_chunks"]

_CHUNK_ROWS = 100_000  #: what serving them takes is bounded by this
_NAMES = ("arrival_s", "prompt_tokens", "output_tokens")


def read_trace(
    path: str | Path, *, skip_bad: bool = False, arrivals: Arrivals | None = None
) -> Trace:
    r"""Read a trace; its format is told by its columns.

    Known are the columns of Azure LLM inference 2023 and 2024, BurstGPT, LLMServingSim, Mooncake
    (with prefix blocks), Vidur, vLLM's request logs and benchmark results, the plain form
    ``arrival_s, prompt_tokens, output_tokens``, and lengths without arrivals as from ShareGPT; each
    as CSV, JSON lines or Parquet. Column names may differ in case and surrounding blanks; other
    columns are left alone. Rows are never sorted, and left out on request only: a log that is out
    of order is a fault with its line numbers.

    Parameters
    ----------
    path : str or Path
        The file.
    skip_bad : bool
        Leave faulty rows out; `Trace.left_out` counts them.
    arrivals : Arrivals, optional
        Draws the times of arrival for a file that has lengths only.

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
    ...     _ = file.write_text("arrival_s,prompt_tokens,output_tokens\n0,12,3\n0.25,40,8\nx,1,1\n")
    ...     trace = read_trace(file, skip_bad=True)
    >>> trace.name, trace.arrival_s.tolist(), trace.output_tokens.tolist(), trace.left_out
    ('chat', [0.0, 0.25], [3, 8], 1)
    """
    path = Path(path)
    reader = _Reader(path, skip_bad, arrivals, patient=True)
    chunks = list(reader.chunks())
    reader.finish()
    columns = [np.concatenate(parts) for parts in zip(*(c for c, _ in chunks), strict=True)]
    lists = itertools.chain.from_iterable(_lists(*chunk) for chunk in chunks)
    return reader.trace(columns, list(lists))


def trace_chunks(
    path: str | Path, *, skip_bad: bool = False, arrivals: Arrivals | None = None
) -> Iterator[Trace]:
    r"""Read a trace in chunks of at most 100,000 requests, so that its length does not matter.

    Parameters are those of `read_trace`. Arrivals go on from chunk to chunk. A faulty row ends the
    reading where it stands.

    Yields
    ------
    Trace
        The next requests; `Trace.left_out` counts the rows that were left out so far.

    Raises
    ------
    InputError
        As from `read_trace`, for the first stretch of the file with faulty rows.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "chat.csv")
    ...     _ = file.write_text("arrival_s,prompt_tokens,output_tokens\n0,12,3\n0.25,40,8\n")
    ...     [len(chunk) for chunk in trace_chunks(file)]
    [2]
    """
    path = Path(path)
    reader = _Reader(path, skip_bad, arrivals, patient=False)
    for columns, blocks in reader.chunks():
        lists = _lists(columns, blocks)
        for first in range(0, len(lists), _CHUNK_ROWS):
            rows = slice(first, first + _CHUNK_ROWS)
            yield reader.trace([column[rows] for column in columns], lists[rows])
    reader.finish()


def _lists(columns: list[NDArray[np.float64]], blocks: list[Any] | None) -> list[Any]:
    """Return a list of prefix blocks for each row, empty ones where a stretch has none."""
    return [()] * len(columns[0]) if blocks is None else blocks


@dataclass
class _Reader:
    """Turns the parts of a file into checked columns.

    A patient reader goes on after a fault, so that `finish` can raise all of them together.
    """

    path: Path
    skip_bad: bool
    arrivals: Arrivals | None
    patient: bool
    left_out: int = 0
    block_tokens: int = 1
    _last_s: float = 0.0
    _origin: Any = None
    _found: list[tuple[int, str, str, str]] = field(default_factory=list)
    _more: int = 0
    _rows: int = 0
    _unit: str = "line"

    def chunks(self) -> Iterator[tuple[list[NDArray[np.float64]], list[Any] | None]]:
        """Yield arrival, prompt and output of good rows, with their prefix blocks."""
        draw = None
        for fast, careful in self._parts():
            part = fast()
            if part is None or not is_clean(self._columns(part), self._last_s):
                part = careful()
            if not part.form.arrival and draw is None:
                draw = self._drawn()
            columns = self._columns(part)
            bad = self._faults(part, columns)
            if self._found and not self.patient:
                self.finish()
            keep = np.ones(len(part), dtype=bool)
            keep[bad] = False
            self._rows += len(part)
            if not keep.any():
                continue
            chosen = [column[keep] for column in columns.values()]
            if draw is not None:
                chosen[0] = draw.take(len(chosen[0]))
            self._last_s = float(chosen[0][-1])
            self.block_tokens = part.form.block_tokens or self.block_tokens
            blocks = part.blocks and [part.blocks[row] for row in np.flatnonzero(keep)]
            yield chosen, blocks

    def trace(self, columns: list[NDArray[np.float64]], lists: list[Any]) -> Trace:
        """Return rows with their prefix blocks as a trace."""
        blocks = PrefixBlocks.of(self.block_tokens, lists) if any(lists) else None
        arrival, prompt, output = columns
        return Trace(self.path.stem, arrival, prompt, output, blocks, self.left_out)  # type: ignore[arg-type]

    def _parts(self) -> Iterator[PartReader]:
        blocks = line_blocks(self.path)
        if self._starts_with(MAGIC):
            self._unit = "row"
            return parquet_parts(self.path)
        first = next(blocks)
        if first.last and not first.data.strip():
            allowed = "a header and at least one request"
            raise InputError.of(str(self.path), "is empty", allowed)
        together = itertools.chain([first], blocks)
        if first.data.lstrip()[:1] in (b"{", b"["):
            return json_parts(together, self.path)
        return csv_parts(together, self.path)

    def _starts_with(self, magic: bytes) -> bool:
        try:
            with self.path.open("rb") as file:
                return file.read(len(magic)) == magic
        except OSError:
            return False  # reading says why

    def _drawn(self) -> Any:
        if self.arrivals is None:
            cure = "give arrivals: a rate, their spread and a seed"
            raise InputError.of(str(self.path), "has no times of arrival", cure=cure)
        return self.arrivals.stream()

    def _columns(self, part: Part) -> dict[str, NDArray[np.float64]]:
        if self._origin is None:
            self._origin = part.earliest  # still none where no arrival can be read
        origin = part.ticks.dtype.type(0) if self._origin is None else self._origin
        arrival = part.arrival_s(origin) if part.form.arrival else np.full(len(part), self._last_s)
        return dict(zip(_NAMES, (arrival, part.prompt, part.output), strict=True))

    def _faults(self, part: Part, columns: dict[str, NDArray[np.float64]]) -> list[int]:
        """Note what is wrong with a part; return its faulty rows."""
        if part.lines is None:
            return []
        found = find_faults(columns, known=part.faults, last_s=self._last_s)
        bad = sorted({row for row, *_ in found})
        self.left_out += len(bad) if self.skip_bad else 0
        if self.skip_bad:
            return bad
        room = MOST_ROWS_LISTED - len(self._found)
        listed = [(int(part.lines[row]), *rest) for row, *rest in sorted(found)[:room]]
        self._found += listed  # type: ignore[arg-type]
        self._more += len(found) - len(listed)
        return bad

    def finish(self) -> None:
        """Raise what was found, or that nothing was."""
        faults = Faults()
        for line, what, allowed, cure in self._found:
            faults.add(f"{self.path}: {self._unit} {line}", what, allowed, cure)
        if self._more:
            faults.add(str(self.path), f"and {self._more} more faulty rows")
        faults.raise_if_any()
        if self._rows == 0:
            cure = "write at least one request below the header"
            raise InputError.of(str(self.path), "holds no request", "one request a line", cure)
        if self.left_out == self._rows:
            what = f"no good row among {self._rows:,}"
            raise InputError.of(str(self.path), what, cure="read it without skipping bad rows")
