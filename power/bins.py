"""Bins of time that widen as a trace goes on, so that their number stays bounded."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.activity import binned, check_width, even_edges

__all__ = ["GrowingBins"]

_FINEST_S = 1e-3
_MOST = 1200


class GrowingBins:
    """Counts in even bins; their width doubles whenever there would be too many.

    Parameters
    ----------
    start_s : float
        Where the first bin begins [s].
    width_s : float, optional
        A width to keep; else it starts at a millisecond and doubles [s].

    Raises
    ------
    InputError
        A width to keep is not positive, or makes too many bins, as soon as it does.
    """

    def __init__(self, start_s: float, width_s: float | None = None) -> None:
        self._start_s = start_s
        self._fixed = width_s is not None
        self._width_s = _FINEST_S if width_s is None else width_s
        self._counts = np.zeros((0, 0))
        self._names: list[str] = []
        self._end_s = start_s

    def add(self, counts: pd.DataFrame, bounds: NDArray[np.float64]) -> None:
        """Take in the counts of runs of steps; `bounds` are start and end of each [s]."""
        if not len(counts):
            return
        if not self._names:
            self._names = list(counts.columns)
            self._counts = np.zeros((0, len(self._names)))
        self._end_s = float(bounds[-1])
        if self._fixed:
            check_width(self._width_s, self._end_s - self._start_s)
        while not self._fixed and self._number > _MOST:
            self._widen()
        missing = self._number - len(self._counts)
        if missing > 0:
            more = np.zeros(
                (max(missing, len(self._counts) if self._fixed else 0), len(self._names))
            )
            self._counts = np.concatenate([self._counts, more])
        first = min(int((bounds[0] - self._start_s) / self._width_s), self._number - 1)
        edges = np.asarray(
            self._start_s + self._width_s * np.arange(first, self._number + 1), np.float64
        )
        bounds = np.clip(bounds, edges[0], edges[-1])
        self._counts[first : self._number] += binned(counts.to_numpy(), bounds, edges)

    @property
    def _number(self) -> int:
        span = (self._end_s - self._start_s) / self._width_s
        return max(math.ceil(span * (1.0 - 1e-12)), 1)

    def _widen(self) -> None:
        """Join bins two by two."""
        if len(self._counts) % 2:
            self._counts = np.concatenate([self._counts, np.zeros((1, len(self._names)))])
        self._counts = self._counts[::2] + self._counts[1::2]
        self._width_s *= 2.0

    @property
    def edges_s(self) -> NDArray[np.float64]:
        """Edges of the bins, the last one the end of the last run, shape (n + 1,) [s]."""
        return even_edges(self._start_s, self._width_s, self._end_s)

    @property
    def counts(self) -> pd.DataFrame:
        """Counts in each bin."""
        return pd.DataFrame(self._counts[: len(self.edges_s) - 1], columns=self._names)
