"""Densities in windows: the share of each square that shapes cover."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from floorplan.artwork import DieArtwork
from floorplan.checks.shapes import sound
from floorplan.rule import Rule
from floorplan.violation import Violation, broken

__all__ = ["density_violations", "window_edges"]


def window_edges(low_um: float, high_um: float, window_um: float) -> NDArray[np.float64]:
    """Return where windows begin and end along one side; the last one ends at the far side.

    Examples
    --------
    >>> window_edges(0.0, 1100.0, 500.0).tolist()
    [[0.0, 500.0], [500.0, 1000.0], [600.0, 1100.0]]
    """
    size = min(window_um, high_um - low_um)
    starts = np.arange(low_um, high_um - size + 1e-9, size)
    if starts[-1] + size < high_um - 1e-6:
        starts = np.append(starts, high_um - size)
    return np.stack([starts, starts + size], axis=1)


def density_violations(die: DieArtwork, rule: Rule) -> Iterator[Violation]:
    """Yield windows inside the seal ring that blocks and filler cover too little of."""
    blocks = sound(die.blocks)
    if not len(blocks):
        return
    shift = np.array([die.blocks.x_um, die.blocks.y_um])
    covered = shapely.union_all(blocks.outlines)
    empty = shapely.difference(shapely.transform(die.core, lambda p: p - shift), covered)
    if empty.is_empty:
        return
    x0, y0, x1, y1 = empty.bounds
    left, bottom, right, top = (np.array(die.core.bounds) - np.tile(shift, 2)).tolist()
    columns = window_edges(left, right, rule.window_um)
    rows = window_edges(bottom, top, rule.window_um)
    columns = columns[(columns[:, 1] > x0) & (columns[:, 0] < x1)]
    rows = rows[(rows[:, 1] > y0) & (rows[:, 0] < y1)]
    windows = _squares(columns, rows)
    share = 1.0 - shapely.area(shapely.intersection(windows, empty)) / shapely.area(windows)
    thin = share < rule.limit - 1e-9
    for region in shapely.get_parts(shapely.union_all(windows[thin])):
        inside = share[thin & shapely.within(windows, region)]
        what = (
            f"{len(inside)} windows of {rule.window_um:g} um in a row are covered by "
            f"{100 * inside.min():.4g} % at the least; asked for are {100 * rule.limit:g} % of "
            "blocks and filler; add filler"
        )
        bounds = np.array(region.bounds) + np.tile(shift, 2)
        yield broken(rule, die.name, bounds, what, amount=inside.min(), count=len(inside))


def _squares(columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return all windows as polygons."""
    column, row = np.meshgrid(np.arange(len(columns)), np.arange(len(rows)), indexing="ij")
    low, high = (
        np.stack([columns[column, end], rows[row, end]], axis=-1).reshape(-1, 2) for end in (0, 1)
    )
    return np.asarray(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]), dtype=object)
