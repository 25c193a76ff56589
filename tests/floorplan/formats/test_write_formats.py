"""One registry of formats: names, bytes, what happens when one cannot hold a layout."""

import hashlib
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import klayout.lay as lay
import pytest
import yaml
from shapely import Polygon, box

import floorplan
from floorplan import FORMATS, Block, BlockKind
from techlib import InputError

HIDDEN = {
    "bump.core", "bump.c4", "bump.bga", "bump.tsv", "die.halo", "die.power_grid",
    "die.fill_exclusion",
}  # fmt: skip


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_all_formats_give_the_same_bytes_twice(small, tmp_path):
    elsewhere = ("gds", "oas", "png", "lef", "def")  # tested where they are made, or in 3dblox
    formats = [name for name in FORMATS if name not in elsewhere]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written = floorplan.write_formats(small, tmp_path / name, formats)
        assert written.skipped == {}
    first = hashes(tmp_path / "a")
    assert set(first) == set(written.files)
    assert first == hashes(tmp_path / "b")


def test_formats_come_in_one_order_and_once(jalapeno, tmp_path):
    written = floorplan.write_formats(jalapeno, tmp_path, ["toml", "lyp", "toml"], stem="x")
    assert written.files == ("x.lyp", "floorplan.toml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["floorplan.toml", "x.lyp"]


def test_unknown_formats_are_all_named(jalapeno, tmp_path):
    with pytest.raises(InputError) as caught:
        floorplan.write_formats(jalapeno, tmp_path, ["gdss", "lef", "pdf"])
    assert [fault.what for fault in caught.value.faults] == ["unknown 'gdss'", "unknown 'pdf'"]
    with pytest.raises(InputError, match="format: none is given; allowed: some of gds, "):
        floorplan.write_formats(jalapeno, tmp_path, [])
    with pytest.raises(InputError, match="the folder does not exist; make it first"):
        floorplan.write_formats(jalapeno, tmp_path / "no", ["gds"])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_hold_a_layout_is_skipped_unless_it_is_asked_for(one_die, tmp_path):
    kite = Polygon([(0, 50), (50, 0), (100, 50), (50, 100)])
    plan = one_die(Block("kite", BlockKind.HOST, kite))
    written = floorplan.write_formats(plan, tmp_path)
    assert set(written.skipped) == {"hotspot", "3d-ice", "bookshelf"}
    assert "small.gds" in written.files
    assert not list(tmp_path.glob("*.flp"))
    with pytest.raises(InputError) as caught:
        floorplan.write_formats(plan, tmp_path / "..", ["hotspot", "3d-ice", "bookshelf"])
    assert [fault.allowed for fault in caught.value.faults] == [
        "rectangles in HotSpot",
        "rectangles in 3D-ICE",
        "a rectilinear outline in Bookshelf",
    ]


def test_every_format_has_a_title_and_names_its_files():
    for name, entry in FORMATS.items():
        assert entry.name == name
        assert entry.title
        assert entry.files


def test_klayout_takes_colours_and_names_from_the_layer_properties(jalapeno, tmp_path):
    floorplan.write_formats(jalapeno, tmp_path, ["lyp"])
    view = lay.LayoutView()
    view.load_layer_props(str(tmp_path / "jalapeno.lyp"))
    found = {node.source: node for node in view.each_layer() if not node.has_children()}
    layers = floorplan.layer_map()
    for layer in layers.layers.values():
        node = found[f"{layer.gds_layer}/{layer.gds_datatype}@1"]
        assert node.name == f"{layer.name}: {layer.title}"
        assert f"#{node.fill_color & 0xFFFFFF:06x}" == layer.color
        assert node.visible is (layer.name not in HIDDEN)
        assert f"{layer.gds_layer}/{layers.text_type}@1" in found
    assert len([n for n in view.each_layer() if n.has_children()]) == len(
        {layer.name.partition(".")[0] for layer in layers.layers.values()}
    )


def test_the_drawing_has_labels_legend_and_scale_bar(jalapeno, tmp_path):
    floorplan.write_formats(jalapeno, tmp_path, ["svg"])
    tree = ElementTree.parse(tmp_path / "jalapeno.svg")
    texts = {"".join(node.itertext()) for node in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {"tensor unit", "HBM stack", "10 mm", "noc/hub"} <= texts


def test_a_die_of_any_name_has_files_and_chiplets_of_its_own(one_die, tmp_path):
    """With what file names, DEF and the paths of 3Dblox give a meaning of their own."""
    plan = one_die(Block("core", BlockKind.VECTOR, box(100, 100, 500, 500)))
    first, second = (replace(plan.dies[0], name=name) for name in ("io/die.1", "io die.1"))
    both = replace(plan, height_um=5_200.0, dies=(first, replace(second, y_um=2_600.0)))
    floorplan.write_formats(both, tmp_path)
    names = [path.name.split(".")[1] for path in sorted(tmp_path.glob("small.*.def"))]
    assert len(names) == 2
    assert all(name.startswith("io_die_1_") for name in names)
    stack = yaml.safe_load((tmp_path / "small.3dbx").read_text())
    assert set(stack["Stack"]) == {"substrate", "interposer", *names}
    assert {f"{name}.regions.front" for name in names} < {
        joint["top"] for joint in stack["Connection"].values()
    }
    chiplets = yaml.safe_load((tmp_path / "small.3dbv").read_text())["ChipletDef"]
    for name in names:
        assert (tmp_path / chiplets[name]["external"]["DEF_file"]).is_file()
        assert (tmp_path / chiplets[name]["regions"]["front"]["bmap"]).is_file()
        assert f"- {name} " in (tmp_path / "small.def").read_text()
