"""Several traces on one design, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scoville.output import write_json
from scoville.power_run import PowerRun

__all__ = ["compare_content", "compare_rows", "component_table", "write_comparison"]

#: Figures of a run that are held side by side: title, place in its content, scale, digits.
_FIGURES = (
    ("requests", ("throughput", "requests"), 1.0, 0),
    ("output tokens", ("throughput", "output_tokens"), 1.0, 0),
    ("with steps running, %", ("throughput", "load"), 100.0, 1),
    ("sequences in a decode step, mean", ("throughput", "mean_decode_batch"), 1.0, 1),
    ("output tokens/s", ("throughput", "output_tokens_per_s"), 1.0, 0),
    *(
        (f"output tokens/s, {end}", ("throughput", f"output_tokens_per_s_{end}"), 1.0, 0)
        for end in ("p50", "p90", "p99")
    ),
    ("mean package power, W", ("throughput", "mean_w"), 1.0, 1),
    ("p99 package power, W", ("power", "p99_w"), 1.0, 1),
    ("peak package power, W", ("throughput", "peak_w"), 1.0, 1),
    ("largest step up, W", ("power", "step_up_w"), 1.0, 1),
    ("energy per output token, mJ", ("throughput", "joule_per_token"), 1e3, 1),
    ("energy per request, J, mean", ("energy_per_request_j", "mean"), 1.0, 3),
    ("output tokens/s per kW", ("throughput", "tokens_per_s_per_kw"), 1.0, 0),
)
_WAITS = (
    ("time to first token", "ttft_s"),
    ("time per output token", "tpot_s"),
    ("waiting", "waiting_s"),
)


def compare_content(runs: Sequence[PowerRun]) -> dict[str, Any]:
    """Return the runs as plain values, in the order in which they were given."""
    return {
        "design": runs[0].design.name,
        "model": runs[0].content["model"],
        "temperature_c": runs[0].temperature_c,
        "traces": [run.content for run in runs],
    }


def compare_rows(runs: Sequence[PowerRun]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each figure and component, with a cell for each run."""
    for title, (group, name), scale, digits in _FIGURES:
        values = [run.content[group][name] for run in runs]
        yield title, *(_shown(value, scale, digits) for value in values)
    for title, name in _WAITS:
        for column in ("p50", "p90", "p99"):
            values = [run.report.latency().loc[name, column] for run in runs]
            yield f"{title}, ms, {column}", *(_shown(value, 1e3, 1) for value in values)
    tables = [run.report.components() for run in runs]
    titles = {key: title for table in tables for key, title in table["title"].items()}
    for key, title in titles.items():
        means = (table["mean_w"].get(key, 0.0) for table in tables)
        yield f"{title}, W, mean", *(f"{mean:.1f}" for mean in means)


def _shown(value: Any, scale: float, digits: int) -> str:
    return "-" if value is None or value != value else f"{scale * value:,.{digits}f}"


def _label(runs: Sequence[PowerRun], number: int) -> str:
    """Return the name of a run's trace, told apart from others of the same name."""
    names = [run.report.serving.name for run in runs]
    same = names[:number].count(names[number])
    return f"{names[number]} ({same + 1})" if same else names[number]


def component_table(runs: Sequence[PowerRun]) -> pd.DataFrame:
    """Return one row for each trace and component: energy, mean and peak power, share.

    Returns
    -------
    DataFrame
        Columns ``trace``, ``component``, ``title``, ``energy_j``, ``mean_w``, ``peak_w``,
        ``share``.
    """
    tables = []
    for number, run in enumerate(runs):
        table = run.report.components().reset_index()
        table.insert(0, "trace", _label(runs, number))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def write_comparison(runs: Sequence[PowerRun], folder: Path) -> None:
    """Write ``compare.csv`` (a row for each trace and component) and ``compare.json``."""
    component_table(runs).to_csv(
        folder / "compare.csv", index=False, lineterminator="\n", float_format="%.9g"
    )
    write_json(folder / "compare.json", compare_content(runs))
