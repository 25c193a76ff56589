"""Pictures of temperature: one layer seen from above."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon as Patch
from shapely import Polygon

from techlib import InputError
from thermal.temperatures import Temperatures

__all__ = ["temperature_map"]

_MM_PER_UM = 1e-3
_MM_PER_M = 1e3
_WIDTH_INCH = 6.4
_DPI = 160


def temperature_map(
    temperatures: Temperatures,
    layer: str,
    *,
    extent_um: tuple[float, float, float, float] | None = None,
    outlines: Iterable[Polygon] = (),
    title: str = "",
    limits_c: tuple[float, float] | None = None,
) -> Figure:
    """Draw a temperature map of a layer, to be written by `floorplan.picture.save_png`.

    Parameters
    ----------
    temperatures : Temperatures
        What to show: the mean over the layer's height, one colour a cell.
    layer : str
        Name of the layer.
    extent_um : (x0, y0, x1, y1), optional
        Part to show, such as a die; the whole package unless given [um].
    outlines : iterable of shapely.Polygon
        Dies or blocks to draw on it, in package coordinates [um].
    title : str
        Above the map; the layer's name unless given.
    limits_c : (low, high), optional
        Ends of the colour bar; those of the part that is shown unless given [degC].

    Raises
    ------
    UnknownNameError
        The package has no such layer.
    InputError
        The part to show lies outside of the package.
    """
    mesh = temperatures.mesh
    x0, y0, x1, y1 = extent_um or mesh.package.extent_um
    values = temperatures.layer_map(layer).to_numpy()
    x_mm, y_mm = mesh.x_m * _MM_PER_M, mesh.y_m * _MM_PER_M
    low_mm, high_mm = (x0 * _MM_PER_UM, y0 * _MM_PER_UM), (x1 * _MM_PER_UM, y1 * _MM_PER_UM)
    seen = np.outer(
        (y_mm[1:] > low_mm[1]) & (y_mm[:-1] < high_mm[1]),
        (x_mm[1:] > low_mm[0]) & (x_mm[:-1] < high_mm[0]),
    )
    if not seen.any():
        raise InputError.of(
            "extent_um",
            f"{x0:g}, {y0:g} to {x1:g}, {y1:g} um shows nothing of the package",
            "x0, y0, x1, y1 inside of {:g}, {:g} to {:g}, {:g} um".format(*mesh.package.extent_um),
        )
    limits = limits_c or (float(values[seen].min()), float(values[seen].max()))

    map_height = (_WIDTH_INCH - 1.6) * (y1 - y0) / (x1 - x0)
    height = min(max(map_height, 1.5), 9.0) + 1.0
    figure = Figure(figsize=(_WIDTH_INCH, height), dpi=_DPI, layout="compressed")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.pcolormesh(
        x_mm, y_mm, values, cmap="inferno", vmin=limits[0], vmax=limits[1], rasterized=True
    )
    patches = [Patch(np.asarray(o.exterior.coords) * _MM_PER_UM) for o in outlines]
    lines = PatchCollection(patches, facecolor="none", edgecolor="white", linewidth=0.4, alpha=0.7)
    axes.add_collection(lines)
    axes.set_aspect("equal")
    axes.set_xlim(low_mm[0], high_mm[0])
    axes.set_ylim(low_mm[1], high_mm[1])
    axes.set_xlabel("x / mm")
    axes.set_ylabel("y / mm")
    row, column = np.unravel_index(np.argmax(np.where(seen, values, -np.inf)), values.shape)
    hottest = values[row, column]
    axes.set_title(f"{title or layer}   max {hottest:.1f} °C", fontsize=10)
    figure.colorbar(image, ax=axes, label="temperature / °C", fraction=0.046, pad=0.03)
    return figure
