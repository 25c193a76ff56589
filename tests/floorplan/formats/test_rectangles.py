from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box, get_parts, union_all

from floorplan.formats.rectangles import rectangles

CORNER = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 6), st.integers(1, 6))


@given(st.lists(CORNER, min_size=1, max_size=6))
def test_pieces_tile_the_outline(corners: list[tuple[int, int, int, int]]) -> None:
    union = union_all([box(x, y, x + width, y + height) for x, y, width, height in corners])
    for outline in get_parts(union):
        pieces = [box(*piece) for piece in rectangles(outline)]
        assert sum(piece.area for piece in pieces) == pytest.approx(outline.area, rel=1e-12)
        assert union_all(pieces).symmetric_difference(outline).area == pytest.approx(0.0, abs=1e-9)


def test_a_rectangle_is_itself() -> None:
    assert rectangles(box(1.0, 2.0, 3.0, 5.0)) == [(1.0, 2.0, 3.0, 5.0)]


def test_a_ring_has_four_sides() -> None:
    ring = box(0, 0, 10, 10).difference(box(1, 1, 9, 9))
    assert len(rectangles(ring)) == 4


def test_slanted_edges_are_refused() -> None:
    with pytest.raises(ValueError, match="runs along neither axis"):
        rectangles(Polygon([(0, 0), (2, 0), (1, 1)]))
