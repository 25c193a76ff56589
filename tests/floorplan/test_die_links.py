"""Die-to-die links: published densities, matching maps on both dies, and faults seeded in them."""

from dataclasses import replace

import gdstk
import numpy as np
import pytest
from scipy.spatial import cKDTree
from shapely import box

import floorplan
from floorplan import BumpKind, die_link_maps
from floorplan.die_link_map import fill_module
from floorplan.route import overlapping_bundles

CHART = die_link_maps()["UCIe-A"]


@pytest.fixture(scope="module")
def plan():
    """Two dies side by side; one block of each faces the other with room for two modules."""
    die = {"node": "N5", "height": "3 mm", "y": "1 mm", "seal_ring": "20 um"}
    dies = [die | {"name": "left", "width": "4 mm", "x": "1 mm"},
            die | {"name": "right", "width": "2 mm", "x": "5.1 mm"}]  # fmt: skip
    rects = {"left": ["2.78 mm", "1 mm", "3.98 mm", "2 mm"],
             "right": ["20 um", "1 mm", "1.22 mm", "1.9 mm"]}  # fmt: skip
    blocks = [{"name": f"link_{die}", "die": die, "kind": "die_to_die", "rect": rect}
              for die, rect in rects.items()]  # fmt: skip
    carrier = {"technology": "CoWoS-S", "width": "9 mm", "height": "5 mm"}
    tables = {"grid": "5 nm", "interposer": carrier, "dies": dies, "blocks": blocks}
    return floorplan.from_tables(tables, name="two", where="test")


@pytest.fixture(scope="module")
def layout(plan):
    return floorplan.lay_out(plan)


def test_a_module_has_the_published_densities():
    """1,317 GB/s per mm of edge and 1,350 GB/s per mm2 at 32 Gb/s a lane (Das Sharma et al.)."""
    fast = die_link_maps().derive("UCIe-A", {"rate": "32 Gbit/s"}, name="fast", where="x")
    byte_s = fast.bandwidth_bit_s / 8
    assert byte_s / (fast.module_width_um / 1e3) == pytest.approx(1317e9, rel=1e-3)
    assert byte_s / (fast.module_width_um * fast.module_depth_um / 1e6) == pytest.approx(
        1350e9, rel=2e-3
    )


@pytest.mark.parametrize("pitch_um", [25.0, 45.0, 55.0, 70.0])
def test_modules_side_by_side_keep_the_pitch(pitch_um):
    sites = fill_module(CHART, pitch_um, 0.005)
    assert np.bincount(sites.port_of)[: len(sites.words)].tolist() == [1] * 156
    places = np.stack([sites.along_um, sites.depth_um], axis=1)
    both = np.concatenate([places, places + np.array([CHART.module_width_um, 0.0])])
    assert cKDTree(both).query(both, k=2)[0][:, 1].min() >= max(pitch_um, CHART.pitch_um) - 1e-6
    assert places[:, 0].max() < CHART.module_width_um
    if pitch_um <= CHART.pitch_um:
        assert places[:, 1].max() <= CHART.module_depth_um


def test_both_maps_mirror_each_other_net_by_net(layout):
    (wires,) = layout.links
    assert (wires.name, len(wires.nets), wires.horizontal) == ("left/link_left", 2 * 156, True)
    ends = [
        {net: tuple(point) for net, point in zip(
            (field.nets[code] for code in field.point_nets), layout.placed(field).points_um,
            strict=True)}
        for field in (layout.field("left/link_left"), layout.field("right/link_right"))
    ]  # fmt: skip
    middle = (5_000.0 - 20.0 + 5_100.0 + 20.0) / 2  # of both blocks' edges
    for net in wires.nets:
        (x, y), (u, v) = ends[0][net], ends[1][net]
        assert (x + u, y) == pytest.approx((2 * middle, v))
    gap_um = 100.0 + 2 * (20.0 + layout.rules.bump_edge_um)
    assert wires.lengths_um.min() == pytest.approx(gap_um)
    assert wires.lengths_um.max() <= gap_um + 2 * CHART.module_depth_um
    assert (wires.crossings, overlapping_bundles(layout.bundles)) == (0, 0)
    table = floorplan.link_table(layout)
    assert table.loc[0, ["wires", "bandwidth_gbit_s"]].tolist() == [312, 2 * 2 * 64 * 4.0]


def test_blocks_without_a_partner_are_noted(plan):
    alone = replace(plan, dies=(plan.dies[0],))
    layout = floorplan.lay_out(alone)
    assert layout.bump_counts["d2d"] == 0
    assert any("left/link_left: no die-to-die bumps" in note for note in layout.notes)
    small = replace(plan.dies[1].blocks[0], outline=box(20, 1_000, 1_000, 1_300))
    thin = replace(plan, dies=(plan.dies[0], replace(plan.dies[1], blocks=(small,))))
    notes = [note for note in floorplan.lay_out(thin).notes if "room for a module" in note]
    assert len(notes) == 2


def changed(layout, **changes):
    fields = [replace(f, **changes) if f.name == "right/link_right" else f for f in layout.fields]
    return [v for v in floorplan.check(replace(layout, fields=tuple(fields)))
            if v.rule != "block-density"]  # fmt: skip


def index_of(field, port):
    (index,) = np.flatnonzero(field.point_nets == field.ports.index(port))
    return int(index)


def test_swapped_moved_and_missing_bumps_are_found(layout):
    assert changed(layout) == []
    field = layout.field("right/link_right")
    i, j = index_of(field, "m0_dn_d3"), index_of(field, "m1_up_d40")
    codes = field.point_nets.copy()
    codes[[i, j]] = codes[[j, i]]
    found = changed(layout, point_nets=codes)
    assert [v.rule for v in found] == ["bump-map"] * 2
    assert {v.where for v in found} == {("right/link_right", "left/link_left")}
    assert "at the place of left/link_left/m1_up_d40; swap" in min(v.message for v in found)
    points = field.points_um.copy()
    points[i] += (0.0, 1.0)
    moved = changed(layout, points_um=points)
    assert {v.rule for v in moved} == {"bump-map", "d2d-bump-pitch"}
    keep = np.arange(len(codes)) != i
    lost = changed(layout, points_um=field.points_um[keep], point_nets=field.point_nets[keep])
    assert {v.rule for v in lost} == {"net-open"}
    assert any("left/link_left/m0_dn_d3" in v.message for v in lost)


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_a_file_is_clean_and_its_swapped_net_is_found(layout, suffix, tmp_path):
    write = {"gds": floorplan.write_gds, "oas": floorplan.write_oasis}[suffix]
    file = write(layout, tmp_path / f"two.{suffix}")
    found = floorplan.check_layout(floorplan.read_layout(file))
    assert {v.rule for v in found} <= {"block-density"}
    library = {"gds": gdstk.read_gds, "oas": gdstk.read_oas}[suffix](file, unit=1e-6)
    cells = {c.name: c for c in library.cells}
    own, other = (
        next(r.cell for r in cells[die].references if r.cell.name.startswith("D2D_BUMPS"))
        for die in ("RIGHT_DIE", "LEFT_DIE")
    )
    assert own is not other  # what is wrong on one die alone can be drawn
    one, other = (next(t for t in own.labels if t.text == p) for p in ("m0_dn_d3", "m0_up_d9"))
    one.text, other.text = other.text, one.text
    broken = tmp_path / f"broken.{suffix}"
    {"gds": library.write_gds, "oas": library.write_oas}[suffix](broken)
    found = floorplan.check_layout(floorplan.read_layout(broken))
    assert [v.rule for v in found if v.rule != "block-density"] == ["bump-map"] * 2


def test_there_are_bumps_of_the_kind_on_every_link_of_the_three_die_design():
    layout = floorplan.lay_out(floorplan.build(floorplan.recipes()["jalapeno-hc26"]))
    fields = [f for f in layout.fields if f.kind is BumpKind.D2D]
    assert [f.count for f in fields] == [6 * 220] * 12
    assert sum(link.bandwidth_gbit_s for link in layout.links if "/" in link.name) / 2 > 800 * 8


def test_an_end_without_another_is_told(plan):
    left, right = plan.dies
    (end,) = right.blocks
    moved = replace(end, kind=floorplan.BlockKind.MANAGEMENT)
    alone = replace(plan, dies=(left, replace(right, blocks=(moved,))))
    (unused,) = [v for v in floorplan.check(alone) if v.rule == "d2d-unused"]
    assert (unused.where, unused.severity) == (("left/link_left",), "warning")
    assert "faces it; add one" in unused.message
    for whole in (plan, replace(plan, dies=(left,))):
        assert "d2d-unused" not in {v.rule for v in floorplan.check(whole)}
