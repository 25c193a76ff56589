"""HotSpot input sets as packages with their powers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from package import Case, Face, read_any_case, read_hotspot
from techlib import Trust, materials

HotSpotFiles = Any  # see ``conftest.py``
REMARK = (
    "HotSpot multiplies every heat capacity by 0.333; here they count as given, so that a "
    "transient is slower than HotSpot's"
)
TSV = "left 0.003 0.006 0 0\nvia 0.003 0.006 0.003 0 4e6 0.0058\n"


def by_name(case: Case) -> dict[str, tuple[float, ...]]:
    return {layer.name: layer.outline.bounds for layer in case.package.layers}


def test_package_is_centred_solids_of_their_own_sizes(files: HotSpotFiles) -> None:
    case = read_hotspot(files.two_blocks())
    assert by_name(case) == {
        "chip.active": (27000.0, 27000.0, 33000.0, 33000.0),
        "chip": (27000.0, 27000.0, 33000.0, 33000.0),
        "interface": (27000.0, 27000.0, 33000.0, 33000.0),
        "spreader": (15000.0, 15000.0, 45000.0, 45000.0),
        "sink": (0.0, 0.0, 60000.0, 60000.0),
    }
    thicknesses = [layer.thickness_um for layer in case.package.layers]
    assert thicknesses == [1.0, 299.0, 20.0, 1000.0, 6900.0]
    chip = case.package.layers[0].background
    assert chip.conductivity_w_mk == (110.0, 110.0, 110.0)
    assert chip.heat_capacity_j_m3k == 1.7e6
    assert chip.provenance["conductivity_w_mk"].trust is Trust.USER
    assert case.package.top.film_w_m2k == pytest.approx(1.0 / (0.1 * 0.06**2), rel=1e-11)
    assert case.package.top.temperature_c == pytest.approx(26.85)
    assert case.package.bottom == case.package.sides == Face()
    assert case.initial_c == case.package.ambient_c == pytest.approx(36.85)
    assert case.package.filler is materials()["air"]
    assert case.package.name == "run"
    assert case.notes == (REMARK,)


def test_blocks_dissipate_the_trace(files: HotSpotFiles) -> None:
    case = read_hotspot(files.two_blocks(logic_ptrace="cache core\n1 10\n3 20\n"))
    active = case.package.layers[0]
    assert {region.heats: region.outline.bounds for region in active.regions} == {
        "core": (27000.0, 27000.0, 31000.0, 33000.0),
        "cache": (31000.0, 27000.0, 33000.0, 33000.0),
    }
    assert case.power_w == {"core": 15.0, "cache": 2.0}
    assert case.trace is not None
    assert case.trace.step_s == 0.002
    np.testing.assert_array_equal(case.trace.power_w, [[10.0, 1.0], [20.0, 3.0]])


def test_one_row_of_powers_is_steady(files: HotSpotFiles) -> None:
    case = read_hotspot(files.two_blocks(logic_ptrace="core cache\n10 1\n"))
    assert (case.power_w, case.trace) == ({"core": 10.0, "cache": 1.0}, None)


def test_flags_go_before_the_configuration(files: HotSpotFiles, tmp_path: Path) -> None:
    files.two_blocks()
    files.write(other_flp="core 0.01 0.01 0 0\n", other_ptrace="core\n5\n")
    case = read_hotspot(
        tmp_path / "run.config", {"f": "other.flp", "-p": "other.ptrace", "t_chip": "0.001"}
    )
    assert case.power_w == {"core": 5.0}
    assert sum(layer.thickness_um for layer in case.package.layers[:2]) == 1000.0


def test_active_sheet_can_be_set(files: HotSpotFiles, tmp_path: Path) -> None:
    files.two_blocks()
    case = read_hotspot(tmp_path, {"t_active": "5e-6"})
    assert [layer.thickness_um for layer in case.package.layers[:2]] == [5.0, 295.0]
    whole = read_hotspot(tmp_path, {"t_active": "0.001"})
    assert [layer.name for layer in whole.package.layers[:2]] == ["chip", "interface"]


def test_layer_configuration_with_materials(files: HotSpotFiles) -> None:
    case = read_hotspot(files.stacked())
    assert [layer.name for layer in case.package.layers] == [
        "layer0.active",
        "layer0",
        "layer1",
        "spreader",
        "sink",
    ]
    assert case.package.layers[0].background.conductivity_w_mk == (100.0, 100.0, 100.0)
    assert case.package.layers[2].background.name == "tim"
    assert case.package.layers[2].background.heat_capacity_j_m3k == 4e6


def test_blocks_with_properties_of_their_own(files: HotSpotFiles, tmp_path: Path) -> None:
    layers = files.layers.replace("2.0e-05\nlogic.flp", "2.0e-05\ntsv.flp").replace(
        "1\nY\nN", "1\nY\nY"
    )
    files.stacked(run_lcf=layers, tsv_flp=TSV, logic_ptrace="core cache left via\n1 2 3 4\n")
    case = read_hotspot(tmp_path)
    upper = case.package.layers[2]
    assert upper.thickness_um == 20.0  # in the detailed model an upper layer heats as a whole
    assert {r.name: (r.heats, r.material.name) for r in upper.regions} == {
        "left": ("left", "tim"),
        "via": ("via", "via"),
    }
    via = upper.regions[1].material
    assert via.conductivity_w_mk[2] == pytest.approx(1.0 / 0.0058, rel=1e-11)
    assert via.heat_capacity_j_m3k == 4e6
    plain = read_hotspot(tmp_path, {"detailed_3D": "off"})
    assert plain.package.layers[2].name == "layer1.active"
    assert {r.material.name for r in plain.package.layers[2].regions} == {"tim"}
    assert plain.notes[-1] == (
        "layer1: heat capacity and resistivity of blocks are not used, as detailed_3D is off"
    )


def test_heat_keys_are_told_apart_by_layer(files: HotSpotFiles) -> None:
    layers = files.layers.replace("1\nY\nN", "1\nY\nY")
    powers = "core cache cache core\n1 2 3 4\n"
    case = read_hotspot(files.stacked(run_lcf=layers, logic_ptrace=powers))
    assert case.power_w == {
        "layer0.core": 1.0,
        "layer0.cache": 2.0,
        "layer1.core": 4.0,
        "layer1.cache": 3.0,
    }


def test_secondary_path_becomes_solids(files: HotSpotFiles, tmp_path: Path) -> None:
    files.two_blocks()
    case = read_hotspot(tmp_path, {"model_secondary": "1", "r_convec_sec": "50"})
    assert [layer.name for layer in case.package.layers[:6]] == [
        "pcb",
        "solder",
        "sub",
        "c4",
        "metal",
        "chip.active",
    ]
    assert by_name(case)["pcb"] == (0.0, 0.0, 100000.0, 100000.0)
    assert by_name(case)["sub"] == (39500.0, 39500.0, 60500.0, 60500.0)
    assert by_name(case)["metal"] == by_name(case)["chip"]
    assert case.package.bottom.film_w_m2k == pytest.approx(1.0 / (50.0 * 0.1**2))
    assert {s.key for s in case.package.sources} == {"hotspot", "incropera", "user"}


def test_dead_space_is_no_block(files: HotSpotFiles, tmp_path: Path) -> None:
    plan = files.floorplan + "_7 0.001 0.006 0.007 0.002\n"
    files.two_blocks(logic_flp=plan, logic_ptrace="core cache _7\n1 2 0\n")
    case = read_hotspot(tmp_path)
    assert set(case.power_w) == {"core", "cache"}
    assert by_name(case)["chip"] == (26500.0, 27000.0, 33500.0, 33000.0)
    files.two_blocks(logic_flp=plan, logic_ptrace="core cache _7\n1 2 3\n")
    assert read_hotspot(tmp_path).power_w["_7"] == 3.0


def test_neighbours_that_overlap_by_rounding_are_trimmed(files: HotSpotFiles) -> None:
    plan = files.floorplan.replace("0.004\t0.006\t0.001", "0.004002\t0.006\t0.001")
    case = read_hotspot(files.two_blocks(logic_flp=plan))
    assert case.notes[-1] == (
        "1 blocks overlapped a neighbour by rounding and were trimmed, most 'cache' by 0.10%"
    )
    core, cache = case.package.layers[0].regions
    assert core.outline.area == pytest.approx(4002.0 * 6000.0)
    assert cache.outline.area == pytest.approx(1998.0 * 6000.0)


def test_what_is_passed_over_is_said(files: HotSpotFiles, tmp_path: Path) -> None:
    config = f"{files.config}-c_convec 140\n-dtm_used 1\n-fan_colour blue\n-grid_rows 64\n"
    config = config.replace("(null)", "warm.init")
    layers = files.layers.replace("1\nY\nN", "1\nN\nN")
    case = read_hotspot(files.stacked(run_config=config, run_lcf=layers))
    assert [note.replace(f"{tmp_path}/", "") for note in case.notes] == [
        "run.config:11: -fan_colour is not used",
        REMARK,
        "-c_convec is not used: the film on the sink stores no heat",
        "-init_file is not used: a transient starts from -init_temp everywhere",
        "-dtm_used is not used: powers count as the trace has them",
        "lateral heat flow is switched off in layer1; here a solid conducts in every direction",
    ]


def test_temperatures_that_look_like_degrees_celsius_are_told(
    files: HotSpotFiles, tmp_path: Path
) -> None:
    config = files.config.replace("-ambient    300", "-ambient    25")
    case = read_hotspot(files.two_blocks(run_config=config))
    assert case.notes[-1].replace(f"{tmp_path}/", "") == (
        "run.config:5: -ambient is 25 K, as HotSpot takes it; if it is meant in degC, write 298.15"
    )


def test_package_models_file_is_not_taken_for_the_configuration(
    files: HotSpotFiles, tmp_path: Path
) -> None:
    config = f"{files.config}-package_model_used 0\n-package_config_file fins.config\n"
    files.two_blocks(run_config=config, fins_config="-fin_height 0.03 # of aluminium\n")
    assert read_any_case(tmp_path).package.name == "run"


@pytest.mark.parametrize("entry", ["", "run.config", "run.lcf", "logic.ptrace", "logic.flp"])
def test_any_file_of_the_set_leads_to_it(files: HotSpotFiles, tmp_path: Path, entry: str) -> None:
    files.stacked()
    case = read_any_case(tmp_path / entry)
    layered = entry != "logic.flp"  # a floorplan that is asked for stands for the whole chip
    assert case.package.layers[0].name == ("layer0.active" if layered else "chip.active")
    assert case.package.layers[1].thickness_um == (199.0 if layered else 299.0)
