"""Whole nanometres: the database unit of every layout file."""

from __future__ import annotations

from collections.abc import Sequence

from shapely import Polygon

from floorplan.cell_shapes import to_nm as nm
from floorplan.formats.rectangles import rectangles

__all__ = ["NM_PER_UM", "Box", "box_nm", "nm", "pieces_nm", "um_text"]

NM_PER_UM = 1000
Box = tuple[int, int, int, int]


def um_text(length_nm: int) -> str:
    """Write nanometres as micrometres, without the zeros at the end.

    Examples
    --------
    >>> um_text(1500), um_text(2000)
    ('1.5', '2')
    """
    return f"{length_nm / NM_PER_UM:.3f}".rstrip("0").rstrip(".")


def box_nm(bounds: Sequence[float]) -> Box:
    """Round x0, y0, x1, y1 [um] to nanometres."""
    x0, y0, x1, y1 = (nm(value) for value in bounds)
    return x0, y0, x1, y1


def pieces_nm(outline: Polygon, x_um: float = 0.0, y_um: float = 0.0) -> tuple[Box, ...] | None:
    """Return a rectilinear outline as rectangles against an origin; None where it is slanted."""
    if len(outline.exterior.coords) == 5 and not outline.interiors:
        x0, y0, x1, y1 = outline.bounds
        if {*outline.exterior.coords} == {(x0, y0), (x1, y0), (x1, y1), (x0, y1)}:
            left, bottom = nm(x_um), nm(y_um)
            return ((nm(x0) - left, nm(y0) - bottom, nm(x1) - left, nm(y1) - bottom),)
    moved = Polygon(
        [(nm(x) - nm(x_um), nm(y) - nm(y_um)) for x, y in outline.exterior.coords],
        [[(nm(x) - nm(x_um), nm(y) - nm(y_um)) for x, y in h.coords] for h in outline.interiors],
    )
    try:
        found = rectangles(moved)
    except ValueError:
        return None
    return tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in found)
