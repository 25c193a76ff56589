"""Import of other tools' floorplans: the command, and ``import`` in a design."""

import json

import pytest
from typer.testing import CliRunner

import floorplan
from scoville.cli import app
from scoville.design import load_design
from techlib import InputError

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("their")
    plan = floorplan.build(floorplan.recipes()["jalapeno"])
    power_w = dict.fromkeys(plan.heat_keys, 0.5)
    floorplan.write_formats(plan, folder, ["gds", "lef", "def", "3d-ice"], power_w=power_w)
    return folder


def test_a_def_of_a_die_becomes_a_design_that_can_be_checked_powered_and_heated(files, tmp_path):
    lef = ["--lef", files / "jalapeno.tech.lef", "--lef", files / "jalapeno.lef"]
    done = run(
        "import", files / "jalapeno.compute.def", *lef, "--hbm", "HBM3E", "--name", "mine",
        "-o", tmp_path / "d", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["files"] == ["design.toml", "floorplan.png", "floorplan.toml"]
    assert (content["design"], content["violations"]) == ("mine", 0)
    assert content["dies"] == {"compute": 1382}
    assert content["notes"] == ["8 stacks of HBM3E were put beside the PHYs"]
    design = load_design(tmp_path / "d" / "design.toml")
    assert len(design.floorplan.stacks) == 8
    assert design.machine.blocks.arrays.sum() == 960
    assert set(design.package.heat_keys) == set(design.floorplan.heat_keys)
    assert run("check", tmp_path / "d" / "design.toml").exit_code == 0


def test_a_die_without_its_stacks_becomes_a_design(files, tmp_path):
    """Their names stand in its DEF, and they in the file of the package."""
    lef = ["--lef", files / "jalapeno.tech.lef", "--lef", files / "jalapeno.lef"]
    done = run("import", files / "jalapeno.compute.def", *lef, "-o", tmp_path / "d", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["notes"][0] == (
        "blocks name hbm_e0, hbm_e1, hbm_e2, hbm_n0, hbm_s0, hbm_w0, hbm_w1, hbm_w2, which the "
        "file has not; --hbm puts a stack beside each PHY"
    )
    plan = load_design(tmp_path / "d" / "design.toml").floorplan
    assert {block.stack for block in plan.dies[0].blocks} == {""}
    assert run("check", tmp_path / "d" / "design.toml").exit_code == 0


def test_a_floorplan_with_power_leaves_a_case_that_is_solved(tmp_path):
    (tmp_path / "ev.flp").write_text(
        "core :\n position 0, 0 ;\n dimension 4000, 4000 ;\n power values 20 ;\n"
        "cache :\n position 4000, 0 ;\n dimension 2000, 4000 ;\n power values 2 ;\n"
    )
    done = run("import", tmp_path / "ev.flp", "--node", "N5", "-o", tmp_path / "e")
    assert done.exit_code == 0, done.stderr
    assert "note: no power yet: floorplan ev: has no enabled systolic array" in done.stdout
    heat = run("thermal", tmp_path / "e" / "case.json", "--grid", "16", "--json")
    assert heat.exit_code == 0, heat.stderr
    case = json.loads((tmp_path / "e" / "case.json").read_text())
    assert case["power_W"] == {"die/core": 20.0, "die/cache": 2.0}


def test_the_same_file_gives_the_same_folder(files, tmp_path):
    for name in ("a", "b"):
        arguments = ["--node", "N3", "-o", tmp_path / name]
        assert run("import", files / "jalapeno.gds", *arguments).exit_code == 0
    for name in ("design.toml", "floorplan.toml", "floorplan.png"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("a", "b"))
        assert first == second


def test_rules_from_a_file_and_from_options(tmp_path):
    (tmp_path / "t.csv").write_text("name,x0,y0,x1,y1\na,0,0,1,1\nb,1,0,2,1\nc,2,0,3,1\n")
    (tmp_path / "r.toml").write_text(
        'node = "N5"\nkinds = [{ match = "*", kind = "vector" }]\n[interposer]\nwidth = "9 mm"\n'
    )
    done = run(
        "import", tmp_path / "t.csv", "--rules", tmp_path / "r.toml", "--kind", "b=sram",
        "--unit", "1 mm", "--die", "soc", "--interposer", "organic-rdl", "-o", tmp_path / "o",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    plan = load_design(tmp_path / "o" / "design.toml").floorplan
    assert [str(block.kind) for block in plan.dies[0].blocks] == ["vector", "sram", "vector"]
    assert (plan.width_um, plan.technology.name) == (9_000.0, "organic-rdl")


def test_faults_are_named_by_their_options(tmp_path):
    (tmp_path / "t.csv").write_text("name,x0_um,y0_um,x1_um,y1_um\na,0,0,1,1\n")
    done = run("import", tmp_path / "t.csv", "--kind", "a=srma", "--default-kind", "x", "--json")
    assert done.exit_code == 2
    wheres = [fault["where"] for fault in json.loads(done.stdout)["error"]["faults"]]
    assert wheres == ["--default-kind", "--kind a=srma"]
    assert run("import", tmp_path / "no.csv").exit_code == 2
    assert "error: FILE: there is no file" in run("import", tmp_path / "no.csv").stderr
    assert "error: --node: the process of die" in run("import", tmp_path / "t.csv").stderr
    assert "has no '='" in run("import", tmp_path / "t.csv", "--kind", "a").stderr
    assert "--rules no.toml: cannot be read" in run("import", "x.csv", "--rules", "no.toml").stderr
    assert not (tmp_path / "scoville-out").exists()


DESIGN = """
extends = "jalapeno"
[floorplan]
import = "t.csv"
node = "N5"
[package.die]
height = "700 um"
[[floorplan.kinds]]
match = "a"
kind = "tensor"
macs = 64
[[floorplan.extra_blocks]]
die = "die"
name = "more"
kind = "host"
rect = ["0 um", "10 um", "5 um", "20 um"]
"""


def test_a_design_imports_a_file_in_place_of_what_it_extends(tmp_path):
    (tmp_path / "t.csv").write_text("name,x0_um,y0_um,x1_um,y1_um\na,0,0,10,10\nl2,10,0,20,30\n")
    (tmp_path / "d.toml").write_text(DESIGN)
    design = load_design(tmp_path / "d.toml")
    assert design.floorplan.heat_keys == ("die/a", "die/l2", "die/more")
    assert design.recipe is None
    assert design.floorplan.dies[0].blocks[0].macs == 64
    before = design.input_hash
    (tmp_path / "t.csv").write_text("name,x0_um,y0_um,x1_um,y1_um\na,0,0,10,10\nl2,10,0,20,40\n")
    assert load_design(tmp_path / "d.toml").input_hash != before


def test_faults_of_an_import_name_the_design_or_the_file(tmp_path):
    (tmp_path / "t.csv").write_text("name,x0_um,y0_um,x1_um,y1_um\na,0,0,10,ten\n")
    path = tmp_path / "d.toml"
    path.write_text(DESIGN)
    with pytest.raises(InputError) as caught:
        load_design(path)
    assert [f.where for f in caught.value.faults] == [str(tmp_path / "t.csv") + ":2"]
    path.write_text(DESIGN.replace('"N5"', '"N5"\nrecipe = "jalapeno"\nwdth = 3'))
    with pytest.raises(InputError) as caught:
        load_design(path)
    recipe, unknown = (str(fault) for fault in caught.value.faults)
    assert recipe == (
        f"{path}: floorplan.recipe: stands beside import; allowed: one of both; give recipe or "
        "import"
    )
    assert unknown.startswith(f"{path}: floorplan.wdth: unknown key; known: cell, default_kind")
