"""Layouts are read back by KLayout and held against the model."""

from collections import Counter
from dataclasses import replace

import klayout.db as kdb
import pytest
from shapely import Polygon, box
from shapely.affinity import translate

import floorplan
from floorplan import Block, BlockKind
from techlib import InputError


@pytest.fixture(scope="module", params=["jalapeno", "hc26"])
def written(request, tmp_path_factory):
    plan = request.getfixturevalue(request.param)
    file = floorplan.write_gds(plan, tmp_path_factory.mktemp("gds") / "plan.gds")
    return plan, read(file)


@pytest.fixture
def layout_of(tmp_path):
    return lambda plan: read(floorplan.write_gds(plan, tmp_path / "plan.gds"))


def read(file):
    layout = kdb.Layout()
    layout.read(str(file))
    return layout


def region(layout, name):
    layer = floorplan.layer_map()[name]
    index = layout.layer(kdb.LayerInfo(layer.gds_layer, layer.gds_datatype))
    return kdb.Region(layout.top_cell().begin_shapes_rec(index))


def bounds_nm(outline):
    return tuple(round(value * 1000) for value in outline.bounds)


def test_one_top_cell_in_whole_nanometres(written):
    plan, layout = written
    assert [cell.name for cell in layout.top_cells()] == ["PKG"]
    assert layout.dbu == 0.001
    interposer = region(layout, "package.interposer").bbox()
    assert (interposer.left, interposer.bottom) == (0, 0)
    assert (interposer.right, interposer.top) == (plan.width_um * 1000, plan.height_um * 1000)


def test_every_block_is_there_with_its_bounds(written):
    plan, layout = written
    for kind in BlockKind:
        expected = Counter(bounds_nm(o) for _, b, o in plan.placed_blocks() if b.kind is kind)
        drawn = region(layout, f"block.{kind}")
        found = Counter(
            (p.bbox().left, p.bbox().bottom, p.bbox().right, p.bbox().top) for p in drawn.each()
        )
        assert found == expected, kind


def test_areas_are_those_of_the_model(written):
    plan, layout = written
    for row in floorplan.summary(plan).groupby("kind")["area_mm2"].sum().items():
        kind, area_mm2 = row
        assert region(layout, f"block.{kind}").area() / 1e12 == pytest.approx(area_mm2, rel=1e-9)
    merged = region(layout, "package.stack").merged().area() / 1e6
    assert merged == pytest.approx(sum(s.placed_outline.area for s in plan.stacks))


def test_seal_ring_and_scribe_are_rings(written):
    plan, layout = written
    scribe_um2 = sum(d.area_um2 - _inset(d, d.scribe_um) for d in plan.dies)
    cut_um2 = 4 * 11.715**2 / 2  # (2 - sqrt(2)) 20 um on the 5 nm grid, off four corners
    ring_um2 = sum(_inset(d, d.scribe_um) - d.core.area - cut_um2 for d in plan.dies)
    scribe, ring = (region(layout, f"die.{name}").merged() for name in ("scribe", "seal_ring"))
    assert scribe.area() / 1e6 == pytest.approx(scribe_um2)
    assert ring.area() / 1e6 == pytest.approx(ring_um2)
    assert ring.count() == len(plan.dies)
    assert [polygon.holes() for polygon in ring.each()] == [1] * len(plan.dies)
    assert (ring & region(layout, "block.tensor")).is_empty()


def _inset(die, by_um):
    return (die.width_um - 2 * by_um) * (die.height_um - 2 * by_um)


def test_spares_are_marked(written):
    plan, layout = written
    spares = Counter(bounds_nm(o) for _, b, o in plan.placed_blocks() if not b.enabled)
    marks = region(layout, "die.spare")
    found = Counter(
        (p.bbox().left, p.bbox().bottom, p.bbox().right, p.bbox().top) for p in marks.each()
    )
    assert found == spares
    assert len(spares) == 64


def test_equal_slices_and_units_share_cells(written):
    _, layout = written
    names = Counter(cell.name.rstrip("0123456789x_") for cell in layout.each_cell())
    assert names["SLICE"] == 2  # and its mirror image on the east side
    assert names["TENSOR"] == names["SPARE_TENSOR"] == 1
    assert layout.cells() < 100
    places = sum(
        1
        for cell in layout.each_cell()
        for instance in cell.each_inst()
        if instance.cell.name.startswith("SLICE")
    )
    assert places == 64


def test_blocks_and_dies_are_labelled(written):
    plan, layout = written
    texts = Counter()
    for index in layout.layer_indexes():
        if layout.get_info(index).layer in range(30, 40):  # bumps have a text each
            continue
        shapes = layout.top_cell().begin_shapes_rec(index)
        shapes.shape_flags = kdb.Shapes.STexts
        texts.update(item.shape().text_string for item in shapes.each())
    for stack in plan.stacks:
        assert texts[stack.name] == 2  # the stack, and its link
    for die in plan.dies:
        assert texts[die.name] == 1
    assert texts["tensor07"] == 64
    assert all(texts[f"slice{index:02d}"] == 1 for index in range(64))
    # The block, and the area that its bumps take.
    assert all(texts[f"phy_{stack.name}"] == 2 for stack in plan.stacks)


def test_labels_lie_in_their_blocks(jalapeno, layout_of):
    layout = layout_of(jalapeno)
    layer = floorplan.layer_map().of_block(BlockKind.HBM_PHY).gds_layer
    index = layout.layer(kdb.LayerInfo(layer, floorplan.layer_map().text_type))
    shapes = layout.top_cell().begin_shapes_rec(index)
    texts = [(i.trans(), i.shape().text) for i in shapes.each()]
    places = {text.string: trans * kdb.Point(text.x, text.y) for trans, text in texts}
    for key, block, outline in jalapeno.placed_blocks():
        if block.kind is BlockKind.HBM_PHY:
            x0, y0, x1, y1 = bounds_nm(outline)
            place = places[key.partition("/")[2]]
            assert x0 < place.x < x1
            assert y0 < place.y < y1


def test_the_same_floorplan_gives_the_same_bytes(tmp_path, built_in):
    again = floorplan.build(floorplan.recipes()[built_in.name])
    first = floorplan.write_gds(built_in, tmp_path / "a.gds").read_bytes()
    assert floorplan.write_gds(again, tmp_path / "b.gds").read_bytes() == first


def test_polygons_holes_and_keep_outs_are_drawn(jalapeno, layout_of):
    ring = box(0, 0, 400, 400).difference(box(100, 100, 300, 300))
    ell = Polygon([(0, 0), (300, 0), (300, 100), (100, 100), (100, 300), (0, 300)])
    die = replace(
        jalapeno.dies[0],
        blocks=(
            Block("ring", BlockKind.VECTOR, _at(ring, 1_000)),
            Block("ell", BlockKind.HOST, _at(ell, 2_000)),
            Block("ell2", BlockKind.HOST, _at(ell, 3_000)),
        ),
        keepouts=(box(5_000, 5_000, 5_100, 5_200),),
    )
    layout = layout_of(replace(jalapeno, dies=(die,)))
    assert region(layout, "block.vector").merged().area() == round(ring.area * 1e6)
    assert region(layout, "block.host").area() == round(2 * ell.area * 1e6)
    assert region(layout, "die.keepout").area() == 100 * 200 * 10**6
    hosts = [c.name for c in layout.each_cell() if c.name.startswith("HOST_300000x300000_")]
    assert len(hosts) == 1


def _at(shape, offset):
    return translate(shape, offset, offset)


def test_long_and_odd_names_stay_unique(jalapeno, layout_of):
    dies = tuple(
        replace(jalapeno.dies[0], name=f"a-very-long-name-of-a-compute-die-{i}", blocks=())
        for i in range(2)
    )
    layout = layout_of(replace(jalapeno, name="ünit 1", dies=dies))
    names = [cell.name for cell in layout.each_cell()]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 32
    assert [cell.name for cell in layout.top_cells()] == ["PKG"]
    assert {"A_VERY_LONG_NAME_OF_A_COMPUTE_DI", "A_VERY_LONG_NAME_OF_A_COMPUTE__2"} <= set(names)


def test_a_missing_folder_is_an_input_error(jalapeno, tmp_path):
    with pytest.raises(InputError, match="the folder does not exist; make it first"):
        floorplan.write_gds(jalapeno, tmp_path / "no" / "x.gds")


@pytest.mark.parametrize("write", [floorplan.write_gds, floorplan.write_oasis])
def test_blocks_without_an_extent_are_listed(jalapeno, tmp_path, write):
    die = jalapeno.dies[0]
    odd = (
        replace(die.blocks[0], outline=Polygon()),
        replace(die.blocks[1], outline=box(0.0, 0.0, float("inf"), 9.0)),
    )
    plan = replace(jalapeno, dies=(replace(die, blocks=(*odd, *die.blocks[2:])),))
    with pytest.raises(InputError) as caught:
        write(plan, tmp_path / "x")
    names = [f"compute/{block.name}" for block in odd]
    assert [str(fault) for fault in caught.value.faults] == [
        f"{names[0]}: its outline is empty; allowed: a polygon of finite size",
        f"{names[1]}: its outline has no end; allowed: a polygon of finite size",
    ]
    with pytest.raises(InputError, match="its outline is empty"):
        floorplan.write_formats(plan, tmp_path, ["lef", "toml"])
    assert list(tmp_path.iterdir()) == []


def test_the_layer_map_has_every_kind_once():
    layers = floorplan.layer_map()
    numbers = [(layer.gds_layer, layer.gds_datatype) for layer in layers.layers.values()]
    assert len(set(numbers)) == len(numbers)
    for kind in BlockKind:
        assert layers.of_block(kind).title
    assert all(len(layer.color) == 7 for layer in layers.layers.values())
