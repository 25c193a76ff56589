"""Rectilinear outlines as rectangles, for formats that know nothing else."""

from __future__ import annotations

import itertools

import shapely
from shapely import Polygon, box

__all__ = ["Rectangle", "rectangles"]

Rectangle = tuple[float, float, float, float]


def rectangles(outline: Polygon) -> list[Rectangle]:
    """Cut a rectilinear polygon, holes included, into rectangles (x0, y0, x1, y1).

    Rectangles of one height are joined where they meet; a rectangle comes back as itself.

    Raises
    ------
    ValueError
        The outline has an edge along neither axis.

    Examples
    --------
    >>> from shapely import Polygon
    >>> rectangles(Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]))
    [(0.0, 0.0, 2.0, 1.0), (0.0, 1.0, 1.0, 2.0)]
    """
    rings = [outline.exterior, *outline.interiors]
    corners = [corner for ring in rings for corner in ring.coords]
    edges = [pair for ring in rings for pair in itertools.pairwise(ring.coords)]
    if any(a[0] != b[0] and a[1] != b[1] for a, b in edges):
        raise ValueError("an edge of the outline runs along neither axis")
    x0, _, x1, _ = outline.bounds
    found: list[Rectangle] = []
    for low, high in itertools.pairwise(sorted({corner[1] for corner in corners})):
        band = shapely.intersection(outline, box(x0, low, x1, high))
        for piece in shapely.get_parts(band):
            if piece.area > 0.0:
                left, _, right, _ = piece.bounds
                found.append((left, low, right, high))
    return _joined(found)


def _joined(found: list[Rectangle]) -> list[Rectangle]:
    """Join rectangles that lie on one another and are equally wide."""
    joined: list[Rectangle] = []
    for rectangle in sorted(found, key=lambda r: (r[0], r[2], r[1])):
        if joined:
            last = joined[-1]
            if (last[0], last[2], last[3]) == (rectangle[0], rectangle[2], rectangle[1]):
                joined[-1] = (last[0], last[1], last[2], rectangle[3])
                continue
        joined.append(rectangle)
    return sorted(joined, key=lambda r: (r[1], r[0]))
