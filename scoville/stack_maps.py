"""Temperature maps of all HBM stacks on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from thermal import Temperatures

__all__ = ["StackMap", "stack_sheet"]

_ACROSS = 4  # maps in a row
_WIDTH_INCH = 10.0
_DPI = 140


@dataclass(frozen=True)
class StackMap:
    """One stack on the sheet.

    Parameters
    ----------
    title : str
        Above the map.
    layer : str
        Layer of the package that is shown.
    bounds_um : (x0, y0, x1, y1)
        Of the stack [um].
    """

    title: str
    layer: str
    bounds_um: tuple[float, float, float, float]


def stack_sheet(
    temperatures: Temperatures, stacks: Sequence[StackMap], limits_c: tuple[float, float]
) -> Figure:
    """Draw a map of each stack, all with the same colours.

    Parameters
    ----------
    temperatures : Temperatures
        What to show: the mean over a layer's height, one colour a cell.
    stacks : sequence of StackMap
        In the order of the sheet, at least one.
    limits_c : (low, high)
        Ends of the colour bar [degC].
    """
    columns = min(_ACROSS, len(stacks))
    rows = math.ceil(len(stacks) / columns)
    tallest = max((y1 - y0) / (x1 - x0) for x0, y0, x1, y1 in (s.bounds_um for s in stacks))
    side_inch = (_WIDTH_INCH - 1.2) / _ACROSS
    size_inch = (side_inch * columns + 1.2, rows * (side_inch * tallest + 0.55))
    figure = Figure(figsize=size_inch, dpi=_DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    x_mm, y_mm = temperatures.mesh.x_m * 1e3, temperatures.mesh.y_m * 1e3
    for place, stack in zip(axes.flat, stacks, strict=False):
        x0, y0, x1, y1 = np.array(stack.bounds_um) * 1e-3
        columns_in = np.flatnonzero((x_mm[1:] > x0) & (x_mm[:-1] < x1))
        rows_in = np.flatnonzero((y_mm[1:] > y0) & (y_mm[:-1] < y1))
        part = (slice(rows_in[0], rows_in[-1] + 1), slice(columns_in[0], columns_in[-1] + 1))
        image = place.pcolormesh(
            x_mm[columns_in[0] : columns_in[-1] + 2],
            y_mm[rows_in[0] : rows_in[-1] + 2],
            temperatures.layer_map(stack.layer).to_numpy()[part],
            cmap="inferno",
            vmin=limits_c[0],
            vmax=limits_c[1],
            rasterized=True,
        )
        place.set_aspect("equal")
        place.set_xlim(x0, x1)
        place.set_ylim(y0, y1)
        place.set_title(stack.title, fontsize=11)
        place.tick_params(labelsize=9)
    for place in axes.flat[len(stacks) :]:
        place.set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
    bar.set_label("temperature [°C]", fontsize=11)
    figure.supxlabel("x [mm]", fontsize=11)
    figure.supylabel("y [mm]", fontsize=11)
    return figure
