"""A stretch of a trace file as columns, before it has been checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from power.trace_checks import RowFault
from power.trace_formats import TraceFormat

__all__ = ["Part", "PartReader", "as_ticks"]

_NOT_A_TIME = np.iinfo(np.int64).min  # what numpy counts a missing date as


@dataclass(frozen=True, eq=False)
class Part:
    """Rows as they stand in the file.

    Parameters
    ----------
    form : TraceFormat
        What the columns mean.
    ticks : array, shape (n,)
        Arrivals: nanoseconds as int64 for dates, else the file's numbers; zeros where it has none.
    prompt, output : array, shape (n,)
        Token counts.
    lines : array, shape (n,), or None
        Where each row stands in the file; none where rows are known to be good.
    faults : list
        What could not be read, by row.
    blocks : list or None
        Prefix blocks of each row.
    """

    form: TraceFormat
    ticks: NDArray[Any]
    prompt: NDArray[np.float64]
    output: NDArray[np.float64]
    lines: NDArray[np.int64] | None = None
    faults: list[RowFault] = field(default_factory=list)
    blocks: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.prompt)

    @property
    def earliest(self) -> Any:
        """The earliest arrival that could be read; none where there is none."""
        good = np.ones(len(self), dtype=bool)
        good[[row for row, *_ in self.faults]] = False
        good &= self._readable
        return self.ticks[good].min() if good.any() else None

    @property
    def _readable(self) -> NDArray[np.bool_]:
        if self.form.dated:
            return np.asarray(self.ticks != _NOT_A_TIME)
        return np.asarray(np.isfinite(self.ticks))

    def arrival_s(self, origin: Any) -> NDArray[np.float64]:
        """Return arrivals in seconds after an origin, which counts in ticks."""
        if self.form.dated:
            since = (self.ticks - origin) / 1e9
            return np.where(self._readable, since, np.nan)
        if self.form.since_first:
            return np.asarray((self.ticks - origin) / self.form.ticks_per_s)
        return np.asarray(self.ticks / self.form.ticks_per_s)


#: Reads a stretch quickly where all is well (or returns None), and carefully where it is not.
PartReader = tuple[Callable[[], Part | None], Callable[[], Part]]


def as_ticks(dates: Any) -> NDArray[np.int64]:
    """Return a pandas series of dates as nanoseconds; what is missing stays marked."""
    return np.asarray(dates.to_numpy(dtype="datetime64[ns]").astype(np.int64))
