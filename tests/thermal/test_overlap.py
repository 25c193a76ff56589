from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, affinity, box

from thermal.overlap import covered_area, overlap_area

LINES_X = np.array([0.0, 1.0, 1.5, 4.0, 4.25, 9.0, 10.0])
LINES_Y = np.array([0.0, 2.0, 2.125, 5.0, 8.0])
WHOLE = box(0.0, 0.0, 10.0, 8.0)


def by_clipping(polygon: Polygon) -> np.ndarray:
    x, y = np.meshgrid(LINES_X, LINES_Y)
    cells = shapely.box(x[:-1, :-1], y[:-1, :-1], x[1:, 1:], y[1:, 1:])
    return shapely.area(shapely.intersection(cells, polygon)).ravel()


SHAPES = {
    "rectangle": box(0.25, 1.0, 9.5, 2.0625),
    "smaller than a cell": box(5.0, 6.0, 5.001, 6.002),
    "on the lines": box(1.0, 2.0, 4.0, 5.0),
    "disc": Point(5.0, 4.0).buffer(2.5),
    "ring": Point(5.0, 4.0).buffer(3.0) - Point(4.5, 4.0).buffer(1.0),
    "l shape on the lines": Polygon([(1, 0), (9, 0), (9, 2), (4, 2), (4, 8), (1, 8)]),
    "reaches outside": Polygon([(-3, -2), (6, 3), (14, 11), (2, 6)]),
    "clockwise": Polygon([(1, 1), (1, 7), (7, 1)]),
    "wholly outside": box(20.0, 0.0, 21.0, 1.0),
    "triangle left of the grid": Polygon([(-5, 0), (-1, 0), (-1, 3)]),
    "triangle right of the grid": Polygon([(15, 0), (11, 0), (11, 3)]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_overlap_is_what_clipping_each_cell_gives(name: str) -> None:
    found = overlap_area([SHAPES[name]], LINES_X, LINES_Y).toarray()[0]
    np.testing.assert_allclose(found, by_clipping(SHAPES[name]), rtol=1e-12, atol=1e-13)


def test_polygons_of_all_kinds_keep_their_rows() -> None:
    found = overlap_area(list(SHAPES.values()), LINES_X, LINES_Y).toarray()
    expected = np.array([by_clipping(polygon) for polygon in SHAPES.values()])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_no_polygons() -> None:
    assert overlap_area([], LINES_X, LINES_Y).shape == (0, 24)
    assert not covered_area([], LINES_X, LINES_Y).any()


@settings(max_examples=60, deadline=None)
@given(
    corner=st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 7.0)),
    size=st.tuples(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0)),
    angle=st.sampled_from([0.0, 17.0, 45.0]),
)
def test_no_area_is_lost_however_small_the_polygon(
    corner: tuple[float, float], size: tuple[float, float], angle: float
) -> None:
    x, y = corner
    polygon = affinity.rotate(box(x, y, x + size[0], y + size[1]), angle)
    polygon = polygon.intersection(WHOLE) if not WHOLE.covers(polygon) else polygon
    found = float(overlap_area([polygon], LINES_X, LINES_Y).sum())
    # Rounding of coordinates near 10 limits the area of a shape to about 1e-15 of its perimeter.
    assert found == pytest.approx(polygon.area, rel=1e-12, abs=1e-14 * polygon.length)


def test_tiles_cover_the_plane() -> None:
    places = [(0.7 * i, 0.9 * j) for i in range(5) for j in range(4)]
    tiles = [box(x, y, x + 0.7, y + 0.9) for x, y in places]
    rest = [box(3.5, 0.0, 10.0, 8.0), box(0.0, 3.6, 3.5, 8.0)]
    area = covered_area([*tiles, *rest], LINES_X, LINES_Y)
    np.testing.assert_allclose(area, np.outer(np.diff(LINES_Y), np.diff(LINES_X)), rtol=1e-12)
