"""GDSII and OASIS of whole layouts, read back by KLayout: hierarchy, bumps, nets, size, bytes."""

from collections import Counter
from dataclasses import replace

import gdstk
import klayout.db as kdb
import numpy as np
import pytest

import floorplan
from floorplan import BumpArray, BumpField, BumpKind
from floorplan.bump_cells import place_bumps
from floorplan.cell_shapes import CellBook
from techlib import InputError

WRITERS = {"gds": floorplan.write_gds, "oas": floorplan.write_oasis}


@pytest.fixture(scope="module")
def files(jalapeno_layout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layout")
    return {kind: write(jalapeno_layout, folder / f"x.{kind}") for kind, write in WRITERS.items()}


@pytest.fixture(scope="module", params=["gds", "oas"])
def read(request, files):
    layout = kdb.Layout()
    layout.read(str(files[request.param]))
    return layout


def layer_index(layout, name, *, texts=False):
    layer, layers = floorplan.layer_map()[name], floorplan.layer_map()
    return layout.layer(layer.gds_layer, layers.text_type if texts else layer.gds_datatype)


def below(cell):
    return {instance.cell.name for instance in cell.each_inst()}


def test_the_hierarchy_is_that_of_the_package(read):
    assert [cell.name for cell in read.top_cells()] == ["PKG"]
    assert below(read.cell("PKG")) == {"SUBSTRATE"}
    assert {"INTERPOSER", "BGA_BUMPS_4148"} == below(read.cell("SUBSTRATE"))
    inside = below(read.cell("INTERPOSER"))
    stacks = Counter(
        i.cell.name for i in read.cell("INTERPOSER").each_inst() if "HBM_STACK" in i.cell.name
    )
    sides = {"EAST": 3, "WEST": 3, "NORTH": 1, "SOUTH": 1}  # their interfaces'
    assert stacks == {f"HBM_STACK_HBM3E_{side}": count for side, count in sides.items()}
    links = {"LINK_80", "LINK_80_2", "LINK_80_3", "LINK_80_4"}  # to each side
    bumps = {"C4_BUMPS_117895", "TSV_BUMPS_1061055"}
    assert inside == {"COMPUTE_DIE", *bumps, *links, *stacks}
    assert {"SLICE", "HBM_BUMPS_3753"} < below(read.cell("COMPUTE_DIE"))
    for name in stacks:
        assert below(read.cell(name)) == {"HBM_BUMPS_7261"}


def test_every_bump_is_in_the_file(jalapeno_layout, read):
    for kind, count in jalapeno_layout.bump_counts.items():
        shapes = read.top_cell().begin_shapes_rec(layer_index(read, f"bump.{kind}"))
        assert kdb.Region(shapes).count() == count


def each(iterator):
    while not iterator.at_end():
        yield iterator
        iterator.next()


def test_pads_and_ports_stand_where_the_model_has_them(jalapeno_layout, files):
    """In the GDSII file; that the OASIS file is equal to it has a test of its own."""
    layout = kdb.Layout()
    layout.read(str(files["gds"]))
    top = layout.top_cell()
    pads = Counter(
        item.trans().disp.to_s()
        for item in each(top.begin_shapes_rec(layer_index(layout, "bump.hbm")))
    )
    ports = Counter(
        (item.shape().text_string, (item.trans() * item.shape().text.trans).disp.to_s())
        for item in each(top.begin_shapes_rec(layer_index(layout, "bump.hbm", texts=True)))
    )
    expected = Counter(
        (field.ports[code], f"{round(x * 1000)},{round(y * 1000)}")
        for field in jalapeno_layout.placed_fields()
        if field.kind is BumpKind.HBM
        for code, (x, y) in zip(
            field.net_codes().tolist(), field.positions_um().tolist(), strict=True
        )
    )
    assert ports == expected
    assert pads == Counter(place for _, place in expected.elements())


def test_features_have_their_areas(jalapeno_layout, read):
    expected = Counter()
    for feature in jalapeno_layout.features["compute"]:
        expected[feature.layer] += feature.area_um2
    assert {"die.mark", "die.halo", "die.power_grid", "die.clock_spine"} < expected.keys()
    for layer, area_um2 in expected.items():
        drawn = kdb.Region(read.top_cell().begin_shapes_rec(layer_index(read, layer)))
        drawn.merged_semantics = False
        assert drawn.area() / 1e6 == pytest.approx(area_um2), layer


def test_bundles_are_drawn_on_their_layers(jalapeno_layout, read):
    for layer in ("interposer.route1", "interposer.route2"):
        drawn = kdb.Region(read.top_cell().begin_shapes_rec(layer_index(read, layer)))
        own = [b for b in jalapeno_layout.bundles if b.layer == layer]
        assert drawn.count() == len(own)
        assert drawn.area() / 1e6 == pytest.approx(sum(b.outline.area for b in own))


def test_both_formats_hold_the_same(files):
    layouts = []
    for file in files.values():
        layouts.append(kdb.Layout())
        layouts[-1].read(str(file))
    assert kdb.LayoutDiff().compare(*layouts, kdb.LayoutDiff.Silent)
    layouts[1].cell("COMPUTE_DIE").shapes(0).insert(kdb.Box(0, 0, 1, 1))
    assert not kdb.LayoutDiff().compare(*layouts, kdb.LayoutDiff.Silent)


def test_built_in_designs_take_less_than_a_megabyte(built_in, tmp_path):
    layout = floorplan.lay_out(built_in)
    assert floorplan.write_gds(layout, tmp_path / "x.gds").stat().st_size < 1_000_000
    assert floorplan.write_oasis(layout, tmp_path / "x.oas").stat().st_size < 100_000


def test_the_same_layout_gives_the_same_bytes(jalapeno_layout, files, tmp_path):
    again = floorplan.lay_out(jalapeno_layout.floorplan)
    for kind, write in WRITERS.items():
        same = write(again, tmp_path / f"again.{kind}").read_bytes() == files[kind].read_bytes()
        assert same, kind


def test_source_date_epoch_sets_the_time_stamp(jalapeno, tmp_path, monkeypatch):
    bare = replace(jalapeno, dies=(), stacks=())
    stamp = gdstk.gds_timestamp
    assert stamp(floorplan.write_gds(bare, tmp_path / "a.gds")).year == 2000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    file = floorplan.write_gds(bare, tmp_path / "b.gds")
    assert stamp(file).isoformat() == "2023-11-14T22:13:20"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InputError) as caught:
        floorplan.write_gds(bare, tmp_path / "c.gds")
    assert str(caught.value) == (
        "SOURCE_DATE_EPOCH: 'yesterday'; allowed: whole seconds since 1970-01-01, e.g. 1700000000; "
        "correct or unset it"
    )
    assert not (tmp_path / "c.gds").exists()


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_a_file_that_has_no_room_is_an_error(jalapeno_layout, tmp_path, suffix):
    """A limit of the system's on sizes of files stands for the full disk."""
    resource = pytest.importorskip("resource", reason="limits of files are those of POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match=rf"x\.{suffix} was cut short; is the disk full\?"):
            WRITERS[suffix](jalapeno_layout, tmp_path / f"x.{suffix}")
        with pytest.raises(InputError, match=r"cannot be written: .* was cut short"):
            floorplan.write_formats(jalapeno_layout, tmp_path, [suffix, "lyp"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_moved_bump_makes_a_stack_of_its_own(jalapeno_layout, tmp_path):
    odd = jalapeno_layout.field("hbm_e1/hbm")
    points = odd.points_um.copy()
    points[7, 0] += 1.0
    fields = tuple(replace(f, points_um=points) if f is odd else f for f in jalapeno_layout.fields)
    file = floorplan.write_oasis(replace(jalapeno_layout, fields=fields), tmp_path / "x.oas")
    layout = kdb.Layout()
    layout.read(str(file))
    names = Counter(i.cell.name for i in layout.cell("INTERPOSER").each_inst())
    assert names["HBM_STACK_HBM3E_WEST"] == 2
    assert names["HBM_STACK_HBM3E_WEST_2"] == 1
    found = kdb.Region(layout.top_cell().begin_shapes_rec(layer_index(layout, "bump.hbm")))
    x, y = jalapeno_layout.placed(replace(odd, points_um=points)).points_um[7]
    spot = kdb.Region(kdb.Box(*(round(v * 1000) for v in (x - 5, y - 5, x + 5, y + 5))))
    (pad,) = found.interacting(spot).each()
    assert (pad.bbox().center().x, pad.bbox().center().y) == (round(x * 1000), round(y * 1000))


def library_of(field):
    book = CellBook(floorplan.layer_map())
    top = book.new("PKG")
    place_bumps(book, top, field, 0.005)
    library = gdstk.Library("x", 1e-6, 1e-9)
    library.add(*book.cells.values())
    return library


def test_a_million_regular_bumps_are_small(tmp_path):
    array = BumpArray(0.0, 0.0, 90.0, 45.0, columns=1000, rows=500)
    arrays = tuple(replace(array, x_um=x, net=net) for net, x in enumerate((0.0, 45.0)))
    library = library_of(
        BumpField("x/core", BumpKind.CORE, "x", 25.0, ("VDD", "VSS"), arrays=arrays)
    )
    library.write_gds(tmp_path / "x.gds")
    library.write_oas(tmp_path / "x.oas")
    for file in tmp_path.iterdir():
        assert file.stat().st_size < 2_000
        layout = kdb.Layout()
        layout.read(str(file))
        assert (
            kdb.Region(layout.top_cell().begin_shapes_rec(layer_index(layout, "bump.core"))).count()
            == 1_000_000
        )


def test_irregular_bumps_are_stored_as_steps(tmp_path):
    rng = np.random.default_rng(7)
    sites = rng.choice(400 * 400, size=50_000, replace=False)
    points = np.stack([sites % 400, sites // 400], axis=-1) * 45.0
    codes = rng.integers(0, 2, size=len(points))
    field = BumpField(
        "x/core", BumpKind.CORE, "x", 25.0, ("VDD", "VSS"), points_um=points, point_nets=codes
    )
    library_of(field).write_oas(tmp_path / "x.oas", compression_level=6)
    assert (tmp_path / "x.oas").stat().st_size < 2 * len(points)  # bytes, beside 8 uncompressed
    layout = kdb.Layout()
    layout.read(str(tmp_path / "x.oas"))
    assert kdb.Region(
        layout.top_cell().begin_shapes_rec(layer_index(layout, "bump.core"))
    ).count() == len(points)


def test_arrays_beyond_the_record_are_cut(tmp_path):
    array = BumpArray(0.0, 0.0, 1.0, 0.0, columns=70_000, rows=1)
    field = BumpField("x/core", BumpKind.CORE, "x", 0.5, ("VDD",), arrays=(array,))
    library_of(field).write_gds(tmp_path / "x.gds")
    layout = kdb.Layout()
    layout.read(str(tmp_path / "x.gds"))
    drawn = kdb.Region(layout.top_cell().begin_shapes_rec(layer_index(layout, "bump.core")))
    assert drawn.count() == 70_000
    assert drawn.bbox().right == 69_999_250


def test_equal_fields_share_a_cell_in_any_orientation():
    points = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 70.0], [30.0, 110.0]])
    first = BumpField(
        "a/x", BumpKind.HBM, "a", 25.0, ("p", "q"), points_um=points, point_nets=[0, 0, 1, 1]
    )
    for orientation in floorplan.Orientation:
        book = CellBook(floorplan.layer_map())
        top = book.new("PKG")
        place_bumps(book, top, first, 0.005)
        place_bumps(book, top, first.placed(500.0, -200.0, orientation), 0.005)
        assert len({reference.cell.name for reference in top.references}) == 1
        drawn = top.copy("FLAT").flatten()
        centers = sorted(tuple(np.round(p.points.mean(axis=0), 6).tolist()) for p in drawn.polygons)
        expected = [*points.tolist(), *orientation.apply(points, (500.0, -200.0)).tolist()]
        assert centers == sorted(map(tuple, expected))
