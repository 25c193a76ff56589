"""A layout is derived from its floorplan: bumps that meet, wires, seal rings, reservations."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import EllipseCollection
from scipy.spatial import cKDTree
from shapely import Point, Polygon, STRtree, box
from shapely.affinity import translate

import floorplan
from floorplan import BumpKind, detail_rules
from floorplan.bump_grid import BumpGrid
from floorplan.bump_picture import draw_link
from floorplan.layout_tables import field_table, link_table, write_bumps
from floorplan.route import bundles_of, overlapping_bundles, route_table
from techlib import InputError, hbm_generations


@pytest.fixture(scope="module")
def hc26_layout(hc26):
    return floorplan.lay_out(hc26)


@pytest.fixture(params=["jalapeno_layout", "hc26_layout"])
def layout(request):
    return request.getfixturevalue(request.param)


def ends(layout, stack):
    """Return place by net at the stack and at its PHY, in interposer coordinates."""
    fields = (
        layout.placed(layout.field(f"{stack}/hbm")),
        layout.placed(layout.field(f"compute/phy_{stack}")),
    )
    return tuple(
        {
            field.nets[code]: tuple(xy)
            for code, xy in zip(field.point_nets, field.points_um, strict=True)
            if field.nets[code].startswith(f"{stack}/")
        }
        for field in fields
    )


def test_counts_are_those_of_the_parts(jalapeno_layout):
    counts = jalapeno_layout.bump_counts
    assert counts["hbm"] == 8 * (7261 + 3753)
    table = field_table(jalapeno_layout)
    assert table.groupby("kind")["bumps"].sum().to_dict() == {k: n for k, n in counts.items() if n}
    assert 300_000 < counts["core"] < 415_000  # 840 mm2 at 45 um, less what the PHYs take


def test_every_signal_meets_its_own_after_the_flip(layout):
    """Seen from each body's own face, and put face down: net by net at mirrored places."""
    plan = layout.floorplan
    for stack in plan.stacks:
        here, there = ends(layout, stack.name)
        assert here.keys() == there.keys()
        assert len(here) == 120 * stack.generation.channels
        at, phy = (np.array([side[net] for net in sorted(here)]) for side in (here, there))
        axis = int(stack.phy_edge.horizontal)
        assert at[:, 1 - axis] == pytest.approx(phy[:, 1 - axis])  # straight across
        mirror = at[:, axis] + phy[:, axis]
        assert np.ptp(mirror) == pytest.approx(0.0, abs=1e-6)


def test_face_up_views_of_both_ends_fold_onto_each_other(jalapeno_layout):
    """Independent of `placed`: mask views of die and stack, each flipped by its own width."""
    layout, stack = jalapeno_layout, jalapeno_layout.floorplan.stacks[0]
    die = layout.floorplan.dies[0]
    hbm = layout.field(f"{stack.name}/hbm").face_up(stack.width_um)
    phy = layout.field(f"compute/phy_{stack.name}").face_up(die.width_um)
    on_stack = {hbm.nets[c]: p for c, p in zip(hbm.point_nets, hbm.points_um, strict=True)}
    on_die = {phy.nets[c]: p for c, p in zip(phy.point_nets, phy.points_um, strict=True)}
    nets = [net for net in on_die if net.startswith("hbm_w0/")]
    folded = {
        round(
            stack.x_um
            + stack.width_um
            - on_stack[net][0]
            + die.x_um
            + die.width_um
            - on_die[net][0],
            6,
        )
        for net in nets
    }
    assert len(nets) == 1920
    assert len(folded) == 1


def test_shifted_fields_have_wires_of_one_length(jalapeno):
    rules = detail_rules().derive("standard", {"phy_order": "shifted"}, name="mine", where="x")
    links = floorplan.lay_out(jalapeno, rules=rules).links
    mirrored = floorplan.lay_out(jalapeno).links
    for link, other in zip(links, mirrored, strict=True):
        assert np.ptp(link.lengths_um) == pytest.approx(0.0, abs=1e-6)
        assert link.lengths_um.mean() == pytest.approx(other.lengths_um.mean(), rel=0.03)
        assert np.ptp(other.lengths_um) == pytest.approx(2 * 2544.0)


def test_links_have_length_beachfront_and_density(jalapeno_layout):
    for link in jalapeno_layout.links:
        gap_um = 100.0 + 60.0 + 50.0  # dies, scribe and seal ring, bumps to the seal ring
        inset_um = (11_000.0 - 147 * 48.0) / 2
        assert link.lengths_um.min() >= gap_um + inset_um
        assert link.lengths_um.max() <= gap_um + inset_um + 2 * 53 * 48.0
        assert link.beachfront_mm == pytest.approx(7.59)
        assert link.density_gbit_s_mm == pytest.approx(8 * 1180 / 7.59)
        assert link.crossings == 0
        assert link.unmatched == ()


def test_a_stack_that_is_turned_over_crosses_its_wires(jalapeno_layout):
    link = jalapeno_layout.links[0]
    over = replace(link, far_um=link.far_um * (1.0, -1.0))
    pairs = len(link.nets) * (len(link.nets) - 1) // 2
    side_by_side = sum(n * (n - 1) // 2 for n in Counter(link.near_um[:, 1]).values())
    assert over.crossings == pairs - side_by_side


def test_bundles_hold_every_wire_and_keep_apart(layout):
    table = route_table(layout.bundles)
    assert table["wires"].sum() == sum(len(link.nets) for link in layout.links)
    assert overlapping_bundles(layout.bundles) == 0
    for bundle in layout.bundles:
        assert bundle.shortest_um <= bundle.mean_um <= bundle.longest_um
        assert bundle.outline.is_valid
    for (link, layer), own in table.groupby(["link", "layer"]):
        outermost = layer.endswith("1")  # mirrored: the outermost words have the shortest wires
        assert (
            own["shortest_um"].min() == table.loc[table["link"] == link, "shortest_um"].min()
        ) == outermost
    longest = max(link.lengths_um.max() for link in layout.links)
    assert table["longest_um"].max() == longest


def test_a_link_without_wires_has_no_bundles(jalapeno_layout):
    link, none = jalapeno_layout.links[0], np.empty((0, 2))
    empty = replace(link, nets=(), near_um=none, far_um=none, words=np.empty(0, dtype=np.int32))
    assert bundles_of(empty, jalapeno_layout.rules, 0.005) == ()
    assert (empty.beachfront_mm, empty.density_gbit_s_mm, empty.crossings) == (0.0, 0.0, 0)
    table = link_table(replace(jalapeno_layout, links=(empty,)))
    assert table.loc[0, ["wires", "longest_um", "track_use"]].tolist() == [0, 0.0, 0.0]


def test_wide_wires_overlap(jalapeno):
    rules = detail_rules().derive("standard", {"wire_width": "8 um"}, name="mine", where="x")
    assert overlapping_bundles(floorplan.lay_out(jalapeno, rules=rules).bundles) > 0


def test_microbumps_of_a_die_keep_their_pitch_and_their_edge(layout):
    for die in layout.floorplan.dies:
        fields = layout.fields_of(die.name)
        places = np.concatenate([field.positions_um() for field in fields])
        apart, _ = cKDTree(places).query(places, k=2)
        assert apart[:, 1].min() >= layout.floorplan.technology.microbump_pitch_um - 1e-6
        x0, y0, x1, y1 = die.core.bounds
        edge = layout.rules.bump_edge_um - 1e-6
        assert (places >= (x0 + edge, y0 + edge)).all()
        assert (places <= (x1 - edge, y1 - edge)).all()


def test_power_and_ground_alternate_by_row(jalapeno_layout):
    core = jalapeno_layout.field("compute/core")
    rows = {}
    for (_, y), code in zip(core.positions_um()[::97], core.net_codes()[::97], strict=True):
        rows.setdefault(round(y, 3), set()).add(core.nets[code])
    assert all(len(nets) == 1 for nets in rows.values())
    counts = core.count_by_net()
    assert counts["VDD"] == pytest.approx(counts["VSS"], rel=0.02)


def test_every_c4_stands_under_its_vias_and_balls_match_by_net(layout):
    joints, vias, balls = (
        layout.field(name) for name in ("interposer/c4", "interposer/tsv", "substrate/bga")
    )
    assert vias.count == 9 * joints.count
    apart, nearest = cKDTree(joints.positions_um()).query(vias.positions_um()[::31])
    assert apart.max() == pytest.approx(np.hypot(50.0, 50.0))
    assert (joints.net_codes()[nearest] == vias.net_codes()[::31]).all()
    assert set(balls.nets) == set(joints.nets)
    lanes = [net for net in joints.nets if "/" in net]
    assert len({net.rpartition("/")[0] for net in lanes}) == sum(
        b.lanes > 0 for d in layout.floorplan.dies for b in d.blocks
    )
    assert len(lanes) == 4 * sum(b.lanes for d in layout.floorplan.dies for b in d.blocks)


def test_a_lane_reaches_the_board_on_one_net(layout):
    for kind in (BumpKind.CORE, BumpKind.C4, BumpKind.TSV, BumpKind.BGA):
        nets = {net for field in layout.fields if field.kind is kind for net in field.nets}
        assert any(net.endswith("/host/tx0_p") for net in nets)


def test_the_seal_ring_is_closed_and_chamfered(layout):
    for die in layout.floorplan.dies:
        (ring,) = (f.outline for f in layout.features[die.name] if f.layer == "die.seal_ring")
        assert ring.is_valid
        assert len(ring.interiors) == 1
        assert ring.interiors[0].envelope.equals(die.core.exterior.envelope)
        corner = Point(die.scribe_um, die.scribe_um)
        assert not ring.covers(corner)
        across = ring.exterior.distance(Point(die.core.bounds[:2]))
        assert across == pytest.approx(die.seal_ring_um, abs=0.01)  # as wide at the corner
        assert ring.exterior.distance(ring.interiors[0]) == pytest.approx(
            die.seal_ring_um, abs=0.01
        )


def test_features_lie_where_they_belong(layout):
    for die in layout.floorplan.dies:
        macros = [b for b in die.blocks if b.lanes or b.kind in ("hbm_phy", "die_to_die")]
        found = layout.features[die.name]
        halos = [f for f in found if f.layer == "die.halo"]
        assert {f.name for f in halos} == {b.name for b in macros}
        for macro in macros:
            own = [f.outline for f in halos if f.name == macro.name]
            assert all(o.intersection(macro.outline).area == pytest.approx(0) for o in own)
        marks = [f.outline for f in found if f.layer == "die.mark"]
        assert [m.area for m in marks] == pytest.approx([2 * 120 * 20 - 20**2] * 4)
        places = np.concatenate([f.positions_um() for f in layout.fields_of(die.name)])
        for mark in marks:
            x0, y0, x1, y1 = mark.bounds
            inside = (places > (x0, y0)).all(axis=1) & (places < (x1, y1)).all(axis=1)
            assert not inside.any()
        for feature in found:
            if feature.layer != "die.scribe":
                assert die.outline.covers(feature.outline)


def test_a_strap_lies_over_each_bump_and_off_ring_and_marks(jalapeno_layout):
    features = jalapeno_layout.features["compute"]
    straps = {"VDD": [], "VSS": []}
    for feature in features:
        if feature.layer == "die.power_grid":
            for row in range(feature.rows):
                straps[feature.name].append(translate(feature.outline, 0, row * feature.pitch_y_um))
    trees = {net: STRtree(outlines) for net, outlines in straps.items()}
    core = jalapeno_layout.field("compute/core")
    for (x, y), code in zip(core.positions_um()[::997], core.net_codes()[::997], strict=True):
        assert len(trees[core.nets[code]].query(Point(x, y), predicate="within")) == 1
    every = STRtree([*straps["VDD"], *straps["VSS"]])
    for feature in features:
        if feature.layer in ("die.mark", "die.seal_ring"):
            assert not len(every.query(feature.outline, predicate="intersects"))
    assert len(every.query(every.geometries, predicate="intersects")[0]) == len(every)


def test_a_stack_without_a_map_or_a_phy_is_noted(jalapeno):
    odd = hbm_generations().derive("HBM3E", {"channels": 24}, name="odd", where="mine.toml")
    stacks = (replace(jalapeno.stacks[0], generation=odd), *jalapeno.stacks[1:])
    die = jalapeno.dies[0]
    blocks = tuple(b for b in die.blocks if b.name != "phy_hbm_w1")
    plan = replace(jalapeno, stacks=stacks, dies=(replace(die, blocks=blocks),))
    layout = floorplan.lay_out(plan)
    assert layout.notes[0] == ("hbm_w0: no microbumps; there is no map for odd with 24 channels")
    assert "hbm_w1: no block of kind hbm_phy names it; no links" in layout.notes
    assert [link.name for link in layout.links] == [s.name for s in jalapeno.stacks[2:]]


def test_keep_outs_have_no_bumps(jalapeno):
    hole = Point(13_000.0, 16_000.0).buffer(500.0)
    die = replace(jalapeno.dies[0], keepouts=(hole,))
    layout = floorplan.lay_out(replace(jalapeno, dies=(die,)))
    places = layout.field("compute/core").positions_um()
    apart = np.hypot(*(places - (13_000.0, 16_000.0)).T)
    assert apart.min() >= 500.0 + 12.5 - 1.0  # pads clear the circle, which is a polygon
    assert apart.min() < 500.0 + 12.5 + 45.0


def test_what_is_too_small_has_no_bumps(jalapeno):
    chip = replace(jalapeno.dies[0], width_um=150.0, height_um=150.0, blocks=())
    plan = replace(jalapeno, dies=(chip,), stacks=(), width_um=200.0, height_um=200.0)
    layout = floorplan.lay_out(plan, substrate_margin_um=10.0)
    assert set(layout.bump_counts.values()) == {0}
    assert layout.links == layout.bundles == ()


def test_lanes_without_room_and_blocks_without_outline_are_noted(jalapeno):
    die = jalapeno.dies[0]
    odd = {"serdes_n0": {"lanes": 10_000}, "host": {"outline": Polygon()}}
    odd["phy_hbm_s0"] = {"outline": Polygon()}
    blocks = tuple(replace(b, **odd.get(b.name, {})) for b in die.blocks)
    layout = floorplan.lay_out(replace(jalapeno, dies=(replace(die, blocks=blocks),)))
    assert layout.notes[1:] == (
        "hbm_s0: no block of kind hbm_phy names it; no links",
        "compute/host: no bumps for its 16 lanes; there is no room",
        "compute/serdes_n0: no bumps for its 10000 lanes; there is no room",
    )
    whole = floorplan.lay_out(jalapeno).field("compute/core").count
    assert layout.field("compute/core").count > whole  # the sites were given back


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.lists(st.tuples(*[st.floats(-20.0, 140.0)] * 4), max_size=4),
)
def test_arrays_cover_a_grid_exactly(rows, columns, holes):
    bounds = (-5.0, -5.0, columns * 10.0 - 5.0, rows * 10.0 - 5.0)
    grid = BumpGrid.within(bounds, 5.0, 10.0, 0.005)
    assert grid.nets.shape == (rows, columns)
    grid.checker(0, 1)
    for x0, y0, x1, y1 in holes:
        grid.clear(box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    found = {}
    for array in grid.arrays():
        for x, y in array.positions_um().tolist():
            site = (round(y / 10.0), round(x / 10.0))
            assert site not in found
            found[site] = array.net
    expected = {
        (row, column): int(grid.nets[row, column])
        for row in range(rows)
        for column in range(columns)
        if grid.nets[row, column] >= 0
    }
    assert found == expected


def test_the_link_table_sums_up_the_wires(layout):
    table = link_table(layout)
    between = [f"compute/d2d{n}" for n in range(6)] if len(layout.floorplan.dies) > 1 else []
    assert table["link"].tolist() == [*(stack.name for stack in layout.floorplan.stacks), *between]
    for link, (_, row) in zip(layout.links, table.iterrows(), strict=True):
        assert row["wires"] == len(link.nets)
        assert row["longest_um"] == link.lengths_um.max()
        assert row["wires_mm_layer"] == pytest.approx(row["wires"] / row["beachfront_mm"] / 2)
        assert row["track_use"] == pytest.approx(row["wires_mm_layer"] * 3e-3)
        assert 0.0 < row["track_use"] < 1.0


def test_every_bump_is_a_row_of_the_parquet_file(jalapeno_layout, tmp_path):
    file = write_bumps(jalapeno_layout, tmp_path / "bumps.parquet")
    table = pd.read_parquet(file)
    assert len(table) == sum(jalapeno_layout.bump_counts.values())
    found = table[table["net"] == "hbm_w0/DQ0_a"].set_index("owner")
    stack = jalapeno_layout.placed(jalapeno_layout.field("hbm_w0/hbm"))
    x, y = stack.points_um[list(stack.point_nets).index(stack.nets.index("hbm_w0/DQ0_a"))]
    assert found.loc["hbm_w0", ["x_nm", "y_nm"]].tolist() == [round(x * 1e3), round(y * 1e3)]
    assert found.loc["compute", "terminal"] == "phy_hbm_w0/DQ0_a"
    again = write_bumps(jalapeno_layout, tmp_path / "again.parquet")
    assert again.read_bytes() == file.read_bytes()
    with pytest.raises(InputError, match="the folder does not exist; make it first"):
        write_bumps(jalapeno_layout, tmp_path / "no" / "bumps.parquet")


def test_a_link_is_drawn_with_its_nets_and_bundles(jalapeno_layout):
    figure = draw_link(jalapeno_layout, "hbm_n0")
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names[:2] == ["signals", "VSS"]
    assert {"mechanical", "links, layer 1", "links, layer 2"} < set(names)
    assert "hbm_n0   1,920 wires of 2.18 to 7.27 mm, 1,244 Gb/s per mm" in axes.get_title("left")
    pads = sum(len(c.get_offsets()) for c in axes.collections if isinstance(c, EllipseCollection))
    assert pads > 7261 + 3753
    with pytest.raises(InputError, match="no link 'hbm_x' to draw; allowed: one of hbm_w0"):
        draw_link(jalapeno_layout, "hbm_x")
