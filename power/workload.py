"""Classes of workload: how often requests come, and how long they are."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from scipy.special import ndtr

from techlib import Faults, Library, Record, quantity

__all__ = ["Workload", "workloads"]

_MOST_TOKENS = 1e8  #: far beyond any context


@dataclass(frozen=True, eq=False)
class Workload(Record):
    """Statistics from which traces are drawn.

    Intervals between arrivals are gamma distributed with mean ``1 / rate`` and coefficient of
    variation ``arrival_cv`` (1 makes a Poisson process, more makes bursts). Prompt and output
    lengths are independent and lognormal with given median and spread ``sigma`` of the logarithm,
    held between 1 and a maximum.
    """

    rate_per_s: float = quantity("rate", "1/s", above=0.0)
    arrival_cv: float = quantity("arrival_cv", "", at_least=0.001, at_most=1000.0)
    duration_s: float = quantity("duration", "s", above=0.0)
    prompt_median_tokens: float = quantity("prompt_median", "", at_least=1.0)
    prompt_sigma: float = quantity("prompt_sigma", "", at_least=0.0, at_most=10.0)
    prompt_max_tokens: float = quantity(
        "prompt_max", "", at_least=1.0, at_most=_MOST_TOKENS, whole=True
    )
    output_median_tokens: float = quantity("output_median", "", at_least=1.0)
    output_sigma: float = quantity("output_sigma", "", at_least=0.0, at_most=10.0)
    output_max_tokens: float = quantity(
        "output_max", "", at_least=1.0, at_most=_MOST_TOKENS, whole=True
    )

    def __post_init__(self) -> None:
        faults = Faults()
        for part in ("prompt", "output"):
            median, most = (getattr(self, f"{part}_{which}_tokens") for which in ("median", "max"))
            if median > most:
                where = f"{self.name}.{part}_median"
                faults.add(where, f"{median:g} is above {part}_max", f"at most {most:g}")
        faults.raise_if_any()

    def expected(self) -> dict[str, float]:
        """Return what a long trace tends to, under the names of `Trace.statistics`.

        Returns
        -------
        dict
            ``rate_per_s``, ``arrival_cv``; ``_mean``, ``_std`` and ``_p50`` of ``prompt_tokens``
            and ``output_tokens``, the limits taken into account.

        Examples
        --------
        >>> round(workloads()["chat"].expected()["prompt_tokens_mean"] / 100)
        15
        """
        table = {"rate_per_s": self.rate_per_s, "arrival_cv": self.arrival_cv}
        for part in ("prompt", "output"):
            median = getattr(self, f"{part}_median_tokens")
            sigma, most = getattr(self, f"{part}_sigma"), getattr(self, f"{part}_max_tokens")
            mean, square = (_moment(median, sigma, most, power) for power in (1, 2))
            table[f"{part}_tokens_mean"] = mean
            table[f"{part}_tokens_std"] = math.sqrt(max(square - mean**2, 0.0))
            table[f"{part}_tokens_p50"] = median
        return table


def _moment(median: float, sigma: float, most: float, power: int) -> float:
    """Return the mean of ``min(max(x, 1), most) ** power`` for a lognormal x."""
    if sigma == 0.0:
        return float(median**power)
    low, high = (math.log(limit / median) / sigma for limit in (1.0, most))
    inside = ndtr(high - power * sigma) - ndtr(low - power * sigma)
    bulk = median**power * math.exp(0.5 * (power * sigma) ** 2) * inside
    return float(ndtr(low) + bulk + most**power * ndtr(-high))


@functools.cache
def workloads() -> Library[Workload]:
    """Return the classes of workload that ship with the toolkit.

    Examples
    --------
    >>> list(workloads())
    ['chat', 'coding-agent', 'long-context-agent', 'batch-api']
    """
    return Library.load("workload", Workload, "workloads.toml", room="power")
