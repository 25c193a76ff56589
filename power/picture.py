"""A picture of the power over time, stacked by component."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from power.block_power import BlockPower

__all__ = ["power_picture"]

#: What is drawn together, from the bottom up, and its colour.
_GROUPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Leakage", ("leakage",), "#8c8c8c"),
    ("Logic not drawn", ("undrawn",), "#a6a6a6"),
    ("Idle links, management", ("management", "host", "serdes", "die_to_die"), "#bdbdbd"),
    ("HBM standby, refresh", ("hbm_background", "refresh"), "#c6dbef"),
    ("HBM device", ("hbm_activate", "hbm_device", "hbm_io"), "#6baed6"),
    ("HBM PHY", ("hbm_phy",), "#2171b5"),
    ("On-chip network", ("noc", "collective"), "#74c476"),
    ("SRAM, operand delivery", ("sram", "delivery"), "#238b45"),
    ("Clock", ("clock",), "#fdd49e"),
    ("Vector", ("vector",), "#fc8d59"),
    ("Systolic arrays", ("tensor",), "#d7301f"),
)
_LEAST_SHARE = 1e-3


def power_picture(
    block_power: BlockPower,
    temperature_c: ArrayLike,
    *,
    title: str = "",
    limit_w: float | None = None,
) -> Figure:
    """Draw the package's power over time, stacked by component, with its band.

    Parameters
    ----------
    block_power : BlockPower
        The power.
    temperature_c : float or array
        Temperatures of the blocks [degC].
    title : str
        Heading.
    limit_w : float, optional
        A power to draw a line at, e.g. the design power of the package [W].

    Returns
    -------
    Figure
        To be written by `floorplan.picture.save_png`.
    """
    parts = block_power.components(temperature_c)
    low, high = block_power.band(temperature_c)
    edges = block_power.edges_s
    figure = Figure(figsize=(9.0, 4.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    bottom, total = np.zeros(len(edges) - 1), parts.to_numpy().sum()
    for label, names, colour in _GROUPS:
        watts = parts[list(names)].sum(axis=1).to_numpy()
        if watts.sum() > _LEAST_SHARE * total:
            axes.stairs(
                bottom + watts, edges, baseline=bottom, fill=True, color=colour, label=label
            )
        bottom = bottom + watts
    axes.stairs(bottom, edges, color="#252525", linewidth=0.4)
    mean_low, mean_high = (np.average(end, weights=np.diff(edges)) for end in (low, high))
    band = f"Band: mean {mean_low:.0f} to {mean_high:.0f} W,\nits upper half shaded"
    axes.stairs(high, edges, baseline=bottom, fill=True, color="#e3e3e3", label=band, zorder=0.5)
    if limit_w is not None:
        axes.axhline(limit_w, color="#67000d", linewidth=1.2, label=f"Limit {limit_w:g} W")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0.0, 1.05 * max(float(high.max()), limit_w or 0.0))
    axes.set_xlabel("Time [s]")
    axes.set_ylabel("Package power [W]")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#000000", alpha=0.12, linewidth=0.6)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize=8,
    )
    return figure
