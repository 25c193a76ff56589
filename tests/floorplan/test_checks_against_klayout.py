"""KLayout's own design-rule engine finds the same widths, spacings and overlaps."""

from dataclasses import replace

import klayout.db as kdb
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, affinity, box

import floorplan
from floorplan.artwork import Shapes
from floorplan.checks.blocks import overlap_violations
from floorplan.checks.edges import facing_edges

RULES = floorplan.rule_deck()
LIMIT_UM = 1.0
STEP_UM = 0.25  # coordinates of random shapes; the limit is four of them


def shape(x, y, width, height, cut):
    """Return a rectangle whose corners are cut at 45 degrees, if they are cut at all."""
    x0, y0, x1, y1 = (STEP_UM * value for value in (x, y, x + width, y + height))
    c = STEP_UM * min(cut, (width - 1) // 2, (height - 1) // 2)
    ring = [(x0 + c, y0), (x1 - c, y0), (x1, y0 + c), (x1, y1 - c)]
    ring += [(x1 - c, y1), (x0 + c, y1), (x0, y1 - c), (x0, y0 + c)]
    return Polygon(ring) if c else box(x0, y0, x1, y1)


places, sides = st.integers(0, 60), st.integers(1, 12)
rectangles = st.lists(
    st.builds(shape, places, places, sides, sides, st.sampled_from([0, 0, 0, 1, 2, 3])),
    min_size=1,
    max_size=12,
)


def region(polygons):
    """Return polygons as a KLayout region, in nanometres."""
    found = kdb.Region()
    for polygon in polygons:
        shape = kdb.DPolygon([kdb.DPoint(x, y) for x, y in polygon.exterior.coords[:-1]])
        for hole in polygon.interiors:
            shape.insert_hole([kdb.DPoint(x, y) for x, y in hole.coords[:-1]])
        found.insert(shape.to_itype(0.001))
    return found


def marks_of(pairs):
    """Return the boxes of KLayout's edge pairs [um]."""
    boxes = [pair.bbox().to_dtype(0.001) for pair in pairs.each()]
    return [box(b.left, b.bottom, b.right, b.top) for b in boxes]


def same_places(ours, theirs):
    """Whether each place of one is a place of the other too."""
    ours, theirs = list(ours), list(theirs)
    if not ours or not theirs:
        return not ours and not theirs
    near = shapely.STRtree(ours).query(theirs, predicate="dwithin", distance=0.002)
    return len(set(near[0])) == len(theirs) and len(set(near[1])) == len(ours)


def boxes(bounds):
    return [box(*b) for b in bounds]


@settings(max_examples=150)
@given(rectangles)
def test_spacing_of_random_shapes(shapes):
    merged = shapely.get_parts(shapely.union_all(shapes))
    ours = facing_edges(merged, LIMIT_UM, outside=True)
    theirs = region(shapes).merged().space_check(1000)
    assert same_places(boxes(ours.bounds_um), marks_of(theirs))


@settings(max_examples=150)
@given(rectangles)
def test_width_of_random_shapes(shapes):
    merged = shapely.get_parts(shapely.union_all(shapes))
    ours = facing_edges(merged, LIMIT_UM)
    theirs = region(shapes).merged().width_check(1000)
    assert same_places(boxes(ours.bounds_um), marks_of(theirs))


@settings(max_examples=100)
@given(rectangles)
def test_overlaps_of_random_shapes(shapes):
    """Overlaps of pairs cover exactly what KLayout finds to be covered more than once."""
    blocks = Shapes(tuple(f"b{i}" for i in range(len(shapes))), np.array(shapes, dtype=object))
    ours = region([box(*v.bounds_um) for v in overlap_violations(blocks, RULES["block-overlap"])])
    theirs = region(shapes).merged(False, 2)
    assert (theirs - ours).is_empty()
    assert ours.is_empty() == theirs.is_empty()


def test_the_built_in_designs_are_clean_for_klayout_too(built_in):
    """Width of every block, spacing and overlap of all blocks of each die."""
    limit_nm = round(RULES["block-width"].limit * 1000)
    for die in built_in.dies:
        blocks = region([block.outline for block in die.blocks])
        blocks.merged_semantics = False
        assert blocks.width_check(limit_nm).is_empty()
        assert blocks.merged(False, 2).is_empty()
        assert blocks.merged().space_check(limit_nm).is_empty()
    assert floorplan.check(built_in) == ()


@pytest.mark.parametrize("step_um", [0.005, 0.5, 3.0])
def test_faults_in_the_built_in_designs_are_at_the_same_places(built_in, step_um):
    """Every seventh block is moved: KLayout finds the same slits and the same overlaps."""
    die = built_in.dies[0]
    blocks = tuple(
        replace(b, outline=affinity.translate(b.outline, step_um, 0.0)) if n % 7 == 0 else b
        for n, b in enumerate(die.blocks)
    )
    plan = replace(built_in, dies=(replace(die, blocks=blocks), *built_in.dies[1:]))
    found = floorplan.check(plan)
    every = region([affinity.translate(b.outline, die.x_um, die.y_um) for b in blocks])
    slits = marks_of(every.merged().space_check(round(RULES["block-spacing"].limit * 1000)))
    ours = [box(*v.bounds_um) for v in found if v.rule == "block-spacing"]
    assert bool(ours) == bool(slits) == (step_um < RULES["block-spacing"].limit)
    if ours:  # ours has each pair of blocks once, at its worst
        near = shapely.STRtree(slits).query(ours, predicate="dwithin", distance=0.002)
        assert len(set(near[0])) == len(ours)
    twice = every.merged(False, 2)
    overlaps = region([box(*v.bounds_um) for v in found if v.rule == "block-overlap"])
    assert (twice - overlaps.merged()).is_empty()
    assert (overlaps.merged() - twice).is_empty()
