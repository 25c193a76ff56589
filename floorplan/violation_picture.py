"""The marked picture of a check: what was checked, pale, and every violation on top.

Not part of the room's face, like the `picture` module: drawing needs matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from shapely import Polygon

from floorplan.artwork import Artwork
from floorplan.checks.shapes import sound
from floorplan.layer_map import layer_map
from floorplan.sheet import INK, PAPER, bare_sheet, fill, legend_beside
from floorplan.violation import Violation

__all__ = ["draw_violations"]

_LEGEND_INCH = 3.0
_PALE = 0.35  # share of a block's colour that is left
_SMALLEST = 0.012  # a marker is no smaller than this share of the picture's width
_NUMBERED = 40  # markers beyond these have no number
_SIGNS = ("#c0392b", "#1f5fa8", "#b8860b", "#6a3d9a", "#13776b", "#a33c77", "#4d4d4d", "#7a4a12")


def draw_violations(
    artwork: Artwork, violations: Sequence[Violation], *, title: str = ""
) -> Figure:
    """Draw what was checked, and a numbered marker in a rule's colour at each violation.

    Parameters
    ----------
    artwork : Artwork
        See `artwork_of` and `artwork_of_file`.
    violations : sequence of Violation
        What was found in it.
    title : str
        Heading; name and count if not given.

    Examples
    --------
    >>> import floorplan
    >>> from floorplan.artwork import artwork_of
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"]).with_stack_at("hbm_w0", 0.0, 0.0)
    >>> figure = draw_violations(artwork_of(plan), floorplan.check(plan))
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['interposer-edge: 1', 'phy-offset: 1']
    """
    bounds_mm = _bounds_mm(artwork, violations)
    figure, axes = bare_sheet(bounds_mm, _LEGEND_INCH)
    _draw_artwork(axes, artwork)
    rules = sorted({violation.rule for violation in violations})
    colors = {rule: _SIGNS[index % len(_SIGNS)] for index, rule in enumerate(rules)}
    least_mm = _SMALLEST * (bounds_mm[2] - bounds_mm[0])
    for number, violation in enumerate(violations, start=1):
        _mark(axes, violation, colors[violation.rule], least_mm, number)
    count = sum(violation.count for violation in violations)
    heading = title or f"{artwork.name}   {count} violation{'s' * (count != 1)}"
    axes.set_title(heading, loc="left", fontsize=12, color=INK, pad=8)
    handles = [
        Line2D([], [], marker="s", linestyle="none", markersize=9, markerfacecolor="none",
               markeredgecolor=colors[rule], markeredgewidth=1.8,
               label=f"{rule}: {sum(v.count for v in violations if v.rule == rule)}")
        for rule in rules
    ]  # fmt: skip
    if handles:
        legend_beside(axes, handles, labelspacing=0.6)
    return figure


def _bounds_mm(
    artwork: Artwork, violations: Sequence[Violation]
) -> tuple[float, float, float, float]:
    """Return the box around everything that is drawn [mm]."""
    shapes = [outline.bounds for _, outline in artwork.bodies]
    if artwork.interposer is not None:
        shapes.append(artwork.interposer.bounds)
    every = np.array([*shapes, *(violation.bounds_um for violation in violations)]) / 1e3
    if not len(every):
        return 0.0, 0.0, 1.0, 1.0
    low, high = every[:, :2].min(axis=0), every[:, 2:].max(axis=0)
    (x0, y0), (x1, y1) = low.tolist(), np.maximum(high, low + 1e-3).tolist()
    return x0, y0, x1, y1


def _draw_artwork(axes: Axes, artwork: Artwork) -> None:
    layers = layer_map()
    if artwork.interposer is not None:
        fill(axes, [artwork.interposer], layers["package.interposer"].color, width=0.6)
    for die in artwork.dies:
        fill(axes, [die.outline], _pale(layers["die.seal_ring"].color), width=0.8)
        blocks = sound(die.blocks)
        kinds = dict(zip(die.blocks.names, die.kinds, strict=True))
        outlines: dict[str, list[Polygon]] = {}
        for index, name in enumerate(blocks.names):
            color = _pale(layers.of_block(kinds[name]).color)
            outlines.setdefault(color, []).append(blocks.placed_outline(index))
        for color, shapes in outlines.items():
            fill(axes, shapes, color, width=0.15)
    fill(axes, [s.outline for s in artwork.stacks], _pale(layers["package.stack"].color), width=0.8)
    for name, outline in artwork.bodies:
        middle = shapely.centroid(outline)
        place = (middle.x / 1e3, middle.y / 1e3)
        axes.text(*place, name, fontsize=8, color=INK, ha="center", va="center", alpha=0.7)


def _mark(axes: Axes, violation: Violation, color: str, least_mm: float, number: int) -> None:
    """Draw a box around a place, large enough to be seen, and its number."""
    x0, y0, x1, y1 = (value / 1e3 for value in violation.bounds_um)
    width, height = max(x1 - x0, least_mm), max(y1 - y0, least_mm)
    left, bottom = (x0 + x1 - width) / 2, (y0 + y1 - height) / 2
    axes.add_patch(
        Rectangle(
            (left, bottom),
            width,
            height,
            facecolor=f"{color}30",
            edgecolor=color,
            linewidth=1.6,
            clip_on=False,
            zorder=5,
        )
    )
    if number <= _NUMBERED:
        axes.annotate(
            str(number),
            (left + width, bottom + height),
            xytext=(2, 2),
            textcoords="offset points",
            fontsize=8,
            color=PAPER,
            zorder=6,
            annotation_clip=False,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": color, "edgecolor": "none"},
        )


def _pale(color: str) -> str:
    """Return a colour mixed with white."""
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [round(255 - (255 - part) * _PALE) for part in parts]
    return "#{:02x}{:02x}{:02x}".format(*mixed)
