from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from package import Case, Face, read_any_case, read_hotspot
from techlib import InputError, Trust, materials

FLOORPLAN = """# name  width height left bottom
core\t0.004\t0.006\t0.001\t0.002
cache\t0.002\t0.006\t0.005\t0.002   # beside it
core cache 12.5
"""
POWERS = "core\tcache\n10\t1\n\n20 3\n"
CONFIG = """# a comment
    -t_chip     0.0003   # half of it is ground away
    -k_chip     110
    -p_chip     1.7e6
    -ambient    300
    -init_temp  310
    -sampling_intvl 0.002
    -init_file  (null)
"""
LAYERS = """# layer 0
0
Y
Y
1.75e6
0.01
0.0002
logic.flp

1
Y
N
tim
2.0e-05
logic.flp
"""
MATERIALS = "tim\nsolid\n4\n4e6\n\nwater\nfluid\n0.6\n4.2e6\n8.9e-4\n"
REMARK = (
    "HotSpot multiplies every heat capacity by 0.333; here they count as given, so that a "
    "transient is slower than HotSpot's"
)


def write(folder: Path, **files: str) -> Path:
    """Write a set: names have an underscore for the dot."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def two_blocks(folder: Path, **files: str) -> Path:
    content = {"logic_flp": FLOORPLAN, "logic_ptrace": POWERS, "run_config": CONFIG, **files}
    return write(folder, **{name: text for name, text in content.items() if text})


def stacked(folder: Path, **files: str) -> Path:
    return two_blocks(folder, **{"run_lcf": LAYERS, "run_materials": MATERIALS, **files})


def faults(path: Path, flags: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_hotspot(path, flags)
    folder = path if path.is_dir() else path.parent
    return [
        str(fault).replace(f"{folder}/", "").replace(str(folder), "SET")
        for fault in caught.value.faults
    ]


def by_name(case: Case) -> dict[str, tuple[float, ...]]:
    return {layer.name: layer.outline.bounds for layer in case.package.layers}


def test_package_is_centred_solids_of_their_own_sizes(tmp_path: Path) -> None:
    case = read_hotspot(two_blocks(tmp_path))
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


def test_blocks_dissipate_the_trace(tmp_path: Path) -> None:
    case = read_hotspot(two_blocks(tmp_path, logic_ptrace="cache core\n1 10\n3 20\n"))
    active = case.package.layers[0]
    assert {region.heats: region.outline.bounds for region in active.regions} == {
        "core": (27000.0, 27000.0, 31000.0, 33000.0),
        "cache": (31000.0, 27000.0, 33000.0, 33000.0),
    }
    assert case.power_w == {"core": 15.0, "cache": 2.0}
    assert case.trace is not None
    assert case.trace.step_s == 0.002
    np.testing.assert_array_equal(case.trace.power_w, [[10.0, 1.0], [20.0, 3.0]])


def test_one_row_of_powers_is_steady(tmp_path: Path) -> None:
    case = read_hotspot(two_blocks(tmp_path, logic_ptrace="core cache\n10 1\n"))
    assert (case.power_w, case.trace) == ({"core": 10.0, "cache": 1.0}, None)


def test_flags_go_before_the_configuration(tmp_path: Path) -> None:
    two_blocks(tmp_path)
    write(tmp_path, other_flp="core 0.01 0.01 0 0\n", other_ptrace="core\n5\n")
    case = read_hotspot(
        tmp_path / "run.config", {"f": "other.flp", "-p": "other.ptrace", "t_chip": "0.001"}
    )
    assert case.power_w == {"core": 5.0}
    assert sum(layer.thickness_um for layer in case.package.layers[:2]) == 1000.0


def test_active_sheet_can_be_set(tmp_path: Path) -> None:
    two_blocks(tmp_path)
    case = read_hotspot(tmp_path, {"t_active": "5e-6"})
    assert [layer.thickness_um for layer in case.package.layers[:2]] == [5.0, 295.0]
    whole = read_hotspot(tmp_path, {"t_active": "0.001"})
    assert [layer.name for layer in whole.package.layers[:2]] == ["chip", "interface"]


def test_layer_configuration_with_materials(tmp_path: Path) -> None:
    case = read_hotspot(stacked(tmp_path))
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


TSV = "left 0.003 0.006 0 0\nvia 0.003 0.006 0.003 0 4e6 0.0058\n"


def test_blocks_with_properties_of_their_own(tmp_path: Path) -> None:
    layers = LAYERS.replace("2.0e-05\nlogic.flp", "2.0e-05\ntsv.flp").replace("1\nY\nN", "1\nY\nY")
    stacked(tmp_path, run_lcf=layers, tsv_flp=TSV, logic_ptrace="core cache left via\n1 2 3 4\n")
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


def test_heat_keys_are_told_apart_by_layer(tmp_path: Path) -> None:
    layers = LAYERS.replace("1\nY\nN", "1\nY\nY")
    powers = "core cache cache core\n1 2 3 4\n"
    case = read_hotspot(stacked(tmp_path, run_lcf=layers, logic_ptrace=powers))
    assert case.power_w == {
        "layer0.core": 1.0,
        "layer0.cache": 2.0,
        "layer1.core": 4.0,
        "layer1.cache": 3.0,
    }


def test_secondary_path_becomes_solids(tmp_path: Path) -> None:
    two_blocks(tmp_path)
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


def test_dead_space_is_no_block(tmp_path: Path) -> None:
    plan = FLOORPLAN + "_7 0.001 0.006 0.007 0.002\n"
    two_blocks(tmp_path, logic_flp=plan, logic_ptrace="core cache _7\n1 2 0\n")
    case = read_hotspot(tmp_path)
    assert set(case.power_w) == {"core", "cache"}
    assert by_name(case)["chip"] == (26500.0, 27000.0, 33500.0, 33000.0)
    two_blocks(tmp_path, logic_flp=plan, logic_ptrace="core cache _7\n1 2 3\n")
    assert read_hotspot(tmp_path).power_w["_7"] == 3.0


def test_neighbours_that_overlap_by_rounding_are_trimmed(tmp_path: Path) -> None:
    plan = FLOORPLAN.replace("0.004\t0.006\t0.001", "0.004002\t0.006\t0.001")
    case = read_hotspot(two_blocks(tmp_path, logic_flp=plan))
    assert case.notes[-1] == (
        "1 blocks overlapped a neighbour by rounding and were trimmed, most 'cache' by 0.10%"
    )
    core, cache = case.package.layers[0].regions
    assert core.outline.area == pytest.approx(4002.0 * 6000.0)
    assert cache.outline.area == pytest.approx(1998.0 * 6000.0)


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    config = f"{CONFIG}-c_convec 140\n-dtm_used 1\n-fan_colour blue\n-grid_rows 64\n"
    config = config.replace("(null)", "warm.init")
    layers = LAYERS.replace("1\nY\nN", "1\nN\nN")
    case = read_hotspot(stacked(tmp_path, run_config=config, run_lcf=layers))
    assert [note.replace(f"{tmp_path}/", "") for note in case.notes] == [
        "run.config:11: -fan_colour is not used",
        REMARK,
        "-c_convec is not used: the film on the sink stores no heat",
        "-init_file is not used: a transient starts from -init_temp everywhere",
        "-dtm_used is not used: powers count as the trace has them",
        "lateral heat flow is switched off in layer1; here a solid conducts in every direction",
    ]


def test_temperatures_that_look_like_degrees_celsius_are_told(tmp_path: Path) -> None:
    config = CONFIG.replace("-ambient    300", "-ambient    25")
    case = read_hotspot(two_blocks(tmp_path, run_config=config))
    assert case.notes[-1].replace(f"{tmp_path}/", "") == (
        "run.config:5: -ambient is 25 K, as HotSpot takes it; if it is meant in degC, write 298.15"
    )


def test_package_models_file_is_not_taken_for_the_configuration(tmp_path: Path) -> None:
    config = f"{CONFIG}-package_model_used 0\n-package_config_file fins.config\n"
    two_blocks(tmp_path, run_config=config, fins_config="-fin_height 0.03 # of aluminium\n")
    assert read_any_case(tmp_path).package.name == "run"


@pytest.mark.parametrize("entry", ["", "run.config", "run.lcf", "logic.ptrace", "logic.flp"])
def test_any_file_of_the_set_leads_to_it(tmp_path: Path, entry: str) -> None:
    stacked(tmp_path)
    case = read_any_case(tmp_path / entry)
    layered = entry != "logic.flp"  # a floorplan that is asked for stands for the whole chip
    assert case.package.layers[0].name == ("layer0.active" if layered else "chip.active")
    assert case.package.layers[1].thickness_um == (199.0 if layered else 299.0)


def test_all_faults_of_the_set_are_listed(tmp_path: Path) -> None:
    config = (
        "-t_chip -1\n-k_chip\nambient 300\n-s_snk 0.06\n-material_sink gold\n"
        "-package_model_used 1\n-use_microchannels 1\n-s_spreader nan\n"
    )
    plan = "core 0.004 x 0 0\ncache 0.002 0.006 0.004\ncache 0.002 0.006 0.004 0\n"
    plan += "cache 0.002 0.006 0.006 0\n"
    powers = "core cache\n1 2\n1\n-1 x\n"
    two_blocks(tmp_path, run_config=config, logic_flp=plan, logic_ptrace=powers)
    write(tmp_path, run_materials=MATERIALS)
    assert faults(tmp_path) == [
        "run.config:2: '-k_chip'; allowed: -key value",
        "run.config:3: 'ambient 300'; allowed: -key value",
        "run.config:1: -t_chip is '-1'; allowed: a number above 0",
        "run.config:4: unknown key -s_snk; did you mean 's_sink'?",
        "run.config:8: -s_spreader is 'nan'; allowed: a number above 0",
        (
            "run.config:6: the package model computes the convection resistance from fins and "
            "fan; allowed: -package_model_used 0; give the resistance by -r_convec; HotSpot "
            "prints it"
        ),
        ("run.config:7: coolant channels are not computed; allowed: -use_microchannels 0"),
        "logic.flp:1: height of 'core' is 'x'; allowed: a number above 0",
        (
            "logic.flp:2: block 'cache' has 3 values; allowed: name, width, height, left x, "
            "bottom y [m], and heat capacity and resistivity or neither"
        ),
        "logic.flp:4: block 'cache' is given twice; allowed: once",
        "logic.ptrace:3: 1 values for 2 blocks",
        "logic.ptrace:4: core is '-1'; allowed: a number of 0 W or more",
        "logic.ptrace:4: cache is 'x'; allowed: a number of 0 W or more",
    ]


def test_unknown_materials(tmp_path: Path) -> None:
    config = f"{CONFIG}-material_sink timm\n-material_spreader water\n"
    layers = LAYERS.replace("tim\n", "tin\n", 1)
    stacked(tmp_path, run_config=config, run_lcf=layers)
    assert faults(tmp_path) == ["run.lcf:10: unknown material 'tin'; did you mean 'tim'?"]
    stacked(tmp_path)
    write(tmp_path, run_config=config)
    assert faults(tmp_path) == [
        "run.config:10: material 'water' is a fluid; allowed: a solid",
        "run.config:9: unknown material 'timm'; did you mean 'tim'?",
    ]
    (tmp_path / "run.materials").unlink()
    assert faults(tmp_path)[0] == (
        "run.lcf:10: unknown material 'tim': there is no materials file; put the .materials file "
        "beside the configuration, or name it by materials_file"
    )


@pytest.mark.parametrize(
    ("powers", "expected"),
    [
        ("", "logic.ptrace: is empty; allowed: a row of block names, then rows of watts"),
        (
            "core cache\n",
            "logic.ptrace: has no power; allowed: a row of watts or more below the names",
        ),
        (
            "core\n1\n",
            "logic.ptrace:1: no column for block 'cache'; write zeros for a block that rests",
        ),
        (
            "core cahce cache\n1 2 3\n",
            (
                "logic.ptrace:1: block 'cahce' is in no floorplan that dissipates; "
                "did you mean 'cache'?"
            ),
        ),
        ("core cache core\n1 2 3\n", "logic.ptrace:1: block 'core' has one column too many"),
        ("core cache\n" + "x x\n" * 14, "logic.ptrace: 4 more rows of this kind"),
    ],
)
def test_faults_of_power_traces(tmp_path: Path, powers: str, expected: str) -> None:
    two_blocks(tmp_path, logic_flp=FLOORPLAN)
    (tmp_path / "logic.ptrace").write_text(powers)
    assert faults(tmp_path)[-1] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0\nY\nY", "zero\nY\nY", "run.lcf:2: layer number is 'zero'; allowed: 0, 1, 2 ..."),
        ("0\nY\nY", "0\nmaybe\nY", "run.lcf:3: lateral heat flow is 'maybe'; allowed: Y or N"),
        ("0.01", "-0.01", "run.lcf:6: resistivity is '-0.01'; allowed: a number above 0"),
        ("0.0002", "thin", "run.lcf:7: thickness is 'thin'; allowed: a number above 0"),
        ("0\nY\nY", "0\nY\nN", "run.lcf: no layer dissipates power; allowed: Y in the third line"),
        ("1\nY\nN", "7\nY\nN", "run.lcf: layers are numbered 0, 7; allowed: 0, 1, 2 ... without"),
        ("2.0e-05\nlogic.flp\n", "2.0e-05\n", "run.lcf:10: layer '1' ends too soon; allowed: "),
        ("2.0e-05\nlogic.flp", "2e-5\nnone.flp", "none.flp: no such file; allowed: a HotSpot fl"),
        ("2.0e-05\nlogic.flp", "2e-5\nflow.csv", "run.lcf:10: layer 1 is a layer of coolant ch"),
        ("2.0e-05\nlogic.flp", "2e-5\nwide.flp", "wide.flp: layer1 is 9000 x 9000 um; allowed: "),
    ],
)
def test_faults_of_layer_configurations(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in LAYERS
    stacked(tmp_path, run_lcf=LAYERS.replace(old, new), wide_flp="all 0.009 0.009 0 0\n")
    assert any(fault.startswith(expected) for fault in faults(tmp_path)), faults(tmp_path)


def test_blocks_that_overlap_and_a_spreader_that_is_too_small(tmp_path: Path) -> None:
    plan = "core 0.004 0.006 0 0\ncache 0.004 0.006 0.003 0\n"
    two_blocks(tmp_path, logic_flp=plan, run_config=f"{CONFIG}-s_spreader 0.005\n-s_sink 0.004\n")
    assert faults(tmp_path) == [
        "run.config:9: the spreader is 5000 um wide; allowed: 7000 um, as the chip, or more",
        "run.config:10: the sink is 4000 um wide; allowed: 5000 um, as the spreader, or more",
        (
            "logic.flp:2: 'cache' overlaps 'core' (logic.flp:1) on 25% of its area; allowed: no "
            "overlap; move one"
        ),
    ]


def test_sets_that_are_incomplete_or_ambiguous(tmp_path: Path) -> None:
    assert faults(tmp_path) == [
        "SET: holds no .ptrace file; allowed: one; put it there, or name it by the flag p",
        "SET: holds no .flp file and no .lcf; allowed: one; put it there, or name it by the flag f",
    ]
    assert faults(tmp_path / "none.config") == [
        "none.config: no such file; allowed: a file or folder of a HotSpot run"
    ]
    two_blocks(tmp_path, other_flp=FLOORPLAN)
    assert faults(tmp_path / "run.config") == [
        (
            "SET: 2 .flp files: logic.flp, other.flp; allowed: one; name one by the flag f, on the "
            "command line or in the configuration"
        )
    ]
    write(tmp_path, second_config=CONFIG)
    assert faults(tmp_path) == [
        (
            "SET: 2 .config files: run.config, second.config; allowed: one; give the one that is "
            "meant instead of the folder"
        )
    ]
    assert faults(tmp_path / "run.config", {"f": "nowhere.flp"})[0].startswith(
        "nowhere.flp: no such file; allowed: a HotSpot floorplan; paths are relative to the file "
        "that names them, or to the configuration"
    )


def test_materials_files_that_break_off(tmp_path: Path) -> None:
    stacked(tmp_path, run_materials="tim\nsolid\n4\n4e6\ngold\nmetal\n300\n")
    assert faults(tmp_path) == [
        (
            "run.materials:5: material 'gold' is followed by 'metal'; allowed: solid or fluid on "
            "the next line"
        )
    ]
    stacked(tmp_path, run_materials="tim\nsolid\n-4\n4e6\n\ntim\nsolid\n300\n")
    assert faults(tmp_path) == [
        "run.materials:3: conductivity of 'tim' is '-4'; allowed: a number above 0",
        "run.materials:6: material 'tim' is given twice; allowed: once",
        "run.materials:6: material 'tim' ends too soon; allowed: 4 lines for a solid",
    ]


def test_binary_files(tmp_path: Path) -> None:
    two_blocks(tmp_path)
    (tmp_path / "logic.flp").write_bytes(b"\x00\x01")
    assert faults(tmp_path)[0] == (
        "logic.flp: cannot be read: it is not text; allowed: a HotSpot floorplan"
    )


def test_kinds_of_file_that_nothing_reads(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"chip\.gds: is of no known kind; allowed: a thermal-case"
    ):
        read_any_case(tmp_path / "chip.gds")
    with pytest.raises(InputError, match=r"chip\.stk: 1 flags: f; allowed: none: HotSpot's inputs"):
        read_any_case(tmp_path / "chip.stk", {"f": "x"})
