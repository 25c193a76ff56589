"""A picture of one link: bumps by net on both sides, and the bundles of wires between them.

Not part of the room's face, like `picture`: drawing needs matplotlib.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from shapely import Polygon, affinity

from floorplan.block import BlockKind
from floorplan.bump import NO_CONNECT, BumpField
from floorplan.extent import has_extent
from floorplan.layer_map import layer_map
from floorplan.layout import Layout
from floorplan.link import Link
from floorplan.sheet import INK, PAPER, legend_beside
from techlib import InputError

__all__ = ["draw_link"]

_WIDTH_INCH, _DPI = 12.0, 110
_LEGEND_INCH = 1.9
_BEYOND_UM = 900.0  # of the die that is shown behind the PHY's bumps
_NETS = {
    "VSS": "#23272c",
    "VDD": "#d96c5f",
    "VDDC": "#b0303a",
    "VDDQ": "#e0a030",
    "VDDQL": "#c9c13a",
    NO_CONNECT: "#b9c2cc",
}
_ENDS = (BlockKind.HBM_PHY, BlockKind.DIE_TO_DIE)
_BLOCK: dict[str, Any] = {"edgecolor": INK, "linewidth": 1.2, "linestyle": (0, (6, 3))}
_SIGNAL, _SIGNAL_COLOR = "signals", "#2f6fb0"


def draw_link(layout: Layout, name: str = "") -> Figure:
    """Draw the bumps of both ends of a link by net, with the bundles that join them.

    Parameters
    ----------
    layout : Layout
        What to draw.
    name : str
        Of the link: its stack, or ``"compute/d2d0"``; the first one if not given.

    Raises
    ------
    InputError
        There is no such link.

    Examples
    --------
    >>> import floorplan
    >>> from floorplan.bump_picture import draw_link
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> len(draw_link(floorplan.lay_out(plan)).axes)
    1
    """
    links = {link.name: link for link in layout.links}
    link = links.get(name or next(iter(links), ""))
    if link is None:
        allowed = f"one of {', '.join(links)}" if links else "this layout has none"
        raise InputError.of("link", f"there is no link {name!r} to draw", allowed)
    window = _window(layout, link)
    figure, axes = _sheet(window)
    _outlines(axes, layout)
    bundles = [bundle for bundle in layout.bundles if bundle.link == link.name]
    for layer in sorted({bundle.layer for bundle in bundles}):
        own = [bundle.outline for bundle in bundles if bundle.layer == layer]
        _fill(axes, own, layer_map()[layer].color, alpha=0.35)
    shown = [field for field in layout.placed_fields() if field.kind in ("hbm", "core", "d2d")]
    nets = [net for field in shown for net in _pads(axes, field, window)]
    _interfaces(axes, layout)
    _legend(axes, nets, sorted({bundle.layer for bundle in bundles}))
    lengths = link.lengths_um / 1e3
    axes.set_title(
        f"{layout.floorplan.name}: {link.name}   {len(link.nets):,} wires of {lengths.min():.2f} "
        f"to {lengths.max():.2f} mm, {link.density_gbit_s_mm:,.0f} Gb/s per mm of beachfront",
        loc="left",
        fontsize=11,
        color=INK,
    )
    return figure


def _window(layout: Layout, link: Link) -> tuple[float, float, float, float]:
    """Return the part of the interposer that is drawn: both ends, and a stack as a whole [um]."""
    ends = np.concatenate([link.near_um, link.far_um])
    low, high = ends.min(axis=0) - _BEYOND_UM, ends.max(axis=0) + _BEYOND_UM
    for stack in layout.floorplan.stacks:
        if stack.name == link.name:
            x0, y0, x1, y1 = stack.placed_outline.bounds
            low, high = np.minimum(low, (x0, y0)), np.maximum(high, (x1, y1))
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    return float(x0), float(y0), float(x1), float(y1)


def _sheet(window: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    x0, y0, x1, y1 = (value / 1e3 for value in window)
    room = _WIDTH_INCH - _LEGEND_INCH - 0.95
    height = room * (y1 - y0) / (x1 - x0)
    figure = Figure(figsize=(_WIDTH_INCH, height + 1.1), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    total = height + 1.1
    axes = figure.add_axes((0.75 / _WIDTH_INCH, 0.6 / total, room / _WIDTH_INCH, height / total))
    axes.set_xlim(x0, x1)
    axes.set_ylim(y0, y1)
    axes.set_facecolor(layer_map()["package.interposer"].color)
    axes.set_xlabel("x on the interposer [mm]", color=INK)
    axes.set_ylabel("y [mm]", color=INK)
    return figure, axes


def _outlines(axes: Axes, layout: Layout) -> None:
    plan = layout.floorplan
    _fill(axes, [stack.placed_outline for stack in plan.stacks], "#dde2e8", alpha=1.0)
    _fill(axes, [die.placed_outline for die in plan.dies], "#f6f4ee", alpha=1.0)


def _interfaces(axes: Axes, layout: Layout) -> None:
    """Draw the blocks that links end in: their bumps may reach beyond."""
    blocks = [
        affinity.translate(block.outline, die.x_um, die.y_um)
        for die in layout.floorplan.dies
        for block in die.blocks
        if block.kind in _ENDS and has_extent(block)
    ]
    corners = [np.asarray(block.exterior.coords) / 1e3 for block in blocks]
    axes.add_collection(PolyCollection(corners, facecolors="none", **_BLOCK))


def _fill(axes: Axes, outlines: list[Polygon], color: str, *, alpha: float) -> None:
    corners = [np.asarray(outline.exterior.coords) / 1e3 for outline in outlines]
    axes.add_collection(
        PolyCollection(corners, facecolors=color, edgecolors=INK, linewidths=0.3, alpha=alpha)
    )


def _pads(axes: Axes, field: BumpField, window: tuple[float, float, float, float]) -> list[str]:
    """Draw the bumps of a field that lie in the window; return the names in the legend."""
    places, codes = field.positions_um(), field.net_codes()
    inside = (places >= window[:2]).all(axis=1) & (places <= window[2:]).all(axis=1)
    places, codes = places[inside] / 1e3, codes[inside]
    names = np.array([net if net in _NETS else _SIGNAL for net in field.nets])
    found = []
    for name in np.unique(names[codes]).tolist() if len(codes) else []:
        own = places[names[codes] == name]
        size = np.full(len(own), field.pad_um / 1e3)
        color = _NETS.get(name, _SIGNAL_COLOR)
        axes.add_collection(
            EllipseCollection(
                size,
                size,
                np.zeros(len(own)),
                units="xy",
                offsets=own,
                offset_transform=axes.transData,
                facecolors=color,
                linewidths=0.0,
            )
        )
        found.append(name)
    return found


def _legend(axes: Axes, nets: list[str], layers: list[str]) -> None:
    named = [name for name in (_SIGNAL, *_NETS) if name in nets]
    labels = {NO_CONNECT: "mechanical"}
    handles: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            color=_NETS.get(name, _SIGNAL_COLOR),
            label=labels.get(name, name),
        )
        for name in named
    ]
    handles += [
        Patch(facecolor=layer_map()[name].color, alpha=0.35, label=layer_map()[name].title)
        for name in layers
    ]
    handles.append(Patch(facecolor="none", label="block of the link", **_BLOCK))
    legend_beside(axes, handles)
