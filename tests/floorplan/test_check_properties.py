"""Random floorplans and random faults: what is clean has no finding, what is broken has its own."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import Polygon, affinity, box

import floorplan
from floorplan import Block, BlockKind, Die, Edge, Floorplan, HbmStack
from techlib import hbm_generations, interposers, process_nodes

GRID_UM = 0.005
RING_UM = 60.0  # scribe lane and seal ring
KINDS = [kind for kind in BlockKind if kind is not BlockKind.HBM_PHY]


@st.composite
def floorplans(draw):
    """A die cut into columns and rows of blocks, its PHY on the east side, and one stack."""
    hbm = hbm_generations()[draw(st.sampled_from(["HBM2E", "HBM3", "HBM4"]))]
    columns = draw(st.lists(st.integers(100, 3_000), min_size=1, max_size=4))
    rows = draw(st.lists(st.integers(300, 3_000), min_size=1, max_size=4))
    height = max(sum(rows), hbm.phy_width_um + 100.0)
    blocks, x = [], RING_UM
    for i, width in enumerate(columns):
        y = RING_UM
        for j, depth in enumerate(rows):
            kind = draw(st.sampled_from(KINDS))
            top = RING_UM + height if j == len(rows) - 1 else y + depth
            blocks.append(Block(f"b{i}/{j}", kind, box(x, y, x + width, top)))
            y += depth
        x += width
    low = RING_UM + (height - hbm.phy_width_um) / 2.0
    low = round(low / GRID_UM) * GRID_UM
    phy = box(x, low, x + 2_000.0, low + hbm.phy_width_um)
    blocks.append(Block("phy", BlockKind.HBM_PHY, phy, stack="hbm0"))
    die_width, die_height = x + 2_000.0 + RING_UM, height + 2 * RING_UM
    tall = max(die_height, hbm.width_um) + 1_000.0
    die = Die("chip", die_width, die_height, 300.0, 500.0, process_nodes()["N5"], tuple(blocks),
              scribe_um=40.0, seal_ring_um=20.0)  # fmt: skip
    middle = 500.0 + low + hbm.phy_width_um / 2.0
    gap = draw(st.integers(100, 600))
    start = max(round((middle - hbm.width_um / 2.0) / GRID_UM) * GRID_UM, 200.0)
    stack = HbmStack("hbm0", hbm, 300.0 + die_width + gap, start, Edge.WEST)
    width = stack.x_um + stack.width_um + 700.0  # room for a gap that a test widens
    return Floorplan("random", interposers()["CoWoS-S"], width, max(tall, start + hbm.width_um)
                     + 300.0, (die,), (stack,), GRID_UM)  # fmt: skip


def check(plan):
    deck = floorplan.rule_deck().changed({"block-density": "off"}, where="test")
    return floorplan.check(plan, deck)


def with_blocks(plan, *blocks):
    return replace(plan, dies=(replace(plan.dies[0], blocks=blocks),))


@settings(max_examples=60)
@given(floorplans())
def test_a_clean_floorplan_has_no_finding(plan):
    assert check(plan) == ()


@settings(max_examples=60)
@given(floorplans(), st.data())
def test_a_block_that_is_moved_is_found_where_it_went(plan, data):
    blocks = list(plan.dies[0].blocks)
    index = data.draw(st.integers(0, len(blocks) - 2))
    steps = data.draw(st.integers(1, 10_000)) * data.draw(st.sampled_from([-1, 1]))
    moved = affinity.translate(blocks[index].outline, steps * GRID_UM, 0.0)
    blocks[index] = replace(blocks[index], outline=moved)
    found = check(with_blocks(plan, *blocks))
    name = f"chip/{blocks[index].name}"
    assert any(name in v.where for v in found)
    assert {v.rule for v in found} <= {
        "block-overlap", "block-enclosure", "block-spacing", "block-width"}  # fmt: skip
    place = affinity.translate(moved.buffer(2 * abs(steps) * GRID_UM), 300.0, 500.0)
    assert all(place.intersects(box(*v.bounds_um)) for v in found)


@settings(max_examples=60)
@given(floorplans(), st.data())
def test_a_vertex_off_the_grid_is_found(plan, data):
    blocks = list(plan.dies[0].blocks)
    index = data.draw(st.integers(0, len(blocks) - 1))
    x0, y0, x1, y1 = blocks[index].outline.bounds
    off = data.draw(st.integers(1, 4)) * 1e-3
    bent = Polygon([(x0, y0), (x1, y0), (x1, y1 - off), (x0, y1)])
    blocks[index] = replace(blocks[index], outline=bent)
    found = [v for v in check(with_blocks(plan, *blocks)) if v.rule == "grid"]
    assert [v.where for v in found] == [(f"chip/{blocks[index].name}",)]
    assert found[0].amount == pytest.approx(min(off, GRID_UM - off))
    assert (found[0].x_um, found[0].y_um) == pytest.approx((x1 + 300.0, y1 - off + 500.0))


@settings(max_examples=40)
@given(floorplans(), st.sampled_from(list(Edge)))
def test_a_stack_that_is_turned_is_found(plan, edge):
    stack = plan.stacks[0]
    found = check(replace(plan, stacks=(replace(stack, phy_edge=edge),)))
    facing = {v.rule for v in found} & {"phy-facing", "phy-offset", "phy-gap"}
    assert bool(facing) == (edge is not Edge.WEST)


@settings(max_examples=40)
@given(floorplans(), st.integers(1, 400))
def test_gaps_are_measured(plan, gap_um):
    stack, die = plan.stacks[0], plan.dies[0]
    x_um = die.x_um + die.width_um + gap_um
    assume(x_um != stack.x_um)
    found = check(plan.with_stack_at("hbm0", x_um, stack.y_um))
    expected = [("die-gap", float(gap_um))] if gap_um < 100 else []
    assert [(v.rule, pytest.approx(v.amount)) for v in found] == expected


@settings(max_examples=40)
@given(floorplans(), st.data())
def test_a_difference_is_told_of_every_change_and_of_nothing_else(plan, data):
    blocks = list(plan.dies[0].blocks)
    index = data.draw(st.integers(0, len(blocks) - 1))
    dx, dy = (data.draw(st.integers(-50, 50)) * GRID_UM for _ in "xy")
    assume(dx or dy)
    outline = affinity.translate(blocks[index].outline, dx, dy)
    blocks[index] = replace(blocks[index], outline=outline)
    (found,) = floorplan.diff(plan, with_blocks(plan, *blocks))
    assert (found.change, found.name) == ("moved", f"chip/{blocks[index].name}")
    assert found.amount == pytest.approx((dx**2 + dy**2) ** 0.5, abs=1e-6)
