"""Exact areas that polygons share with the cells of a tensor grid.

Rectangles separate into two one-dimensional overlaps. Any other polygon is summed edge by edge,
as in font rasterisers: cut at every grid line, each piece of an edge lies in one cell, adds the
trapezium between itself and that cell's right-hand line, and hands its height on to the cells
to the right. Both are exact up to rounding, however small the polygon is against a cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from shapely import Polygon

__all__ = ["covered_area", "overlap_area"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Triplets = tuple[Index, Index, Array]

_ROUNDING = 2e-15  #: of a polygon's height; what the running sums of a scan leave behind it


def overlap_area(polygons: Sequence[Polygon], x: Array, y: Array) -> sparse.csr_array:
    """Return the area that each polygon shares with each cell.

    Parameters
    ----------
    polygons : sequence of shapely.Polygon
        Valid polygons, holes allowed, in the unit of the lines.
    x, y : array (nx + 1,), (ny + 1,)
        Increasing grid lines.

    Returns
    -------
    scipy.sparse.csr_array (n, ny * nx)
        Areas, cells in the order (y, x); parts of a polygon outside of the grid are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Polygon, box
    >>> lines = np.array([0.0, 1.0, 2.0])
    >>> triangle = Polygon([(0, 0), (2, 0), (0, 2)])
    >>> overlap_area([box(0.5, 0, 2, 0.25), triangle], lines, lines).toarray()
    array([[0.125, 0.25 , 0.   , 0.   ],
           [1.   , 0.5  , 0.5  , 0.   ]])
    """
    row, cell, area = _triplets(polygons, x, y)
    shape = (len(polygons), (len(y) - 1) * (len(x) - 1))
    return sparse.csr_array((area, (row, cell)), shape=shape)


def covered_area(polygons: Sequence[Polygon], x: Array, y: Array) -> Array:
    """Return the area of each cell that polygons which do not overlap cover together (ny, nx)."""
    total = np.zeros((len(y) - 1, len(x) - 1))
    bounds, plain = _outlines(polygons)
    x0, y0, x1, y1 = bounds[plain].T
    spans_x, spans_y = zip(*_spans(x0, x1, x), strict=True), zip(*_spans(y0, y1, y), strict=True)
    for box, (ix, nx), (iy, ny) in zip(bounds[plain].tolist(), spans_x, spans_y, strict=True):
        along_x = _lengths(box[0], box[2], x[ix : ix + nx + 1])
        along_y = _lengths(box[1], box[3], y[iy : iy + ny + 1])
        total[iy : iy + ny, ix : ix + nx] += along_y[:, None] * along_x
    for i in np.flatnonzero(~plain).tolist():
        _, cell, area = _scan(i, polygons[i], x, y)
        np.add.at(total.reshape(-1), cell, area)
    return total


def _lengths(low: float, high: float, lines: Array) -> Array:
    """Return the lengths that an interval shares with the cells between lines."""
    return np.diff(np.clip(lines, low, high))


def _outlines(polygons: Sequence[Polygon]) -> tuple[Array, NDArray[np.bool_]]:
    """Return the bounds of polygons (n, 4), and which of them fill theirs."""
    shapes = np.array(polygons, dtype=object)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    plain = np.asarray(shapely.area(shapely.box(*bounds.T)) <= shapely.area(shapes), dtype=bool)
    return bounds, plain & (shapely.get_num_interior_rings(shapes) == 0)


def _triplets(polygons: Sequence[Polygon], x: Array, y: Array) -> Triplets:
    """Return (polygon, cell, area) of every overlap."""
    bounds, plain = _outlines(polygons)
    parts = [_rectangles(np.flatnonzero(plain), bounds[plain], x, y)]
    parts += [_scan(i, polygons[i], x, y) for i in np.flatnonzero(~plain).tolist()]
    row, cell, area = (np.concatenate(column) for column in zip(*parts, strict=True))
    return row, cell, area


def _spans(low: Array, high: Array, lines: Array) -> tuple[Index, Index]:
    """Return the first cell of each interval and the number of cells that it touches."""
    first = np.clip(np.searchsorted(lines, low, side="right") - 1, 0, len(lines) - 2)
    last = np.clip(np.searchsorted(lines, high, side="left"), 1, len(lines) - 1)
    touches = (high > lines[0]) & (low < lines[-1]) & (high > low)
    return first.astype(np.int64), np.where(touches, last - first, 0).astype(np.int64)


def _rectangles(row: Index, bounds: Array, x: Array, y: Array) -> Triplets:
    """Overlap of axis-parallel rectangles: length along x times length along y."""
    x0, y0, x1, y1 = bounds.T
    first_x, count_x = _spans(x0, x1, x)
    first_y, count_y = _spans(y0, y1, y)
    count = count_x * count_y
    which = np.repeat(np.arange(len(row)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    ix = first_x[which] + within % count_x[which]
    iy = first_y[which] + within // count_x[which]
    length_x = np.minimum(x1[which], x[ix + 1]) - np.maximum(x0[which], x[ix])
    length_y = np.minimum(y1[which], y[iy + 1]) - np.maximum(y0[which], y[iy])
    return row[which].astype(np.int64), iy * (len(x) - 1) + ix, length_x * length_y


def _scan(row: int, polygon: Polygon, x: Array, y: Array) -> Triplets:
    """Overlap of any polygon by the signed areas to the right of its edges."""
    x0, y0, x1, y1 = polygon.bounds
    first_x, count_x = (int(v[0]) for v in _spans(np.array([x0]), np.array([x1]), x))
    first_y, count_y = (int(v[0]) for v in _spans(np.array([y0]), np.array([y1]), y))
    if not count_x * count_y:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    xs = x[first_x : first_x + count_x + 1]
    ys = y[first_y : first_y + count_y + 1]
    piece_x, piece_y, height = _pieces(polygon, xs, ys)
    inside = (piece_y >= ys[0]) & (piece_y <= ys[-1]) & (piece_x <= xs[-1])
    piece_x, piece_y, height = np.maximum(piece_x[inside], xs[0]), piece_y[inside], height[inside]
    ix = np.clip(np.searchsorted(xs, piece_x, side="right") - 1, 0, count_x - 1)
    iy = np.clip(np.searchsorted(ys, piece_y, side="right") - 1, 0, count_y - 1)
    own = np.zeros((count_y, count_x))
    passed_on = np.zeros((count_y, count_x + 1))
    np.add.at(own, (iy, ix), height * (xs[ix + 1] - piece_x))
    np.add.at(passed_on, (iy, ix + 1), height)
    widths = np.diff(xs)
    area = own + np.cumsum(passed_on, axis=1)[:, :-1] * widths
    jy, jx = np.nonzero(area > _ROUNDING * (y1 - y0) * widths)
    cell = (first_y + jy) * (len(x) - 1) + first_x + jx
    return np.full(len(cell), row), cell.astype(np.int64), area[jy, jx]


def _pieces(polygon: Polygon, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Cut every edge at the grid lines: mid-points, and heights counted positive downwards."""
    oriented = shapely.orient_polygons(polygon)  # outside anticlockwise, holes clockwise
    middles_x, middles_y, heights = [], [], []
    for ring in (oriented.exterior, *oriented.interiors):
        points = shapely.get_coordinates(ring)
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            if ay == by:
                continue
            cuts = [np.array([0.0, 1.0])]
            for a, b, lines in ((ax, bx, x), (ay, by, y)):
                crossed = lines[(lines > min(a, b)) & (lines < max(a, b))]
                if a != b:
                    cuts.append((crossed - a) / (b - a))
            t = np.unique(np.concatenate(cuts))
            middle = 0.5 * (t[1:] + t[:-1])
            middles_x.append(ax + middle * (bx - ax))
            middles_y.append(ay + middle * (by - ay))
            heights.append(np.diff(t) * (ay - by))
    return np.concatenate(middles_x), np.concatenate(middles_y), np.concatenate(heights)
