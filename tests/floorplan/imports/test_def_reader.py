"""DEF of another tool: standard cells, turns, odd die areas, and every fault with its line."""

import sys

import pytest
from shapely import Polygon, box

from floorplan import BlockKind
from techlib import MissingExtraError

LEF = """
VERSION 5.8 ;
UNITS
  DATABASE MICRONS 2000 ;
END UNITS
MACRO l2_ram
  CLASS BLOCK ;
  ORIGIN 0 0 ;
  SIZE 200 BY 100 ;
END l2_ram
MACRO fpu
  ORIGIN 0 0 ;
  SIZE 50 BY 50 ;
END fpu
MACRO nand2
  CLASS CORE ;
  ORIGIN 0 0 ;
  SIZE 1 BY 2 ;
END nand2
END LIBRARY
"""
DEF = """VERSION 5.8 ;
DIVIDERCHAR "/" ;
BUSBITCHARS "[]" ;
DESIGN soc ;
UNITS DISTANCE MICRONS 2000 ;
DIEAREA ( -2000 -4000 ) ( 1998000 996000 ) ;
COMPONENTS 4 ;
- u_l2/bank0 l2_ram + PLACED ( 0 0 ) N ;
- u_l2/bank1 l2_ram + SOURCE NETLIST
  + FIXED ( 600000 200000 ) W ;
- u_fpu\\[0\\] fpu + PLACED ( 1200000 0 ) FS ;
- u_nand nand2 + UNPLACED ;
END COMPONENTS
END DESIGN
"""


@pytest.fixture
def soc(tmp_path):
    """Write the files with some words replaced."""

    def write(lef=None, **replaced):
        (tmp_path / "soc.lef").write_text(LEF if lef is None else lef)
        text = DEF
        for old, new in replaced.items():
            text = text.replace(old.replace("__", " "), new)
        (tmp_path / "soc.def").write_text(text)
        return tmp_path / "soc.def"

    return write


def test_macros_are_blocks_and_standard_cells_are_not(soc, imported):
    soc()
    found = imported("soc.def", lef="soc.lef")
    (die,) = found.floorplan.dies
    assert (die.name, die.width_um, die.height_um) == ("soc", 1_000.0, 500.0)
    blocks = {block.name: block for block in die.blocks}
    assert list(blocks) == ["u_l2/bank0", "u_l2/bank1", "u_fpu[0]"]
    assert blocks["u_l2/bank0"].outline.equals(box(1, 2, 201, 102))
    assert blocks["u_l2/bank1"].outline.equals(box(301, 102, 401, 302))  # W: turned by 90 degrees
    assert blocks["u_fpu[0]"].kind is BlockKind.VECTOR
    assert blocks["u_l2/bank0"].kind is BlockKind.SRAM
    assert found.notes == ("1 components are no macros of the class BLOCK and were passed over",)


def test_a_die_area_of_many_corners_becomes_a_rectangle_with_keep_outs(soc, imported):
    soc(**{"(__1998000__996000__)": "( -2000 996000 ) ( 998000 996000 ) ( 998000 496000 ) "
           "( 1998000 496000 ) ( 1998000 -4000 )"})  # fmt: skip
    (die,) = imported("soc.def", lef="soc.lef").floorplan.dies
    assert (die.width_um, die.height_um) == (1_000.0, 500.0)
    (keepout,) = die.keepouts
    assert keepout.equals(box(500, 250, 1_000, 500))


def test_placement_blockages_are_keep_outs(soc, imported):
    blockage = "BLOCKAGES 1 ;\n- PLACEMENT RECT ( 0 600000 ) ( 200000 700000 ) ;\nEND BLOCKAGES\n"
    soc(END__DESIGN=blockage + "END DESIGN")
    (die,) = imported("soc.def", lef="soc.lef").floorplan.dies
    (keepout,) = die.keepouts
    assert keepout.equals(box(1, 302, 101, 352))


def test_a_wrong_count_is_noted(soc, imported):
    soc(COMPONENTS__4="COMPONENTS 7")
    assert "COMPONENTS says 7, and there are 4" in imported("soc.def", lef="soc.lef").notes


def test_every_fault_has_its_line(soc, faults_of, tmp_path):
    path = soc(**{
        "l2_ram__+__PLACED": "l3_ram + PLACED",
        "fpu__+__PLACED__(__1200000__0__)__FS": "fpu + UNPLACED",
    })  # fmt: skip
    macro = f"{path}:8: macro 'l3_ram' of u_l2/bank0 is not defined; allowed: a macro of the LEF "
    place = f"{path}:11: component 'u_fpu[0]' has no place; allowed: PLACED, FIXED or COVER; "
    assert faults_of("soc.def", lef=["soc.lef"]) == [
        f"{macro}files; give the LEF that defines it",
        f"{place}place it first",
    ]


def test_files_that_are_missing_or_cannot_be_read(soc, faults_of, tmp_path):
    path = soc()
    (fault,) = faults_of("soc.def")
    assert fault == (
        "x.toml.lef: is missing; allowed: the LEF files of the macros; "
        'e.g. lef = ["tech.lef", "macros.lef"]'
    )
    assert faults_of("soc.def", lef=["a.lef", "b.lef"]) == [
        f"{tmp_path / 'a.lef'}: no such file; allowed: a LEF file",
        f"{tmp_path / 'b.lef'}: no such file; allowed: a LEF file",
    ]
    assert faults_of("soc.def", lef=3) == [
        "x.toml.lef: 3; allowed: the path of a file, or a list of paths"
    ]
    path.write_text(path.read_text().replace("PLACED ( 0 0 )", "PLACED ( zero 0 )"))
    (fault,) = faults_of("soc.def", lef="soc.lef")
    assert fault.startswith(f"{path}: cannot be read: ")
    assert "line=8" in fault


def test_no_macro_at_all(soc, faults_of):
    path = soc(
        lef=LEF.replace("CLASS BLOCK", "CLASS PAD").replace("MACRO fpu", "MACRO fpu\nCLASS PAD ;")
    )
    assert faults_of("soc.def", lef="soc.lef") == [
        f"{path}: has no component of the class BLOCK; allowed: placed macros"
    ]


def test_without_klayout_the_message_says_what_to_install(soc, imported, monkeypatch):
    soc()
    monkeypatch.setitem(sys.modules, "klayout.db", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'scoville\[def\]'"):
        imported("soc.def", lef="soc.lef")


def test_outlines_of_the_overlap_layer(tmp_path, imported):
    ell = Polygon([(0, 0), (300, 0), (300, 100), (100, 100), (100, 300), (0, 300)])
    lef = LEF.replace(
        "SIZE 200 BY 100 ;",
        "SIZE 300 BY 300 ;\n  OBS\n    LAYER OVERLAP ;\n      RECT 0 0 300 100 ;\n"
        "      RECT 0 100 100 300 ;\n  END",
    ).replace("MACRO l2", "LAYER OVERLAP\n  TYPE OVERLAP ;\nEND OVERLAP\nMACRO l2", 1)
    (tmp_path / "soc.lef").write_text(lef)
    (tmp_path / "soc.def").write_text(DEF)
    (die,) = imported("soc.def", lef="soc.lef").floorplan.dies
    wanted = Polygon([(x + 1, y + 2) for x, y in ell.exterior.coords])
    assert die.blocks[0].outline.equals(wanted)


def test_the_reader_says_nothing_on_its_own(soc, imported, capfd):
    pins = (
        "PINS 1 ;\n- a + NET a + DIRECTION INPUT + LAYER M1 ( 0 0 ) ( 9 9 ) + PLACED ( 0 0 ) N ;\n"
        "END PINS\nNETS 1 ;\n- a ( PIN a ) + ROUTED M1 ( 0 0 ) ( 90 0 ) ;\nEND NETS\nEND DESIGN"
    )
    metal = "LAYER M1\n  TYPE ROUTING ;\n  WIDTH 0.1 ;\nEND M1\nMACRO l2"
    soc(lef=LEF.replace("MACRO l2", metal, 1), END__DESIGN=pins)
    imported("soc.def", lef="soc.lef")
    assert capfd.readouterr() == ("", "")


def test_what_the_text_lacks_is_a_fault_of_its_own(soc, faults_of):
    path = soc(DESIGN__soc="TECHNOLOGY soc", MICRONS__2000="MICRONS 0")
    units = (
        f"{path}: has no UNITS, or 0; allowed: e.g. UNITS DISTANCE MICRONS 1000; add the units "
        "that it was written in"
    )
    assert faults_of("soc.def", lef="soc.lef") == [
        f"{path}: has no DESIGN; allowed: DEF 5.8",
        units,
    ]
    soc(**{"UNITS__DISTANCE__MICRONS__2000__;": ""})
    assert faults_of("soc.def", lef="soc.lef") == [units]
    path = soc(**{"DIEAREA__(__-2000__-4000__)__(__1998000__996000__)__;": ""})
    assert faults_of("soc.def", lef="soc.lef") == [
        f"{path}: has no DIEAREA; allowed: the outline of the die"
    ]


def test_macros_without_outline_and_bad_properties_are_faults_with_lines(soc, faults_of):
    path = soc(
        lef=LEF.replace("SIZE 50 BY 50 ;", ""),
        **{"(__0__0__)__N": "( 0 0 ) N + PROPERTY macs many lanes 1.5"},
    )
    macro = f"{path}:11: macro 'fpu' of 'u_fpu[0]' has no outline of one piece; allowed: SIZE, or "
    assert faults_of("soc.def", lef="soc.lef") == [
        f"{path}:8: macs of 'u_l2/bank0' is 'many'; allowed: 0 or more",
        f"{path}:8: lanes of 'u_l2/bank0' is '1.5'; allowed: 0 or more",
        f"{macro}shapes on its OVERLAP layer that touch",
    ]
