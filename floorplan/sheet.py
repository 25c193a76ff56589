"""The sheet that pictures are drawn on: axes in millimetres, shapes, legend, scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from shapely import Polygon, box
from shapely.affinity import translate

from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.hierarchy import groups_of
from floorplan.layer_map import layer_map

__all__ = [
    "INK",
    "MISSING",
    "PAPER",
    "Color",
    "bare_sheet",
    "fill",
    "frame",
    "hatch",
    "inch_per_mm",
    "legend_beside",
    "scale_bar",
    "sheet",
    "slice_outlines",
]

_WIDTH_INCH = 11.0
_DPI = 160
_LEGEND_INCH = 2.1
_EDGE_INCH = 0.45
_LEAST_INCH, _MOST_INCH = 2.0, 16.0  # height of what is drawn
INK, PAPER, MISSING = "#23272c", "#ffffff", "#e3e5e8"
_ROUND_MM = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # lengths of scale bars

Color: TypeAlias = str | tuple[float, float, float, float]


def sheet(floorplan: Floorplan, title: str) -> tuple[Figure, Axes]:
    """Return a figure with axes in millimetres, the interposer, a heading and a scale bar."""
    width_mm, height_mm = floorplan.width_um / 1e3, floorplan.height_um / 1e3
    figure, axes = bare_sheet((0.0, 0.0, width_mm, height_mm))
    layer = layer_map()["package.interposer"]
    axes.add_patch(
        Rectangle(
            (0, 0),
            width_mm,
            height_mm,
            facecolor=layer.color,
            edgecolor=INK,
            linewidth=0.6,
            clip_on=False,
        )
    )
    for die in floorplan.dies:
        fill(axes, [die.placed_outline], layer_map()["die.seal_ring"].color, width=0.8)
    heading = title or f"{floorplan.name}   {width_mm:.4g} x {height_mm:.4g} mm"
    axes.set_title(heading, loc="left", fontsize=12, color=INK, pad=8)
    return figure, axes


def bare_sheet(
    bounds_mm: tuple[float, float, float, float], legend_inch: float = _LEGEND_INCH
) -> tuple[Figure, Axes]:
    """Return a figure with axes for some bounds [mm], a scale bar, and room for a legend."""
    x0, y0, x1, y1 = bounds_mm
    room_inch = _WIDTH_INCH - legend_inch - 2 * _EDGE_INCH
    height_inch = min(max(room_inch * (y1 - y0) / (x1 - x0), _LEAST_INCH), _MOST_INCH)
    total_inch = height_inch + 2 * _EDGE_INCH + 0.45
    figure = Figure(figsize=(_WIDTH_INCH, total_inch), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(
        (
            _EDGE_INCH / _WIDTH_INCH,
            (_EDGE_INCH + 0.25) / total_inch,
            room_inch / _WIDTH_INCH,
            height_inch / total_inch,
        )
    )
    axes.set_xlim(x0, x1)
    axes.set_ylim(y0, y1)
    axes.set_aspect("equal", adjustable="box")
    axes.axis("off")
    scale_bar(axes, x1 - x0, height_inch, y1 - y0, corner_mm=(x0, y0))
    return figure, axes


def legend_beside(axes: Axes, handles: Sequence[Artist], **more: float) -> None:
    """Put a legend to the right of a drawing; `more` goes to `Axes.legend`."""
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        **more,
    )


def scale_bar(
    axes: Axes,
    width_mm: float,
    height_inch: float,
    height_mm: float,
    corner_mm: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Draw a bar of a round length below what is drawn, from its lower left corner on."""
    left, bottom = corner_mm
    length = max(step for step in _ROUND_MM if step <= max(width_mm / 4.0, _ROUND_MM[0]))
    inch = height_mm / height_inch
    y, tick = bottom - 0.2 * inch, 0.05 * inch
    for xs, ys in (
        ((left, left + length), (y, y)),
        ((left, left), (y - tick, y + tick)),
        ((left + length, left + length), (y - tick, y + tick)),
    ):
        axes.plot(xs, ys, color=INK, linewidth=1.4, clip_on=False, solid_capstyle="butt")
    axes.text(left + length + tick * 2, y, f"{length:g} mm", fontsize=9, color=INK, va="center")


def _vertices(outlines: list[Polygon]) -> list[np.ndarray]:
    return [np.asarray(outline.exterior.coords) / 1e3 for outline in outlines]


def fill(axes: Axes, outlines: list[Polygon], color: object, width: float = 0.25) -> None:
    """Fill outlines [um] with one colour, or with one each."""
    if outlines:
        axes.add_collection(
            PolyCollection(
                _vertices(outlines),
                facecolors=color,
                edgecolors=INK,
                linewidths=width,
            )
        )


def hatch(axes: Axes, outlines: list[Polygon], color: str = PAPER, width: float = 0.0) -> None:
    """Hatch outlines [um] over what is drawn already; a border has a width."""
    if outlines:
        axes.add_collection(
            PolyCollection(
                _vertices(outlines),
                facecolors="none",
                edgecolors=color,
                hatch="//////",
                linewidths=width,
            )
        )


def inch_per_mm(axes: Axes, floorplan: Floorplan) -> float:
    """Return the scale of the drawing."""
    return float(axes.get_position().width) * _WIDTH_INCH / (floorplan.width_um / 1e3)


def slice_outlines(die: Die) -> list[Polygon]:
    """Return the outlines of a die's slices on the interposer [um]."""
    groups, _ = groups_of(die)
    return [translate(box(*group.bounds), die.x_um, die.y_um) for group in groups]


def frame(axes: Axes, outline: Polygon) -> None:
    """Draw the border of an outline [um]."""
    axes.add_collection(
        PolyCollection(_vertices([outline]), facecolors="none", edgecolors=INK, linewidths=0.8)
    )
