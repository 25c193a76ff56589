"""LEF and DEF are read back by KLayout and by the reader of the format's own reference library."""

import json
import re
import subprocess
import sys
from collections import Counter

import gdstk
import klayout.db as kdb
import pytest
from shapely import Polygon

import floorplan
from floorplan import Block, BlockKind
from floorplan.formats.macros import macros_of
from techlib import InputError

LEFDEF = """
import json, sys
from lefdef import C_DefReader
reader = C_DefReader()  # owns what it reads
found = reader.read(sys.argv[1])
print(json.dumps({
    "components": [
        [c.c_id.decode(), c.c_name.decode(), c.c_x, c.c_y]
        for c in (found.c_components[i] for i in range(found.c_num_components))
    ],
    "pins": found.c_num_pins,
    "tracks": [found.c_num_tracks_x, found.c_num_tracks_y],
    "area": [found.c_die_area_width[1], found.c_die_area_height[1]],
}))
"""


def bounds_nm(outline):
    return tuple(round(value * 1000) for value in outline.bounds)


@pytest.fixture(scope="module")
def written(small, bump_files):
    return small, bump_files


def test_klayout_finds_every_block_where_it_is(written, read_def):
    plan, folder = written
    for die in plan.dies:
        layout = read_def(folder, f"{plan.name}.{die.name}.def", plan.name)
        found = {}
        for instance in placed(layout):
            box = instance.bbox()
            found[instance.property("name")] = (box.left, box.bottom, box.right, box.top)
        assert found == {block.name: bounds_nm(block.outline) for block in die.blocks}


def test_klayout_finds_dies_and_stacks(written, read_def):
    plan, folder = written
    layout = read_def(folder, f"{plan.name}.def", plan.name)
    found = {}
    for instance in placed(layout):
        box = instance.bbox()
        found[instance.property("name")] = (box.left, box.bottom, box.right, box.top)
    bodies = (*plan.dies, *plan.stacks)
    assert found == {body.name: bounds_nm(body.placed_outline) for body in bodies}


def test_pins_of_every_macro_lie_apart_and_inside_it(built_in, tmp_path, read_lef):
    floorplan.write_formats(built_in, tmp_path, ["lef"])
    layout = read_lef(tmp_path, built_in.name)
    outline, pins = _index(layout, "OUTLINE"), 0
    for cell in layout.each_cell():
        inside = kdb.Region(cell.begin_shapes_rec(outline))
        for layer in layout.layer_indexes():
            if not layout.get_info(layer).name.endswith(".PIN"):
                continue
            drawn = kdb.Region(cell.begin_shapes_rec(layer))
            assert drawn.not_inside(inside).is_empty(), cell.name
            assert drawn.merged(min_wc=2).is_empty(), cell.name
            pins += drawn.count()
    lanes = sum(4 * block.lanes for die in built_in.dies for block in die.blocks)
    assert pins > lanes + len(built_in.stacks)


def test_klayout_finds_area_rim_guides_and_tracks(written, read_def):
    plan, folder = written
    die = plan.dies[0]
    layout = read_def(folder, f"{plan.name}.{die.name}.def", plan.name)
    top = layout.top_cell()
    regions = {
        layout.get_info(index).name: kdb.Region(top.shapes(index))
        for index in layout.layer_indexes()
    }
    assert regions["OUTLINE"].area() == round(die.area_um2 * 1e6)
    rim = round((die.area_um2 - die.core.area) * 1e6)
    assert regions["PLACEMENT_BLK"].area() == rim
    assert regions["M8.BLK"].area() == regions["M9.BLK"].area() == rim
    assert regions["REGIONS"].count() == 6


def lefdef_of(file):
    pytest.importorskip("lefdef")
    done = subprocess.run(
        [sys.executable, "-c", LEFDEF, str(file)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(sys.platform == "darwin", reason="lefdef has no library for it")
def test_the_reference_parser_reads_every_component(written):
    plan, folder = written
    for die in plan.dies:
        found = lefdef_of(folder / f"{plan.name}.{die.name}.def")
        corners = {b.name: bounds_nm(b.outline)[:2] for b in die.blocks}
        assert {name: (x, y) for name, _, x, y in found["components"]} == corners
        assert found["area"] == [round(die.width_um * 1000), round(die.height_um * 1000)]
        assert found["tracks"] == [1, 1]
    assert len(lefdef_of(folder / f"{plan.name}.def")["components"]) == len(
        (*plan.dies, *plan.stacks)
    )


def test_counts_are_those_of_the_sections(written):
    """Both readers pass wrong counts over."""
    plan, folder = written
    texts = [path.read_text() for path in folder.glob("*.def")]
    assert len(texts) == 1 + len(plan.dies)
    for text in texts:
        sections = re.findall(r"^([A-Z]+) (\d+) ;\n(.*?)END \1$", text, re.DOTALL | re.MULTILINE)
        assert sections
        for _, count, body in sections:
            assert int(count) == body.count("\n- ") + body.startswith("- ")


def test_every_macro_is_defined_once_and_has_a_cell_of_its_name_and_size(written):
    plan, folder = written
    text = (folder / f"{plan.name}.lef").read_text()
    sizes = {
        name: (float(width), float(height))
        for name, width, height in re.findall(
            r"^MACRO (\S+)$.*?SIZE (\S+) BY (\S+) ;", text, re.DOTALL | re.MULTILINE
        )
    }
    assert Counter(re.findall(r"^MACRO (\S+)", text, re.MULTILINE)).most_common(1)[0][1] == 1
    used = {
        match
        for path in folder.glob("*.def")
        for match in re.findall(r"^- \S+ (\S+) \+ FIXED", path.read_text(), re.MULTILINE)
    }
    sizes = {name: size for name, size in sizes.items() if "_BUMP_" not in name}
    assert used == set(sizes)
    cells = {cell.name: cell for cell in gdstk.read_gds(folder / f"{plan.name}.gds").cells}
    foreign = dict(
        re.findall(r"^MACRO (\S+)$.*?FOREIGN (\S+) 0 0 ;", text, re.DOTALL | re.MULTILINE)
    )
    for name, (width, height) in sizes.items():
        assert name.startswith(foreign[name])  # with a number where the pins differ
        (x0, y0), (x1, y1) = cells[foreign[name]].bounding_box()
        assert (x1 - x0, y1 - y0) == pytest.approx((width, height), abs=1e-6)


def placed(layout):
    """Return the components; pads of supplies are instances without a name."""
    return [i for i in layout.top_cell().each_inst() if i.property("name")]


def _index(layout, name):
    return next(i for i in layout.layer_indexes() if layout.get_info(i).name == name)


def test_odd_blocks(odd, tmp_path, read_def):
    floorplan.write_formats(odd, tmp_path, ["lef", "def"])
    layout = read_def(tmp_path, "small.chip.def", "small")
    names = {
        i.property("name"): (i.cell.name, i.trans.disp.x, i.trans.disp.y) for i in placed(layout)
    }
    odd_name = "a_b_1__91219d"
    assert set(names) == {odd_name, "core.x/sram_0_4ff1e5", "die"}
    assert names["core.x/sram_0_4ff1e5"] == ("SRAM_500000x500001", 400_000, 400_000)
    assert names["die"][0].startswith("SPARE_HOST_")
    cell = layout.cell(names[odd_name][0])
    drawn = kdb.Region(cell.shapes(_index(layout, "OUTLINE")))
    assert drawn.area() == 50_000 * 10**6  # two arms of 300 x 100 um on one corner
    blocked = layout.top_cell().shapes(_index(layout, "PLACEMENT_BLK"))
    rim_um2 = 1_000 * 2_000 - 940 * 1_940
    assert kdb.Region(blocked).area() == (rim_um2 + 100 * 100) * 10**6


def test_names_that_only_differ_in_what_def_forbids_stay_two(one_die, tmp_path, read_def):
    """In components, pins and nets of the die, in its macro, and in its bump map."""
    words = ("host[0]", "host(0)", "host_0_")
    plan = one_die(*(
        Block(word, BlockKind.HOST, Polygon([(x, 200), (x + 300, 200), (x + 300, 1700), (x, 1700)]),
              lanes=2)
        for word, x in zip(words, (100, 500, 900), strict=True)
    ), )  # fmt: skip
    floorplan.write_formats(plan, tmp_path, ["lef", "def", "3dblox", "aif"])
    text = (tmp_path / "small.chip.def").read_text()
    pins = re.findall(r"^- (\S+) \+ NET (\S+)", text, re.MULTILINE)
    ports = {f"{kind}{lane}_{end}" for kind in ("tx", "rx") for lane in "01" for end in "pn"}
    assert len(pins) == len(set(pins)) == 3 * len(ports)
    assert {net for _, net in pins} >= {f"host_0_/{port}" for port in ports}
    assert len(placed(read_def(tmp_path, "small.chip.def", "small"))) == 3
    macro = re.search(r"^MACRO CHIP_DIE$.*?^END CHIP_DIE", (tmp_path / "small.lef").read_text(),
                      re.DOTALL | re.MULTILINE)  # fmt: skip
    assert macro is not None
    assert sorted(re.findall(r"^ *PIN (\S+)", macro[0], re.MULTILINE)) == sorted(n for n, _ in pins)
    lines = (tmp_path / "small.chip.front.bmap").read_text().splitlines()
    nets = [line.split()[5] for line in lines if "/" in line.split()[-1]]
    assert sorted(nets) == sorted(net for _, net in pins)
    (again := tmp_path / "again").mkdir()
    floorplan.write_formats(one_die(plan.dies[0].blocks[1]), again, ["lef", "def"])
    alone = re.findall(r"^- (\S+) \+ NET", (again / "small.chip.def").read_text(), re.MULTILINE)
    assert set(alone) < {name for name, _ in pins}  # whatever stands beside it


def test_blocks_of_equal_shape_share_a_macro(built_in):
    macros = macros_of(floorplan.lay_out(built_in))
    assert len(macros.macros) < 64
    die = built_in.dies[0]
    assert len({macros.of_block[die.name, f"slice00/tensor{i:02d}"] for i in range(8)}) <= 2


def test_what_lef_cannot_hold_is_listed(one_die, tmp_path):
    ring = Polygon(
        [(0, 0), (300, 30), (300, 300), (0, 300)], [[(100, 100), (200, 100), (200, 200)]]
    )
    plan = one_die(Block("r", BlockKind.HOST, ring), keepouts=(Polygon([(0, 0), (9, 9), (0, 9)]),))
    with pytest.raises(InputError) as caught:
        floorplan.write_formats(plan, tmp_path, ["lef"])
    assert str(caught.value) == (
        "chip/r: is slanted and has a hole; allowed: one closed outline in LEF; cut it in two"
    )
    assert list(tmp_path.iterdir()) == []


def test_slanted_outlines_are_polygons(one_die, tmp_path, read_def):
    kite = Polygon([(0, 50), (50, 0), (100, 50), (50, 100)])
    plan = one_die(Block("kite", BlockKind.HOST, kite))
    floorplan.write_formats(plan, tmp_path, ["lef", "def"])
    text = (tmp_path / "small.lef").read_text()
    assert "POLYGON 0 50 50 100 100 50 50 0 ;" in text
    layout = read_def(tmp_path, "small.chip.def", "small")
    assert [i.property("name") for i in placed(layout)] == ["kite"]
