"""The report: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import floorplan
from power import PowerReport
from scoville.html import inline_picture, template
from scoville.pictures import STACKS_PNG
from scoville.run_record import toolkit_version
from scoville.signoff import Signoff
from scoville.verdict import Target
from thermal import TemperatureHistory, Temperatures

__all__ = ["write_report"]

_HOTTEST = 10  # blocks in the table

_UNCERTAINTY = (
    "The band of power adds up the bands of all energies, clock and leakage numbers as independent "
    "deviations. Conduction is linear, so the rise of a temperature over the coolant has the same "
    "relative band; leakage is counted at its central value there. The bands of materials and "
    "cooling are not in it."
)


def write_report(found: Signoff, power: PowerReport, folder: Path) -> None:
    """Write ``report.html`` from a sign-off and the pictures that lie in the folder."""
    text = template("report.html.j2").render(_content(found, power, folder))
    (folder / "report.html").write_text(text, encoding="utf-8")


def _content(found: Signoff, power: PowerReport, folder: Path) -> dict[str, Any]:
    design = found.design
    seed = "none: the trace was read from a file" if found.seed is None else found.seed
    return {
        "title": design.title,
        "design": design.name,
        "model": design.choice.model.title,
        "trace": f"{found.trace.name} ({len(found.trace):,} requests)",
        "passed": found.passed,
        "facts": list(_facts(found, power)),
        "targets": [_target(target) for target in found.targets],
        "uncertainty": _UNCERTAINTY,
        "pictures": _pictures(found, folder),
        "layout": list(_layout(found)),
        "components": list(_components(power)),
        "latency": list(_latency(power)),
        "serving": list(_serving(power)),
        "windows": _windows(found),
        "hottest": list(_hottest(found)),
        "solver": [_solve("Steady", found.heat.steady), *_transient(found.heat.history)],
        "warnings": found.warnings,
        "sources": [str(source) for source in found.sources],
        "version": toolkit_version(),
        "files": " <- ".join(design.file.chain),
        "seed": seed,
        "input_hash": found.input_hash,
    }


def _facts(found: Signoff, power: PowerReport) -> Iterator[dict[str, str]]:
    """Yield the few numbers that a reader wants first."""
    by_name = {target.name: target for target in found.targets}
    through = power.throughput()
    for name, title in (
        ("package_power", "sustained package power"),
        ("junction_temperature", "hottest junction"),
        ("hbm_temperature", "hottest HBM"),
    ):
        if name in by_name:
            target = by_name[name]
            unit = target.shown_unit.replace("degC", "°C")
            yield {"name": title, "value": f"{target.number(target.value)} {unit}"}
    yield {"name": "output tokens per second", "value": f"{through['output_tokens_per_s']:,.0f}"}
    yield {"name": "energy per output token", "value": f"{1e3 * through['joule_per_token']:.1f} mJ"}


def _target(target: Target) -> dict[str, Any]:
    value, limit, margin = target.shown()
    if target.limit:
        share = target.limit / target.value if target.at_least else target.value / target.limit
    else:
        share = float(target.value > 0.0)
    unit = target.shown_unit.replace("degC", "°C").replace("mm2", "mm²")
    band = (
        ""
        if target.low == target.high
        else f"{target.number(target.low)} to {target.number(target.high)}"
    )
    return {
        "title": target.title,
        "where": target.where.replace("degC", "°C"),
        "value": f"{value} {unit}".strip(),
        "band": band,
        "limit": limit.replace("at least", "≥") if target.at_least else f"≤ {limit}",
        "margin": margin,
        "used": round(min(max(100.0 * share, 0.0), 100.0), 1),
        "passed": target.passed,
        "sure": target.sure,
    }


def _pictures(found: Signoff, folder: Path) -> dict[str, Any]:
    plan = found.design.floorplan
    when = "when the package is hottest" if found.heat.history else "at the sustained load"
    hottest_c = found.hottest.block_max_c
    pictures: dict[str, Any] = {
        "floorplan": inline_picture(folder / "floorplan.png", "Floorplan on the interposer."),
        "cross_section": inline_picture(
            folder / "cross_section.png", "Section through the package; heights are not to scale."
        ),
        "power": inline_picture(
            folder / "power.png",
            "Package power over the trace by component, with the limit of sustained power.",
        ),
        "power_density": inline_picture(
            folder / "power_density.png", "Power density of the blocks at the sustained load."
        ),
        "history": None,
        "dies": [
            inline_picture(folder / f"temperature_{die.name}.png", f"Die {die.name} {when}.")
            for die in plan.dies
        ],
        "stacks": None,
    }
    if plan.stacks:
        base_c = max(hottest_c[stack.base_key] for stack in plan.stacks)
        dram_c = max(hottest_c[stack.dram_key] for stack in plan.stacks)
        caption = (
            f"HBM stacks {when}, each in its hottest layer. Base dies reach {base_c:.1f} °C, "
            f"DRAM dies {dram_c:.1f} °C."
        )
        pictures["stacks"] = inline_picture(folder / STACKS_PNG, caption)
    if found.heat.history is not None:
        caption = "Hottest cells and package power in the hottest window."
        pictures["history"] = inline_picture(folder / "history.png", caption)
    return pictures


def _layout(found: Signoff) -> Iterator[tuple[str, str]]:
    for row in floorplan.utilisation(found.design.floorplan).to_dict("records"):
        yield f"{row['name']}", f"{row['width_mm']:.2f} x {row['height_mm']:.2f} mm"
        yield f"{row['name']}, area in use", f"{100 * row['utilisation']:.0f} %"
    plan, package = found.design.floorplan, found.design.package
    kinds = sorted({stack.generation.name for stack in plan.stacks})
    yield "HBM stacks", f"{len(plan.stacks)} x {', '.join(kinds)}"
    yield "package height", f"{package.thickness_um / 1e3:.2f} mm"
    yield (
        "coolant on top",
        f"{package.top.film_w_m2k:,.0f} W/(m²K) at {package.top.temperature_c:g} °C",
    )


def _components(power: PowerReport) -> Iterator[tuple[str, str, str, str]]:
    for row in power.components().reset_index().to_dict("records"):
        share = f"{100 * row['share']:.1f} %"
        yield str(row["title"]), f"{row['mean_w']:.1f} W", f"{row['peak_w']:.1f} W", share


def _latency(power: PowerReport) -> Iterator[tuple[str, str, str, str]]:
    titles = {
        "ttft_s": "time to first token",
        "tpot_s": "time per output token",
        "waiting_s": "waiting",
    }
    for name, row in power.latency().iterrows():
        p50, p90, p99 = (_milliseconds(row[column]) for column in ("p50", "p90", "p99"))
        yield titles.get(str(name), str(name)), p50, p90, p99


def _milliseconds(value_s: float) -> str:
    return "-" if pd.isna(value_s) else f"{1e3 * value_s:,.1f} ms"


def _serving(power: PowerReport) -> Iterator[tuple[str, str]]:
    through = power.throughput()
    yield "prompt tokens", f"{through['prompt_tokens']:,.0f}"
    yield "output tokens", f"{through['output_tokens']:,.0f}"
    yield "sequences in a decode step, mean", f"{through['mean_decode_batch']:.1f}"
    yield "time with steps running", f"{100 * through['load']:.1f} %"
    yield (
        "mean power [W]",
        f"{through['mean_w']:.1f} ({through['mean_low_w']:.1f} to {through['mean_high_w']:.1f})",
    )
    for title, name, scale, digits in (
        ("energy per output token [mJ]", "joule_per_token", 1e3, 1),
        ("output tokens per s and kW", "tokens_per_s_per_w", 1e3, 0),
    ):
        value, low, high = (scale * through[f"{name}{end}"] for end in ("", "_low", "_high"))
        yield title, f"{value:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def _windows(found: Signoff) -> str:
    sustained = found.power.sustained.edges_s
    text = (
        f"The steady state takes the mean power from {sustained[0]:.2f} s to "
        f"{sustained[-1]:.2f} s, the hottest window of its length, with leakage in balance. "
    )
    if found.heat.history is None:
        return text
    hottest = found.power.hottest.edges_s
    return text + (
        f"The transient resolves {hottest[0]:.2f} s to {hottest[-1]:.2f} s in "
        f"{len(found.heat.history.times_s)} steps, from the steady state at the load before it. "
        "The maps show its hottest moment."
    )


def _hottest(found: Signoff) -> Iterator[tuple[str, ...]]:
    steady, history = found.heat.steady, found.heat.history
    transient_c = history.block_max_c.max() if history is not None else steady.block_max_c
    areas_mm2 = {
        key: block.area_um2 / 1e6 for key, block, _ in found.design.floorplan.placed_blocks()
    }
    for key in transient_c.nlargest(_HOTTEST).index:
        power_w = float(steady.power_w[key])
        density = f"{power_w / areas_mm2[key]:.2f} W/mm²" if key in areas_mm2 else "-"
        temperatures = (steady.block_mean_c[key], steady.block_max_c[key], transient_c[key])
        yield (str(key), *(f"{t:.1f} °C" for t in temperatures), f"{power_w:.2f} W", density)


def _solve(name: str, solve: Temperatures) -> tuple[str, ...]:
    rounds = f"{solve.fixed_point_iterations} rounds"
    return (name, f"{solve.cells:,}", str(solve.iterations), f"{solve.residual:.1e}",
            f"{solve.energy_balance:.1e}", rounds)  # fmt: skip


def _transient(history: TemperatureHistory | None) -> list[tuple[str, ...]]:
    if history is None:
        return []
    steps = f"{len(history.times_s)} steps in {history.parts} parts"
    if history.time_error_k is not None:
        steps += f", error in time about {history.time_error_k:.2g} K"
    return [
        (f"Transient, {steps}", f"{history.final.cells:,}", str(history.iterations),
         f"{history.residual:.1e}", f"{history.energy_balance:.1e}", "each step")
    ]  # fmt: skip
