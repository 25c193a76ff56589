"""Layouts that KLayout draws: layers and labels of another house, turned cells, arrays, faults."""

import gdstk
import klayout.db as kdb
import pytest
from shapely import box

from floorplan import BlockKind, Edge

LAYERS = {"die": "1", "sram": ["20/0", "21/5"], "vector": "22", "labels": "63"}


@pytest.fixture
def drawing(tmp_path):
    """An empty layout in units of 1 nm, and how to draw in it."""
    return Drawing(tmp_path / "theirs.gds")


class Drawing:
    def __init__(self, file):
        self.file, self.layout = file, kdb.Layout()
        self.top = self.layout.create_cell("TOP")

    def box(self, cell, layer, corners, datatype=0):
        cell.shapes(self.layout.layer(layer, datatype)).insert(kdb.DBox(*corners))

    def text(self, cell, layer, string, x, y, datatype=0):
        cell.shapes(self.layout.layer(layer, datatype)).insert(kdb.DText(string, x, y))

    def write(self):
        self.layout.write(str(self.file))
        return self.file.name


def blocks_of(found):
    return {block.name: block for die in found.floorplan.dies for block in die.blocks}


def test_layers_and_labels_of_another_house(drawing, imported):
    top = drawing.top
    drawing.box(top, 1, (100, 200, 2_100, 3_200))
    drawing.text(top, 1, "gpu", 1_000, 1_000)
    drawing.box(top, 20, (200, 300, 700, 900))
    drawing.box(top, 21, (900, 300, 1_400, 900), datatype=5)
    drawing.box(top, 22, (200, 1_000, 700, 1_600))
    drawing.box(top, 99, (0, 0, 5_000, 5_000))
    drawing.text(top, 63, "L2[0]", 400, 500)
    drawing.text(top, 63, "L2[1]", 1_000, 500, datatype=7)
    drawing.text(top, 22, "lane", 300, 1_100)
    found = imported(drawing.write(), layers=LAYERS)
    (die,) = found.floorplan.dies
    assert (die.name, die.width_um, die.height_um) == ("gpu", 2_000.0, 3_000.0)
    blocks = blocks_of(found)
    assert {name: block.kind for name, block in blocks.items()} == {
        "L2[0]": BlockKind.SRAM,
        "L2[1]": BlockKind.SRAM,
        "lane": BlockKind.VECTOR,
    }
    assert blocks["L2[0]"].outline.equals(box(100, 100, 600, 700))
    assert found.floorplan.stacks == ()


def test_turned_mirrored_and_arrayed_cells(drawing, imported):
    unit = drawing.layout.create_cell("UNIT")
    drawing.box(unit, 20, (0, 0, 100, 50))
    drawing.text(unit, 20, "ram", 10, 10)
    drawing.box(drawing.top, 1, (0, 0, 3_000, 3_000))
    names = {}
    for name, (turn, mirror, x, y) in {
        "a": (90, False, 500, 100),
        "b": (0, True, 700, 400),
        "c": (180, False, 1_500, 800),
    }.items():
        drawing.top.insert(
            kdb.DCellInstArray(unit.cell_index(), kdb.DCplxTrans(1.0, turn, mirror, x, y))
        )
        names[name] = kdb.DCplxTrans(1.0, turn, mirror, x, y) * kdb.DBox(0, 0, 100, 50)
        drawing.text(drawing.top, 1, name, names[name].center().x, names[name].center().y)
    drawing.top.insert(
        kdb.DCellInstArray(
            unit.cell_index(),
            kdb.DTrans(0, False, 1_000, 2_000),
            kdb.DVector(200, 0),
            kdb.DVector(0, 100),
            2,
            2,
        )
    )
    for i in range(2):
        for j in range(2):
            drawing.text(drawing.top, 1, f"r{j}c{i}", 1_050 + 200 * i, 2_025 + 100 * j)
    blocks = blocks_of(imported(drawing.write(), layers=LAYERS))
    assert set(blocks) == {
        *(f"{n}/ram" for n in "abc"),
        *(f"r{j}c{i}/ram" for i in (0, 1) for j in (0, 1)),
    }
    for name, where in names.items():
        bounds = blocks[f"{name}/ram"].outline.bounds
        assert bounds == pytest.approx((where.left, where.bottom, where.right, where.top))
    assert blocks["r1c0/ram"].outline.bounds == (1_000.0, 2_100.0, 1_100.0, 2_150.0)


def test_arrays_of_shapes_paths_and_texts(tmp_path, imported, faults_of):
    """OASIS repeats whatever is drawn, not cells alone."""
    steps = gdstk.Repetition(columns=2, rows=3, spacing=(300, 200))
    library = gdstk.Library(unit=1e-6, precision=1e-9)
    top = library.new_cell("TOP").add(gdstk.rectangle((0, 0), (2_000, 2_000), layer=1))
    block = gdstk.rectangle((100, 100), (200, 150), layer=20)
    path = gdstk.FlexPath([(1_000, 120), (1_100, 120)], 40, layer=22, simple_path=True)
    block.repetition = path.repetition = steps
    top.add(block, path)
    library.write_oas(tmp_path / "theirs.oas")
    blocks = blocks_of(imported("theirs.oas", layers=LAYERS))
    assert set(blocks) == {f"{kind}{n}" for kind in ("sram", "vector") for n in range(6)}
    assert max(block.outline.bounds for block in blocks.values()) == (1_300, 500, 1_400, 540)
    top.add(gdstk.Label("ram", (150, 125), layer=20))
    top.labels[0].repetition = steps
    library.write_oas(tmp_path / "theirs.oas")
    assert (
        sum(
            "block 'ram' is there twice" in fault
            for fault in faults_of("theirs.oas", layers=LAYERS)
        )
        == 5
    )


def test_blocks_without_die_or_label(drawing, imported):
    drawing.box(drawing.top, 20, (-50, -50, 50, 50))
    drawing.box(drawing.top, 20, (60, -50, 160, 50))
    found = imported(drawing.write(), layers=LAYERS, die="cpu", seal_ring="10 um")
    (die,) = found.floorplan.dies
    assert (die.name, die.width_um, die.height_um) == ("cpu", 230.0, 120.0)
    assert sorted(blocks_of(found)) == ["sram0", "sram1"]
    assert blocks_of(found)["sram0"].outline.equals(box(10, 10, 110, 110))
    assert "2 blocks have no label; they are named after their kind" in found.notes


def test_holes_that_close_over_a_cut_and_paths(drawing, imported):
    ring = kdb.DPolygon(kdb.DBox(0, 0, 100, 100))
    ring.insert_hole(kdb.DBox(40, 40, 60, 60))
    drawing.top.shapes(drawing.layout.layer(20, 0)).insert(ring)
    drawing.top.shapes(drawing.layout.layer(22, 0)).insert(
        kdb.DPath([kdb.DPoint(200, 50), kdb.DPoint(300, 50)], 20)
    )
    blocks = blocks_of(imported(drawing.write(), layers=LAYERS))
    assert blocks["sram0"].area_um2 == pytest.approx(100**2 - 20**2)
    assert blocks["vector0"].area_um2 == pytest.approx(100 * 20)


def test_stacks_are_recognised_by_their_size_and_turned_to_the_die(drawing, imported):
    layers = {**LAYERS, "stack": "40", "interposer": "41"}
    drawing.box(drawing.top, 41, (-15_000, -1_000, 20_000, 15_000))
    drawing.box(drawing.top, 1, (0, 0, 10_000, 12_000))
    drawing.box(drawing.top, 22, (100, 100, 9_000, 11_000))
    drawing.box(drawing.top, 40, (-13_000, 200, -200, 11_200))
    drawing.text(drawing.top, 40, "mem", -5_000, 5_000)
    plan = imported(drawing.write(), layers=layers).floorplan
    (stack,) = plan.stacks
    assert (stack.name, stack.generation.name, stack.phy_edge) == ("mem", "HBM4", Edge.EAST)
    assert (stack.x_um, stack.y_um) == (2_000.0, 1_200.0)
    assert (plan.width_um, plan.height_um) == (35_000.0, 16_000.0)
    assert (plan.dies[0].x_um, plan.dies[0].y_um) == (15_000.0, 1_000.0)


def test_faults_of_layouts(drawing, faults_of, tmp_path):
    assert faults_of("no.gds")[0].startswith("x.toml.import: there is no file")
    (tmp_path / "text.gds").write_text("not a layout")
    assert "text.gds: byte 0: does not begin with a HEADER record" in faults_of("text.gds")[0]
    drawing.box(drawing.top, 77, (0, 0, 1, 1))
    drawing.layout.create_cell("EMPTY")
    drawing.box(drawing.layout.create_cell("OTHER"), 77, (0, 0, 1, 1))
    file = drawing.write()
    (fault,) = faults_of(file, layers=LAYERS)
    assert fault == (
        f"{tmp_path / file}: has 2 top cells: OTHER, TOP; allowed: one; say which one is meant, "
        "e.g. cell = 'OTHER'"
    )
    assert "has no cell 'TPO'; did you mean 'TOP'" in faults_of(file, layers=LAYERS, cell="TPO")[0]
    (fault,) = faults_of(file, layers=LAYERS, cell="TOP")
    assert fault == (
        f"{tmp_path / file}: has no polygon on a layer of blocks; allowed: one or more; give the "
        'layers of the blocks, e.g. tensor = "100/0"; the file has 77/0'
    )


def test_labels_that_a_cell_repeats_are_numbered(drawing, imported):
    unit = drawing.layout.create_cell("UNIT")
    drawing.box(unit, 20, (0, 0, 100, 50))
    drawing.text(unit, 20, "ram", 10, 10)
    for x in (0, 200, 400):
        drawing.top.insert(kdb.DCellInstArray(unit.cell_index(), kdb.DTrans(0, False, x, 0)))
    drawing.box(drawing.top, 20, (0, 100, 100, 150))
    drawing.text(drawing.top, 20, "ram1", 10, 110)
    found = imported(drawing.write(), layers=LAYERS)
    lefts = {name: block.outline.bounds[0] for name, block in blocks_of(found).items()}
    assert lefts == {"ram0": 0.0, "ram2": 200.0, "ram3": 400.0, "ram1": 0.0}
    assert "3 blocks have a label that their cell repeats; they are numbered" in found.notes


def test_two_blocks_of_one_name_are_a_fault_with_their_places(drawing, faults_of, tmp_path):
    for x in (0, 200):
        drawing.box(drawing.top, 20, (x, 0, x + 100, 50))
        drawing.text(drawing.top, 20, "ram", x + 10, 10)
    (fault,) = faults_of(drawing.write(), layers=LAYERS)
    assert fault == (
        f"{drawing.file}: cell TOP at (250, 25) um: block 'ram' is there twice; allowed: a name "
        "of its own; label the cells that they are drawn in, or the blocks apart"
    )


def test_faults_of_the_layer_table(drawing, faults_of):
    drawing.box(drawing.top, 20, (0, 0, 1, 1))
    faults = faults_of(
        drawing.write(), layers={"srma": "1", "sram": ["1/2/3", "4"], "vector": "4/0"}
    )
    assert faults == [
        "x.toml.layers.srma: unknown layer; did you mean 'sram'?",
        "x.toml.layers.sram: '1/2/3'; allowed: LAYER or LAYER/DATATYPE, e.g. 10/0",
        "x.toml.layers.vector: 4/0 means sram already; allowed: one meaning for a layer",
    ]


def test_bumps_in_millions_are_not_looked_at(drawing, imported):
    bump = drawing.layout.create_cell("BUMP")
    drawing.box(bump, 90, (0, 0, 1, 1))
    drawing.box(drawing.top, 20, (0, 0, 100, 100))
    drawing.top.insert(
        kdb.DCellInstArray(
            bump.cell_index(), kdb.DTrans(), kdb.DVector(2, 0), kdb.DVector(0, 2), 30_000, 30_000
        )
    )
    assert list(blocks_of(imported(drawing.write(), layers=LAYERS))) == ["sram0"]


def test_a_path_without_a_width_is_no_block(drawing, imported):
    drawing.box(drawing.top, 1, (0, 0, 2_000, 3_000))
    drawing.box(drawing.top, 22, (200, 1_000, 700, 1_600))
    line = kdb.DPath([kdb.DPoint(900, 900), kdb.DPoint(1_800, 900)], 0.0)
    drawing.top.shapes(drawing.layout.layer(22, 0)).insert(line)
    (block,) = blocks_of(imported(drawing.write(), layers=LAYERS)).values()
    assert block.outline.equals(box(200, 1_000, 700, 1_600))
