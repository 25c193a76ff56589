"""A seal ring as a shape: what it encloses, and how an open one would be closed."""

from __future__ import annotations

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

__all__ = ["close_ring", "core_inside"]

_STEPS = (
    36  # halvings of the search for the width of a gap: from millimetres to a thousandth of a nm
)


def core_inside(ring: BaseGeometry) -> Polygon | None:
    """Return the largest area that a closed seal ring encloses, or none if it is open."""
    holes = [
        Polygon(hole)
        for part in shapely.get_parts(ring)
        if isinstance(part, Polygon)
        for hole in part.interiors
    ]
    return max(holes, key=lambda hole: float(hole.area), default=None)


def close_ring(ring: BaseGeometry, outline: Polygon) -> tuple[float, BaseGeometry]:
    """Return the width of the gap of an open seal ring, and the ring with the gap filled.

    The ring is grown until it encloses the core and shrunk again; twice the growth is the width.
    """
    x0, y0, x1, y1 = outline.bounds
    open_um, closed_um = 0.0, min(x1 - x0, y1 - y0) / 4.0
    for _ in range(_STEPS):
        middle_um = (open_um + closed_um) / 2.0
        core = core_inside(_grown(ring, middle_um))
        if core is None or 4.0 * core.area < outline.area:
            open_um = middle_um
        else:
            closed_um = middle_um
    closed = _grown(ring, closed_um).buffer(-closed_um, join_style="mitre")
    return 2.0 * closed_um, shapely.union(closed, ring)


def _grown(ring: BaseGeometry, by_um: float) -> BaseGeometry:
    return ring.buffer(by_um, join_style="mitre")
