"""Pictures of a floorplan: blocks by kind, or by a value such as power density.

Not part of the room's face, like the `picture` module of every room: drawing needs matplotlib,
which takes longer to import than all else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from shapely.affinity import translate

from floorplan.block import BlockKind
from floorplan.floorplan import Floorplan
from floorplan.layer_map import layer_map
from floorplan.sheet import (
    INK,
    MISSING,
    PAPER,
    Color,
    fill,
    frame,
    hatch,
    inch_per_mm,
    legend_beside,
    sheet,
    slice_outlines,
)
from floorplan.sheet_labels import label_places, write_labels
from techlib import InputError

__all__ = ["block_map", "draw", "save_png", "save_svg"]


def draw(floorplan: Floorplan, *, title: str = "") -> Figure:
    """Draw a floorplan: blocks coloured by kind, stacks, labels, legend and scale bar.

    Parameters
    ----------
    floorplan : Floorplan
        What to draw.
    title : str
        Heading; name and size if not given.

    Returns
    -------
    matplotlib.figure.Figure
        Drawn with Agg, apart from any global state of matplotlib; see `save_png`.

    Examples
    --------
    >>> import floorplan
    >>> from floorplan.picture import draw
    >>> figure = draw(floorplan.build(floorplan.recipes()["jalapeno"]))
    >>> len(figure.axes)
    1
    """
    layers = layer_map()
    figure, axes = sheet(floorplan, title)
    placed = list(floorplan.placed_blocks())
    kinds: list[BlockKind] = []
    for kind in BlockKind:
        outlines = [outline for _, block, outline in placed if block.kind is kind]
        if outlines:
            kinds.append(kind)
            fill(axes, outlines, layers.of_block(kind).color)
    spares = [outline for _, block, outline in placed if not block.enabled]
    hatch(axes, spares)
    keepouts = [
        translate(keepout, die.x_um, die.y_um) for die in floorplan.dies for keepout in die.keepouts
    ]
    hatch(axes, keepouts, layers["die.keepout"].color, width=0.8)
    for stack in floorplan.stacks:
        fill(axes, [stack.placed_outline], layers["package.stack"].color, width=0.8)
    for group in (group for die in floorplan.dies for group in slice_outlines(die)):
        frame(axes, group)
    colors: dict[str, Color] = {key: layers.of_block(block.kind).color for key, block, _ in placed}
    colors |= dict.fromkeys(
        (stack.name for stack in floorplan.stacks), layers["package.stack"].color
    )
    write_labels(axes, label_places(floorplan, colors, slices=True), inch_per_mm(axes, floorplan))
    filled = [layers.of_block(kind) for kind in kinds]
    filled += [layers["package.stack"]] if floorplan.stacks else []
    handles = [
        Patch(facecolor=layer.color, edgecolor=INK, linewidth=0.4, label=layer.title)
        for layer in filled
    ]
    hatched = (
        (spares, "die.spare", layers.of_block(BlockKind.TENSOR).color, PAPER),
        (keepouts, "die.keepout", "none", layers["die.keepout"].color),
    )
    handles += [
        Patch(facecolor=face, edgecolor=edge, hatch="////", linewidth=0.4, label=layers[name].title)
        for shapes, name, face, edge in hatched
        if shapes
    ]
    legend_beside(axes, handles, handlelength=1.4, handleheight=1.1, labelspacing=0.55)
    return figure


def block_map(
    floorplan: Floorplan,
    values: Mapping[str, float],
    *,
    label: str,
    cmap: str = "inferno",
    title: str = "",
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw a floorplan with its blocks coloured by a value.

    Parameters
    ----------
    floorplan : Floorplan
        What to draw.
    values : mapping of str to float
        By block key. A stack takes the value of its own name, else of its DRAM, else of its base
        die. What has no value is drawn grey.
    label : str
        Name and unit of the value, for the colour bar.
    cmap : str
        Matplotlib colour map.
    title : str
        Heading; name and size if not given.
    limits : (float, float), optional
        Values at both ends of the colour bar; those of the data if not given.

    Raises
    ------
    InputError
        No key of the floorplan has a finite value.
    """
    outlines = {key: outline for key, _, outline in floorplan.placed_blocks()}
    found = {key: values[key] for key in outlines if key in values}
    for stack in floorplan.stacks:
        outlines[stack.name] = stack.placed_outline
        keys = (stack.name, stack.dram_key, stack.base_key)
        if (key := next((key for key in keys if key in values), None)) is not None:
            found[stack.name] = values[key]
    found = {key: value for key, value in found.items() if np.isfinite(value)}
    if not found:
        what = "no block or stack of it has a finite value"
        raise InputError.of(f"floorplan {floorplan.name}", what, "values by heat key")
    low, high = limits or (min(found.values()), max(found.values()))
    mappable = ScalarMappable(Normalize(low, high if high > low else low + 1.0), cmap)
    shades = mappable.to_rgba(np.array(list(found.values())))
    colors: dict[str, Color] = dict.fromkeys(outlines, MISSING)
    colors |= {key: tuple(shade) for key, shade in zip(found, shades, strict=True)}
    figure, axes = sheet(floorplan, title)
    fill(axes, [outlines[key] for key in outlines if key not in found], MISSING)
    fill(axes, [outlines[key] for key in found], shades, 0.15)
    for outline in (
        *(die.placed_outline for die in floorplan.dies),
        *(stack.placed_outline for stack in floorplan.stacks),
    ):
        frame(axes, outline)
    write_labels(axes, label_places(floorplan, colors, slices=False), inch_per_mm(axes, floorplan))
    left, bottom, width, height = axes.get_position().bounds
    side = figure.add_axes((left + width + 0.02, bottom + 0.15 * height, 0.018, 0.7 * height))
    bar = figure.colorbar(mappable, cax=side)
    bar.set_label(label, color=INK, fontsize=10)
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_linewidth(0.4)
    return figure


def save_png(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG at its own resolution; the same figure gives the same bytes.

    Raises
    ------
    InputError
        The folder does not exist.
    """
    file = _in_folder(path)
    figure.savefig(file, format="png", dpi="figure", metadata={"Software": None})
    return file


def save_svg(figure: Figure, path: str | Path) -> Path:
    """Write a figure as SVG with its texts as texts; the same figure gives the same bytes.

    Raises
    ------
    InputError
        The folder does not exist.
    """
    file = _in_folder(path)
    with rc_context({"svg.hashsalt": "scoville", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file


def _in_folder(path: str | Path) -> Path:
    file = Path(path)
    if not file.parent.is_dir():
        raise InputError.of(str(file), "the folder does not exist", cure="make it first")
    return file
