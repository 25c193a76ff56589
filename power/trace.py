"""A trace: when requests arrive, and how many tokens they read and write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.prefix import PrefixBlocks
from power.trace_checks import check_rows
from techlib import Faults, InputError

__all__ = ["Trace", "check_replicas"]


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests in the order in which they arrive.

    Parameters
    ----------
    name : str
        What the trace is called in reports.
    arrival_s : array, shape (n,)
        Time of arrival [s]; finite, not negative, not decreasing.
    prompt_tokens : array, shape (n,)
        Tokens that a request brings along; at least one.
    output_tokens : array, shape (n,)
        Tokens that it is answered with; at least one.
    blocks : PrefixBlocks, optional
        What their prompts have in common, where the trace tells.
    left_out : int
        Faulty rows of its file that were left out on request.

    Raises
    ------
    InputError
        Every request that breaks one of these rules, up to a limit.

    Examples
    --------
    >>> trace = Trace("two", [0.0, 0.5], [100, 20], [10, 4])
    >>> len(trace), trace.statistics()["rate_per_s"]
    (2, 2.0)
    >>> Trace("bad", [1.0, 0.5], [100, 20], [10, 4])
    Traceback (most recent call last):
    ...
    techlib.errors.InputError: trace bad: request 2: arrival_s is 0.5, before the one above it;
    allowed: arrivals that do not decrease; sort the rows by arrival after checking the log
    """

    name: str
    arrival_s: NDArray[np.float64]
    prompt_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    blocks: PrefixBlocks | None = None
    left_out: int = 0

    def __post_init__(self) -> None:
        where = f"trace {self.name}"
        columns = {
            "arrival_s": _numbers(self.arrival_s, where, "arrival_s"),
            "prompt_tokens": _numbers(self.prompt_tokens, where, "prompt_tokens"),
            "output_tokens": _numbers(self.output_tokens, where, "output_tokens"),
        }
        sizes = {name: len(column) for name, column in columns.items()}
        if len(set(sizes.values())) > 1:
            raise InputError.of(where, f"columns of different length: {sizes}", "equal lengths")
        if not sizes["arrival_s"]:
            raise InputError.of(where, "holds no request", "at least one request")
        faults = Faults()
        check_rows(columns, lambda row: f"{where}: request {row + 1}", faults)
        faults.raise_if_any()
        for name, column in columns.items():
            kind = np.float64 if name == "arrival_s" else np.int64
            frozen = column.astype(kind)
            frozen.setflags(write=False)
            object.__setattr__(self, name, frozen)
        if self.blocks is not None and len(self.blocks) != len(self):
            what = f"of {len(self.blocks)} requests"
            raise InputError.of(f"{where}: blocks", what, f"{len(self)}, one list a request")

    def __len__(self) -> int:
        return len(self.arrival_s)

    @property
    def span_s(self) -> float:
        """Time from the first arrival to the last [s]."""
        return float(self.arrival_s[-1] - self.arrival_s[0])

    def statistics(self) -> dict[str, float]:
        """Return what describes the trace in a table.

        Returns
        -------
        dict
            ``requests``, ``span_s``, ``rate_per_s`` (intervals over span; 0 for no span),
            ``arrival_cv`` (standard deviation over mean of the intervals), for prompt and output
            tokens ``_mean``, ``_p50``, ``_p90``, ``_p99``, ``_max``, and ``repeated_blocks``
            (share of the prefix blocks seen before) where the trace has any.
        """
        gaps = np.diff(self.arrival_s)
        span = self.span_s
        table = {
            "requests": float(len(self)),
            "span_s": span,
            "rate_per_s": len(gaps) / span if span > 0.0 else 0.0,
            "arrival_cv": float(gaps.std() / gaps.mean()) if span > 0.0 else 0.0,
        }
        for name in ("prompt_tokens", "output_tokens"):
            values = getattr(self, name)
            table[f"{name}_mean"] = float(values.mean())
            for percent in (50, 90, 99):
                table[f"{name}_p{percent}"] = float(np.percentile(values, percent))
            table[f"{name}_max"] = float(values.max())
        if self.blocks is not None:
            table["repeated_blocks"] = self.blocks.repeated_share()
        return table

    def window(self, start_s: float, duration_s: float) -> Trace:
        """Return the requests of a stretch of time, their arrivals counted from its start.

        Raises
        ------
        InputError
            The duration is not positive, or nothing arrives in the window.
        """
        where = f"trace {self.name}: window"
        if not duration_s > 0.0:
            raise InputError.of(where, f"duration {duration_s:g} s", "above 0 s")
        first, last = np.searchsorted(self.arrival_s, [start_s, start_s + duration_s])
        if first == last:
            what = f"no request arrives from {start_s:.9g} s to {start_s + duration_s:.9g} s"
            ends = f"{self.arrival_s[0]:.9g} s to {self.arrival_s[-1]:.9g} s"
            raise InputError.of(where, what, f"a window that meets {ends}")
        part = self.rows(slice(first, last))
        return replace(part, arrival_s=part.arrival_s - start_s)

    def replica(self, number: int, index: int = 0) -> Trace:
        """Return what one of some equal groups gets, where each request goes to the next group.

        Parameters
        ----------
        number : int
            Groups that share the trace.
        index : int
            Which one, counted from 0.

        Raises
        ------
        InputError
            No such group, or more groups than requests.
        """
        check_replicas(self.name, number, len(self))
        if not 0 <= index < number:
            raise InputError.of(
                f"trace {self.name}: replicas", f"group {index}", f"from 0 to {number - 1}"
            )
        return self.every(number, index)

    def every(self, number: int, first: int = 0) -> Trace:
        """Return each request of which the place is `first` plus a multiple of `number`."""
        return self.rows(slice(first, None, number))

    def followed_by(self, other: Trace) -> Trace:
        """Return these requests and those of another trace behind them."""
        names = ("arrival_s", "prompt_tokens", "output_tokens")
        arrival, prompt, output = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in names
        )
        blocks = None
        if self.blocks is not None or other.blocks is not None:
            parts = (self, other)
            blocks = PrefixBlocks.joined([
                PrefixBlocks.none(len(part)) if part.blocks is None else part.blocks
                for part in parts
            ])  # fmt: skip
        return Trace(other.name, arrival, prompt, output, blocks, other.left_out)

    def rows(self, rows: slice | NDArray[np.int64]) -> Trace:
        """Return some of the requests, in the order of their arrival."""
        columns = (self.arrival_s[rows], self.prompt_tokens[rows], self.output_tokens[rows])
        blocks = None if self.blocks is None else self.blocks.take(rows)
        return Trace(self.name, *columns, blocks, self.left_out)

    def scaled(self, rate: float) -> Trace:
        """Return the same requests arriving `rate` times as fast.

        Raises
        ------
        InputError
            The factor is not a positive number.
        """
        if not (np.isfinite(rate) and rate > 0.0):
            raise InputError.of(f"trace {self.name}: rate", f"{rate:g}", "a factor above 0")
        return replace(self, arrival_s=self.arrival_s / rate)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a request; prefix blocks are left out."""
        names = ("arrival_s", "prompt_tokens", "output_tokens")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def to_csv(self, path: str | Path) -> None:
        """Write the plain CSV form, which `read_trace` reads back exactly."""
        self.to_dataframe().to_csv(path, index=False, lineterminator="\n")

    def to_parquet(self, path: str | Path) -> None:
        """Write the same columns as Parquet, which `read_trace` reads back exactly."""
        self.to_dataframe().to_parquet(path, index=False, compression="zstd")


def check_replicas(name: str, number: int, requests: int) -> None:
    """Refuse groups without a request.

    Raises
    ------
    InputError
        More groups than requests, or none.
    """
    if not 1 <= number <= requests:
        allowed = f"from 1 to {requests:,}, a request each"
        raise InputError.of(f"trace {name}: replicas", f"{number}", allowed)


def _numbers(values: Any, where: str, name: str) -> NDArray[np.float64]:
    """Return a column as floats; a float holds every token count that is allowed exactly."""
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError.of(f"{where}: {name}", "is not an array of numbers") from None
    if column.ndim != 1:
        raise InputError.of(f"{where}: {name}", f"has shape {column.shape}", "one dimension")
    return column
