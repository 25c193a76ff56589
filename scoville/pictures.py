"""Pictures of a sign-off: temperature maps of dies and stacks, temperature and power over time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from shapely import Polygon

from floorplan import Floorplan
from floorplan.picture import save_png
from scoville.stack_maps import StackMap, stack_sheet
from thermal import TemperatureHistory, Temperatures
from thermal.picture import temperature_map

__all__ = ["STACKS_PNG", "history_picture", "write_temperature_maps"]

STACKS_PNG = "temperature_stacks.png"  #: the map of all HBM stacks

_COLOURS = ("#b3261e", "#2f5d8a", "#1a7f4b", "#7d5ba6", "#a6611a", "#5b8a72")


@dataclass(frozen=True)
class _Area:
    """A part of the package to draw."""

    name: str
    bounds_um: tuple[float, float, float, float]
    keys: frozenset[str]
    outlines: tuple[Polygon, ...] = ()


def write_temperature_maps(
    temperatures: Temperatures, plan: Floorplan | None, folder: Path
) -> tuple[str, ...]:
    """Write a map of each die, and one of all stacks; without a floorplan of each heated layer.

    Each is shown in its hottest layer. All maps have the same colours. The names of the files are
    returned.
    """
    areas = [*(_heated_layers(temperatures) if plan is None else _dies(plan))]
    stacks = [] if plan is None else [*_stacks(plan)]
    shown = {area.name: _hottest_layer(temperatures, area) for area in (*areas, *stacks)}
    limits_c = min(low for _, low, _ in shown.values()), max(high for *_, high in shown.values())
    figures = {}
    for area in areas:
        layer, _, _ = shown[area.name]
        figures[f"temperature_{area.name}.png"] = temperature_map(
            temperatures,
            layer,
            extent_um=area.bounds_um,
            outlines=area.outlines,
            title=area.name if area.name == layer else f"{area.name}, layer {layer}:",
            limits_c=limits_c,
        )
    if stacks:
        maps = [
            StackMap(f"{a.name}: at most {high:.1f} °C", layer, a.bounds_um)
            for a in stacks
            for layer, _, high in [shown[a.name]]
        ]
        figures[STACKS_PNG] = stack_sheet(temperatures, maps, limits_c)
    for name, figure in figures.items():
        save_png(figure, folder / name)
    return tuple(figures)


def _dies(plan: Floorplan) -> Iterator[_Area]:
    for die in plan.dies:
        placed = list(die.placed_blocks())
        outlines = tuple(outline for _, _, outline in placed)
        keys = frozenset(key for key, _, _ in placed)
        yield _Area(die.name, die.placed_outline.bounds, keys, outlines)


def _stacks(plan: Floorplan) -> Iterator[_Area]:
    for stack in plan.stacks:
        keys = frozenset((stack.base_key, stack.dram_key))
        yield _Area(stack.name, stack.placed_outline.bounds, keys)


def _heated_layers(temperatures: Temperatures) -> Iterator[_Area]:
    package = temperatures.mesh.package
    for layer in package.layers:
        heated = [region for region in layer.regions if region.heats]
        if heated:
            keys = frozenset(region.heats for region in heated)
            outlines = tuple(region.outline for region in heated)
            yield _Area(layer.name, package.extent_um, keys, outlines)


def _hottest_layer(temperatures: Temperatures, area: _Area) -> tuple[str, float, float]:
    """Return the layer of an area's heat that is hottest, and its lowest and highest value."""
    mesh = temperatures.mesh
    x0, y0, x1, y1 = (bound * 1e-6 for bound in area.bounds_um)
    columns = (mesh.x_m[1:] > x0) & (mesh.x_m[:-1] < x1)
    rows = (mesh.y_m[1:] > y0) & (mesh.y_m[:-1] < y1)
    found: list[tuple[float, str, float]] = []
    for layer in mesh.package.layers:
        if area.keys.isdisjoint(region.heats for region in layer.regions):
            continue
        cells = temperatures.field_c[mesh.layer_cells(layer.name)]
        part = cells[:, rows][:, :, columns]
        found.append((float(part.max()), layer.name, float(part.min())))
    high_c, layer_name, low_c = max(found)
    return layer_name, low_c, high_c


def history_picture(
    history: TemperatureHistory,
    groups: Iterable[tuple[str, Iterable[str], float]],
    *,
    start_s: float,
) -> Figure:
    """Draw the hottest block of each group and the package's power over a window.

    Parameters
    ----------
    history : TemperatureHistory
        The transient.
    groups : iterable of (str, iterable of str, float)
        Title, keys and temperature limit [degC] of each group.
    start_s : float
        Time of the trace at which the transient begins [s].
    """
    figure = Figure(figsize=(10.5, 4.6), dpi=140, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.7, 1.0))
    times_s = history.times_s
    for (title, keys, limit_c), colour in zip(groups, itertools.cycle(_COLOURS), strict=False):
        hottest_c = history.block_max_c[list(keys)].max(axis=1)
        label = f"{title}: hottest {hottest_c.max():.1f} °C, limit {limit_c:g} °C"
        above.plot(times_s, hottest_c, color=colour, linewidth=1.6, label=label)
    above.set_ylabel("hottest cell [°C]")
    above.legend(frameon=False, fontsize=9, loc="best")
    total_w = history.power_w.sum(axis=1).to_numpy()
    edges_s = np.concatenate([[start_s], times_s])
    below.stairs(total_w, edges_s, fill=True, color="#c9d6e4", edgecolor="#2f5d8a", linewidth=1.0)
    below.set_ylim(0.0, 1.08 * float(total_w.max()))
    below.set_ylabel("package power [W]")
    below.set_xlabel("time in the trace [s]")
    below.set_xlim(edges_s[0], edges_s[-1])
    for axes in (above, below):
        axes.grid(visible=True, color="#e6e9ed", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return figure
