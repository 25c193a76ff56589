"""What case files may hold beyond the format: patches, coolant, exponents, contacts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shapely import Polygon, box

import package
from package import (
    Case,
    Face,
    Flow,
    Patch,
    read_case,
    write_case,
)
from techlib import InputError

Content = Callable[[], dict[str, Any]]
Read = Callable[..., Case]
FaultsOf = Callable[..., list[str]]


def test_exponents_contacts_and_held_faces_are_read_and_written(
    content: Content, read: Read, tmp_path: Path
) -> None:
    data = content()
    data["materials"]["si"] |= {"k_exponent": 1.3, "k_T0_K": 300.0}
    data["materials"]["pcb"] |= {"k_exponent": [0.1, 0.2, 0.3]}
    data["layers"][0]["contact_K_m2_W"] = 2e-6
    data["boundary"]["bottom"] = {"type": "fixed", "T_K": 310.0}
    case = read(data)
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


def test_patches_and_coolant_are_read_and_written(
    content: Content, read: Read, tmp_path: Path
) -> None:
    case = read(with_extensions(content()))
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


def test_a_patch_that_is_no_rectangle_is_cut(content: Content, read: Read, tmp_path: Path) -> None:
    case = read(content())
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


def test_faults_of_patches_and_coolant_are_listed(content: Content, faults: FaultsOf) -> None:
    data = with_extensions(content())
    flow = data["layers"][2]["flow"]
    flow |= {"axis": "z", "volume_m3_s": 0.0, "flux": 1.0}
    del flow["T_inlet_K"]
    data["boundary"]["top"]["patches"][0] |= {"type": "frozen"}
    data["boundary"]["bottom"]["patches"][0] |= {"h_w_m2K": 1.0}
    del data["boundary"]["sides"]["type"]
    assert faults(data) == [
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
    assert faults(data) == [
        (
            "case.json: boundary.top.patches[0].rect_m: [0.0, 0.0, 0.0, 1.0]; "
            "allowed: [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
        ),
    ]
    data = with_extensions(content())
    data["boundary"]["bottom"]["patches"] *= 2
    data["boundary"]["sides"]["patches"] = data["boundary"]["top"]["patches"]
    data["layers"][2]["blocks"] = data["layers"][1]["blocks"]
    text = "\n".join(faults(data))
    assert "pair: layer channel: 1 regions in a flow; allowed: none" in text
    assert "pair: bottom: patch 0: overlaps 'patch 1' on 8 mm2" in text
    assert "pair: sides: has patches; allowed: patches on top or bottom" in text


def test_misspelt_extensions_of_a_face_are_faults(content: Content, faults: FaultsOf) -> None:
    data = content()
    data["boundary"]["top"]["patchs"] = []
    assert faults(data) == ["case.json: boundary.top.patchs: unknown key; did you mean 'patches'?"]


def test_coolant_does_not_fit_into_other_files(
    content: Content, read: Read, tmp_path: Path
) -> None:
    case = read(with_extensions(content()))
    with pytest.raises(InputError, match="layer channel: coolant flows; allowed: solids in 3D-I"):
        package.write_ice(case, tmp_path / "x.stk")


def test_other_tools_refuse_what_their_files_cannot_hold(
    content: Content, read: Read, tmp_path: Path
) -> None:
    case = read(content())
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
