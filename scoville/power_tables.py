"""Tables of a power run for people, on the terminal and in the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from power import Activity, PowerReport, residency_table
from power.residency import STATES
from scoville.tables import rows_of

__all__ = [
    "component_rows", "energy_rows", "kind_title", "latency_rows", "power_rows", "residency_rows",
    "serving_rows",
]  # fmt: skip

_WAITS = {
    "ttft_s": "time to first token",
    "tpot_s": "time per output token",
    "waiting_s": "waiting",
}

_KINDS = {"base": "HBM base die", "dram": "HBM DRAM", "hbm_phy": "HBM PHY", "noc": "NoC",
          "serdes": "SerDes", "sram": "SRAM"}  # fmt: skip


def kind_title(kind: str) -> str:
    """Return what people call a kind of block."""
    return _KINDS.get(kind, kind.replace("_", " "))


def component_rows(report: PowerReport) -> Iterator[tuple[str, str, str, str]]:
    """Yield title, mean, peak and share of each component, and of the package."""
    for row in rows_of(report.components().reset_index()):
        share = f"{100 * row['share']:.1f}"
        yield str(row["title"]), f"{row['mean_w']:.1f}", f"{row['peak_w']:.1f}", share
    through = report.throughput()
    yield "package", f"{through['mean_w']:.1f}", f"{through['peak_w']:.1f}", "100.0"


def latency_rows(report: PowerReport) -> Iterator[tuple[str, ...]]:
    """Yield what requests wait for: mean, percentiles and maximum in milliseconds."""
    for row in rows_of(report.latency().rename_axis("name").reset_index()):
        waits = (row[column] for column in ("mean", "p50", "p90", "p99", "max"))
        yield _WAITS.get(str(row["name"]), str(row["name"])), *map(_milliseconds, waits)


def _milliseconds(value_s: float) -> str:
    return f"{1e3 * value_s:.1f}" if value_s == value_s else "-"


def serving_rows(report: PowerReport) -> Iterator[tuple[str, str, str, str]]:
    """Yield title, value and band of each figure that people ask for."""
    through = report.throughput()
    plain = [
        ("requests", "requests", 1.0, 0),
        ("prompt tokens", "prompt_tokens", 1.0, 0),
        ("output tokens", "output_tokens", 1.0, 0),
        ("prompt tokens found in the cache", "cached_tokens", 1.0, 0),
        ("requests evicted", "evictions", 1.0, 0),
        ("requests in the queue, at most", "most_waiting", 1.0, 0),
        ("time, s", "span_s", 1.0, 1),
        ("with steps running, %", "load", 100.0, 1),
        ("sequences in a decode step, mean", "mean_decode_batch", 1.0, 1),
        ("output tokens/s", "output_tokens_per_s", 1.0, 0),
    ]
    for title, name, scale, digits in plain:
        if through[name] or name not in ("cached_tokens", "evictions"):
            yield title, f"{scale * through[name]:,.{digits}f}", "", ""
    yield from _rate_rows(through, _width(report.block_power.bin_s[0]))
    with_band = (
        ("mean package power, W", ("mean_w", "mean_low_w", "mean_high_w"), 1.0, 1),
        ("energy per output token, mJ", _with_ends("joule_per_token"), 1e3, 1),
        ("output tokens/s per W", _with_ends("tokens_per_s_per_w"), 1.0, 2),
        ("output tokens/s per kW", _with_ends("tokens_per_s_per_w"), 1e3, 0),
    )
    for title, names, scale, digits in with_band:
        value, low, high = (f"{scale * through[name]:,.{digits}f}" for name in names)
        yield title, value, low, high


def _rate_rows(through: Mapping[str, float], width: str) -> Iterator[tuple[str, str, str, str]]:
    for end in ("p50", "p90", "p99", "peak"):
        title = f"output tokens/s {width}: p50" if end == "p50" else end
        yield title, f"{through[f'output_tokens_per_s_{end}']:,.0f}", "", ""


def _width(bin_s: float) -> str:
    return "over bins of " + (f"{bin_s:g} s" if bin_s >= 1.0 else f"{1e3 * bin_s:.4g} ms")


def _with_ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def power_rows(report: PowerReport) -> Iterator[tuple[str, str, str, str]]:
    """Yield how power is spread over time, and how it steps, with bands."""
    found = report.power_figures()
    run = report.schedule.work.machine.operation
    limits = [] if run.cap_w is None else [f"the cap of {run.cap_w:g} W"]
    if run.throttle_resistance_k_w is not None:
        limits.append(f"the throttle at {run.throttle_c:g} degC")
    if limits:
        share = 100.0 * report.serving.tally.slowed_share
        yield f"busy time below the clock, for {' and '.join(limits)}, %", f"{share:.1f}", "", ""
    yield f"package power {_width(found['bin_s'])}, W: p50", f"{found['p50_w']:.1f}", "", ""
    for name in ("p90", "p99"):
        yield f"{name}", f"{found[f'{name}_w']:.1f}", "", ""
    yield "peak", f"{found['peak_w']:.1f}", "", ""
    yield "step by step, W: lowest", f"{found['lowest_w']:.1f}", "", ""
    yield "highest", f"{found['highest_w']:.1f}", "", ""
    for name in ("up", "down"):
        yield f"largest step {name}, W", f"{found[f'step_{name}_w']:.1f}", "", ""
    for name in ("up", "down"):
        rate, low, high = (found[f"ramp_{name}_w_us{end}"] for end in ("", "_low", "_high"))
        if rate == rate:
            yield f"ramp {name}, W/us", f"{rate:.4g}", f"{low:.4g}", f"{high:.4g}"


def residency_rows(activity: Activity) -> Iterator[tuple[str, ...]]:
    """Yield the share of time that each kind of block spends in each state, in percent."""
    for row in rows_of(residency_table(activity).reset_index()):
        yield kind_title(str(row["kind"])), *(f"{100.0 * row[state]:.1f}" for state in STATES)


def energy_rows(report: PowerReport) -> Iterator[tuple[str, str]]:
    """Yield the energy of requests and of their tokens."""
    for name, joules in report.request_energy().items():
        yield f"per request, J: {name}", f"{joules:.4g}"
    split = report.energy_split()
    yield "per prompt token read, mJ", f"{1e3 * split['joule_per_prompt_token']:.4g}"
    yield "per output token after the first, mJ", f"{1e3 * split['joule_per_output_token']:.4g}"
    yield "pauses, per request, J", f"{split['idle_joule_per_request']:.4g}"
