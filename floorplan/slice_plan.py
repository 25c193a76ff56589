"""Where the slices go: bands beside the west and east PHYs, groups in the centre column."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from floorplan.grid import Grid, Rect
from floorplan.slice_cell import SliceNeeds, TensorArray
from floorplan.slice_shape import SliceShape, SliceTask, largest_shape, rows_for
from floorplan.stack import Edge
from techlib import InputError

__all__ = ["SlicePlan", "plan_slices", "require_area"]


@dataclass(frozen=True)
class SlicePlan:
    """Places of all slices, and of what lies between them.

    ::

        ┌──────┬─┬───────────┬─┬──────┐
        │ west │s│   north   │s│ east │   s: spine of the on-chip network,
        │ band │p│  slices   │p│ band │   where there is a band beside it
        │      │i├───────────┤i│      │
        │      │n│    hub    │n│      │
        │      │e├───────────┤e│      │
        │      │ │   south   │ │      │
        │      │ │  slices   │ │      │
        └──────┴─┴───────────┴─┴──────┘

    Parameters
    ----------
    slices : mapping of Edge to tuple of Rect
        Places by the edge whose stacks feed them, in the order of the stacks along the edge.
    spines : mapping of Edge to Rect
        Spines beside the west and east band.
    hub : Rect
        Middle of the centre column; it touches every spine and every group of the centre.
    fillers : tuple of Rect
        What is left.
    array : TensorArray
        Arrangement of the units in each slice.
    """

    slices: Mapping[Edge, tuple[Rect, ...]]
    spines: Mapping[Edge, Rect]
    hub: Rect
    fillers: tuple[Rect, ...]
    array: TensorArray


def plan_slices(
    inner: Rect,
    counts: Mapping[Edge, int],
    needs: SliceNeeds,
    *,
    spine: int,
    hub: float,
    sliver: int,
    grid: Grid,
    where: str,
) -> SlicePlan:
    """Find the columns and rows that make the slices largest, and place them.

    All slices have the same size. Among the arrangements whose slices are no longer than twice
    their width the one with the largest slices is taken.

    Parameters
    ----------
    inner : Rect
        The die core inside the beachfront strips.
    counts : mapping of Edge to int
        Slices by the edge of their stacks.
    needs : SliceNeeds
        Areas of one slice.
    spine : int
        Smallest width of a network spine.
    hub : float
        Area of the hub, in square steps.
    sliver : int
        Smallest extent of a filler.
    grid : Grid
        For the areas in messages.
    where : str
        Key for messages.

    Raises
    ------
    InputError
        There is not enough area; the message says how much is missing.
    """
    task = SliceTask(inner, counts, spine, hub, sliver)
    best = largest_shape(task)
    if best is None or best.width * best.height < needs.total:
        offered = best.width * best.height if best is not None else 0.0
        raise _too_small(sum(counts.values()), offered, needs, grid, where)
    array = TensorArray.fit(needs, best.height)
    return _place(task, best, task.height(best, array.rows), array)


def require_area(inner: Rect, count: int, needs: SliceNeeds, *, grid: Grid, where: str) -> None:
    """Refuse slices that are larger together than the die core, before any of them is placed.

    Raises
    ------
    InputError
        There is not enough area; the message says how much is missing.
    """
    offered = max(inner.width, 0) * max(inner.height, 0) / count
    if offered < needs.total:
        raise _too_small(count, offered, needs, grid, where)


def _too_small(count: int, offered: float, needs: SliceNeeds, grid: Grid, where: str) -> InputError:
    return InputError.of(
        where,
        f"{count} slices of {grid.mm2(needs.total):.4g} mm^2 do not fit the die: there is room for "
        f"{grid.mm2(offered):.4g} mm^2 each, {grid.mm2(count * (needs.total - offered)):.4g} mm^2 "
        "are missing",
        cure="take fewer slices or units, less SRAM, or a larger die",
    )


def _place(task: SliceTask, shape: SliceShape, height: int, array: TensorArray) -> SlicePlan:
    """Cut the inner rectangle into bands, spines and centre, and those into slices."""
    inner, counts, size = task.inner, task.counts, (shape.width, height)
    west, east = shape.west * shape.width, shape.east * shape.width
    free = inner.width - west - east
    centre = shape.centre * shape.width or math.ceil(task.hub / inner.height)
    slack = free - centre
    left = slack if not east else slack // 2 if west else 0
    right = slack - left if east else 0
    if not west and not east:
        left, right, centre = 0, 0, free
    rects = inner.columns([west, left, centre, right, east])
    fillers: list[Rect] = []
    slices = {
        Edge.WEST: _band(rects[0], counts[Edge.WEST], shape.west, size, task.sliver, fillers, +1),
        Edge.EAST: _band(rects[4], counts[Edge.EAST], shape.east, size, task.sliver, fillers, -1),
    }
    spines = {
        edge: rect for edge, rect in ((Edge.WEST, rects[1]), (Edge.EAST, rects[3])) if counts[edge]
    }
    hub = _centre(rects[2], counts, shape.centre, size, slices, fillers)
    return SlicePlan(slices, spines, hub, tuple(fillers), array)


def _band(
    rect: Rect,
    count: int,
    columns: int,
    size: tuple[int, int],
    sliver: int,
    fillers: list[Rect],
    direction: int,
) -> tuple[Rect, ...]:
    """Place slices row by row from the south, each row from the die edge inwards."""
    if not count:
        return ()
    width, height = size
    rows = rows_for(count, columns)
    slack = rect.height - rows * height
    below = slack // 2 if slack >= 2 * sliver else 0
    bottom, field, top = rect.rows([below, rows * height, slack - below])
    fillers += [piece for piece in (bottom, top) if piece.height]
    places = []
    for index in range(rows * columns):
        column = index % columns if direction > 0 else columns - 1 - index % columns
        places.append(field.cell(column, index // columns, width, height))
    if unused := places[count:]:
        fillers.append(_hull(unused))
    return tuple(places[:count])


def _centre(
    rect: Rect,
    counts: Mapping[Edge, int],
    columns: int,
    size: tuple[int, int],
    slices: dict[Edge, tuple[Rect, ...]],
    fillers: list[Rect],
) -> Rect:
    """Place the north and south slices column by column from the die edge; return the hub."""
    width, height = size
    south, north = (rows_for(counts[edge], columns) * height for edge in (Edge.SOUTH, Edge.NORTH))
    low, hub, high = rect.rows([south, rect.height - south - north, north])
    for edge, field in ((Edge.SOUTH, low), (Edge.NORTH, high)):
        rows = rows_for(counts[edge], columns)
        places = []
        for index in range(rows * columns):
            row = index % rows if edge is Edge.SOUTH else rows - 1 - index % rows
            places.append(field.cell(index // rows, row, width, height))
        slices[edge] = tuple(places[: counts[edge]])
        unused = places[counts[edge] :]
        for _, group in itertools.groupby(unused, key=lambda place: place.x0):
            fillers.append(_hull(list(group)))
        if rows and (rest := field.x1 - field.x0 - columns * width):
            fillers.append(Rect(field.x1 - rest, field.y0, field.x1, field.y1))
    return hub


def _hull(rects: list[Rect]) -> Rect:
    """Return the rectangle around cells that lie side by side."""
    return Rect(
        min(rect.x0 for rect in rects),
        min(rect.y0 for rect in rects),
        max(rect.x1 for rect in rects),
        max(rect.y1 for rect in rects),
    )
