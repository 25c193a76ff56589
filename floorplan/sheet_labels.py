"""Labels on a floorplan picture: each in the largest font that fits what it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from floorplan.block import BlockKind
from floorplan.floorplan import Floorplan
from floorplan.hierarchy import groups_of
from floorplan.sheet import INK, PAPER, Color

__all__ = ["Label", "label_places", "write_labels"]

_POINTS_PER_INCH = 72.0
_CHARACTER = 0.62  # width of a character against the size of its font
_FONTS_PT = (9.0, 8.0, 7.0, 6.0, 5.0, 4.0)
_TAG_FONTS_PT = (6.0, 5.0, 4.0)
_LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue in brightness


class Label(NamedTuple):
    """A text, the box that it has to fit [um], and the colour below it; None for a tag."""

    text: str
    bounds: tuple[float, float, float, float]
    color: Color | None


def label_places(floorplan: Floorplan, colors: Mapping[str, Color], *, slices: bool) -> list[Label]:
    """Return the labels of stacks, single blocks and, if wanted, slices."""
    labels = [
        Label(
            f"{stack.name}\n{stack.generation.name}",
            stack.placed_outline.bounds,
            colors[stack.name],
        )
        for stack in floorplan.stacks
    ]
    for die in floorplan.dies:
        groups, singles = groups_of(die)
        named: list[tuple[str, tuple[float, float, float, float], Color | None]] = [
            (block.name, block.outline.bounds, colors[f"{die.name}/{block.name}"])
            for block in singles
            if block.kind is not BlockKind.FILLER
        ]
        if slices:
            named += [(group.name, group.bounds, None) for group in groups]
        for text, b, color in named:
            placed = (b[0] + die.x_um, b[1] + die.y_um, b[2] + die.x_um, b[3] + die.y_um)
            labels.append(Label(text, placed, color))
    return labels


def write_labels(axes: Axes, labels: list[Label], scale: float) -> None:
    """Write each label in the largest font with which it fits its box, along the longer side."""
    for label in labels:
        x0, y0, x1, y1 = (value / 1e3 for value in label.bounds)
        lines = label.text.split("\n")
        upright = (x1 - x0) < (y1 - y0) * 0.8
        along, across = (y1 - y0, x1 - x0) if upright else (x1 - x0, y1 - y0)
        for size in _FONTS_PT if label.color is not None else _TAG_FONTS_PT:
            inch = size / _POINTS_PER_INCH / scale
            wide = max(len(line) for line in lines) * _CHARACTER * inch
            if wide > 0.94 * along or 1.3 * inch * len(lines) > 0.94 * across:
                continue
            axes.text(
                (x0 + x1) / 2,
                (y0 + y1) / 2,
                label.text,
                fontsize=size,
                color=_ink_on(label.color),
                ha="center",
                va="center",
                rotation=90 if upright else 0,
                linespacing=1.3,
                bbox=_TAG if label.color is None else None,
            )
            break


_TAG = {"boxstyle": "round,pad=0.18", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.82}


def _ink_on(background: Color | None) -> str:
    """Return light or dark ink, whichever reads better on a colour."""
    if background is None:
        return INK
    return PAPER if np.dot(to_rgb(background), _LUMA) < 0.5 else INK
