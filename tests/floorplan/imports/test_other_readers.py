"""Tables, HotSpot, 3D-ICE and Bookshelf: what they say, and every fault with its line."""

from pathlib import Path

import pytest
from shapely import Polygon, box

import floorplan
from floorplan import BlockKind

MCNC = Path(__file__).parents[4] / "shared" / "data" / "floorplan" / "mcnc_gsrc"
needs_mcnc = pytest.mark.skipif(not MCNC.is_dir(), reason="the MCNC and GSRC files are not there")


def blocks_of(found):
    return {block.name: block for block in found.floorplan.dies[0].blocks}


def write(folder, **files):
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text)


CSV = """name,x_mm,y_mm,width_mm,height_mm,kind,macs,power_w
core0,1,1,2,3,tensor,4096,12.5
core1,3,1,2,3,tensor,4096,
l2,1,4,4,1,,,3
"""


def test_a_table_of_blocks(tmp_path, imported):
    write(tmp_path, chip_csv=CSV)
    found = imported("chip.csv", die="gpu")
    blocks = blocks_of(found)
    assert blocks["core1"].outline.equals(box(2_000, 0, 4_000, 3_000))
    assert (blocks["core0"].macs, blocks["l2"].kind) == (4096, BlockKind.SRAM)
    assert found.power_w == {"gpu/core0": 12.5, "gpu/l2": 3.0}
    plan = found.floorplan
    edge_um = plan.technology.minimum_edge_um
    assert (plan.dies[0].x_um, plan.width_um) == (edge_um, 4_000.0 + 2 * edge_um)


@pytest.mark.parametrize("between", [";", "\t"])
def test_a_table_as_a_spreadsheet_writes_it(tmp_path, imported, between):
    """With semicolons come decimal commas; capitals, blank lines and a byte order mark too."""
    text = CSV.replace(",", between).replace("\n", "\r\n\r\n").replace("tensor", "Tensor")
    text = "\ufeff" + text.replace("name", "Name").replace("x_mm", "X_mm")
    if between == ";":
        text = text.replace("12.5", "12,5")
    (tmp_path / "other.csv").write_text(text, encoding="utf-8", newline="")
    write(tmp_path, chip_csv=CSV)
    found, plain = imported("other.csv"), imported("chip.csv")
    assert found.floorplan.dies[0].blocks == plain.floorplan.dies[0].blocks
    assert found.power_w == plain.power_w


def test_a_table_without_units_takes_the_unit_of_the_file(tmp_path, imported, faults_of):
    write(tmp_path, a_csv="block,x0,y0,x1,y1\nalu,0,0,2,1\n")
    assert blocks_of(imported("a.csv", unit="10 um"))["alu"].outline.equals(box(0, 0, 20, 10))
    faults = faults_of("a.csv")
    assert len(faults) == 4
    assert faults[0] == (
        f"{tmp_path / 'a.csv'}:1: x0: has no unit; allowed: um, mm, nm or m; call it x0_um, or say "
        "the unit of the file"
    )


def test_every_fault_of_a_table_has_its_line(tmp_path, faults_of):
    bad = CSV.replace("3,1,2,3", "3,1,-2,inf").replace("l2,1,4,4,1,,,3", "core0,1,4,4,1,srma,1.5")
    write(tmp_path, chip_csv=bad + "x,1,1,1,1,sram,1.5,-1\n")
    path = tmp_path / "chip.csv"
    assert faults_of("chip.csv") == [
        f"{path}:3: width_mm is '-2'; allowed: a number above 0",
        f"{path}:3: height_mm is 'inf'; allowed: a number above 0",
        f"{path}:4: 7 cells; allowed: 8, as in the header",
        f"{path}:5: macs: 1.5; allowed: a whole number, 0 or more",
        f"{path}:5: power_w: -1; allowed: 0 or more",
    ]
    write(tmp_path, b_csv="name,x_um,y_um,wide_um\n", c_csv=CSV.splitlines()[0] + "\n", d_csv="")
    assert faults_of("b.csv")[0] == (
        f"{tmp_path / 'b.csv'}:1: wide_um: unknown column; did you mean 'width_um'?"
    )
    assert faults_of("c.csv") == [f"{tmp_path / 'c.csv'}: has no rows; allowed: one for each block"]
    assert "columns (none); allowed: a name" in faults_of("d.csv")[0]


def test_bounds_of_polygons_are_noted(tmp_path, imported):
    write(tmp_path, a_csv="name,x0_um,y0_um,x1_um,y1_um,area_mm2\nalu,0,0,1000,1000,0.5\n")
    (note,) = imported("a.csv").notes
    assert note == "the areas of some blocks are not those of their bounds, which were taken"


def test_hotspot(tmp_path, imported, faults_of):
    write(
        tmp_path,
        ev_flp="# name w h x y\nIcache 0.0031 0.0026 0.001 0\nFPAdd\t0.001\t0.001\t0.0041\t0\n"
        "_dead 0.001 0.0016 0.0041 0.001\n",
    )
    found = imported("ev.flp")
    blocks = blocks_of(found)
    assert blocks["Icache"].outline.equals(box(0, 0, 3_100, 2_600))
    assert {name: b.kind for name, b in blocks.items()} == {
        "Icache": BlockKind.SRAM,
        "FPAdd": BlockKind.VECTOR,
    }
    assert found.floorplan.dies[0].width_um == 4_100.0
    write(tmp_path, bad_flp="a 1 2 3\nb 0.1 0.1 0 zero\nb 0.1 0.1 0 0\nb 0.1 0.1 0 0\n")
    assert [fault.partition(": ")[0] for fault in faults_of("bad.flp")] == [
        f"{tmp_path / 'bad.flp'}:{line}" for line in (1, 2, 4)
    ]


def test_ice_with_power_and_areas_apart(tmp_path, imported):
    write(
        tmp_path,
        die_flp="core : position 0, 0 ; dimension 1000, 500 ; power values 2.5, 3 ;\n"
        "pads :\n  rectangle (0, 600, 100, 100) ;\n  rectangle (900, 600, 100, 300) ;\n"
        "  power values 1.0 ;\n",
    )
    found = imported("die.flp", default_kind="management")
    blocks = blocks_of(found)
    assert set(blocks) == {"core", "pads.1", "pads.2"}
    assert found.power_w == {"die/core": 2.5, "die/pads.1": 0.25, "die/pads.2": 0.75}
    assert "of several power values the first counts" in found.notes


BLOCKS = """UCSC blocks 1.0
NumSoftRectangularBlocks : 2
NumHardRectilinearBlocks : 1
NumTerminals : 1

soft softrectangular 100 0.5 2.0
sized softrectangular 200 0.5 2.0
ell hardrectilinear 6 (0, 0) (0, 3) (1, 3)
  (1, 1) (2, 1) (2, 0)
p1 terminal
"""
PLACES = "UCLA pl 1.0\nsoft 0 0\nsized 20 0 DIMS = (20, 10) : N\nell 50 0 : W\np1 0 99\n"


def test_bookshelf(tmp_path, imported):
    write(tmp_path, a_blocks=BLOCKS, a_pl=PLACES, a_power="# W/mm2\n2\n3\n0\n")
    found = imported("a.blocks", unit="100 um", default_kind="vector")
    blocks = blocks_of(found)
    assert blocks["soft"].outline.equals(box(0, 0, 1_000, 1_000))
    assert blocks["sized"].outline.equals(box(2_000, 0, 4_000, 1_000))
    turned = Polygon([(0, 0), (0, 2), (1, 2), (1, 1), (3, 1), (3, 0)])  # by hand: x' = -y, y' = x
    turned = Polygon([(3 - x, y) for x, y in turned.exterior.coords])
    wanted = Polygon([(5_000 + 100 * x, 100 * y) for x, y in turned.exterior.coords])
    assert blocks["ell"].outline.equals(wanted)
    assert found.power_w == {"die/soft": 2.0, "die/sized": 6.0, "die/ell": 0.0}
    assert "1 soft blocks have no size in the .pl; they are drawn as squares" in found.notes


def test_faults_of_bookshelf(tmp_path, faults_of):
    bad = BLOCKS.replace("100 0.5 2.0", "-100 0.5").replace("ell hardrectilinear 6", "ell hard 6")
    write(
        tmp_path, a_blocks=bad, a_pl=PLACES.replace("20 0 DIMS", "x 0 DIMS").replace(": W", ": Q")
    )
    blocks, places = tmp_path / "a.blocks", tmp_path / "a.pl"
    found = faults_of("a.blocks", default_kind="vector")
    assert [fault.partition(": ")[0] for fault in found] == [
        f"{blocks}:6", f"{blocks}:8", f"{places}:3", f"{places}:4", f"{blocks}:7",
    ]  # fmt: skip
    assert "soft block 'soft' has 2 values" in found[0]
    assert "'ell' is turned 'Q'; allowed: one of N, W, S, E" in found[3]
    write(tmp_path, a_blocks=BLOCKS, a_pl=PLACES.replace(": W", ":"))
    assert "'ell' is turned ''" in faults_of("a.blocks", default_kind="vector")[0]
    write(tmp_path, b_blocks=BLOCKS)
    (fault,) = faults_of("b.blocks")
    assert fault.startswith(f"{tmp_path / 'b.pl'}: no such file; allowed: a Bookshelf .pl file")
    write(tmp_path, a_blocks=BLOCKS, a_pl=PLACES, a_power="1\n2\n")
    (fault,) = faults_of("a.blocks", default_kind="sram")
    assert fault == (
        f"{tmp_path / 'a.power'}: 2 power densities for 3 blocks; allowed: one a line, in the "
        "order of the blocks"
    )


@needs_mcnc
@pytest.mark.parametrize("name", ["n10", "n30", "n50", "n100", "hp"])
def test_placed_benchmarks_are_clean_floorplans(name):
    found = floorplan.import_layout(
        {"import": f"{name}.blocks", "node": "N5", "default_kind": "vector"},
        name=name,
        where="x.toml",
        folder=MCNC,
    )
    text = (MCNC / f"{name}.blocks").read_text()
    count = int(text.split("NumHardRectilinearBlocks :")[1].split()[0])
    (die,) = found.floorplan.dies
    assert len(die.blocks) == count
    assert [v for v in floorplan.check(found.floorplan) if v.severity == "error"] == []


@needs_mcnc
@pytest.mark.parametrize("name", ["ami33", "xerox"])
def test_benchmarks_that_nobody_has_placed_are_refused(name):
    from techlib import InputError

    with pytest.raises(InputError, match="blocks lie at one place: this is no floorplan yet"):
        floorplan.import_layout(
            {"import": f"{name}.blocks", "node": "N5", "default_kind": "vector"},
            name=name,
            where="x.toml",
            folder=MCNC,
        )


@needs_mcnc
@pytest.mark.parametrize("name", ["n100_soft", "n200_soft", "n300_soft", "ami49", "apte"])
def test_all_other_benchmarks_are_read(name):
    found = floorplan.import_layout(
        {"import": f"{name}.blocks", "node": "N5", "default_kind": "vector"},
        name=name,
        where="x.toml",
        folder=MCNC,
    )
    assert len(found.floorplan.dies[0].blocks) >= 9


def test_a_die_whose_name_has_a_slash(tmp_path, faults_of):
    rows = "die,name,kind,x_um,y_um,width_um,height_um\na/b,x,vector,0,0,100,100\n"
    (tmp_path / "t.csv").write_text(rows)
    (fault,) = faults_of("t.csv", node="N5")
    assert fault.startswith(f"{tmp_path / 't.csv'}: a/b: has a `/`; allowed: a name without")
