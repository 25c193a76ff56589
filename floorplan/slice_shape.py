"""How large a slice can be: the search over columns of slices in the bands and the centre."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from floorplan.grid import Rect
from floorplan.stack import Edge

__all__ = ["SliceShape", "SliceTask", "largest_shape", "rows_for"]

_SQUARE_ENOUGH = 2.0  # aspect ratio up to which slices are preferred to larger, longer ones
_MOST_COLUMNS = 16  # of slices side by side


@dataclass(frozen=True)
class SliceShape:
    """A candidate: columns of slices in each band and in the centre, and the size of a slice."""

    west: int
    east: int
    centre: int
    width: int
    height: float

    @property
    def preference(self) -> tuple[bool, float]:
        """Larger is better."""
        aspect = max(self.width / self.height, self.height / self.width)
        return aspect <= _SQUARE_ENOUGH, self.width * self.height


def rows_for(count: int, columns: int) -> int:
    """Return the rows that a number of slices fill."""
    return math.ceil(count / columns) if columns else 0


@dataclass(frozen=True)
class SliceTask:
    """What has to be placed inside the beachfront, in grid steps."""

    inner: Rect
    counts: Mapping[Edge, int]
    spine: int
    hub: float
    sliver: int

    @property
    def spines(self) -> int:
        """Width of all spines together."""
        return self.spine * sum(self.counts[edge] > 0 for edge in (Edge.WEST, Edge.EAST))

    def shape(self, west: int, east: int, centre: int) -> SliceShape | None:
        """Return the largest slices for given columns, or None where there is no room."""
        width, height = self.inner.width, self.inner.height
        hub_width = 0 if centre else math.ceil(self.hub / height)
        slice_width = (width - self.spines - hub_width) // (west + east + centre)
        if slice_width <= 0:
            return None
        if not (west or east) and 0 < width - centre * slice_width < self.sliver:
            slice_width -= math.ceil(self.sliver / centre)
        rows = max(rows_for(self.counts[Edge.WEST], west), rows_for(self.counts[Edge.EAST], east))
        limits = [height / rows] if rows else []
        if centre:
            stacked = sum(rows_for(self.counts[edge], centre) for edge in (Edge.NORTH, Edge.SOUTH))
            limits.append((height - self.hub / (centre * slice_width)) / stacked)
        slice_height = min(limits)
        if slice_width <= 0 or slice_height <= 1:
            return None
        return SliceShape(west, east, centre, slice_width, slice_height)

    def slack(self, shape: SliceShape, height: int) -> list[int]:
        """Return what a slice height leaves free in each band, in both ends together."""
        bands = ((Edge.WEST, shape.west), (Edge.EAST, shape.east))
        return [
            self.inner.height - rows_for(self.counts[edge], columns) * height
            for edge, columns in bands
            if columns
        ]

    def height(self, shape: SliceShape, rows: int) -> int:
        """Return the slice height: whole tensor rows, and no sliver left over in a band."""
        height = int(shape.height) // rows * rows
        while any(0 < slack < self.sliver for slack in self.slack(shape, height)):
            height -= rows
        return height


def largest_shape(task: SliceTask) -> SliceShape | None:
    """Return the arrangement with the largest slices, None if there is no room for any.

    Among those whose slices are at most twice as long as wide, if there are such.
    """
    counts = task.counts
    bands = [range(1, counts[edge] + 1) if counts[edge] else [0] for edge in (Edge.WEST, Edge.EAST)]
    most = max(counts[Edge.NORTH], counts[Edge.SOUTH])
    centres = range(1, most + 1) if most else [0]
    shapes = [
        shape
        for columns in itertools.product(*(list(r)[:_MOST_COLUMNS] for r in (*bands, centres)))
        if (shape := task.shape(*columns)) is not None
    ]
    return max(shapes, key=lambda shape: shape.preference, default=None)
