"""Design to file to design: blocks come back to the nanometre, for random floorplans too."""

import tempfile
from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

import floorplan
from floorplan import Block, BlockKind, Die, Edge, Floorplan, HbmStack
from techlib import InputError, hbm_generations, interposers, process_nodes


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A design of two dies and two stacks in many formats."""
    changes = {
        "hbm": "HBM3E", "die_width": "14 mm", "die_height": "14 mm", "stacks_west": 1,
        "stacks_east": 1, "slices_per_stack": 3, "extra_slices": 0, "serdes_lanes": 8,
        "serdes_macro_lanes": 4, "host_lanes": 4, "noc_hub_area": "4 mm^2",
        "collective_area": "2 mm^2", "management_area": "2 mm^2", "io_die_width": "10 mm",
        "io_noc_area": "4 mm^2", "die_to_die_blocks": 3,
    }  # fmt: skip
    recipe = floorplan.recipes().derive("jalapeno-hc26", changes, name="small", where="x.toml")
    plan = floorplan.build(recipe)
    folder = tmp_path_factory.mktemp("trip")
    floorplan.write_formats(plan, folder, ["gds", "lef", "def", "csv", "hotspot", "bookshelf"])
    return plan, folder


@pytest.mark.parametrize("name", ["jalapeno", "jalapeno-hc26"])
def test_built_in_designs_come_back_from_gds(name, tmp_path):
    plan = floorplan.build(floorplan.recipes()[name])
    floorplan.write_gds(plan, tmp_path / "p.gds")
    found = back(tmp_path, "p.gds", node="N3").floorplan
    assert_same_blocks(found, plan, held=False)
    assert found.stacks == plan.stacks


def back(folder, file, **entries):
    return floorplan.import_layout(
        {"import": file, **entries}, name="back", where="x.toml", folder=folder
    )


def same_outline(one, other):
    """Whether two outlines are the same, to a nanometre in every bound and corner."""
    return one.symmetric_difference(other).area <= 1e-3 * max(one.length, other.length)


def assert_same_blocks(found, plan, held=True):
    assert {die.name for die in found.dies} == {die.name for die in plan.dies}
    for die in plan.dies:
        other = next(d for d in found.dies if d.name == die.name)
        assert (other.width_um, other.height_um) == (die.width_um, die.height_um)
        assert (other.scribe_um, other.seal_ring_um) == (die.scribe_um, die.seal_ring_um)
        blocks = {block.name: block for block in other.blocks}
        assert set(blocks) == {block.name for block in die.blocks}
        for block in die.blocks:
            same = blocks[block.name]
            assert same_outline(same.outline, block.outline), block.name
            assert (same.kind, same.enabled) == (block.kind, block.enabled)
            if held:
                have = (same.macs, same.sram_byte, same.lanes, same.stack)
                assert have == (block.macs, block.sram_byte, block.lanes, block.stack)


def test_gds_gives_dies_stacks_and_interposer_back(written):
    plan, folder = written
    found = back(folder, f"{plan.name}.gds", node="N3").floorplan
    assert_same_blocks(found, plan, held=False)
    assert found.stacks == plan.stacks
    assert (found.width_um, found.height_um) == (plan.width_um, plan.height_um)
    assert [(d.x_um, d.y_um) for d in found.dies] == [(d.x_um, d.y_um) for d in plan.dies]
    phys = {b.name: b.stack for d in plan.dies for b in d.blocks if b.kind is BlockKind.HBM_PHY}
    again = {b.name: b.stack for d in found.dies for b in d.blocks if b.kind is BlockKind.HBM_PHY}
    assert again == phys
    assert [v for v in floorplan.check(found) if v.severity == "error"] == []


def test_oasis_gives_the_same_as_gds(written, tmp_path):
    plan, folder = written
    layout = kdb.Layout()
    layout.read(str(folder / f"{plan.name}.gds"))
    layout.write(str(tmp_path / "plan.oas"))
    found = back(tmp_path, "plan.oas", node="N3").floorplan
    assert_same_blocks(found, plan, held=False)


def test_def_gives_a_die_back_with_all_that_its_blocks_hold(written):
    plan, folder = written
    lef = [f"{plan.name}.tech.lef", f"{plan.name}.lef"]
    for die in plan.dies:
        found = back(folder, f"{plan.name}.{die.name}.def", lef=lef)
        assert found.notes == ()
        (other,) = found.floorplan.dies
        assert other.node == die.node
        assert other.keepouts == ()
        alone = Floorplan("x", plan.technology, 1.0, 1.0, (die,), ())
        assert_same_blocks(found.floorplan, alone)


def test_def_of_the_design_that_came_from_def_is_the_same(written, tmp_path):
    """Of a die alone: its file does not tell of the die at the other end of its links."""
    plan, _ = written
    alone = replace(plan, dies=plan.dies[:1])
    first, again = tmp_path / "first", tmp_path / "again"
    for folder in (first, again):
        folder.mkdir()
    floorplan.write_formats(alone, first, ["lef", "def"])
    lef = [f"{plan.name}.tech.lef", f"{plan.name}.lef"]
    name = f"{plan.name}.{plan.dies[0].name}.def"
    found = back(first, name, lef=lef, hbm=plan.stacks[0].generation.name)
    floorplan.write_formats(found.floorplan, again, ["def"], stem=plan.name)
    assert (again / name).read_text() == (first / name).read_text()


def test_stacks_are_put_beside_the_phys_of_a_die(written):
    plan, folder = written
    lef = [f"{plan.name}.tech.lef", f"{plan.name}.lef"]
    hbm = plan.stacks[0].generation.name
    found = back(folder, f"{plan.name}.compute.def", lef=lef, hbm=hbm).floorplan
    assert [v for v in floorplan.check(found) if v.severity == "error"] == []
    die, own = found.dies[0], plan.dies[0]
    places = {s.name: (s.x_um - die.x_um, s.y_um - die.y_um, s.phy_edge) for s in found.stacks}
    for stack in plan.stacks:
        x, y, edge = places[stack.name]
        assert edge is stack.phy_edge
        assert (x, y) == pytest.approx((stack.x_um - own.x_um, stack.y_um - own.y_um), abs=60.0)


def test_the_table_of_blocks_gives_them_back(written):
    plan, folder = written
    found = back(folder, "blocks.csv", node="N3", scribe="40 um", seal_ring="20 um").floorplan
    assert_same_blocks(found, plan)


def test_hotspot_and_bookshelf_give_outlines_and_kinds_back(written):
    plan, folder = written
    die = plan.dies[0]
    for file in (f"{plan.name}.{die.name}.hotspot.flp", f"{plan.name}.{die.name}.blocks"):
        entries = {} if file.endswith("flp") else {"scribe": "40 um", "seal_ring": "20 um"}
        found = back(folder, file, node="N3", die="compute", **entries).floorplan.dies[0]
        blocks = {block.name: block for block in found.blocks}
        assert (found.width_um, found.height_um) == (die.width_um, die.height_um)
        for block in die.blocks:
            assert same_outline(blocks[block.name].outline, block.outline)
            assert blocks[block.name].kind is block.kind


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}(/[a-z][a-z0-9_]{0,5})?", fullmatch=True)


@st.composite
def plans(draw):
    """Draw a die whose blocks lie in the cells of a grid, rectangles and Ls, on a 1 nm grid."""
    pitch = draw(st.integers(50_000, 900_000))
    names = draw(st.lists(NAMES, min_size=1, max_size=9, unique=True))
    heads = {name.partition("/")[0] for name in names}
    names = [name for name in names if "/" in name or name not in heads - {name}]
    rows = [n for n in names if not any(other.startswith(f"{n}/") for other in names)]
    blocks = []
    for index, name in enumerate(rows):
        x, y = pitch * (index % 3) + 1_000, pitch * (index // 3) + 1_000
        width, height = (draw(st.integers(2_000, pitch - 2_000)) for _ in range(2))
        outline = box(x / 1e3, y / 1e3, (x + width) / 1e3, (y + height) / 1e3)
        if draw(st.booleans()):
            dx, dy = draw(st.integers(500, width - 500)), draw(st.integers(500, height - 500))
            corners = [(0, 0), (width, 0), (width, dy), (dx, dy), (dx, height), (0, height)]
            outline = Polygon([((x + a) / 1e3, (y + b) / 1e3) for a, b in corners])
        kind = draw(st.sampled_from(list(BlockKind)))
        macs = draw(st.integers(0, 9_999)) if kind is BlockKind.TENSOR else 0
        enabled = draw(st.booleans())
        blocks.append(Block(name, kind, outline, macs=macs, enabled=enabled))
    size = (3 * pitch + 2_000) / 1e3
    x, y = (draw(st.integers(200_000, 700_000)) / 1e3 for _ in range(2))
    die = Die("chip", size, size, x, y, process_nodes()["N5"], tuple(blocks))
    hbm = hbm_generations()["HBM3E"]
    stack = HbmStack("mem", hbm, x + size + 100.0, y, draw(st.sampled_from([Edge.WEST, Edge.EAST])))
    width, height = x + size + 100.0 + stack.width_um + 300.0, y + max(size, 11_000.0) + 300.0
    return Floorplan("drawn", interposers()["CoWoS-S"], width, height, (die,), (stack,))


@settings(max_examples=12)
@given(plans())
def test_any_floorplan_comes_back_from_gds(plan):
    with tempfile.TemporaryDirectory() as folder:
        floorplan.write_gds(plan, Path(folder) / "p.gds")
        found = back(folder, "p.gds", node="N5").floorplan
    assert_same_blocks(found, plan, held=False)
    (stack,) = found.stacks
    assert (stack.name, stack.phy_edge) == ("mem", plan.stacks[0].phy_edge)
    assert (stack.x_um, stack.y_um) == pytest.approx(
        (plan.stacks[0].x_um, plan.stacks[0].y_um), abs=1e-3
    )


@settings(max_examples=12)
@given(plans())
def test_any_floorplan_comes_back_from_def(plan):
    with tempfile.TemporaryDirectory() as folder:
        floorplan.write_formats(plan, folder, ["lef", "def"])
        found = back(folder, "drawn.chip.def", lef=["drawn.tech.lef", "drawn.lef"]).floorplan
    assert_same_blocks(found, plan)


def test_the_def_of_a_package_is_told_from_that_of_a_die(written):
    plan, folder = written
    with pytest.raises(InputError) as caught:
        back(folder, f"{plan.name}.def", lef=[f"{plan.name}.tech.lef", f"{plan.name}.lef"])
    (fault,) = caught.value.faults
    assert fault.what == "is the DEF of a package, without the blocks"
    assert fault.cure == f"take {plan.name}.DIE.def, or {plan.name}.gds, which has all of them"
