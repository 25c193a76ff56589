from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shapely import Polygon, box

import package
from floorplan import Floorplan
from package import (
    Case,
    CaseTrace,
    Face,
    Flow,
    Layer,
    Package,
    Patch,
    Region,
    read_case,
    write_case,
)
from techlib import InputError, Trust, materials

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "thermal"


def content() -> dict[str, Any]:
    """Two blocks on a die under a wider lid."""
    return {
        "schema": "thermal-case/1",
        "name": "pair",
        "description": "two blocks",
        "layers_order": "bottom to top",
        "ambient_K": 300.0,
        "initial_K": 313.15,
        "materials": {
            "si": {"k_W_mK": 120.0, "cv_J_m3K": 1.65e6},
            "pcb": {"k_W_mK": [20.0, 10.0, 0.5], "cv_J_m3K": 2e6},
        },
        "layers": [
            {
                "name": "die",
                "thickness_m": 1e-05,
                "extent_m": [0.001, 0.001, 0.0045000000000000005, 0.003],
                "background": "si",
                "heat": True,
                "blocks": [
                    {"name": "a", "rect_m": [0.001, 0.001, 0.002, 0.003], "material": "si"},
                    {"name": "b", "rect_m": [0.002, 0.001, 0.0045, 0.003], "material": "pcb"},
                ],
            },
            {
                "name": "lid",
                "thickness_m": 0.002,
                "extent_m": [0, 0, 0.005, 0.004],
                "background": "si",
                "blocks": [{"name": "a", "rect_m": [0, 0, 0.001, 0.001], "material": "pcb"}],
            },
        ],
        "power_layer": "die",
        "power_W": {"a": 2.0, "b": 3},
        "boundary": {
            "top": {"type": "convection", "h_W_m2K": 20000.0, "T_K": 313.15},
            "bottom": {"type": "adiabatic"},
            "sides": {"type": "adiabatic"},
        },
    }


def read(tmp_path: Path, data: Any, trace: str | None = None) -> Case:
    file = tmp_path / "case.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    if trace is not None:
        (tmp_path / "trace.csv").write_text(trace)
    return read_case(file)


def faults(tmp_path: Path, data: Any, trace: str | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, data, trace)
    return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]


def with_trace(data: dict[str, Any], steps: int = 2) -> dict[str, Any]:
    return {**data, "transient": {"dt_s": 0.5, "steps": steps, "trace_file": "trace.csv"}}


def test_case_becomes_a_package(tmp_path: Path) -> None:
    case = read(tmp_path, content())
    die, lid = case.package.layers
    assert case.package.name == "pair"
    assert case.power_w == {"a": 2.0, "b": 3.0}
    assert case.initial_c == case.package.ambient_c == 40.0
    assert (die.thickness_um, lid.thickness_um) == (10.0, 2000.0)
    assert die.outline.equals(box(1000.0, 1000.0, 4500.0, 3000.0))
    assert [(r.name, r.heats) for r in die.regions] == [("a", "a"), ("b", "b")]
    assert [(r.name, r.heats) for r in lid.regions] == [("a", "")]
    assert die.regions[1].material.conductivity_w_mk == (20.0, 10.0, 0.5)
    assert die.regions[0].material.provenance["conductivity_w_mk"].trust is Trust.USER
    assert case.package.top == Face(20000.0, 40.0)
    assert case.package.bottom == case.package.sides == Face()
    assert case.package.filler is materials()["air"]
    assert case.trace is None
    assert case.notes == ()


def test_exponents_contacts_and_held_faces_are_read_and_written(tmp_path: Path) -> None:
    data = content()
    data["materials"]["si"] |= {"k_exponent": 1.3, "k_T0_K": 300.0}
    data["materials"]["pcb"] |= {"k_exponent": [0.1, 0.2, 0.3]}
    data["layers"][0]["contact_K_m2_W"] = 2e-6
    data["boundary"]["bottom"] = {"type": "fixed", "T_K": 310.0}
    case = read(tmp_path, data)
    die = case.package.layers[0]
    assert die.contact_resistance_k_m2_w == 2e-6
    assert die.background.conductivity_exponent == (1.3, 1.3, 1.3)
    assert die.background.reference_temperature_c == pytest.approx(26.85)
    assert die.regions[1].material.conductivity_exponent == (0.1, 0.2, 0.3)
    assert case.package.bottom == Face(math.inf, 36.85)
    write_case(case, tmp_path / "again.json")
    again = read_case(tmp_path / "again.json").package
    assert again.bottom == case.package.bottom
    assert again.layers[0].contact_resistance_k_m2_w == 2e-6
    for one, other in zip(again.materials, case.package.materials, strict=True):
        assert one.conductivity_exponent == other.conductivity_exponent
        assert one.reference_temperature_c == other.reference_temperature_c


def with_extensions(data: dict[str, Any]) -> dict[str, Any]:
    """Coolant above the lid, and patches on both faces."""
    data["layers"].append(
        {
            "name": "channel",
            "thickness_m": 2e-4,
            "extent_m": [0, 0, 0.005, 0.004],
            "background": "si",
            "flow": {
                "axis": "y",
                "backward": True,
                "volume_m3_s": 8e-6,
                "cv_J_m3K": 4.17e6,
                "T_inlet_K": 303.15,
                "h_floor_W_m2K": 3e4,
                "h_ceiling_W_m2K": 0.0,
            },
        }
    )
    data["boundary"]["top"] = {
        "type": "adiabatic",
        "patches": [
            {"rect_m": [0, 0, 0.001, 0.001], "type": "fixed", "T_K": 303.15},
            {"rect_m": [0.001, 0, 0.002, 0.001], "type": "adiabatic"},
        ],
    }
    bottom = {"rect_m": [0, 0, 0.002, 0.004], "type": "convection", "h_W_m2K": 0.5, "T_K": 300.0}
    data["boundary"]["bottom"] |= {"patches": [bottom]}
    return data


def test_patches_and_coolant_are_read_and_written(tmp_path: Path) -> None:
    case = read(tmp_path, with_extensions(content()))
    assert case.package.layers[-1].flow == Flow("y", 8e-6, 4.17e6, 30.0, 3e4, 0.0, backward=True)
    corner, beside = box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)
    one, other = case.package.top.patches
    assert one.outline.equals(corner)
    assert (one.film_w_m2k, one.temperature_c) == (math.inf, 30.0)
    assert other.outline.equals(beside)
    assert other.film_w_m2k == 0.0
    assert case.package.bottom.patches == (Patch(box(0, 0, 2000, 4000), 0.5, 26.85),)
    write_case(case, tmp_path / "again.json")
    again = read_case(tmp_path / "again.json").package
    assert again.layers[-1].flow == case.package.layers[-1].flow
    for side in ("top", "bottom", "sides"):
        assert getattr(again, side) == getattr(case.package, side)
    write_case(dataclasses.replace(case, package=again), tmp_path / "third.json")
    assert (tmp_path / "third.json").read_text() == (tmp_path / "again.json").read_text()


def test_a_patch_that_is_no_rectangle_is_cut(tmp_path: Path) -> None:
    case = read(tmp_path, content())
    corner = Polygon([(0, 0), (2e3, 0), (2e3, 1e3), (1e3, 1e3), (1e3, 2e3), (0, 2e3)])
    slanted = Polygon([(3e3, 0), (4e3, 0), (4e3, 1e3)])
    top = Face(2e4, 40.0, (Patch(corner, 1e3, 40.0),))
    built = dataclasses.replace(case.package, top=top)
    write_case(dataclasses.replace(case, package=built), tmp_path / "x.json")
    again = read_case(tmp_path / "x.json").package.top
    assert len(again.patches) == 2
    assert sum(patch.outline.area for patch in again.patches) == pytest.approx(corner.area)
    built = dataclasses.replace(built, bottom=Face(patches=(Patch(slanted, 1e3, 40.0),)))
    with pytest.raises(InputError, match="pair: bottom: patch 0: an edge of the outline runs"):
        write_case(dataclasses.replace(case, package=built), tmp_path / "x.json")


def test_faults_of_patches_and_coolant_are_listed(tmp_path: Path) -> None:
    data = with_extensions(content())
    flow = data["layers"][2]["flow"]
    flow |= {"axis": "z", "volume_m3_s": 0.0, "flux": 1.0}
    del flow["T_inlet_K"]
    data["boundary"]["top"]["patches"][0] |= {"type": "frozen"}
    data["boundary"]["bottom"]["patches"][0] |= {"h_w_m2K": 1.0}
    del data["boundary"]["sides"]["type"]
    assert faults(tmp_path, data) == [
        "case.json: layers[2].flow.axis: 'z' does not fit; allowed: 'x' or 'y'",
        "case.json: layers[2].flow.volume_m3_s: 0.0 does not fit; allowed: greater than 0",
        "case.json: layers[2].flow.T_inlet_K: is missing",
        "case.json: layers[2].flow.flux: unknown key; remove it, or check its spelling",
        (
            "case.json: boundary.top.patches[0].type: 'frozen' does not fit; allowed: 'adiabatic', "
            "'convection', 'fixed'"
        ),
        (
            "case.json: boundary.bottom.patches[0].h_w_m2K: unknown key; remove it, or check its "
            "spelling"
        ),
        "case.json: boundary.sides.type: is missing; allowed: 'adiabatic', 'convection', 'fixed'",
    ]
    data = with_extensions(content())
    data["boundary"]["top"]["patches"][0]["rect_m"] = [0, 0, 0, 1]
    data["boundary"]["bottom"]["patches"] *= 2
    assert faults(tmp_path, data) == [
        (
            "case.json: boundary.top.patches[0].rect_m: [0.0, 0.0, 0.0, 1.0]; "
            "allowed: [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
        ),
    ]
    data = with_extensions(content())
    data["boundary"]["bottom"]["patches"] *= 2
    data["boundary"]["sides"]["patches"] = data["boundary"]["top"]["patches"]
    data["layers"][2]["blocks"] = data["layers"][1]["blocks"]
    text = "\n".join(faults(tmp_path, data))
    assert "pair: layer channel: 1 regions in a flow; allowed: none" in text
    assert "pair: bottom: patch 0: overlaps 'patch 1' on 8 mm2" in text
    assert "pair: sides: has patches; allowed: patches on top or bottom" in text


def test_misspelt_extensions_of_a_face_are_faults(tmp_path: Path) -> None:
    data = content()
    data["boundary"]["top"]["patchs"] = []
    assert faults(tmp_path, data) == [
        "case.json: boundary.top.patchs: unknown key; did you mean 'patches'?"
    ]


def test_coolant_does_not_fit_into_other_files(tmp_path: Path) -> None:
    case = read(tmp_path, with_extensions(content()))
    with pytest.raises(InputError, match="layer channel: coolant flows; allowed: solids in 3D-I"):
        package.write_ice(case, tmp_path / "x.stk")


def test_other_tools_refuse_what_their_files_cannot_hold(tmp_path: Path) -> None:
    case = read(tmp_path, content())
    poor = dataclasses.replace(case.package.layers[0], contact_resistance_k_m2_w=1e-6)
    built = dataclasses.replace(
        case.package,
        layers=(poor, *case.package.layers[1:]),
        top=Face(math.inf, 40.0, (Patch(box(0, 0, 1000, 1000), 1e3, 40.0),)),
    )
    given = dataclasses.replace(case, package=built)
    for tool, write in (("HotSpot", package.write_hotspot), ("3D-ICE", package.write_ice)):
        with pytest.raises(InputError) as caught:
            write(given, tmp_path / "there")
        found = [str(fault) for fault in caught.value.faults]
        assert (
            f"pair: top: is held at a temperature; allowed: a film in {tool}; give it a"
            in " ".join(found)
        )
        assert any(
            f.startswith(f"pair: top: 1 patches; allowed: one film in {tool}") for f in found
        )
        expected = f"pair: layer die: contact resistance 1e-06 K m2/W; allowed: none in {tool}"
        assert any(fault.startswith(expected) for fault in found)


def test_heat_may_be_marked_by_the_power_layer_alone(tmp_path: Path) -> None:
    data = content()
    del data["layers"][0]["heat"]
    assert read(tmp_path, data).package.heat_keys == ("a", "b")


def test_block_without_power_does_not_heat(tmp_path: Path) -> None:
    data = content()
    del data["power_W"]["b"]
    assert read(tmp_path, data).package.heat_keys == ("a",)


def test_trace_is_read_in_the_order_of_the_blocks(tmp_path: Path) -> None:
    case = read(tmp_path, with_trace(content()), " b ,a\n1,2.5\n3,4\n5,6\n")
    assert case.trace is not None
    assert list(case.trace.power_w.columns) == ["a", "b"]
    np.testing.assert_array_equal(case.trace.power_w, [[2.5, 1.0], [4.0, 3.0]])
    np.testing.assert_array_equal(case.trace.edges_s, [0.0, 0.5, 1.0])


def test_byte_order_marks_of_spreadsheets_are_passed_over(tmp_path: Path) -> None:
    case = read(tmp_path, "\ufeff" + json.dumps(with_trace(content())), "\ufeffa,b\n1,2\n3,4\n")
    assert case.trace is not None
    assert list(case.trace.power_w.columns) == ["a", "b"]


def test_without_steady_power_the_mean_of_the_trace_counts(tmp_path: Path) -> None:
    data = with_trace(content())
    del data["power_W"]
    case = read(tmp_path, data, "a,b\n1,2\n3,4\n")
    assert case.power_w == {"a": 2.0, "b": 3.0}


def test_keys_that_are_not_used_are_noted(tmp_path: Path) -> None:
    data = content()
    data["reference"] = "blocks.csv"
    data["boundary"]["top"]["lumped_capacity_J_K"] = 140.4
    assert read(tmp_path, data).notes == (
        "reference is not used",
        "boundary.top.lumped_capacity_J_K is not used",
    )


def test_misspelt_keys_are_faults(tmp_path: Path) -> None:
    data = content()
    data["inital_K"] = data.pop("initial_K")
    assert faults(tmp_path, data) == ["case.json: inital_K: unknown key; did you mean 'initial_K'?"]
    data = content()
    data["layers"][1]["heats"] = True
    data["materials"]["si"]["k_W_mk"] = 1.0
    assert faults(tmp_path, data) == [
        "case.json: materials.si.k_W_mk: unknown key; remove it, or check its spelling",
        "case.json: layers[1].heats: unknown key; remove it, or check its spelling",
    ]


def test_all_faults_of_the_format_are_listed(tmp_path: Path) -> None:
    data = content()
    data["schema"] = "thermal-case/2"
    data["layers"][0]["thickness_m"] = -1e-5
    data["layers"][1]["extent_m"] = [0, 0, 0.005]
    data["materials"]["si"]["k_W_mK"] = "120"
    data["power_W"]["a"] = -2.0
    del data["boundary"]["top"]["T_K"]
    text = "\n".join(faults(tmp_path, data))
    assert "case.json: schema: 'thermal-case/2' does not fit; allowed: 'thermal-case/1'" in text
    assert "case.json: layers[0].thickness_m: -1e-05 does not fit; allowed: greater than 0" in text
    assert "case.json: layers[1].extent_m[3]: is missing" in text
    assert "case.json: materials.si.k_W_mK: '120' does not fit; allowed: number" in text
    assert "case.json: power_W.a: -2.0 does not fit; allowed: greater than or equal to 0" in text
    assert "case.json: boundary.top.T_K: is missing" in text


def test_all_faults_of_the_content_are_listed(tmp_path: Path) -> None:
    data = content()
    data["layers"][0]["background"] = "sii"
    data["layers"][0]["blocks"][0]["rect_m"] = [0.002, 0.001, 0.001, 0.003]
    data["layers"][1]["blocks"][0]["material"] = "pbc"
    data["power_W"]["c"] = 1.0
    data["power_layer"] = "dice"
    found = faults(tmp_path, data)
    assert found[0].startswith("case.json: power_layer: unknown layer 'dice'; did you mean 'die'")
    assert found[1:] == [
        "case.json: layers[0].background: unknown material 'sii'; did you mean 'si'?",
        (
            "case.json: layers[0].blocks[0].rect_m: [0.002, 0.001, 0.001, 0.003]; "
            "allowed: [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
        ),
        "case.json: layers[1].blocks[0].material: unknown material 'pbc'; did you mean 'pcb'?",
    ]
    data = content()
    data["power_W"]["ab"] = 1.0
    assert "case.json: power_W.ab: is no block of a heated layer" in faults(tmp_path, data)[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (-3.0, ["k_W_mK: -3.0 does not fit; allowed: greater than 0"]),
        ([-3.0] * 3, ["k_W_mK: -3.0 does not fit; allowed: greater than 0"]),
        ("120", ["k_W_mK: '120' does not fit; allowed: number"]),
        (
            [1.0, -2.0, -2.0],
            [f"k_W_mK[{axis}]: -2.0 does not fit; allowed: greater than 0" for axis in (1, 2)],
        ),
    ],
)
def test_a_faulty_conductivity_is_told_once(tmp_path: Path, given: Any, told: list[str]) -> None:
    data = content()
    data["materials"]["si"]["k_W_mK"] = given
    assert faults(tmp_path, data) == [f"case.json: materials.si.{fault}" for fault in told]


def test_a_faulty_layer_is_one_fault(tmp_path: Path) -> None:
    data = content()
    data["layers"][0]["thickness_m"] = "10 um"
    assert faults(tmp_path, data) == [
        "case.json: layers[0].thickness_m: '10 um' does not fit; allowed: number"
    ]
    data["layers"] = []
    assert faults(tmp_path, data) == ["case.json: layers: is empty; allowed: one or more"]


def test_nothing_heats(tmp_path: Path) -> None:
    data = content()
    del data["power_layer"], data["power_W"], data["layers"][0]["heat"]
    assert faults(tmp_path, data) == [
        (
            "case.json: layers: no layer is heated; allowed: one or more; "
            'write "heat": true on the layer that dissipates'
        ),
        "case.json: power_W: is missing; allowed: watts by block name",
    ]


def test_package_that_cannot_be_solved(tmp_path: Path) -> None:
    data = content()
    data["boundary"] = {}
    assert "no face has a film above zero" in faults(tmp_path, data)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "case.json: is not JSON: EOF while parsing a value at line 1 column 0"),
        ('{"schema": ', "case.json: is not JSON: EOF while parsing a value at line 1 column 11"),
        ("[]", "case.json: a value does not fit; allowed: an object"),
        ("NaN", "case.json: nan does not fit; allowed: an object"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, text: str, message: str) -> None:
    assert faults(tmp_path, text)[0].startswith(message)


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file; allowed: a thermal-case/1"):
        read_case(tmp_path / "none.json")
    (tmp_path / "case.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_case(tmp_path / "case.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_case(tmp_path)


def test_trace_faults(tmp_path: Path) -> None:
    data = with_trace(content())
    assert faults(tmp_path, data) == [
        "trace.csv: no such file; allowed: a CSV of watts; the name is relative to the case file"
    ]
    found = faults(tmp_path, data, "a,bb\n1,2\n")
    assert found[0].startswith("trace.csv: column 'bb' is no heated block; did you mean 'b'")
    assert found[1:] == [
        (
            "trace.csv: no column 'b'; allowed: a column per heated block; "
            "write zeros for a block that rests"
        ),
        (
            "trace.csv: 1 rows for 2 steps; allowed: 2 rows or more; "
            "add rows, or lower transient.steps"
        ),
    ]
    assert faults(tmp_path, data, "a,b\n1,x\n-3,nan\n") == [
        "trace.csv: line 2: b is 'x'; allowed: a number of 0 W or more",
        "trace.csv: line 3: a is '-3'; allowed: a number of 0 W or more",
        "trace.csv: line 3: b is 'nan'; allowed: a number of 0 W or more",
    ]
    assert faults(tmp_path, data, "a,b, b\n1,2,3\n4,5,6\n") == [
        "trace.csv: 2 columns 'b'; allowed: one"
    ]
    for rows in ("1,2,3\n4,5,6\n", "1,2,\n4,5,\n"):
        assert faults(tmp_path, data, f"a,b\n{rows}") == [
            (
                "trace.csv: rows have more values than the header has names; "
                "allowed: a name for each value"
            )
        ]
    assert "Expected 2 fields in line 3, saw 3" in faults(tmp_path, data, "a,b\n1,2\n4,5,6\n")[0]
    assert faults(tmp_path, data, "a,b\n\n1,2\n") == [
        "trace.csv: line 2: a is ''; allowed: a number of 0 W or more",
        "trace.csv: line 2: b is ''; allowed: a number of 0 W or more",
    ]
    rows = "\n".join(["x,y"] * 20)
    assert faults(tmp_path, with_trace(content(), 20), f"a,b\n{rows}\n")[-1] == (
        "trace.csv: 30 more values of this kind"
    )
    assert "trace.csv: cannot be read: " in faults(tmp_path, data, "")[0]
    assert "trace.csv: cannot be read: " in faults(tmp_path, data, "a,b\n1,2,3\n4\n5,6,7,8\n")[0]


def test_write_then_read_is_the_same_case(tmp_path: Path) -> None:
    data = with_trace(content())
    case = read(tmp_path, data, "a,b\n0.1,2\n3.3333333333333335,4\n")
    write_case(case, tmp_path / "one.json")
    again = read_case(tmp_path / "one.json")
    assert_equal(case, again)
    write_case(again, tmp_path / "two.json")
    one, two = ((tmp_path / f"{n}.json").read_text() for n in ("one", "two"))
    assert one.replace("one_trace", "two_trace") == two


def assert_equal(one: Case, other: Case) -> None:
    assert (one.power_w, one.initial_c) == (other.power_w, other.initial_c)
    assert one.description == other.description
    for side in ("name", "top", "bottom", "sides", "ambient_c"):
        assert getattr(one.package, side) == getattr(other.package, side)
    assert flat(one.package) == flat(other.package)
    assert (one.trace is None) == (other.trace is None)
    if one.trace is not None and other.trace is not None:
        assert one.trace.step_s == other.trace.step_s
        pd.testing.assert_frame_equal(one.trace.power_w, other.trace.power_w, check_exact=True)


def flat(built: Package) -> list[Any]:
    return [
        (
            layer.name,
            layer.thickness_um,
            layer.outline.bounds,
            solid(layer.background),
            [(r.name, r.heats, r.outline.wkb, solid(r.material)) for r in layer.regions],
        )
        for layer in built.layers
    ]


def solid(material: Any) -> tuple[Any, ...]:
    return material.name, material.conductivity_w_mk, material.heat_capacity_j_m3k


def test_an_assembled_package_survives_the_format(tmp_path: Path, plan: Floorplan) -> None:
    built = package.assemble(plan, package.stackups()["lidded-2.5d"])
    power_w = dict.fromkeys(built.heat_keys, 5.0)
    write_case(Case(built, power_w, initial_c=40.0), tmp_path / "case.json")
    again = read_case(tmp_path / "case.json")
    assert set(again.package.heat_keys) == set(built.heat_keys)
    assert again.package.resistance_1d(power_w) == pytest.approx(
        built.resistance_1d(power_w), rel=1e-9
    )
    assert again.package.thickness_um == pytest.approx(built.thickness_um, rel=1e-12)
    write_case(again, tmp_path / "again.json")
    assert_equal(again, read_case(tmp_path / "again.json"))


def test_own_filler_is_kept(tmp_path: Path) -> None:
    data = {**content(), "filler": "pcb"}
    case = read(tmp_path, data)
    assert case.package.filler.name == "pcb"
    write_case(case, tmp_path / "again.json")
    assert read_case(tmp_path / "again.json").package.filler.conductivity_w_mk == (20.0, 10.0, 0.5)


def test_what_the_format_cannot_hold(tmp_path: Path) -> None:
    silicon, square = materials()["silicon"], box(0.0, 0.0, 1000.0, 1000.0)
    other = materials().extended(
        {"silicon": {"conductivity": "99 W/(m K)", "heat_capacity": "1e6 J/(m^3 K)"}}, where="x"
    )["silicon"]
    wedge = Polygon([(0, 0), (500, 0), (0, 500)])
    layers = (
        Layer("die", 10.0, square, silicon, (Region("wedge", wedge, other, "wedge"),)),
        Layer("lid", 10.0, wedge, silicon),
    )
    built = Package("odd", layers, materials()["air"], Face(1.0, 20.0), Face(), Face(), 20.0)
    with pytest.raises(InputError) as caught:
        write_case(Case(built, {"wedge": 1.0}, initial_c=20.0), tmp_path / "case.json")
    assert [str(fault) for fault in caught.value.faults] == [
        ("odd: materials: two materials are named 'silicon'; allowed: one; rename one of them"),
        (
            "odd: layer die: wedge: an edge of the outline runs along neither axis; "
            "allowed: rectilinear outlines; replace slanted edges by steps"
        ),
        (
            "odd: layer lid: outline is no rectangle; allowed: a rectangle; "
            "use regions for other shapes"
        ),
    ]
    assert list(tmp_path.iterdir()) == []


def test_trace_holds_its_steps() -> None:
    trace = CaseTrace(0.25, pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    np.testing.assert_array_equal(trace.edges_s, [0.0, 0.25, 0.5, 0.75])


@pytest.mark.parametrize(
    ("name", "layers", "keys", "power_w", "steps"),
    [
        ("analytic_stack", 5, 64, 700.0, 0),
        ("pkg25d", 8, 72, 940.0, 1000),
        ("hotspot_ev6", 5, 30, 40.207316, 100),
    ],
)
def test_reference_cases_are_read(
    name: str, layers: int, keys: int, power_w: float, steps: int, tmp_path: Path
) -> None:
    file = REFERENCE / name / "case.json"
    if not file.exists():
        pytest.skip(f"the reference case {file} is not shipped with the project")
    case = read_case(file)
    assert len(case.package.layers) == layers
    assert len(case.package.heat_keys) == keys
    assert sum(case.power_w.values()) == pytest.approx(power_w, rel=1e-6)
    assert (0 if case.trace is None else len(case.trace.power_w)) == steps
    write_case(case, tmp_path / "case.json")
    assert_equal(case, read_case(tmp_path / "case.json"))
