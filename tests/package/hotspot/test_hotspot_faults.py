"""Every fault of a HotSpot input set is told, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from package import read_any_case
from techlib import InputError

HotSpotFiles = Any  # see ``conftest.py``


def test_all_faults_of_the_set_are_listed(files: HotSpotFiles, tmp_path: Path) -> None:
    config = (
        "-t_chip -1\n-k_chip\nambient 300\n-s_snk 0.06\n-material_sink gold\n"
        "-package_model_used 1\n-use_microchannels 1\n-s_spreader nan\n"
    )
    plan = "core 0.004 x 0 0\ncache 0.002 0.006 0.004\ncache 0.002 0.006 0.004 0\n"
    plan += "cache 0.002 0.006 0.006 0\n"
    powers = "core cache\n1 2\n1\n-1 x\n"
    files.two_blocks(run_config=config, logic_flp=plan, logic_ptrace=powers)
    files.write(run_materials=files.materials)
    assert files.faults(tmp_path) == [
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


def test_unknown_materials(files: HotSpotFiles, tmp_path: Path) -> None:
    config = f"{files.config}-material_sink timm\n-material_spreader water\n"
    layers = files.layers.replace("tim\n", "tin\n", 1)
    files.stacked(run_config=config, run_lcf=layers)
    assert files.faults(tmp_path) == ["run.lcf:10: unknown material 'tin'; did you mean 'tim'?"]
    files.stacked()
    files.write(run_config=config)
    assert files.faults(tmp_path) == [
        "run.config:10: material 'water' is a fluid; allowed: a solid",
        "run.config:9: unknown material 'timm'; did you mean 'tim'?",
    ]
    (tmp_path / "run.materials").unlink()
    assert files.faults(tmp_path)[0] == (
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
def test_faults_of_power_traces(
    files: HotSpotFiles, tmp_path: Path, powers: str, expected: str
) -> None:
    files.two_blocks(logic_flp=files.floorplan)
    (tmp_path / "logic.ptrace").write_text(powers)
    assert files.faults(tmp_path)[-1] == expected


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
def test_faults_of_layer_configurations(
    files: HotSpotFiles, tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in files.layers
    files.stacked(run_lcf=files.layers.replace(old, new), wide_flp="all 0.009 0.009 0 0\n")
    assert any(fault.startswith(expected) for fault in files.faults(tmp_path)), files.faults(
        tmp_path
    )


def test_blocks_that_overlap_and_a_spreader_that_is_too_small(
    files: HotSpotFiles, tmp_path: Path
) -> None:
    plan = "core 0.004 0.006 0 0\ncache 0.004 0.006 0.003 0\n"
    files.two_blocks(logic_flp=plan, run_config=f"{files.config}-s_spreader 0.005\n-s_sink 0.004\n")
    assert files.faults(tmp_path) == [
        "run.config:9: the spreader is 5000 um wide; allowed: 7000 um, as the chip, or more",
        "run.config:10: the sink is 4000 um wide; allowed: 5000 um, as the spreader, or more",
        (
            "logic.flp:2: 'cache' overlaps 'core' (logic.flp:1) on 25% of its area; allowed: no "
            "overlap; move one"
        ),
    ]


def test_sets_that_are_incomplete_or_ambiguous(files: HotSpotFiles, tmp_path: Path) -> None:
    assert files.faults(tmp_path) == [
        "SET: holds no .ptrace file; allowed: one; put it there, or name it by the flag p",
        "SET: holds no .flp file and no .lcf; allowed: one; put it there, or name it by the flag f",
    ]
    assert files.faults(tmp_path / "none.config") == [
        "none.config: no such file; allowed: a file or folder of a HotSpot run"
    ]
    files.two_blocks(other_flp=files.floorplan)
    assert files.faults(tmp_path / "run.config") == [
        (
            "SET: 2 .flp files: logic.flp, other.flp; allowed: one; name one by the flag f, on the "
            "command line or in the configuration"
        )
    ]
    files.write(second_config=files.config)
    assert files.faults(tmp_path) == [
        (
            "SET: 2 .config files: run.config, second.config; allowed: one; give the one that is "
            "meant instead of the folder"
        )
    ]
    assert files.faults(tmp_path / "run.config", {"f": "nowhere.flp"})[0].startswith(
        "nowhere.flp: no such file; allowed: a HotSpot floorplan; paths are relative to the file "
        "that names them, or to the configuration"
    )


def test_materials_files_that_break_off(files: HotSpotFiles, tmp_path: Path) -> None:
    files.stacked(run_materials="tim\nsolid\n4\n4e6\ngold\nmetal\n300\n")
    assert files.faults(tmp_path) == [
        (
            "run.materials:5: material 'gold' is followed by 'metal'; allowed: solid or fluid on "
            "the next line"
        )
    ]
    files.stacked(run_materials="tim\nsolid\n-4\n4e6\n\ntim\nsolid\n300\n")
    assert files.faults(tmp_path) == [
        "run.materials:3: conductivity of 'tim' is '-4'; allowed: a number above 0",
        "run.materials:6: material 'tim' is given twice; allowed: once",
        "run.materials:6: material 'tim' ends too soon; allowed: 4 lines for a solid",
    ]


def test_binary_files(files: HotSpotFiles, tmp_path: Path) -> None:
    files.two_blocks()
    (tmp_path / "logic.flp").write_bytes(b"\x00\x01")
    assert files.faults(tmp_path)[0] == (
        "logic.flp: cannot be read: it is not text; allowed: a HotSpot floorplan"
    )


def test_kinds_of_file_that_nothing_reads(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"chip\.gds: is of no known kind; allowed: a thermal-case"
    ):
        read_any_case(tmp_path / "chip.gds")
    with pytest.raises(InputError, match=r"chip\.stk: 1 flags: f; allowed: none: HotSpot's inputs"):
        read_any_case(tmp_path / "chip.stk", {"f": "x"})
