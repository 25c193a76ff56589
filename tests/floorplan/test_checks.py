"""Seeded faults: each is found by its rule, at its place, with its amount."""

import json
from dataclasses import fields, replace

import pytest
from shapely import Polygon, affinity, box

import floorplan
from floorplan import Block, BlockKind, Edge


def rules(plan):
    return {violation.rule for violation in floorplan.check(plan)}


def only(plan, rule=None):
    """Return the one violation, or the one of a rule where the fault breaks others too."""
    (violation,) = [v for v in floorplan.check(plan) if rule in (None, v.rule)]
    return violation


def with_die(plan, **changes):
    return replace(plan, dies=(replace(plan.dies[0], **changes), *plan.dies[1:]))


def with_stack(plan, name, **changes):
    stacks = tuple(replace(s, **changes) if s.name == name else s for s in plan.stacks)
    return replace(plan, stacks=stacks)


def block_named(plan, name):
    return next(block for block in plan.dies[0].blocks if block.name == name)


def moved(plan, name, dx_um=0.0, dy_um=0.0):
    """Move a block without touching the filler around it."""
    blocks = tuple(
        replace(b, outline=affinity.translate(b.outline, dx_um, dy_um)) if b.name == name else b
        for b in plan.dies[0].blocks
    )
    return with_die(plan, blocks=blocks)


def test_the_built_in_floorplans_are_clean(built_in):
    assert floorplan.check(built_in) == ()


def test_an_overlap_has_its_area_and_place(jalapeno):
    found = floorplan.check(moved(jalapeno, "noc/hub", dy_um=2_000.0))
    assert {v.rule for v in found} == {"block-overlap", "block-density"}
    hub = block_named(jalapeno, "noc/hub").outline.bounds
    collective = block_named(jalapeno, "collective").outline.bounds
    depth_um = hub[3] + 2_000.0 - collective[1]
    (worst,) = [v for v in found if v.where == ("compute/collective", "compute/noc/hub")]
    assert worst.amount == pytest.approx(depth_um * (hub[2] - hub[0]))
    die = jalapeno.dies[0]
    assert worst.x_um == pytest.approx(die.x_um + (hub[0] + hub[2]) / 2)
    assert worst.y_um == pytest.approx(die.y_um + collective[1] + depth_um / 2)
    assert worst.message.startswith("compute/collective: overlaps compute/noc/hub by ")
    assert worst.message.endswith("um^2; move or shrink one of them")


def test_an_overlap_of_one_grid_step_is_found(jalapeno):
    found = floorplan.check(moved(jalapeno, "slice00/sram", dx_um=0.005))
    assert [v.rule for v in found] == ["block-overlap", "block-spacing"]
    overlap, slit = found
    assert slit.amount == pytest.approx(0.005)
    assert "compute/slice00/sram" in slit.where
    assert "block-overlap" in overlap.rule


def test_a_block_outside_its_die(jalapeno):
    found = only(moved(jalapeno, "phy_hbm_w0", dx_um=-10.0))
    assert (found.rule, found.where) == ("block-enclosure", ("compute/phy_hbm_w0",))
    assert (found.amount, found.limit) == (pytest.approx(-10.0), 0.0)
    assert "reaches 10 um out of the seal ring of die compute with 80000 um^2" in found.message


def test_a_block_5_nm_over_the_edge(jalapeno):
    found = only(moved(jalapeno, "phy_hbm_w0", dx_um=-0.005), "block-enclosure")
    assert found.amount == pytest.approx(-0.005)
    die, outline = jalapeno.dies[0], block_named(jalapeno, "phy_hbm_w0").outline
    assert found.x_um == pytest.approx(die.x_um + outline.bounds[0] - 0.0025)
    assert found.y_um == pytest.approx(die.y_um + outline.centroid.y)


def test_an_hbm_stack_outside_the_interposer(jalapeno):
    plan = jalapeno.with_stack_at("hbm_w0", -750.0, 10_900.0)
    found = only(plan)
    assert (found.rule, found.where) == ("interposer-edge", ("hbm_w0",))
    assert (found.amount, found.limit, found.unit) == (-750.0, 200.0, "um")
    assert found.message == (
        "hbm_w0: reaches 750 um beyond the west side of the interposer, which asks for 200 um; "
        "move it or enlarge the interposer"
    )


def test_a_stack_too_near_to_the_edge_of_the_interposer(jalapeno):
    found = only(jalapeno.with_stack_at("hbm_w0", 150.0, 10_900.0))
    assert (found.rule, found.amount, found.limit) == ("interposer-edge", 150.0, 200.0)
    assert "hbm_w0: stands 150 um from the west side of the interposer" in found.message


def test_a_stack_turned_by_180_degrees(jalapeno):
    found = only(with_stack(jalapeno, "hbm_e1", phy_edge=Edge.EAST))
    assert (found.rule, found.where) == ("phy-facing", ("hbm_e1", "compute/phy_hbm_e1"))
    assert "its interface is on its east edge" in found.message
    assert "turn the stack or move it to the other side" in found.message


def test_a_stack_turned_by_90_degrees(jalapeno):
    assert "phy-facing" in rules(with_stack(jalapeno, "hbm_e1", phy_edge=Edge.NORTH))


def test_an_off_grid_vertex(jalapeno):
    block = block_named(jalapeno, "slice00/router")
    x0, y0, x1, y1 = block.outline.bounds
    bent = Polygon([(x0, y0), (x1, y0), (x1, y1), (x0 + 0.002, y1)])
    blocks = tuple(replace(b, outline=bent) if b is block else b for b in jalapeno.dies[0].blocks)
    plan = with_die(jalapeno, blocks=blocks)
    assert rules(plan) == {"grid", "angle", "block-spacing", "block-width"}
    found = only(plan, "grid")
    assert found.where == ("compute/slice00/router",)
    assert found.amount == pytest.approx(0.002)
    assert "lies 2 nm off the 5 nm grid; snap it" in found.message


def test_an_off_grid_stack(jalapeno):
    stack = jalapeno.stacks[0]
    found = only(jalapeno.with_stack_at(stack.name, stack.x_um, stack.y_um - 0.001))
    assert (found.rule, found.where) == ("grid", ("hbm_w0",))


def test_a_die_beyond_the_reticle(jalapeno):
    found = floorplan.check(with_die(jalapeno, height_um=33_010.0))
    (reticle,) = [v for v in found if v.rule == "reticle"]
    assert (reticle.amount, reticle.limit) == (33_010.0, 33_000.0)
    assert "10 um longer than the reticle field of 26000 x 33000 um" in reticle.message


def test_a_die_may_be_exposed_turned(jalapeno):
    turned = with_die(jalapeno, width_um=32_300.0, height_um=26_000.0, blocks=())
    assert "reticle" not in rules(turned)


def test_a_gap_that_is_too_small(jalapeno):
    stack = jalapeno.stacks[0]
    found = only(jalapeno.with_stack_at(stack.name, stack.x_um + 40.0, stack.y_um))
    assert (found.rule, found.where) == ("die-gap", ("compute", "hbm_w0"))
    assert (found.amount, found.limit) == (pytest.approx(60.0), 100.0)
    assert "are 60 um apart; the smallest gap is 100 um; move them apart" in found.message


def test_stacks_on_top_of_each_other(jalapeno):
    first, second = jalapeno.stacks[:2]
    plan = jalapeno.with_stack_at(first.name, second.x_um, second.y_um - 10_000.0)
    (gap,) = [v for v in floorplan.check(plan) if v.rule == "die-gap"]
    assert gap.where == (first.name, second.name)
    assert "overlap by 1.1e+07 um^2" in gap.message


def test_an_interposer_that_is_too_large(jalapeno):
    found = only(replace(jalapeno, width_um=50_000.0))
    assert found.rule == "interposer-area"
    assert (found.amount, found.limit) == (pytest.approx(2.75e9), pytest.approx(2.7e9))
    assert "2750 mm^2 is more than the 2700 mm^2" in found.message


def test_a_keep_out(jalapeno):
    plan = with_die(jalapeno, keepouts=(box(100.0, 2_000.0, 200.0, 2_100.0),))
    found = only(plan)
    assert (found.rule, found.where) == ("block-keepout", ("compute/phy_hbm_w0",))
    assert "lies on keep-out 0 of die compute with 10000 um^2" in found.message
    near = floorplan.rule_deck().changed({"block-keepout": "150 um"}, where="test")
    away = with_die(jalapeno, keepouts=(box(-90.0, 2_000.0, -40.0, 2_100.0),))
    (found,) = floorplan.check(away, near)
    assert (found.amount, found.limit) == (pytest.approx(100.0), 150.0)


def test_a_phy_that_is_missing_offset_or_far(jalapeno):
    phy = block_named(jalapeno, "phy_hbm_n0")
    without = tuple(b for b in jalapeno.dies[0].blocks if b is not phy)
    missing = only(with_die(jalapeno, blocks=without), "phy-missing")
    assert (missing.rule, missing.where) == ("phy-missing", ("hbm_n0",))
    stack = next(s for s in jalapeno.stacks if s.name == "hbm_n0")
    offset = only(jalapeno.with_stack_at("hbm_n0", stack.x_um + 2_000.0, stack.y_um))
    assert (offset.rule, offset.amount) == ("phy-offset", pytest.approx(500.0))
    taller = replace(jalapeno, height_um=jalapeno.height_um + 2_000.0)
    far = taller.with_stack_at("hbm_n0", stack.x_um, stack.y_um + 2_000.0)
    (gap,) = [v for v in floorplan.check(far) if v.rule == "phy-gap"]
    assert (gap.amount, gap.limit) == (pytest.approx(2_160.0), 1_500.0)


def test_a_name_used_twice(jalapeno):
    again = with_die(jalapeno, blocks=(*jalapeno.dies[0].blocks, _speck("host")))
    found = [v for v in floorplan.check(again) if v.rule == "name-unique"]
    assert [v.where for v in found] == [("compute/host",)]
    twin = replace(jalapeno, stacks=(*jalapeno.stacks[1:], replace(jalapeno.stacks[0], name="x")))
    assert "name-unknown" in rules(twin)


def test_a_block_of_an_unknown_stack(jalapeno):
    plan = with_die(jalapeno, blocks=(*jalapeno.dies[0].blocks, _speck("probe", stack="hbm_w9")))
    (found,) = [v for v in floorplan.check(plan) if v.rule == "name-unknown"]
    assert "there is no stack 'hbm_w9'; did you mean" in found.message


def _speck(name, kind=BlockKind.VECTOR, **more):
    return Block(name, kind, box(5_000.0, 5_000.0, 5_001.0, 5_001.0), **more)


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        (Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), "is not valid (Self-intersection"),
        (Polygon(), "is empty"),
        (Polygon([(0, 0), (5, 0), (0, 0)]), "has no area"),
        (Polygon([(0, 0), (5, 0), (float("inf"), 5)]), "not finite"),
    ],
)
def test_an_invalid_polygon(jalapeno, outline, words):
    speck = Block("probe", BlockKind.VECTOR, outline)
    found = only(with_die(jalapeno, blocks=(*jalapeno.dies[0].blocks, speck)))
    assert (found.rule, found.where) == ("polygon", ("compute/probe",))
    assert words in found.message


def test_violations_are_sorted_and_json_takes_them(jalapeno):
    plan = moved(moved(jalapeno, "host", dx_um=0.001), "phy_hbm_e0", dx_um=50.0)
    found = floorplan.check(plan)
    assert [v.rule for v in found] == sorted(v.rule for v in found)
    assert found == floorplan.check(plan)
    tables = json.loads(json.dumps([v.to_dict() for v in found]))
    assert set(tables[0]) == {field.name for field in fields(floorplan.Violation)}
    assert {v.rule for v in found} <= set(floorplan.rule_deck())


#: Rules of bumps, nets and layout files; their own tests break them.
ELSEWHERE = {
    *("hbm-bump-pitch", "core-bump-pitch", "c4-pitch", "tsv-pitch", "ball-pitch", "pad-spacing"),
    *("bump-edge", "c4-edge", "ball-edge", "bump-duplicate", "bump-map", "net-open", "net-short"),
    *("top-cell", "cell-duplicate", "instance-duplicate", "layer-unknown"),
    *("c4-via", "grid-gap", "bump-reach", "d2d-bump-pitch", "pad-size", "seal-ring-edge"),
    "d2d-unused",
}


def test_every_other_rule_of_the_deck_can_be_broken(jalapeno):
    """The seeded faults of this file reach all rules of blocks, dies and stacks."""
    seeded = [
        moved(jalapeno, "noc/hub", dy_um=2_000.0),
        moved(jalapeno, "phy_hbm_w0", dx_um=-10.001),
        moved(jalapeno, "slice00/sram", dx_um=0.005),
        jalapeno.with_stack_at("hbm_w0", -750.0, 0.0),
        with_stack(jalapeno, "hbm_e1", phy_edge=Edge.EAST),
        with_die(jalapeno, height_um=33_010.0, keepouts=(jalapeno.dies[0].outline,)),
        replace(jalapeno, width_um=50_000.0),
        with_die(jalapeno, blocks=(_speck("a", stack="b"), _speck("a"))),
        with_die(jalapeno, blocks=(Block("a", BlockKind.VECTOR, Polygon()),)),
        with_die(jalapeno, blocks=(Block("a", BlockKind.VECTOR, _triangle(0.5)),)),
        with_die(jalapeno, seal_ring_um=5.0),
        with_die(jalapeno, seal_ring_um=0.0),
        with_die(jalapeno, seal_ring_um=0.0, scribe_um=0.0),
        replace(jalapeno, height_um=60_000.0).with_stack_at("hbm_n0", 20_000.0, 48_000.0),
        with_die(jalapeno, blocks=(_speck("a", kind=BlockKind.HBM_PHY),)),
    ]
    found = set().union(*map(rules, seeded))
    assert found | ELSEWHERE == set(floorplan.rule_deck())
    assert not found & ELSEWHERE


def _triangle(side_um):
    x = 5_000.0
    return Polygon([(x, x), (x + side_um, x), (x, x + 2 * side_um)])
