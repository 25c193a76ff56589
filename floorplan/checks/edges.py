"""Edges that face each other: what width and spacing are measured by, as in design-rule checkers.

Two edges of a polygon face each other if they run in opposite directions (the angle between them
is below 90 degrees) and each lies on the inner side of the other, for a width, or on the outer
side, for a spacing. Their distance is Euclidean, between the parts that lie on that side. Corners
that touch in a point are at a distance of zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

__all__ = ["ROUND_OFF_UM", "EdgePairs", "edges_of", "facing_edges"]

ROUND_OFF_UM = 1e-6  #: lengths below this come from coordinates as floats


class EdgePairs(NamedTuple):
    """Pairs of edges that are too close.

    Parameters
    ----------
    owners : ndarray of int, shape (n, 2)
        Positions of the polygons that the two edges belong to.
    distance_um : ndarray, shape (n,)
        Distance of the edges [um].
    bounds_um : ndarray, shape (n, 4)
        Box around the place where they are closest [um].
    anchors : ndarray of shapely.Point, shape (n, 2)
        A point of each of the two edges at that place.
    """

    owners: NDArray[np.int64]
    distance_um: NDArray[np.float64]
    bounds_um: NDArray[np.float64]
    anchors: NDArray[np.object_]


def edges_of(
    polygons: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges of polygons with the interior on their left, and their owners.

    Returns
    -------
    edges : ndarray, shape (n, 4)
        x and y of start and end [um].
    owners : ndarray of int, shape (n,)
        Position of the polygon.
    """
    oriented = shapely.orient_polygons(polygons, exterior_cw=False)
    rings, owners = shapely.get_rings(oriented, return_index=True)
    points, ring = shapely.get_coordinates(list(rings), return_index=True)
    same = ring[1:] == ring[:-1]
    edges = np.hstack([points[:-1], points[1:]])[same]
    kept = np.any(edges[:, :2] != edges[:, 2:], axis=1)
    return edges[kept], np.asarray(owners, dtype=np.int64)[ring[:-1][same]][kept]


def facing_edges(
    polygons: NDArray[np.object_], limit_um: float, *, outside: bool = False
) -> EdgePairs:
    """Find edges that face each other at less than a distance.

    Parameters
    ----------
    polygons : ndarray of shapely.Polygon, shape (n,)
        Valid. For a spacing they must not overlap or touch (see `shapely.union_all`).
    limit_um : float
        The distance [um].
    outside : bool
        Look at the outside: spacings, between polygons and inside their notches. Otherwise the
        inside: widths, each polygon by itself.

    Examples
    --------
    >>> bar = np.array([shapely.box(0, 0, 10, 0.5)])
    >>> facing_edges(bar, 1.0).distance_um.tolist()
    [0.5]
    """
    edges, owners = edges_of(polygons)
    if outside:
        edges = edges[:, [2, 3, 0, 1]]
    lines = _lines(edges)
    first, second = STRtree(lines).query(lines, predicate="dwithin", distance=limit_um)
    keep = first < second
    if not outside:
        keep &= owners[first] == owners[second]
    first, second = first[keep], second[keep]
    direction = edges[:, 2:] - edges[:, :2]
    opposed = np.einsum("ij,ij->i", direction[first], direction[second]) < -(ROUND_OFF_UM**2)
    first, second = first[opposed], second[opposed]
    one, one_there = _left_part(edges[first], edges[second])
    other, other_there = _left_part(edges[second], edges[first])
    there = (one_there & other_there) | _kissing(edges[first], edges[second])
    first, second, one, other = first[there], second[there], one[there], other[there]
    a, b = _lines(one), _lines(other)
    distance = np.asarray(shapely.distance(a, b))
    close = distance < limit_um - ROUND_OFF_UM
    pairs = np.stack([owners[first], owners[second]], axis=1)[close]
    bounds = _between(one[close], other[close])
    middle = shapely.points((bounds[:, :2] + bounds[:, 2:]) / 2)
    anchors = np.stack(
        [
            shapely.line_interpolate_point(part, shapely.line_locate_point(part, middle))
            for part in (a[close], b[close])
        ],
        axis=1,
    )
    return EdgePairs(pairs, distance[close], bounds, anchors)


def _lines(edges: NDArray[np.float64]) -> NDArray[np.object_]:
    return np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2)), dtype=object)


def _left_part(
    edges: NDArray[np.float64], lines: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the part of each edge on the left of a line, and whether there is any."""
    origin, along = lines[:, :2], lines[:, 2:] - lines[:, :2]
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    height = [
        along[:, 0] * (edges[:, k + 1] - origin[:, 1]) - along[:, 1] * (edges[:, k] - origin[:, 0])
        for k in (0, 2)
    ]
    start, end = height
    there = np.maximum(start, end) > ROUND_OFF_UM
    step = edges[:, 2:] - edges[:, :2]
    slope = np.where(np.abs(end - start) > 0.0, end - start, 1.0)
    crossing = edges[:, :2] + step * (-start / slope)[:, None]
    cut = edges.copy()
    below = there & (start < 0.0)
    cut[below, :2] = crossing[below]
    below = there & (end < 0.0)
    cut[below, 2:] = crossing[below]
    return cut, there


def _kissing(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether opposed edges lie on one line and meet in a point, as at kissing corners."""
    along = one[:, 2:] - one[:, :2]
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    aside = [
        along[:, 0] * (other[:, k + 1] - one[:, 1]) - along[:, 1] * (other[:, k] - one[:, 0])
        for k in (0, 2)
    ]
    straight = np.abs(aside).max(axis=0) <= ROUND_OFF_UM
    ends = (one[:, 2:] - other[:, 2:], one[:, :2] - other[:, :2])
    touch = np.min([np.hypot(gap[:, 0], gap[:, 1]) for gap in ends], axis=0) <= ROUND_OFF_UM
    return np.asarray(straight & touch, dtype=bool)


def _between(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the box between two parts: where they face each other, or else their near ends."""
    a0, a1 = np.minimum(one[:, :2], one[:, 2:]), np.maximum(one[:, :2], one[:, 2:])
    b0, b1 = np.minimum(other[:, :2], other[:, 2:]), np.maximum(other[:, :2], other[:, 2:])
    low, high = np.maximum(a0, b0), np.minimum(a1, b1)
    return np.hstack([np.minimum(low, high), np.maximum(low, high)])
