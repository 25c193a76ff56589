"""The report of a power run: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from floorplan.picture import block_map
from scoville.html import inline_picture, template
from scoville.judge import power_density
from scoville.power_run import PowerRun
from scoville.power_tables import (
    component_rows,
    energy_rows,
    kind_title,
    latency_rows,
    power_rows,
    residency_rows,
    serving_rows,
)
from scoville.run_record import toolkit_version
from scoville.workload_statistics import STATISTICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["power_map", "write_power_report"]

_UM2_PER_MM2 = 1e6


def power_map(run: PowerRun) -> Figure:
    """Draw the mean power density of each block over the trace; of a stack, all its dies'."""
    mean_w = _mean_w(run)
    values = {str(key): float(value) for key, value in _density(run).items()}
    for stack in run.design.floorplan.stacks:
        area_mm2 = stack.generation.width_um * stack.generation.depth_um / _UM2_PER_MM2
        values[stack.name] = float(mean_w[stack.base_key] + mean_w[stack.dram_key]) / area_mm2
    label = "mean power density [W/mm²]"
    return block_map(run.design.floorplan, values, label=label, title="Where the power goes")


def _mean_w(run: PowerRun) -> pd.Series[float]:
    mean = run.watts.mean_watts(run.temperature_c)
    return pd.Series(mean, index=list(run.watts.keys))


def _density(run: PowerRun) -> pd.Series[float]:
    return power_density(run.design.floorplan, _mean_w(run))


def write_power_report(run: PowerRun, folder: Path) -> None:
    """Write ``report.html`` from a power run and the pictures that lie in the folder."""
    text = template("power.html.j2").render(_content(run, folder))
    (folder / "report.html").write_text(text, encoding="utf-8")


def _content(run: PowerRun, folder: Path) -> dict[str, Any]:
    design, report = run.design, run.report
    serving = report.serving
    left_out = f", {serving.left_out:,} faulty rows left out" if serving.left_out else ""
    return {
        "title": design.title,
        "design": design.name,
        "model": design.choice.model.title,
        "trace": f"{serving.name} ({serving.requests:,} requests{left_out})",
        "facts": list(_facts(run)),
        "power": inline_picture(
            folder / "power.png",
            "Package power over the trace by component, with the limit of sustained power.",
        ),
        "map": inline_picture(
            folder / "power_map.png", "Mean power density of each block over the trace."
        ),
        "components": list(_components(run)),
        "kinds": list(_kinds(run)),
        "states": list(residency_rows(run.activity)),
        "latency": list(latency_rows(report)),
        "serving": list(serving_rows(report)),
        "steps": list(power_rows(report)),
        "energy": list(energy_rows(report)),
        "statistics": list(_statistics(run)),
        "temperature": f"{run.temperature_c:g} °C",
        "sources": [str(source) for source in run.watts.sources],
        "version": toolkit_version(),
        "files": " <- ".join(design.file.chain),
        "seed": "none: the trace was read from a file" if design.seed is None else design.seed,
        "input_hash": design.input_hash,
    }


def _facts(run: PowerRun) -> Iterator[dict[str, str]]:
    """Yield the few numbers that a reader wants first."""
    through, latency = run.report.throughput(), run.report.latency()
    yield {"name": "mean package power", "value": f"{through['mean_w']:.0f} W"}
    p99_w = run.report.power_figures()["p99_w"]
    yield {"name": "99th percentile of it", "value": f"{p99_w:.0f} W"}
    yield {"name": "energy per output token", "value": f"{1e3 * through['joule_per_token']:.1f} mJ"}
    each = f"{through['tokens_per_s_per_kw']:,.0f}"
    yield {"name": "output tokens per s and kW", "value": each}
    ttft_s = float(latency["p50"]["ttft_s"])
    yield {"name": "median time to first token", "value": f"{1e3 * ttft_s:.1f} ms"}


def _components(run: PowerRun) -> Iterator[dict[str, Any]]:
    """Yield the rows of components with the length of their bar."""
    for title, mean, peak, share in component_rows(run.report):
        used = 0.0 if title == "package" else float(share)
        yield {"title": title, "mean": mean, "peak": peak, "share": share, "used": used}


def _kinds(run: PowerRun) -> Iterator[tuple[str, ...]]:
    """Yield power by kind of block, and the densest block of each."""
    kinds = run.report.schedule.work.machine.blocks.kind
    mean_w, density = _mean_w(run), _density(run)
    watts = mean_w.to_numpy()
    for kind in sorted(set(kinds.tolist()), key=lambda k: -watts[kinds == k].sum()):
        chosen = kinds == kind
        title = kind_title(kind)
        number = f"{int(np.count_nonzero(chosen)):,}"
        dense = density.reindex(mean_w.index[chosen]).dropna()
        most = (f"{dense.max():.2f} W/mm²", str(dense.idxmax())) if len(dense) else ("-", "-")
        yield title, number, f"{watts[chosen].sum():.1f} W", *most


def _statistics(run: PowerRun) -> Iterator[tuple[str, str]]:
    """Yield statistics of the trace, but of one that was streamed."""
    schedule = run.schedule
    if schedule is None:
        return
    found = schedule.trace.statistics()
    group = ""
    for key, (title, digits) in STATISTICS.items():
        if key in found:
            word = title.split()[0]
            group = word if word in ("prompt", "output") else group
            shown = f"{group} {title}" if title.startswith("p") and title[1:].isdigit() else title
            yield shown, f"{found[key]:,.{digits}f}"
