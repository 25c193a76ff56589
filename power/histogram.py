"""Histograms that give percentiles of a stream without a list of its values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from power.summary import FIGURES, PERCENTS

__all__ = ["LogHistogram", "TokenHistogram"]

_LEAST = 1e-6
_BINS_PER_DECADE = 256
_BINS: int = 14 * _BINS_PER_DECADE
_TOKEN_BINS_PER_DECADE = 32
_TOKEN_BINS: int = 8 * _TOKEN_BINS_PER_DECADE + 2


@dataclass
class LogHistogram:
    """Counts of waits in bins a hundredth wide, so that percentiles need no list of them.

    Mean and maximum are exact, percentiles within half a percent (of `_LEAST` where waits are
    shorter than that).

    Examples
    --------
    >>> histogram = LogHistogram()
    >>> histogram.add(np.linspace(1.0, 2.0, 1001))
    >>> mean, p50, p90, p99, most = histogram.figures()
    >>> round(mean, 9), abs(p50 / 1.5 - 1.0) < 0.005, most
    (1.5, True, 2.0)
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_BINS, np.int64))
    total: float = 0.0
    most: float = -np.inf

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in values [s]; what is not a number is left out."""
        known = values[np.isfinite(values)]
        if not len(known):
            return
        place = np.log10(np.maximum(known, _LEAST) / _LEAST) * _BINS_PER_DECADE
        self.counts += np.bincount(np.minimum(place.astype(np.int64), _BINS - 1), minlength=_BINS)
        self.total += float(known.sum())
        self.most = max(self.most, float(known.max()))

    def figures(self) -> list[float]:
        """Return `FIGURES`; NaN where nothing was taken in."""
        number = int(self.counts.sum())
        if not number:
            return [np.nan] * len(FIGURES)
        upto = np.cumsum(self.counts)
        places = [int(np.searchsorted(upto, number * percent / 100.0)) for percent in PERCENTS]
        middles = [_LEAST * 10.0 ** ((place + 0.5) / _BINS_PER_DECADE) for place in places]
        least = [0.0 if place == 0 else min(m, self.most)
                 for place, m in zip(places, middles, strict=True)]  # fmt: skip
        return [self.total / number, *least, self.most]


@dataclass
class TokenHistogram:
    """Counts of requests by tokens read and written, in bins a fourteenth wide.

    Costs that are linear in both have percentiles within about four percent from it, whatever the
    cost of a token turns out to be.
    """

    counts: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((_TOKEN_BINS, _TOKEN_BINS), np.int64)
    )

    def add(self, read: NDArray[np.int64], written: NDArray[np.int64]) -> None:
        """Take in requests."""
        places = _token_place(read) * _TOKEN_BINS + _token_place(written)
        found = np.bincount(places, minlength=_TOKEN_BINS**2)
        self.counts += found.reshape(self.counts.shape)

    def figures(self, each_read: float, each_written: float, each: float) -> list[float]:
        """Return `FIGURES` of a cost, but for the mean, which is not a number."""
        rows, columns = np.nonzero(self.counts)
        if not len(rows):
            return [np.nan] * len(FIGURES)
        middle = _token_middles()
        cost = each + each_read * middle[rows] + each_written * middle[columns]
        order = np.argsort(cost)
        upto = np.cumsum(self.counts[rows, columns][order])
        places = [np.searchsorted(upto, upto[-1] * percent / 100.0) for percent in PERCENTS]
        return [np.nan, *(float(cost[order[place]]) for place in places), float(cost.max())]


def _token_place(tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bin of token counts; the first one holds those without any."""
    place = 1 + np.log10(np.maximum(tokens, 1)) * _TOKEN_BINS_PER_DECADE
    return np.where(tokens > 0, np.minimum(place.astype(np.int64), _TOKEN_BINS - 1), 0)


def _token_middles() -> NDArray[np.float64]:
    middles = 10.0 ** ((np.arange(_TOKEN_BINS) - 0.5) / _TOKEN_BINS_PER_DECADE)
    middles[0] = 0.0
    return np.asarray(middles)
