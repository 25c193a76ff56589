"""Differences that are made on purpose: each is told as what it is, and nothing else is."""

from dataclasses import replace
from pathlib import Path

import gdstk
import numpy as np
import pytest
from shapely import affinity, box

import floorplan
from floorplan import Block, BlockKind, Change, Edge

SMALL = Path(__file__).with_name("small.toml")


@pytest.fixture(scope="module")
def plan():
    return floorplan.read_floorplan(SMALL)


@pytest.fixture(scope="module")
def layout(plan):
    return floorplan.lay_out(plan)


@pytest.fixture
def drawn(layout, tmp_path):
    """Write the layout, changed by a function of its cells, and read it."""

    def draw(change=None, name="plan.gds"):
        file = floorplan.write_gds(layout, tmp_path / name)
        if change is not None:
            library = gdstk.read_gds(file, unit=1e-6)
            change({cell.name: cell for cell in library.cells})
            library.write_gds(file)
        return floorplan.read_layout(file)

    return draw


def with_blocks(plan, *blocks):
    return replace(plan, dies=(replace(plan.dies[0], blocks=blocks),))


def told(found):
    return [(d.change, d.what, d.name) for d in found]


def test_a_layout_does_not_differ_from_itself(plan, layout):
    assert floorplan.diff(plan, plan) == ()
    assert floorplan.diff(layout, floorplan.lay_out(plan)) == ()


def test_a_block_that_moves_grows_shrinks_or_is_reshaped(plan):
    core, phy = plan.dies[0].blocks
    x0, y0, x1, y1 = core.outline.bounds
    for outline, change, amount in (
        (affinity.translate(core.outline, 3.0, -4.0), Change.MOVED, 5.0),
        (box(x0, y0, x1, y1 + 10.0), Change.GREW, 10.0 * (x1 - x0)),
        (box(x0, y0, x1, y1 - 10.0), Change.SHRANK, -10.0 * (x1 - x0)),
        (box(x0, y0, x0 + (y1 - y0), y0 + (x1 - x0)), Change.RESHAPED, 0.0),
    ):
        (found,) = floorplan.diff(plan, with_blocks(plan, replace(core, outline=outline), phy))
        assert (found.change, found.what, found.name) == (change, "block", "chip/core")
        assert found.amount == pytest.approx(amount)
        place = outline.centroid
        assert (found.x_um, found.y_um) == pytest.approx((place.x + 1_000, place.y + 2_000))


def test_kind_net_and_what_is_not_drawn(plan):
    core, phy = plan.dies[0].blocks
    (found,) = floorplan.diff(plan, with_blocks(plan, replace(core, kind=BlockKind.SRAM), phy))
    assert (found.change, found.before, found.after) == ("layer", "tensor", "sram")
    (found,) = floorplan.diff(plan, with_blocks(plan, replace(core, stack="hbm0"), phy))
    assert (found.change, found.before, found.after) == ("net", "none", "hbm0")
    changed = replace(core, macs=64, enabled=False)
    found = floorplan.diff(plan, with_blocks(plan, changed, phy))
    assert [(d.change, d.before, d.after) for d in found] == [
        ("property", "enabled true", "enabled false"),
        ("property", "macs 0", "macs 64"),
    ]


def test_blocks_that_come_go_or_are_renamed(plan):
    core, phy = plan.dies[0].blocks
    more = Block("sensor", BlockKind.MANAGEMENT, box(100, 100, 200, 200))
    assert told(floorplan.diff(plan, with_blocks(plan, core, phy, more))) == [
        ("added", "block", "chip/sensor")
    ]
    assert told(floorplan.diff(plan, with_blocks(plan, phy))) == [("removed", "block", "chip/core")]
    (found,) = floorplan.diff(plan, with_blocks(plan, replace(core, name="engine"), phy))
    assert (found.change, found.before, found.after) == ("renamed", "chip/core", "chip/engine")


def test_bodies_take_along_what_stands_on_them(plan, layout):
    moved = replace(plan, dies=(replace(plan.dies[0], x_um=900.0),))
    assert told(floorplan.diff(plan, moved)) == [("moved", "die", "chip")]
    shifted = plan.with_stack_at("hbm0", 7_300.0, 1_000.0)
    assert told(floorplan.diff(plan, shifted)) == [("moved", "stack", "hbm0")]
    turned = replace(plan, stacks=(replace(plan.stacks[0], phy_edge=Edge.EAST),))
    (found,) = floorplan.diff(plan, turned)
    assert (found.before, found.after) == ("interface side west", "interface side east")
    carried = floorplan.lay_out(shifted)
    bumps = [d for d in floorplan.diff(layout, carried) if d.what == "bumps"]
    assert {d.name for d in bumps} <= {"interposer/c4", "interposer/tsv"}  # rails below the stack


def test_lengths_within_the_tolerance_do_not_count(plan):
    core, phy = plan.dies[0].blocks
    moved = with_blocks(plan, replace(core, outline=affinity.translate(core.outline, 0.005)), phy)
    assert len(floorplan.diff(plan, moved)) == 1
    assert floorplan.diff(plan, moved, tolerance_um=0.005) == ()


def with_field(layout, name, **changes):
    fields = [replace(f, **changes) if f.name == name else f for f in layout.fields]
    return replace(layout, fields=tuple(fields))


def test_bumps_that_move_or_change_their_net_or_pad(layout):
    field = layout.field("hbm0/hbm")
    codes, points = field.point_nets.copy(), field.points_um.copy()
    i, j = (
        int(np.flatnonzero(codes == field.nets.index(net))[0])
        for net in ("hbm0/DQ0_a", "hbm0/DQ1_a")
    )
    codes[[i, j]] = codes[[j, i]]
    found = floorplan.diff(layout, with_field(layout, "hbm0/hbm", point_nets=codes))
    assert {(d.change, d.name, d.before, d.after) for d in found} == {
        ("net", "hbm0/hbm", "hbm0/DQ0_a", "hbm0/DQ1_a"),
        ("net", "hbm0/hbm", "hbm0/DQ1_a", "hbm0/DQ0_a"),
    }
    points[i] += (0.6, 0.8)
    (found,) = floorplan.diff(layout, with_field(layout, "hbm0/hbm", points_um=points))
    assert (found.change, found.amount, found.unit) == ("moved", pytest.approx(1.0), "um")
    assert (found.x_um, found.y_um) == pytest.approx(tuple(points[i] + (7_200, 1_000)))
    assert floorplan.diff(
        layout, with_field(layout, "hbm0/hbm", points_um=points), tolerance_um=1.0
    ) == ()  # fmt: skip
    (found,) = floorplan.diff(layout, with_field(layout, "hbm0/hbm", pad_um=30.0))
    assert (found.change, found.before, found.after) == ("grew", "pads of 25 um", "pads of 30 um")


def test_bumps_of_one_net_that_move_are_paired_with_the_nearest(layout):
    """Supply bumps by 1 um each; two that go farther than a pad have gone, and come elsewhere."""
    field = layout.field("hbm0/hbm")
    supply = np.flatnonzero(field.point_nets == field.nets.index("VDDQ"))[:4]
    points = field.points_um.copy()
    points[supply] += [[1.0, 0.0], [0.0, -1.0], [0.0, 26.0], [27.0, 0.0]]
    found = floorplan.diff(layout, with_field(layout, "hbm0/hbm", points_um=points))
    assert [(d.change, d.amount) for d in found] == [
        ("added", 2.0), ("moved", pytest.approx(1.0)), ("moved", pytest.approx(1.0)),
        ("removed", 2.0),
    ]  # fmt: skip


def test_bumps_that_come_and_go_are_counted_by_net(layout):
    field = layout.field("chip/core")
    array = field.arrays[0]
    fewer = replace(array, columns=array.columns - 1)
    changed = with_field(layout, "chip/core", arrays=(fewer, *field.arrays[1:]))
    (found,) = floorplan.diff(layout, changed)
    net = field.nets[array.net]
    assert (found.change, found.name, found.amount) == ("removed", "chip/core", array.rows)
    assert found.before == f"{array.rows} of {net}"
    (back,) = floorplan.diff(changed, layout)
    assert (back.change, back.after) == ("added", found.before)


def test_a_layout_is_the_same_as_its_files(layout, drawn, tmp_path):
    gds = drawn()
    oasis = floorplan.read_layout(floorplan.write_oasis(layout, tmp_path / "plan.oas"))
    assert floorplan.diff_files(gds, oasis) == ()


def test_files_that_differ(drawn):
    def change(cells):
        die = cells["CHIP_DIE"]
        die.add(gdstk.rectangle((10, 10), (20, 30), layer=250, datatype=7))
        ring = next(p for p in die.polygons if p.layer == 12)
        die.remove(ring)
        tensor = next(c for c in cells.values() if c.name.startswith("TENSOR"))
        tensor.remap({(100, 0): (102, 0)})
        stack = next(r for r in cells["INTERPOSER"].references if "HBM_STACK" in r.cell_name)
        stack.origin = np.array(stack.origin) + np.array([5.0, 0.0])

    before = drawn()
    found = floorplan.diff_files(before, drawn(change, "changed.gds"))
    assert ("moved", "stack", "hbm0") in told(found)
    layer = next(d for d in found if d.change == "layer")
    assert (layer.name, layer.before, layer.after) == ("chip/core", "tensor", "sram")
    shape = next(d for d in found if d.name == "250/7")
    assert (shape.change, shape.amount, shape.unit) == ("added", pytest.approx(200.0), "um^2")
    assert (shape.x_um, shape.y_um) == pytest.approx((1_015.0, 2_020.0))
    ring = [d for d in found if d.name == "die.seal_ring"]
    assert {d.change for d in ring} == {Change.REMOVED}
    assert {d.what for d in found} == {"stack", "block", "shape"}


def test_differences_are_sorted_and_json_takes_them(plan):
    core, phy = plan.dies[0].blocks
    other = with_blocks(plan.with_stack_at("hbm0", 7_300.0, 1_000.0), replace(core, macs=1), phy)
    found = floorplan.diff(plan, other)
    assert [d.what for d in found] == ["stack", "block"]
    assert found[0].to_dict()["change"] == "moved"
    assert str(found[1]) == "block chip/core property: macs 0 -> macs 1"


def test_broken_shapes_of_known_layers_are_told(drawn):
    """A block that crosses itself covers what it covers; one without an area is a hairline."""

    def change(cells):
        bow = [(2_000, 3_000), (2_200, 3_200), (2_200, 3_000), (2_000, 3_200)]
        cells["CHIP_DIE"].add(
            gdstk.Polygon(bow, layer=101),
            gdstk.FlexPath([(100, 10), (1_100, 10)], 0, simple_path=True, layer=104),
        )

    found = floorplan.diff_files(drawn(), drawn(change, "changed.gds"))
    assert (
        told(found) == [("added", "shape", "block.noc")] + [("added", "shape", "block.vector")] * 2
    )
    assert [d.amount for d in found] == pytest.approx([1.0, 10_000.0, 10_000.0], rel=1e-4)
