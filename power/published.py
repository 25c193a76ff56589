"""Statistics of published traces, for classes of workload to be held against."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Library, Record, quantity

__all__ = ["PublishedTrace", "published_traces"]


@dataclass(frozen=True, eq=False)
class PublishedTrace(Record):
    """What `Trace.statistics` counts in a trace that others have published."""

    requests: float = quantity("requests", "", at_least=1.0, whole=True)
    span_s: float = quantity("span", "s", at_least=0.0)
    rate_per_s: float = quantity("rate", "1/s", above=0.0)
    arrival_cv: float = quantity("arrival_cv", "", at_least=0.0)
    prompt_tokens_mean: float = quantity("prompt_mean", "", at_least=1.0)
    prompt_tokens_p50: float = quantity("prompt_p50", "", at_least=1.0)
    prompt_tokens_p90: float = quantity("prompt_p90", "", at_least=1.0)
    prompt_tokens_p99: float = quantity("prompt_p99", "", at_least=1.0)
    output_tokens_mean: float = quantity("output_mean", "", at_least=1.0)
    output_tokens_p50: float = quantity("output_p50", "", at_least=1.0)
    output_tokens_p90: float = quantity("output_p90", "", at_least=1.0)
    output_tokens_p99: float = quantity("output_p99", "", at_least=1.0)
    #: share of prefix blocks that were seen before
    repeated_blocks: float | None = quantity(
        "repeated_blocks", "", default=None, at_least=0.0, at_most=1.0
    )


@functools.cache
def published_traces() -> Library[PublishedTrace]:
    """Return the statistics that ship with the toolkit.

    Examples
    --------
    >>> published_traces()["azure-2023-code"].prompt_tokens_p50
    1469.0
    """
    return Library.load("published trace", PublishedTrace, "traces.toml", room="power")
