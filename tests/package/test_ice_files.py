from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from package import Case, Face, read_any_case, read_ice
from techlib import InputError

STACK = """
// two dies on a board; lengths in um
material SI :
    thermal conductivity 1.3e-4 ;
    volumetric heat capacity 1.63e-12 ;

material BEOL :
    thermal conductivity 2e-6, 3e-6, 1e-6 ; /* x, y,
                                               z */
    volumetric heat capacity 2.2e-12 ;

top heat sink :
    heat transfer coefficient 1.5e-8 ;
    temperature 313.15 ;

bottom heat sink :
    heat transfer coefficient 2e-10 ;
    temperature 300 ;

dimensions :
    chip length 6000, width 4000 ;
    cell length 100, width 100 ;

layer BOARD :
    height 10.5 ;
    material BEOL ;

layer MIXED :
    height 3 ;
    material SI ;
    layout "mixed.lay" ;

die MEMORY :
    layer 50 SI ;
    source 2 SI ;
    layer 1.5 BEOL ;

die LOGIC :
    source MIXED ;

stack :
    die UPPER MEMORY floorplan "cells.flp" ;
    die LOWER MEMORY floorplan "cells.flp" discretization 4 5 ;
    die CPU LOGIC floorplan "cores.flp" ;
    layer TO_BOARD BOARD ;

solver :
    transient step 0.001, slot 0.01 ;
    initial temperature 310 ;
    numofcores 2 ;

output :
    T ( CPU, 100, 200, "a.txt", slot ) ;
    Tflpel ( CPU.core, "b.txt", average, slot ) ;
"""
CELLS = "cell : position 0, 0 ; dimension 6000, 4000 ; discretization 2, 2 ; power values 1, 2, 3 ;"
CORES = """
core :
    rectangle (0, 0, 3000, 1000) ;
    rectangle (0, 1000, 1000, 3000) ;
    power values 10, 20, 30 ;
cache :
    position 3000, 2000 ;
    dimension 3000, 2000 ;
    power values 4, 5, 6 ;
"""
LAYOUT = """
material VIA : thermal conductivity 3e-4 ; volumetric heat capacity 3e-12 ;
VIA : rectangle (500, 0, 200, 4000) ;
BEOL : position 4000, 0 ; dimension 1000, 4000 ;
"""


def write(
    folder: Path, stack: str = STACK, cells: str = CELLS, cores: str = CORES, layout: str = LAYOUT
) -> Path:
    files = {"chip.stk": stack, "cells.flp": cells, "cores.flp": cores, "mixed.lay": layout}
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder / "chip.stk"


def faults(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_ice(path)
    return [str(fault).replace(f"{path.parent}/", "") for fault in caught.value.faults]


def steady(text: str = STACK) -> str:
    return text.replace("transient step 0.001, slot 0.01 ;", "steady ;")


def outlines(case: Case, layer: str) -> dict[tuple[str, str], float]:
    """Return the area of the regions of a layer by heat key and material [mm^2]."""
    found: dict[tuple[str, str], float] = {}
    for region in next(la for la in case.package.layers if la.name == layer).regions:
        at = (region.heats, region.material.name)
        found[at] = found.get(at, 0.0) + region.outline.area * 1e-6
    return found


def test_stack_becomes_layers_from_bottom_to_top(tmp_path: Path) -> None:
    case = read_ice(write(tmp_path))
    assert [(la.name, la.thickness_um) for la in case.package.layers] == [
        ("TO_BOARD", 10.5),
        ("CPU", 3.0),
        ("LOWER.layer1", 1.5),
        ("LOWER.source", 2.0),
        ("LOWER.layer2", 50.0),
        ("UPPER.layer1", 1.5),
        ("UPPER.source", 2.0),
        ("UPPER.layer2", 50.0),
    ]
    assert case.package.extent_um == (0.0, 0.0, 6000.0, 4000.0)
    beol = case.package.layers[0].background
    assert beol.conductivity_w_mk == (2.0, 3.0, 1.0)
    assert beol.heat_capacity_j_m3k == 2.2e6
    assert case.package.top == Face(15000.0, 40.0)
    assert case.package.bottom == Face(200.0, 26.85)
    assert case.package.sides == Face()
    assert case.initial_c == pytest.approx(36.85)
    assert case.notes == ("the output section is not used: every block is always reported",)


def test_powers_hold_for_a_slot(tmp_path: Path) -> None:
    case = read_ice(write(tmp_path))
    assert case.trace is not None
    assert case.trace.step_s == 0.01
    expected = {
        "core": [10.0, 20.0, 30.0],
        "cache": [4.0, 5.0, 6.0],
        "LOWER.cell": [1.0, 2.0, 3.0],
        "UPPER.cell": [1.0, 2.0, 3.0],
    }
    assert list(case.trace.power_w) == list(expected)
    np.testing.assert_array_equal(case.trace.power_w, np.array(list(expected.values())).T)
    assert case.power_w == {"core": 20.0, "cache": 5.0, "LOWER.cell": 2.0, "UPPER.cell": 2.0}


def test_steady_state_takes_the_first_value(tmp_path: Path) -> None:
    case = read_ice(write(tmp_path, steady()))
    assert case.trace is None
    assert case.power_w == {"core": 10.0, "cache": 4.0, "LOWER.cell": 1.0, "UPPER.cell": 1.0}
    assert case.notes[1:] == ("a steady state takes the first power value of each element",)


def test_traces_of_unequal_length(tmp_path: Path) -> None:
    cores = CORES.replace("10, 20, 30", "10, 20").replace("power values 4, 5, 6 ;", "")
    case = read_ice(write(tmp_path, cores=cores))
    assert case.power_w == {"core": 15.0, "cache": 0.0, "LOWER.cell": 1.5, "UPPER.cell": 1.5}
    assert case.notes[1:] == (
        "no power values, taken as 0 W: cache",
        "elements have 2 to 3 power values; the first 2 count",
    )


def test_power_lies_over_materials(tmp_path: Path) -> None:
    case = read_ice(write(tmp_path))
    assert outlines(case, "CPU") == pytest.approx(
        {
            ("core", "SI"): 3.0 + 3.0 - 0.2 - 0.6,
            ("core", "VIA"): 0.2 * 1.0 + 0.2 * 3.0,
            ("cache", "SI"): 4.0,
            ("cache", "BEOL"): 2.0,
            ("", "BEOL"): 2.0,
        }
    )
    via = next(r.material for r in case.package.layers[1].regions if r.material.name == "VIA")
    assert via.conductivity_w_mk == (300.0, 300.0, 300.0)


def test_elements_with_materials_of_their_own(tmp_path: Path) -> None:
    cells = CELLS.replace("discretization", "material BEOL ; discretization")
    ignored = read_ice(write(tmp_path, cells=cells))
    assert outlines(ignored, "UPPER.source") == {("UPPER.cell", "SI"): 24.0}
    assert ignored.notes[-1].endswith("cells.flp: materials count with 'non-uniform true' alone")
    stack = STACK.replace("width 100 ;\n", "width 100 ;\n non-uniform true ;\n")
    case = read_ice(write(tmp_path, stack, cells=cells))
    assert outlines(case, "UPPER.source") == {("UPPER.cell", "BEOL"): 24.0}


def test_files_above_the_stack_are_found(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "solid" / "steady").mkdir(parents=True)
    stack = (tmp_path / "chip.stk").rename(tmp_path / "solid" / "steady" / "chip.stk")
    assert read_any_case(stack).power_w["core"] == 20.0


def test_sections_in_another_order(tmp_path: Path) -> None:
    head, tail = STACK.split("dimensions :")
    text = (
        f"dimensions :{tail.split('layer BOARD')[0]}{head}layer BOARD{tail.split('layer BOARD')[1]}"
    )
    case = read_ice(write(tmp_path, text))
    assert len(case.package.layers) == 8


def test_a_number_without_bound_is_a_fault(tmp_path: Path) -> None:
    stack = STACK.replace("conductivity 1.3e-4", "conductivity 1e999")
    assert faults(write(tmp_path, stack)) == [
        "chip.stk:4: 1e999 is not finite; allowed: a finite number"
    ]


def test_every_bad_clause_is_a_fault_of_its_own(tmp_path: Path) -> None:
    stack = (
        STACK.replace("conductivity 1.3e-4", "conductivty 1.3e-4")
        .replace("temperature 313.15", "temperature -3")
        .replace("chip length 6000, width 4000", "chip length 6000 width 4000")
        .replace("height 10.5", "height 1O.5")
        .replace("source MIXED", "layer MIXED")
        .replace("layer TO_BOARD BOARD", "plate TO_BOARD BOARD")
        .replace("steady", "")
        .replace("initial temperature 310 ;", "")
        .replace("T ( CPU, 100, 200", "Temp ( CPU, 100, 200")
    )
    assert faults(write(tmp_path, stack)) == [
        "chip.stk:25: cannot read '1O.5'; allowed: words, numbers, \"files\"",
        (
            "chip.stk:4: cannot read 'thermal conductivty 1.3e-4'; allowed: thermal conductivity "
            "<number> ;"
        ),
        (
            "chip.stk:3: 'material SI' has no thermal conductivity; allowed: thermal conductivity "
            "... ;"
        ),
        "chip.stk:14: temperature is -3; allowed: above 0",
        (
            "chip.stk:21: cannot read 'chip length 6000 width 4000'; allowed: chip length "
            "<number>, "
            "width <number> ;"
        ),
        "chip.stk:20: no 'chip length', width; allowed: chip length <um>, width <um> ;",
        "chip.stk:24: 'layer BOARD' has no height; allowed: height ... ;",
        "chip.stk:25: cannot read 'height 1O.5'; allowed: height <number> ;",
        "chip.stk:38: die 'LOGIC' has 0 source layers; allowed: one",
        (
            "chip.stk:45: cannot read 'plate TO_BOARD BOARD'; allowed: die <name> <name> floorplan "
            '"<file>" ; or layer <name> <name> ;'
        ),
        "chip.stk:47: 'solver' has no initial temperature; allowed: initial temperature ... ;",
        (
            "chip.stk:53: cannot read 'Temp (CPU, 100, 200, \"a.txt\", slot)'; allowed: T, Tmap, "
            "Pmap, Tflp, Tflpel, Tcoolant, T3d, with what to write in parentheses"
        ),
    ]


def test_names_that_are_not_declared(tmp_path: Path) -> None:
    stack = (
        STACK.replace("layer 50 SI", "layer 50 SILICON")
        .replace("source MIXED", "source MIXD")
        .replace("die CPU LOGIC", "die CPU LOGICS")
        .replace('LOWER MEMORY floorplan "cells.flp"', 'LOWER MEMORY floorplan "cell.flp"')
        .replace("layer TO_BOARD", "layer UPPER")
    )
    assert faults(write(tmp_path, stack)) == [
        "chip.stk:45: stack element 'UPPER' is given twice; allowed: once",
        "cell.flp: no such file; allowed: a 3D-ICE floorplan; paths are relative to the stack file",
        "chip.stk:44: unknown die 'LOGICS'; did you mean 'LOGIC'?",
        "chip.stk:34: unknown material 'SILICON'; known: BEOL, SI",
        "chip.stk:34: unknown material 'SILICON'; known: BEOL, SI",
    ]


def test_faults_of_floorplans_and_layouts(tmp_path: Path) -> None:
    cores = """
    core : rectangle (0, 0, 3000, 1000 ; power values 1, -2 ;
    core : position 0, 0 ; dimension 3000, 0 ; power values 1 2 ;
    bare : power values 1 ;
    wide : position 5000, 0 ; dimension 3000, 1000 ; power values 1, 2 ;
    """
    layout = LAYOUT.replace("BEOL", "BEOLS").replace("volumetric", "volume")
    assert faults(write(tmp_path, cores=cores, layout=layout)) == [
        (
            "cores.flp:2: cannot read 'rectangle (0, 0, 3000, 1000'; allowed: rectangle (<number>, "
            "<number>, <number>, <number>) ;"
        ),
        (
            "cores.flp:2: 'core' has no area; allowed: position and dimension, or one rectangle or "
            "more"
        ),
        "cores.flp:3: dimension is 0; allowed: above 0",
        (
            "cores.flp:3: cannot read 'power values 1 2'; allowed: power values <number>, "
            "<number>, "
            "<number> ;"
        ),
        (
            "cores.flp:4: 'bare' has no area; allowed: position and dimension, or one rectangle or "
            "more"
        ),
        "cores.flp:5: 'wide' lies outside the chip by 67%; allowed: inside 6000 x 4000 um",
        (
            "mixed.lay:2: cannot read 'volume heat capacity 3e-12'; allowed: volumetric heat "
            "capacity "
            "<number> ;"
        ),
        (
            "mixed.lay:2: 'material VIA' has no volumetric heat capacity; allowed: volumetric heat "
            "capacity ... ;"
        ),
        "mixed.lay:4: unknown material 'BEOLS'; did you mean 'BEOL'?",
    ]


def test_channels_and_plugins_say_what_to_do(tmp_path: Path) -> None:
    stack = STACK.replace(
        "top heat sink :",
        "microchannel 4rm : height 100 ; channel length 50 ;\ntop pluggable heat sink : plugin "
        '"x.so" ;\ntop heat sink :',
    ).replace("layer TO_BOARD", "channel WATER ;\n layer TO_BOARD")
    assert faults(write(tmp_path, stack)) == [
        (
            "chip.stk:12: 'microchannel 4rm': coolant channels are not computed; leave channels "
            "out, or "
            "describe the cold plate by its film, 'top heat sink :'"
        ),
        (
            "chip.stk:13: a pluggable heat sink is a program of its own, which is not run; give "
            "its "
            "film coefficient and temperature by 'top heat sink :'"
        ),
        "chip.stk:47: 'channel WATER': coolant channels are not computed; allowed: layers and dies",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["chip.stk: has no section 'dimensions :'; allowed: one"]),
        ("steady ;", ["chip.stk:1: 'steady' stands before any heading; allowed: a 3D-ICE stack "]),
        ("stack : die A B", ["chip.stk:1: 'die A B' has no end; allowed: ';' at the end of a cl"]),
        ("/* stack :", ["chip.stk:1: a comment begins here and does not end; allowed: */"]),
        ("stak : die A B ;", ["chip.stk:1: cannot read 'stak'; allowed: stack ;"]),
        ("solver : steady ; steady ;", ["chip.stk:1: 2 kinds of analysis; allowed: steady, or tr"]),
        (
            "solver : steady ;\nsolver : steady ;",
            ["chip.stk:2: a second section 'solver'; allowed: one"],
        ),
    ],
)
def test_files_that_are_no_stacks(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = faults(write(tmp_path, text))
    for start in expected:
        assert any(fault.startswith(start) for fault in found), found


def test_missing_file_and_stack_without_sinks(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.stk")[0].startswith("none.stk: no such file; allowed: a 3D-ICE")
    start, end = STACK.index("top heat"), STACK.index("dimensions")
    assert (
        "no face has a film above zero" in faults(write(tmp_path, STACK[:start] + STACK[end:]))[0]
    )


def test_text_of_another_tool_does_not_pass(tmp_path: Path) -> None:
    path = write(tmp_path, cells="core 0.004 0.006 0 0\n")
    assert faults(path) == [
        "cells.flp:1: 'core 0.004 0.006 0 0' has no end; allowed: ';' at the end of a clause"
    ]
