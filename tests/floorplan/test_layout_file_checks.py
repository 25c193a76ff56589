"""Faults seeded into layout files: each is found by its rule, at its place; sound files pass."""

from dataclasses import replace

import gdstk
import numpy as np
import pytest

import floorplan
from floorplan import BumpKind
from techlib import InputError, interposers

UNIT = {"unit": 1e-6, "precision": 1e-9}


@pytest.fixture(scope="module")
def clean(jalapeno, tmp_path_factory):
    """A layout with the bumps of one stack and its PHY; others would only take time here."""
    full = floorplan.lay_out(jalapeno)
    few = tuple(full.field(name) for name in ("hbm_w0/hbm", "compute/phy_hbm_w0"))
    folder = tmp_path_factory.mktemp("clean")
    return floorplan.write_gds(replace(full, fields=few), folder / "plan.gds")


@pytest.fixture
def broken(clean, tmp_path):
    """Break a file by a function of its cells, write it, and return what the check finds."""

    def check(change, name="broken.gds"):
        library = gdstk.read_gds(clean, unit=1e-6)
        change({cell.name: cell for cell in library.cells}, library)
        write = library.write_oas if name.endswith(".oas") else library.write_gds
        write(tmp_path / name)
        return floorplan.check_layout(floorplan.read_layout(tmp_path / name))

    return check


def rules(found):
    return {violation.rule for violation in found}


def one(found, rule):
    (violation,) = [v for v in found if v.rule == rule]
    return violation


def layer(name):
    drawn = floorplan.layer_map()[name]
    return {"layer": drawn.gds_layer, "datatype": drawn.gds_datatype}


def holding(cells, name):
    """Return the cells that a layer is drawn in."""
    numbers = tuple(layer(name).values())
    return [c for c in cells.values() if any((p.layer, p.datatype) == numbers for p in c.polygons)]


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_files_of_the_built_in_design_are_clean(jalapeno, suffix, tmp_path):
    layout = floorplan.lay_out(jalapeno)
    every = (BumpKind.HBM, BumpKind.CORE, BumpKind.C4, BumpKind.BGA)
    kinds = {"gds": every, "oas": (BumpKind.CORE,)}[suffix]
    some = tuple(f for f in layout.fields if f.kind in kinds)
    write = {"gds": floorplan.write_gds, "oas": floorplan.write_oasis}[suffix]
    file = write(replace(layout, fields=some), tmp_path / f"plan.{suffix}")
    assert floorplan.check_layout(floorplan.read_layout(file)) == ()


def test_an_open_seal_ring(broken):
    """A cut of 3 um through the ring on the north side of the die, 5 mm from its west corner."""

    def cut(cells, _library):
        (die,) = holding(cells, "die.seal_ring")
        ring = [p for p in die.polygons if (p.layer, p.datatype) == tuple(ring_layer.values())]
        die.remove(*ring)
        slot = gdstk.rectangle((5_000, 32_000), (5_003, 32_300))
        die.add(*gdstk.boolean(ring, slot, "not", precision=1e-3, **ring_layer))

    ring_layer = layer("die.seal_ring")
    found = broken(cut)
    assert rules(found) == {"seal-ring-closed"}
    violation = one(found, "seal-ring-closed")
    assert violation.where == ("compute",)
    assert violation.amount == pytest.approx(3.0, abs=0.01)
    # The die stands at (11350, 11350); the ring is 20 um wide inside a scribe lane of 40 um.
    assert violation.bounds_um == pytest.approx((16_350, 43_590, 16_353, 43_610), abs=0.01)
    assert "its seal ring is open by 3 um; close it" in violation.message


def test_a_seal_ring_that_is_pinched_or_missing(broken):
    def pinch(cells, _library):
        (die,) = holding(cells, "die.seal_ring")
        ring = [p for p in die.polygons if (p.layer, p.datatype) == tuple(ring_layer.values())]
        die.remove(*ring)
        slot = gdstk.rectangle((5_000, 32_250), (5_100, 32_300))
        die.add(*gdstk.boolean(ring, slot, "not", precision=1e-3, **ring_layer))

    def drop(cells, _library):
        (die,) = holding(cells, "die.seal_ring")
        die.remove(*[p for p in die.polygons if p.layer == ring_layer["layer"]])

    ring_layer = layer("die.seal_ring")
    narrow = one(broken(pinch), "seal-ring-width")
    assert (narrow.amount, narrow.limit) == (pytest.approx(10.0), 11.0)
    missing = one(broken(drop), "seal-ring-closed")  # it has a scribe lane, so it will be sawn
    assert (missing.severity, missing.where) == ("error", ("compute",))
    assert "it has no seal ring" in missing.message


@pytest.mark.parametrize(("grown_um", "reach_um"), [(0.005, 0.005), (40.0, 40.0), (45.0, 45.0)])
def test_a_seal_ring_in_the_scribe_lane_or_out_of_the_die(broken, grown_um, reach_um):
    """The lane is 40 um wide: its ring lies in it, reaches the edge, or 5 um beyond."""

    def grow(cells, _library):
        (die,) = holding(cells, "die.seal_ring")
        die.remove(*[p for p in die.polygons if p.layer == ring_layer["layer"]])
        low, high = (40 - grown_um,) * 2, (25_960 + grown_um, 32_260 + grown_um)
        inner = gdstk.rectangle((60, 60), (25_940, 32_240))
        die.add(*gdstk.boolean(gdstk.rectangle(low, high), inner, "not", **ring_layer))

    ring_layer = layer("die.seal_ring")
    (found,) = broken(grow)
    assert (found.rule, found.where) == ("seal-ring-edge", ("compute",))
    assert found.amount == pytest.approx(-reach_um)


def test_a_block_5_nm_over_the_edge(broken):
    def shift(cells, _library):
        (phy,) = holding(cells, "block.hbm_phy")[:1]
        wanted = [r for c in cells.values() for r in c.references if r.cell is phy]
        wanted.sort(key=lambda reference: reference.origin)
        x, y = wanted[0].origin
        wanted[0].origin = (x - 0.005, y)

    found = broken(shift)
    edge = one(found, "block-enclosure")
    assert edge.where[0].startswith("compute/phy_hbm_w")
    assert edge.amount == pytest.approx(-0.005)
    assert edge.x_um == pytest.approx(11_350.0 + 60.0 - 0.0025)


def test_an_off_grid_vertex(broken):
    def bend(cells, _library):
        router = holding(cells, "block.router")[0]
        points = router.polygons[0].points.copy()
        points[0] += (0.0, 0.002)
        router.remove(*router.polygons)
        router.add(gdstk.Polygon(points, **layer("block.router")))

    found = broken(bend)
    assert {"grid", "angle"} <= rules(found)
    grid = [v for v in found if v.rule == "grid"]
    assert sum(v.count for v in grid) == 64  # every slice that the cell stands in
    assert all(v.amount == pytest.approx(0.002) for v in grid)
    assert "/block.router" in grid[0].where[0]


def test_a_stack_turned_by_180_degrees(broken):
    def turn(cells, _library):
        stacks = [r for r in cells["INTERPOSER"].references if "HBM_STACK" in r.cell_name]
        stack = min(stacks, key=lambda reference: reference.bounding_box()[0])
        before = np.array(stack.bounding_box())
        stack.rotation += np.pi
        stack.origin += before[0] - np.array(stack.bounding_box())[0]

    found = broken(turn)
    assert rules(found) == {"phy-facing", "bump-map"}
    facing, bumps = one(found, "phy-facing"), one(found, "bump-map")
    assert facing.where == ("hbm_w0", "compute/phy_hbm_w0")
    assert bumps.where == ("compute/phy_hbm_w0", "hbm_w0/hbm")
    assert "1920 of 1920 nets do not face those of hbm_w0/hbm; it fits if" in bumps.message


def test_a_stack_turned_whose_interface_is_not_drawn(broken):
    """As in the layouts of others: its bumps alone tell that it is turned."""

    def turn(cells, _library):
        stacks = [r for r in cells["INTERPOSER"].references if "HBM_STACK" in r.cell_name]
        stack = min(stacks, key=lambda reference: reference.bounding_box()[0])
        numbers = tuple(layer("package.stack_face").values())
        for cell in {r.cell.name: r.cell for r in stacks}.values():
            cell.remove(*[p for p in cell.polygons if (p.layer, p.datatype) == numbers])
        before = np.array(stack.bounding_box())
        stack.rotation += np.pi
        stack.origin += before[0] - np.array(stack.bounding_box())[0]

    bumps = one(broken(turn), "bump-map")
    assert bumps.where == ("compute/phy_hbm_w0", "hbm_w0/hbm")


def test_a_seal_ring_whose_parts_touch_in_a_point(broken):
    def part(cells, _library):
        (die,) = holding(cells, "die.seal_ring")
        die.remove(*[p for p in die.polygons if p.layer == ring_layer["layer"]])
        for low, high in (((60, 40), (25_940, 60)), ((60, 32_240), (25_940, 32_260)),
                          ((40, 60), (60, 32_240)), ((25_940, 60), (25_960, 32_240))):  # fmt: skip
            die.add(gdstk.rectangle(low, high, **ring_layer))

    ring_layer = layer("die.seal_ring")
    (found,) = broken(part)
    assert found.rule == "seal-ring-closed"
    assert "its seal ring is open where its parts touch in a point" in found.message


def test_a_stack_taken_out(broken):
    """Its PHY is not the next one's: that has a PHY of its own name."""

    def take(cells, _library):
        inside = cells["INTERPOSER"]
        stacks = [r for r in inside.references if "HBM_STACK" in r.cell_name]
        inside.remove(max(stacks, key=lambda r: np.sum(r.bounding_box())))

    (unused,) = broken(take)
    assert (unused.rule, unused.severity) == ("phy-unused", "warning")
    assert unused.where == ("compute/phy_hbm_e2",)


@pytest.mark.parametrize("name", ["COMPUTE_DIE", "HBM_STACK_HBM3E_EAST", "INTERPOSER"])
def test_a_body_by_itself_is_as_clean(clean, tmp_path, name):
    library = gdstk.read_gds(clean, unit=1e-6)
    cell = next(c for c in library.cells if c.name == name)
    alone = gdstk.Library(**UNIT)
    alone.add(cell, *cell.dependencies(True))
    alone.write_gds(tmp_path / "alone.gds")
    assert floorplan.check_layout(floorplan.read_layout(tmp_path / "alone.gds")) == ()


def test_swapped_nets_and_a_moved_bump(broken, pad_at):
    """The nets of a file are the texts beside its pads."""

    def swap(cells, _library):
        phy = cells["HBM_BUMPS_3753"]
        one, other = (next(t for t in phy.labels if t.text == net) for net in ("DQ0_a", "DQ5_f"))
        one.text, other.text = other.text, one.text

    def move(cells, _library):
        phy = cells["HBM_BUMPS_3753"]
        text = next(t for t in phy.labels if t.text == "DQ3_c")
        pad = pad_at(phy, text.origin)
        pad.origin = text.origin = (text.origin[0] + 1.0, text.origin[1])

    found = broken(swap)
    assert [v.rule for v in found] == ["bump-map"] * 2
    messages = sorted(v.message for v in found)
    assert "bump of DQ0_a stands" in messages[0]
    assert "at the place of DQ5_f; swap or rename the nets" in messages[0]
    moved = one(broken(move), "bump-map")
    assert (moved.where, moved.amount) == (
        ("compute/phy_hbm_w0", "hbm_w0/hbm"),
        pytest.approx(1.0),
    )


def test_a_gap_an_overlap_and_a_sliver(broken):
    def add(cells, _library):
        (die,) = holding(cells, "die.outline")
        die.add(gdstk.rectangle((8_000, 8_000), (8_000.5, 8_200), **layer("block.vector")))

    found = broken(add)
    assert rules(found) == {"block-overlap", "block-width"}
    narrow = one(found, "block-width")
    assert narrow.amount == pytest.approx(0.5)
    assert narrow.x_um == pytest.approx(11_350 + 8_000.25)


def test_cells_and_instances_that_are_there_twice(broken):
    def repeat(cells, library):
        router = holding(cells, "block.router")[0]
        library.add(twin := router.copy("TWIN"))
        top = cells["INTERPOSER"]
        stack = next(r for r in top.references if "HBM_STACK" in r.cell_name)
        top.add(stack.copy(), gdstk.Reference(twin, (100, 100)))

    found = broken(repeat)
    twins = one(found, "cell-duplicate")
    assert "TWIN" in twins.where
    again = one(found, "instance-duplicate")
    assert (again.amount, again.limit) == (2.0, 1.0)
    assert {"die-gap", "name-unique"} <= rules(found)


def test_a_second_top_cell_and_an_unknown_layer(broken):
    def add(cells, library):
        library.add(gdstk.Cell("ORPHAN").add(gdstk.rectangle((0, 0), (5, 5), layer=1)))
        (die,) = holding(cells, "die.outline")
        die.add(gdstk.rectangle((10, 10), (20, 30), layer=250, datatype=7))

    found = broken(add, "broken.oas")
    assert rules(found) == {"top-cell", "layer-unknown"}
    assert (
        "ORPHAN stands beside it; place it below or take it out" in one(found, "top-cell").message
    )
    unknown = one(found, "layer-unknown")
    assert (unknown.where, unknown.severity) == (("layer 250/7",), "error")
    assert unknown.bounds_um == (11_360, 11_360, 11_370, 11_380)


def test_a_polygon_that_crosses_itself(broken):
    def add(cells, _library):
        (die,) = holding(cells, "die.outline")
        bow = [(10, 10), (20, 20), (20, 10), (10, 20)]
        die.add(gdstk.Polygon(bow, **layer("die.scribe")))

    found = one(broken(add), "polygon")
    assert "is not valid (Self-intersection" in found.message


@pytest.mark.parametrize(
    "flat",
    [
        gdstk.FlexPath([(8_000, 8_000), (9_000, 8_000)], 0, simple_path=True, **layer("block.noc")),
        gdstk.Polygon([(8_000, 8_000), (8_200, 8_000)] * 2, **layer("die.keepout")),
        gdstk.Polygon([(8_000, 8_000), (8_200, 8_000), (8_100, 8_000)], **layer("block.vector")),
        gdstk.Polygon([(8_000, 8_000)] * 4, **layer("die.seal_ring")),
    ],
)
def test_shapes_without_an_area(broken, flat):
    """Among them paths of width zero, which a reader of shapes takes for two points."""

    def add(cells, _library):
        (die,) = holding(cells, "die.outline")
        die.add(flat)

    (found,) = broken(add)
    assert (found.rule, found.severity) == ("polygon", "error")
    assert "outline has no area; redraw it" in found.message


def test_two_blocks_of_one_name(broken):
    def rename(cells, _library):
        (die,) = holding(cells, "die.outline")
        phys = [t for t in die.labels if t.layer == layer("block.hbm_phy")["layer"]]
        labels = sorted((t for t in phys if "phy_hbm_e" in t.text), key=lambda t: t.text)
        labels[1].text = labels[0].text

    found = broken(rename)
    assert one(found, "name-unique").where == ("compute/phy_hbm_e0",)


def test_two_cells_of_one_name(clean, tmp_path):
    """Written as they are by tools that merge files; KLayout refuses such a file."""
    library = gdstk.read_gds(clean, unit=1e-6)
    writer = gdstk.GdsWriter(tmp_path / "twice.gds", unit=1e-6, precision=1e-9)
    for cell in library.cells:
        writer.write(cell)
    name = next(c.name for c in library.cells if c.name.startswith("ROUTER_"))
    writer.write(gdstk.Cell(name).add(gdstk.rectangle((0, 0), (3, 3), **layer("block.router"))))
    writer.close()
    found = one(floorplan.check_layout(floorplan.read_layout(tmp_path / "twice.gds")),
                "cell-duplicate")  # fmt: skip
    assert (found.where, found.severity, found.amount) == ((name,), "error", 2.0)
    assert "2 cells have this name" in found.message


def test_a_bump_beside_every_die(broken):
    def add(cells, _library):
        pad = next(c for c in cells.values() if c.name.endswith("_VSS"))
        cells["INTERPOSER"].add(gdstk.Reference(pad, (100, 200)))

    (found,) = broken(add)
    assert (found.rule, found.x_um, found.y_um) == ("bump-edge", 100.0, 200.0)
    assert "stands on no die or stack" in found.message


def test_a_pad_of_another_size(broken, pad_at):
    """One signal of the PHY gets a pad of 14 um in place of 25 um, with its net."""

    def shrink(cells, library):
        phy = cells["HBM_BUMPS_3753"]
        text = next(t for t in phy.labels if t.text == "DQ3_c")
        pad = pad_at(phy, text.origin)
        small = library.new_cell("SMALL").add(
            gdstk.rectangle((-7, -7), (7, 7), **layer("bump.hbm"))
        )
        pad.cell = small

    (found,) = broken(shrink)
    assert (found.rule, found.where) == ("pad-size", ("compute/phy_hbm_w0",))
    assert (found.amount, found.limit) == (14.0, 25.0)
    assert "DQ3_c at" in found.message


def test_a_text_anywhere_on_a_pad_names_it_and_a_second_one_is_a_short(broken):
    def move(cells, _library):
        text = next(t for t in cells["HBM_BUMPS_3753"].labels if t.text == "DQ3_c")
        text.origin = (text.origin[0] + 4.0, text.origin[1] - 6.0)

    def repeat(cells, _library):
        phy = cells["HBM_BUMPS_3753"]
        text = next(t for t in phy.labels if t.text == "DQ3_c")
        phy.add(gdstk.Label("DQ4_c", text.origin, layer=text.layer, texttype=text.texttype))

    def within(cells, _library):
        pad = next(c for c in cells.values() if c.name.endswith("_VDDQ"))
        mark = pad.labels[0]
        pad.add(gdstk.Label("VSS", mark.origin, layer=mark.layer, texttype=mark.texttype))

    assert broken(move) == ()
    (second,) = broken(repeat)
    assert (second.rule, second.where) == ("net-short", ("compute/phy_hbm_w0",))
    assert "bump DQ3_c at" in second.message
    assert "is named DQ4_c too" in second.message
    found = broken(within)
    assert rules(found) == {"net-short"}
    assert sum(v.count for v in found) == 2 * 644  # of the stack, and those of its PHY


def test_a_stack_that_is_moved_along_the_edge_by_1_um(broken):
    def shift(cells, _library):
        stacks = [r for r in cells["INTERPOSER"].references if "HBM_STACK" in r.cell_name]
        stack = min(stacks, key=lambda reference: reference.bounding_box()[0])
        stack.origin = (stack.origin[0], stack.origin[1] + 1.0)

    found = one(broken(shift), "bump-map")
    assert (found.where, found.amount) == (
        ("compute/phy_hbm_w0", "hbm_w0/hbm"),
        pytest.approx(1.0),
    )
    assert "stands 1 um along the edge" in found.message


def test_phys_without_the_name_of_a_stack_take_the_nearest(broken):
    """However they are ordered; the one whose stack is gone is told."""

    def rename(cells, _library):
        (die,) = holding(cells, "die.outline")
        for text in die.labels:
            text.text = text.text.replace("phy_hbm_", "port_")
        inside = cells["INTERPOSER"]
        stacks = [r for r in inside.references if "HBM_STACK" in r.cell_name]
        inside.remove(max(stacks, key=lambda r: np.sum(r.bounding_box())))

    (unused,) = broken(rename)
    assert (unused.rule, unused.where) == ("phy-unused", ("compute/port_e2",))


def test_turned_mirrored_and_nested_arrays_stand_where_klayout_has_them(tmp_path):
    """Every place of every shape, against KLayout's own flattening."""
    import klayout.db as kdb

    library = gdstk.Library(**UNIT)
    leaf = library.new_cell("LEAF").add(gdstk.Polygon([(0, 0), (4, 0), (4, 1), (1, 3)], layer=7))
    middle = library.new_cell("MIDDLE")
    middle.add(gdstk.Reference(leaf, (3, 5), rotation=np.pi / 2, x_reflection=True))
    middle.add(gdstk.Reference(leaf, (40, 0), columns=3, rows=2, spacing=(10, 20)))
    top = library.new_cell("TOP")
    top.add(gdstk.Reference(middle, (100, 50), rotation=np.pi, columns=2, rows=3, spacing=(90, 80)))
    top.add(gdstk.Reference(middle, (-10, -20), rotation=-np.pi / 2, x_reflection=True))
    library.write_gds(tmp_path / "nested.gds")
    ours = [
        tuple(map(tuple, np.round((d.points_um + o) * 1e3).astype(int).tolist()))
        for d in floorplan.read_layout(tmp_path / "nested.gds").drawn
        for o in d.origins_um
    ]
    layout = kdb.Layout()
    layout.read(str(tmp_path / "nested.gds"))
    theirs = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(7, 0)))
    assert len(ours) == theirs.count() == 49
    assert {frozenset(points) for points in ours} == {
        frozenset((p.x, p.y) for p in polygon.each_point_hull()) for polygon in theirs.each()
    }


def test_a_layer_map_of_ones_own(clean, tmp_path):
    library = gdstk.read_gds(clean, unit=1e-6)
    used = {(p.layer, p.datatype) for c in library.cells for p in c.polygons}
    for cell in library.cells:
        cell.remap({key: (key[0] + 1_000, key[1]) for key in used})
    library.write_gds(tmp_path / "moved.gds")
    layout = floorplan.read_layout(tmp_path / "moved.gds")
    with pytest.raises(InputError, match=r"none of its layers \(1001/0, .*is in the layer map"):
        floorplan.check_layout(layout)
    shipped = floorplan.layer_map().layers.values()
    lines = [f"{m.name} = [{m.gds_layer + 1_000}, {m.gds_datatype}]\n" for m in shipped]
    (tmp_path / "mine.toml").write_text("".join(lines))
    mine = floorplan.read_layer_map(tmp_path / "mine.toml")
    assert floorplan.check_layout(layout, mine) == ()
    narrow = floorplan.rule_deck().changed({"reticle": ["26 mm", "30 mm"]}, where="test")
    assert rules(floorplan.check_layout(layout, mine, rules=narrow)) == {"reticle"}
    tight = interposers()["organic-rdl"]
    assert "die-gap" not in rules(floorplan.check_layout(layout, mine, technology=tight))


def test_faults_of_a_layer_map(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        "die.outlne = [7, 0]\ndie.scribe = [8]\nblock.noc = [9, 0]\nblock.sram = [9, 0]\n"
        'text_type = "x"\n'
    )
    with pytest.raises(InputError) as caught:
        floorplan.read_layer_map(file)
    assert [str(fault).removeprefix(f"{file}: ") for fault in caught.value.faults] == [
        "text_type: 'x'; allowed: a whole number",
        "die.outlne: unknown layer 'die.outlne'; did you mean 'die.outline'?",
        "die.scribe: [8]; allowed: layer and datatype, e.g. [7, 0]",
        "block.sram: 9/0 is block.noc already; allowed: numbers of its own",
    ]
    for text, words in (("x", "is not TOML"), ("", "names no layer")):
        file.write_text(text)
        with pytest.raises(InputError, match=words):
            floorplan.read_layer_map(file)
    with pytest.raises(InputError, match="cannot be read"):
        floorplan.read_layer_map(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("no.gds", None, "there is no such file"),
        ("plan.dxf", b"x", "is not named as a layout file"),
        ("empty.gds", b"", "is empty"),
        ("text.gds", b"this is no layout at all", "byte 0: does not begin with a HEADER record"),
        ("text.oas", b"this is no layout at all", "cannot be read"),
    ],
)
def test_a_file_that_is_no_layout(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        floorplan.read_layout(tmp_path / name)
