"""Statistics of generated workloads, beside those of published traces."""

from __future__ import annotations

import functools

import power
from power import Trace

__all__ = ["STATISTICS", "statistics_rows", "workload_statistics"]

_SEED = 1
_REQUESTS = 20_000

#: What is shown, under the names of `power.Trace.statistics`, with a title and digits.
STATISTICS = {
    "rate_per_s": ("rate 1/s", 2),
    "arrival_cv": ("arrival cv", 2),
    "prompt_tokens_mean": ("prompt mean", 0),
    "prompt_tokens_p50": ("p50", 0),
    "prompt_tokens_p90": ("p90", 0),
    "prompt_tokens_p99": ("p99", 0),
    "output_tokens_mean": ("output mean", 0),
    "output_tokens_p50": ("p50", 0),
    "output_tokens_p90": ("p90", 0),
    "output_tokens_p99": ("p99", 0),
    "repeated_blocks": ("repeated blocks", 2),
}


@functools.cache
def workload_statistics() -> dict[str, dict[str, float]]:
    """Return statistics of 20,000 requests of each class, and of published traces.

    Returns
    -------
    dict
        By name of class or trace, the entries of `STATISTICS` that there are.

    Examples
    --------
    >>> table = workload_statistics()
    >>> table["azure-2023-code"]["output_tokens_p50"], round(table["batch-api"]["arrival_cv"], 1)
    (13.0, 1.0)
    """
    found = {}
    for name, workload in power.workloads().items():
        duration_s = _REQUESTS / workload.rate_per_s
        found[name] = _chosen(power.generate(workload, seed=_SEED, duration_s=duration_s))
    for name, published in power.published_traces().items():
        values = {key: getattr(published, key) for key in STATISTICS}
        found[name] = {key: value for key, value in values.items() if value is not None}
    return found


def _chosen(trace: Trace) -> dict[str, float]:
    table = trace.statistics()
    return {key: table[key] for key in STATISTICS if key in table}


def statistics_rows(
    table: dict[str, dict[str, float]],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return columns and rows of a table for people, one row a class or trace."""
    columns = ("requests of", *(title for title, _ in STATISTICS.values()))
    rows = [
        (name, *(f"{values[key]:,.{digits}f}" if key in values else "-"
                 for key, (_, digits) in STATISTICS.items()))
        for name, values in table.items()
    ]  # fmt: skip
    return columns, rows
