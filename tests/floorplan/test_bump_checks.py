"""Faults seeded into bump fields: each is found by its rule, at its place, with its nets."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import Point

import floorplan
from floorplan import BumpArray, BumpField, BumpKind, Orientation

STACK, PHY = "hbm_w0/hbm", "compute/phy_hbm_w0"


@pytest.fixture(scope="module")
def layout(jalapeno):
    """One stack and its PHY: all that the bump map is about."""
    full = floorplan.lay_out(jalapeno)
    return replace(full, fields=(full.field(STACK), full.field(PHY)))


def with_field(layout, name, **changes):
    fields = [replace(f, **changes) if f.name == name else f for f in layout.fields]
    return replace(layout, fields=tuple(fields))


def with_point(layout, name, net, dx_um=0.0, dy_um=0.0):
    """Move the bump of a signal."""
    field = layout.field(name)
    points = field.points_um.copy()
    points[index_of(field, net)] += (dx_um, dy_um)
    return with_field(layout, name, points_um=points)


def index_of(field, net):
    (index,) = np.flatnonzero(field.point_nets == field.nets.index(net))
    return int(index)


def place_of(layout, name, net):
    field = layout.placed(layout.field(name))
    return field.points_um[index_of(field, net)]


def alone(layout, *fields):
    """Return the layout with these fields in place of its own."""
    return replace(layout, fields=fields)


def rules(found):
    return {violation.rule for violation in found}


def test_the_layouts_of_the_built_in_designs_are_clean(built_in):
    layout = floorplan.lay_out(built_in)
    assert sum(layout.bump_counts.values()) > 900_000
    assert floorplan.check(layout) == ()


@pytest.mark.parametrize("hbm", ["HBM2", "HBM2E", "HBM3", "HBM3E", "HBM4"])
def test_each_generation_has_joints_of_its_own_supplies(derived, hbm):
    """HBM2 has none of a low swing, and no joint of one then."""
    changes = {
        "hbm": hbm, "die_width": "14 mm", "die_height": "14 mm", "stacks_west": 1,
        "stacks_east": 1, "slices_per_stack": 2, "extra_slices": 0, "serdes_lanes": 8,
        "host_lanes": 4, "noc_hub_area": "4 mm^2", "collective_area": "2 mm^2",
        "management_area": "2 mm^2", "io_die_width": "10 mm", "io_noc_area": "4 mm^2",
        "die_to_die_blocks": 3,
    }  # fmt: skip
    layout = floorplan.lay_out(derived("jalapeno-hc26", **changes))
    assert floorplan.check(layout) == ()
    memory = layout.field("hbm_w0/hbm").count_by_net()
    for name in ("interposer/c4", "substrate/bga"):
        supplies = layout.field(name).count_by_net()
        for rail in ("VDDC", "VDDQ", "VDDQL"):
            assert bool(supplies[rail]) == bool(memory.get(rail))


def test_a_map_that_stands_aside_as_a_whole(layout):
    """Along the edge by 1 um; across it a PHY may stand where it likes."""
    field = layout.field(PHY)
    aside = with_field(layout, PHY, **moved_by(field, 0.0, 1.0))
    (found,) = floorplan.check(aside)
    assert (found.rule, found.where) == ("bump-map", (PHY, STACK))
    assert found.amount == pytest.approx(1.0)
    assert "its map stands 1 um along the edge from that of hbm_w0/hbm; line them up" in (
        found.message
    )
    assert floorplan.check(with_field(layout, PHY, **moved_by(field, 1.0, 0.0))) == ()


def moved_by(field, dx_um, dy_um):
    moved = field.placed(dx_um, dy_um)
    return {"arrays": moved.arrays, "points_um": moved.points_um}


def test_a_swapped_net(layout):
    field = layout.field(PHY)
    a, b = "hbm_w0/DQ0_a", "hbm_w0/DQ5_f"
    codes = field.point_nets.copy()
    i, j = index_of(field, a), index_of(field, b)
    codes[[i, j]] = codes[[j, i]]
    found = floorplan.check(with_field(layout, PHY, point_nets=codes))
    assert [v.rule for v in found] == ["bump-map", "bump-map"]
    for violation, net, other in zip(sorted(found, key=lambda v: v.message), (a, b), (b, a),
                                     strict=True):  # fmt: skip
        assert violation.where == (PHY, STACK)
        assert f"bump of {net} stands" in violation.message
        assert f"at the place of {other}; swap or rename the nets" in violation.message
        place = place_of(layout, PHY, other)
        assert (violation.x_um, violation.y_um) == pytest.approx(tuple(place))


def test_a_bump_moved_by_1_um(layout):
    net = "hbm_w0/DQ3_c"
    both = floorplan.check(with_point(layout, PHY, net, dx_um=0.6, dy_um=-0.8))
    assert rules(both) == {"bump-map", "hbm-bump-pitch"}  # it comes closer to its neighbours
    (found,) = [v for v in both if v.rule == "bump-map"]
    assert found.where == (PHY, STACK)
    assert (found.amount, found.limit) == (pytest.approx(1.0), 0.0)
    assert f"bump of {net} stands (0.6, -0.8) um from where {STACK} has it" in found.message
    x, y = place_of(layout, PHY, net)
    assert (found.x_um, found.y_um) == pytest.approx((x + 0.6, y - 0.8))
    deck = floorplan.rule_deck().changed({"bump-map": "2 um"}, where="test")
    assert rules(floorplan.check(with_point(layout, PHY, net, dx_um=1.0), deck)) == {
        "hbm-bump-pitch"
    }


def test_a_moved_bump_of_the_stack_is_the_same_fault(layout):
    found = floorplan.check(with_point(layout, STACK, "hbm_w0/DQ3_c", dy_um=1.0))
    (moved,) = [v for v in found if v.rule == "bump-map"]
    assert moved.amount == pytest.approx(1.0)


@pytest.mark.parametrize("turn", [Orientation.R180, Orientation.MX])
def test_a_map_that_is_turned_or_mirrored(layout, turn):
    stack, field = layout.floorplan.stacks[0], layout.field(STACK)
    corner = turn.apply([[0.0, 0.0], [stack.width_um, stack.height_um]]).min(axis=0)
    turned = field.placed(*(-corner), turn)
    (found,) = floorplan.check(replace(layout, fields=(turned, layout.field(PHY))))
    assert (found.rule, found.where) == ("bump-map", (PHY, STACK))
    assert found.count == 1920
    assert "1920 of 1920 nets do not face those of hbm_w0/hbm" in found.message
    assert "it fits if the stack is turned by" in found.message


def test_a_supply_bump_that_faces_another_net(layout):
    field = layout.field(PHY)
    index = int(np.flatnonzero(field.point_nets == field.nets.index("VDDQ"))[0])
    codes = field.point_nets.copy()
    codes[index] = field.nets.index("VSS")
    (found,) = floorplan.check(with_field(layout, PHY, point_nets=codes))
    assert found.rule == "bump-map"
    assert "bump of VSS stands 0 um from the nearest one" in found.message
    assert "at the place of VDDQ; swap or rename the nets" in found.message


def test_an_unconnected_net(layout):
    field = layout.field(PHY)
    keep = np.arange(len(field.points_um)) != index_of(field, "hbm_w0/DQ3_c")
    changed = with_field(layout, PHY, points_um=field.points_um[keep],
                         point_nets=field.point_nets[keep])  # fmt: skip
    found = floorplan.check(changed)
    assert rules(found) == {"net-open"}
    assert any(
        "net hbm_w0/DQ3_c has a bump here and none on compute/phy" in v.message for v in found
    )
    place = place_of(layout, STACK, "hbm_w0/DQ3_c")
    assert any((v.x_um, v.y_um) == pytest.approx(tuple(place)) for v in found)


def test_phys_wired_to_each_other_s_stacks(jalapeno):
    full = floorplan.lay_out(jalapeno)
    names = (STACK, PHY, "hbm_w1/hbm", "compute/phy_hbm_w1")
    one, phy, two, other = (full.field(name) for name in names)
    crossed = (
        one,
        two,
        replace(phy, nets=other.nets),
        replace(other, nets=phy.nets),
    )
    found = floorplan.check(replace(full, fields=crossed))
    assert rules(found) == {"net-open"}
    assert sum(v.count for v in found if v.rule == "net-open") == 4 * 1920


def field(kind, points, nets, *, owner="compute", pad_um=25.0, name="test", **more):
    codes = [sorted(set(nets)).index(net) for net in nets]
    return BumpField(f"{owner}/{name}", kind, owner, pad_um, tuple(sorted(set(nets))),
                     points_um=points, point_nets=codes, **more)  # fmt: skip


def test_pitch_duplicates_shorts_and_the_edge(layout):
    die = layout.floorplan.dies[0]
    points = [[1_000, 1_000], [1_040, 1_000], [2_000, 2_000], [2_000, 2_000],
              [3_000, 3_000], [3_020, 3_000], [90, 5_000], [5_000.002, 5_000]]  # fmt: skip
    nets = ["VDD", "VDD", "VDD", "VDD", "VDD", "VSS", "VDD", "VDD"]
    found = floorplan.check(alone(layout, field(BumpKind.CORE, points, nets)))
    by_rule = {v.rule: v for v in found if v.rule != "net-open"}
    assert set(by_rule) == {"core-bump-pitch", "bump-duplicate", "net-short", "bump-edge", "grid",
                            }  # fmt: skip
    pitch = by_rule["core-bump-pitch"]
    assert (pitch.amount, pitch.limit) == (pytest.approx(40.0), 45.0)
    assert (pitch.x_um, pitch.y_um) == pytest.approx((die.x_um + 1_020, die.y_um + 1_000))
    assert by_rule["bump-duplicate"].x_um == pytest.approx(die.x_um + 2_000)
    short = by_rule["net-short"]
    assert short.amount == pytest.approx(-5.0)  # pads of 25 um at a distance of 20 um
    assert "VDD at" in short.message
    assert "VSS at" in short.message
    edge = by_rule["bump-edge"]  # scribe and seal ring take 60 um
    assert (edge.amount, edge.limit) == (pytest.approx(30.0), 50.0)
    assert by_rule["grid"].amount == pytest.approx(0.002)


def test_pads_of_two_fields_that_come_too_close(layout):
    core = field(BumpKind.CORE, [[5_000, 5_000]], ["VDD"], name="core")
    memory = field(BumpKind.HBM, [[5_030, 5_000], [6_000, 5_000]], ["VDD", "VDD"], name="phy")
    found = floorplan.check(alone(layout, core, memory))
    (close,) = [v for v in found if v.rule != "net-open"]
    assert (close.rule, close.where) == ("pad-spacing", ("compute/core", "compute/phy"))
    assert (close.amount, close.limit) == (pytest.approx(5.0), 10.0)


@pytest.mark.parametrize(
    ("kind", "owner", "pad_um", "pitch_um", "rules_broken"),
    [
        (BumpKind.C4, "interposer", 80.0, 140.0, {"c4-pitch", "c4-edge"}),
        (BumpKind.TSV, "interposer", 10.0, 40.0, {"tsv-pitch", "c4-edge"}),
        (BumpKind.BGA, "substrate", 600.0, 900.0, {"ball-pitch", "ball-edge"}),
    ],
)
def test_joints_vias_and_balls_have_rules_of_their_own(
    layout, kind, owner, pad_um, pitch_um, rules_broken
):
    points = [[40.0, 9_000.0], [9_000.0, 9_000.0], [9_000.0 + pitch_um, 9_000.0]]
    joints = field(kind, points, ["VSS"] * 3, owner=owner, pad_um=pad_um)
    found = floorplan.check(alone(layout, joints))
    assert rules(found) == rules_broken
    (close,) = [v for v in found if v.rule.endswith("pitch")]
    assert close.amount == pytest.approx(pitch_um)


def test_very_many_findings_become_one_at_the_end(layout):
    tight = BumpArray(1_000.0, 1_000.0, 40.0, 60.0, columns=100, rows=100)
    crowd = BumpField("compute/core", BumpKind.CORE, "compute", 25.0, ("VDD",), arrays=(tight,))
    found = [v for v in floorplan.check(alone(layout, crowd)) if v.rule == "core-bump-pitch"]
    assert len(found) == 100
    assert sum(v.count for v in found) == 99 * 100
    (rest,) = [v for v in found if v.count > 1]
    assert "9801 more of the same in this box" in rest.message


def test_nets_that_end_on_their_way_through_the_package(layout):
    below = {"owner": "interposer", "pad_um": 80.0}
    fields = [
        field(BumpKind.CORE, [[5_000, 5_000], [5_100, 5_000], [5_200, 5_000]], ["VDD", "tx", "rx"]),
        field(BumpKind.C4, [[16_350, 16_350], [16_650, 16_350]], ["VDD", "tx"], **below),
        field(BumpKind.BGA, [[20_000, 20_000]], ["VDD"], owner="substrate", pad_um=600.0),
    ]
    found = floorplan.check(alone(layout, *fields))
    assert [(v.rule, v.where) for v in found] == [("net-open", ("compute/test",))] * 2
    assert sorted(v.message for v in found) == [
        "compute/test: net rx has microbumps and no C4 joints and no balls; connect it",
        "compute/test: net tx has microbumps and no balls; connect it",
    ]


def test_vias_and_balls_without_the_joints_between(layout):
    fields = [
        field(BumpKind.TSV, [[5_000, 5_000]], ["VSS"], owner="interposer", pad_um=10.0, name="tsv"),
        field(BumpKind.BGA, [[9_000, 9_000]], ["VSS"], owner="substrate", pad_um=600.0, name="bga"),
    ]
    (found,) = [v for v in floorplan.check(alone(layout, *fields)) if v.rule == "net-open"]
    assert "net VSS has vias and no C4 joints; connect it" in found.message
    assert [v for v in floorplan.check(alone(layout, fields[0])) if v.rule == "net-open"] == []


def test_a_via_on_the_joint_of_another_net(layout):
    fields = [
        field(BumpKind.C4, [[5_000, 5_000], [5_150, 5_000]], ["VDD", "VSS"], owner="interposer",
              pad_um=80.0, name="c4"),
        field(BumpKind.TSV, [[5_000, 5_000], [5_150, 5_000], [5_070, 5_200]],
              ["VDD", "VDD", "VSS"], owner="interposer", pad_um=10.0, name="tsv"),
    ]  # fmt: skip
    (short,) = [v for v in floorplan.check(alone(layout, *fields)) if v.rule == "net-short"]
    assert short.where == ("interposer/tsv", "interposer/c4")
    assert (short.x_um, short.y_um) == (5_150.0, 5_000.0)
    assert "via of VDD stands on the joint of VSS" in short.message


def test_a_gap_in_a_grid_of_balls(layout):
    """Of a site that is empty, inside or at the rim; not of the corner, nor of a whole row."""
    gone = ((1, 2), (0, 0), (2, 4))
    sites = [(x, y) for x in range(6) for y in range(5) if (x, y) not in gone]
    points = [(9_000.0 + 1_000 * x, 9_000.0 + 800 * y) for x, y in sites if x != 4]
    balls = field(BumpKind.BGA, points, ["VSS"] * len(points), owner="substrate", pad_um=500.0)
    deck = floorplan.rule_deck().changed({"ball-pitch": "0.8 mm"}, where="test")
    gap, rim = floorplan.check(alone(layout, balls), deck)
    substrate = layout.substrate
    for one in (gap, rim):
        assert (one.rule, one.severity, one.where) == ("grid-gap", "error", ("substrate/test",))
    assert (gap.x_um, gap.y_um) == (10_000.0 - substrate.x_um, 10_600.0 - substrate.y_um)
    assert (rim.x_um, rim.y_um) == (11_000.0 - substrate.x_um, 12_200.0 - substrate.y_um)


def test_a_gap_in_the_microbumps_of_a_die(layout):
    """Lanes stand in the grid of the core; where the die has a keep-out, a site is left out."""
    grid = [(2_000.0 + 45.0 * x, 9_000.0 + 45.0 * y) for y in range(6) for x in range(9)]
    lane, kept, gone = grid.pop(30), grid.pop(22), grid.pop(11)
    fields = [
        field(BumpKind.CORE, grid, ["VDD"] * len(grid), owner="compute", pad_um=25.0, name="core"),
        field(BumpKind.CORE, [lane], ["VSS"], owner="compute", pad_um=25.0, name="lane"),
    ]
    plan = layout.floorplan
    die = replace(plan.dies[0], keepouts=(Point(kept).buffer(10.0),))
    bare = alone(replace(layout, floorplan=replace(plan, dies=(die,))), *fields)
    (gap,) = [v for v in floorplan.check(bare) if v.rule == "grid-gap"]
    assert (gap.where, gap.severity) == (("compute/core",), "error")
    assert (gap.x_um, gap.y_um) == (gone[0] + die.x_um, gone[1] + die.y_um)
    assert "no microbump at" in gap.message


def test_a_joint_without_a_via(layout):
    fields = [
        field(BumpKind.C4, [[5_000, 5_000], [5_150, 5_000]], ["VSS", "VSS"], owner="interposer",
              pad_um=80.0, name="c4"),
        field(BumpKind.TSV, [[5_020, 5_000]], ["VSS"], owner="interposer", pad_um=10.0, name="tsv"),
    ]  # fmt: skip
    (found,) = floorplan.check(alone(layout, *fields))
    assert (found.rule, found.where) == ("c4-via", ("interposer/c4", "interposer/tsv"))
    assert (found.x_um, found.y_um) == (5_150.0, 5_000.0)


def test_an_open_seal_ring_of_a_layout(layout):
    whole = layout.features["compute"]
    cut = floorplan.check(replace(layout, features={"compute": tuple(
        replace(f, outline=f.outline - _slot()) if f.layer == "die.seal_ring" else f
        for f in whole)}))  # fmt: skip
    (found,) = cut
    assert (found.rule, found.where) == ("seal-ring-closed", ("compute",))
    assert found.amount == pytest.approx(2.0, abs=1e-3)


def _slot():
    from shapely import box

    return box(0.0, 10_000.0, 100.0, 10_002.0)


def test_bumps_that_reach_beyond_their_phy(layout):
    """The field of HBM3 is 53 columns of 48 um deep, 50 um inside a PHY of 1.8 mm."""
    assert floorplan.check(layout) == ()
    deck = floorplan.rule_deck().changed({"bump-reach": "0.5 mm"}, where="test")
    (found,) = floorplan.check(layout, deck)
    assert (found.rule, found.where) == ("bump-reach", (PHY,))
    assert found.amount == pytest.approx(50.0 + 53 * 48.0 - 1_800.0)
    assert found.message.endswith("make the block deeper, or move the bumps")
    block = next(b for b in layout.floorplan.dies[0].blocks if f"compute/{b.name}" == PHY)
    (area,) = (
        f.outline
        for f in layout.features["compute"]
        if f.layer == "die.bump_area" and f.name == block.name
    )
    assert area.difference(block.outline).bounds[2] - block.outline.bounds[2] == pytest.approx(
        found.amount + 12.5
    )
