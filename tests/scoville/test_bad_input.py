"""What a user gets wrong: exit code 2, the message with its place, and nothing left behind."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from scoville.cli import app

HEAD = "arrival_s,prompt_tokens,output_tokens\n"
EXPLICIT = """
[floorplan.interposer]
technology = "CoWoS-S"
width = "30 mm"
height = "24 mm"
[[floorplan.dies]]
name = "core"
node = "N5"
width = "10 mm"
height = "12 mm"
x = "2 mm"
y = "6 mm"
[[floorplan.dies]]
name = "io"
node = "N7"
width = "10 mm"
height = "4 mm"
x = "2 mm"
y = "1 mm"
[[floorplan.blocks]]
die = "core"
name = "array"
kind = "tensor"
rect = ["1 mm", "1 mm", "5 mm", "11 mm"]
macs = 65536
[[floorplan.blocks]]
die = "core"
name = "phy"
kind = "hbm_phy"
stack = "hbm0"
rect = ["8 mm", "2 mm", "9.9 mm", "10 mm"]
[[floorplan.blocks]]
die = "io"
name = "links"
kind = "serdes"
rect = ["1 mm", "1 mm", "9 mm", "3 mm"]
lanes = 16
[[floorplan.stacks]]
name = "hbm0"
hbm = "HBM3E"
x = "12.2 mm"
y = "6.5 mm"
phy_edge = "west"
[package]
stackup = "lidded-2.5d"
[power]
operation = "jalapeno"
[workload]
class = "chat"
model = "gpt-oss-20b"
[thermal]
preset = "quick"
[targets]
preset = "accelerator-700w"
"""


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(folder, text, name="x.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def lines_of(done):
    assert done.exit_code == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return [line.removeprefix("error: ") for line in done.stderr.splitlines()]


def refused(tmp_path, text, name="x.toml"):
    """Sign a design off that cannot be, and return what is said."""
    path = write(tmp_path, text, name)
    before = sorted(tmp_path.rglob("*"))
    said = lines_of(run("signoff", path, "--out", tmp_path / "out"))
    assert sorted(tmp_path.rglob("*")) == before
    compiling = "compiling loops for this machine"  # said by the first run on a machine alone
    return [line.replace(str(path), name) for line in said if not line.startswith(compiling)]


def test_a_missing_file(tmp_path):
    write(tmp_path, "", "mine.toml")
    said = lines_of(run("signoff", tmp_path / "mien.toml", "--out", tmp_path / "out"))
    missing = tmp_path / "mien.toml"
    assert said == [f"{missing}: there is no file {missing}; did you mean 'mine.toml'?"]


def test_an_unknown_material(tmp_path):
    text = 'extends = "jalapeno"\n[package.tim1]\nmaterial = "indiun"\n'
    assert refused(tmp_path, text) == [
        "x.toml: package.tim1.material: unknown material 'indiun'; did you mean 'indium'?"
    ]


def test_a_unit_left_out(tmp_path):
    text = 'extends = "jalapeno"\n[package.tim1]\nthickness = 20\n'
    assert refused(tmp_path, text) == [
        (
            "x.toml: package.tim1.thickness: 20 has no unit; allowed: a quantity in um; "
            'did you leave out the unit? e.g. "20 um"'
        )
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("-20 um", "-20 um; allowed: at least 0 um"),
        ("1e-9 um", "1e-09 um; allowed: 0 um, or 0.001 um to 100000 um; is the unit right?"),
        ("20 km", "2e+10 um; allowed: 0 um, or 0.001 um to 100000 um; is the unit right?"),
    ],
)
def test_a_thickness_that_cannot_be(tmp_path, given, said):
    text = f'extends = "jalapeno"\n[package.tim1]\nthickness = "{given}"\n'
    assert refused(tmp_path, text) == [f"x.toml: package.tim1.thickness: {said}"]


def test_overlapping_blocks_of_a_floorplan_in_full(tmp_path):
    text = EXPLICIT.replace('["8 mm", "2 mm"', '["4 mm", "2 mm"')
    assert refused(tmp_path, text) == [
        (
            "x: layer active: core/array: overlaps 'core/phy' on 8 mm2; allowed: no overlap; "
            "move one of the two"
        )
    ]


def test_overlapping_blocks_of_a_recipe(tmp_path):
    text = """
extends = "jalapeno"
[[floorplan.extra_blocks]]
die = "compute"
name = "sensor"
kind = "management"
rect = ["9 mm", "15 mm", "10 mm", "16 mm"]
"""
    said = refused(tmp_path, text)
    assert said
    assert all("compute/sensor" in line and "overlaps" in line for line in said)
    done = run("check", tmp_path / "x.toml", "--json")
    assert done.exit_code == 1
    violations = json.loads(done.stdout)["violations"]
    assert {violation["rule"] for violation in violations} == {"block-overlap"}
    assert all("compute/sensor" in violation["where"] for violation in violations)


def test_an_extra_block_over_filler_is_taken(tmp_path):
    text = """
extends = "jalapeno"
[[floorplan.extra_blocks]]
die = "compute"
name = "sensor"
kind = "management"
rect = ["13 mm", "12.8 mm", "13.1 mm", "12.9 mm"]
"""
    path = write(tmp_path, text)
    assert run("check", path).exit_code == 0
    assert "compute/sensor" in run("layout", path, "--no-png", "--out", tmp_path / "o").stdout or (
        "compute/sensor" in (tmp_path / "o" / "blocks.csv").read_text()
    )
    assert not (tmp_path / "o" / "floorplan.png").exists()


def test_faults_of_extra_blocks_name_their_place(tmp_path):
    text = """
extends = "jalapeno"
[[floorplan.extra_blocks]]
die = "computer"
name = "sensor"
kind = "management"
rect = [1, 2, 3, 4]
"""
    said = refused(tmp_path, text)
    assert said[0].startswith(
        "x.toml: floorplan.extra_blocks[0] (sensor).die: unknown 'computer'; "
        "allowed: one of compute; did you mean 'compute'?"
    )
    assert any("extra_blocks[0] (sensor).rect" in line and "no unit" in line for line in said)


def test_a_stack_outside_the_interposer(tmp_path):
    text = 'extends = "jalapeno"\n[floorplan.move.hbm_w0]\nx = "-5 mm"\ny = "0 mm"\n'
    said = refused(tmp_path, text)
    assert (
        "x: hbm_w0: reaches 5000 um beyond the west edge of the interposer; "
        "allowed: inside 48700 x 55000 um; move 'hbm_w0', or widen the interposer"
    ) in said
    assert all("hbm_w0" in line for line in said)


def test_a_design_that_extends_itself(tmp_path):
    said = refused(tmp_path, 'extends = "x.toml"\n')
    assert said == [
        (
            "x.toml: extends: the design extends itself: x.toml -> x.toml; "
            "remove one of the `extends` lines"
        )
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, ["t.csv: is empty; allowed: a header and at least one request"]),
        (
            "",
            [
                (
                    "t.csv: holds no request; allowed: one request a line; "
                    "write at least one request below the header"
                )
            ],
        ),
        (
            "1,10,5\n0.5,10,5\n",
            [
                (
                    "t.csv: line 3: arrival_s is 0.5, before the one above it; "
                    "allowed: arrivals that do not decrease; "
                    "sort the rows by arrival after checking the log"
                )
            ],
        ),
        (
            "0,ten,5\n1,10,\n2,10,0\n1e300,1,1\n",
            [
                "t.csv: line 2: prompt_tokens is 'ten'; allowed: a number",
                "t.csv: line 3: output_tokens is missing; allowed: a number",
                "t.csv: line 4: output_tokens is 0; allowed: a whole number from 1 to 100,000,000",
                "t.csv: line 5: arrival_s is 1e+300; allowed: from 0 s to 1e+10 s",
            ],
        ),
    ],
)
def test_bad_traces(tmp_path, rows, said):
    trace = write(tmp_path, "" if rows is None else HEAD + rows, "t.csv")
    done = run("signoff", "jalapeno", "--trace", trace, "--out", tmp_path / "out")
    assert [line.replace(str(trace), "t.csv") for line in lines_of(done)] == said
    assert list(tmp_path.iterdir()) == [trace]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trace", "/none/t.csv"], "--trace: there is no file /none/t.csv; allowed: a trace"),
        (
            ["--trace", "chat"],
            "--trace: there is no file chat; allowed: a trace file; for the class of that name",
        ),
        (["--trace", "/"], "--trace: / is a folder; allowed: a trace file"),
        (["--model", "gpt-oss-121b"], "--model: unknown language model 'gpt-oss-121b'; did you"),
        (["--grid", "2"], "--grid: 2; allowed: at least 4"),
        (["--set", "package.tim1=3"], "--set: package.tim1: 3 is not a table; allowed: a table;"),
        (["--set", "targets.hbm=-300 degC"], "--set: targets.hbm: '-300 degC' is below absolute"),
        (["--set", "power.chips=1e9"], "--set: power.chips: 1e+09; allowed: at most 65536"),
    ],
)
def test_options_are_named_as_they_were_given(arguments, said):
    assert lines_of(run("thermal", "jalapeno", *arguments))[0].startswith(said)


def test_a_case_file_takes_no_workload(tmp_path):
    path = write(tmp_path, "{}", "case.json")
    assert lines_of(run("thermal", path, "--trace", "t.csv", "--model", "x")) == [
        (
            f"--trace: {path} is a case file, which has powers of its own; "
            "leave --trace out, or give a design"
        ),
        (
            f"--model: {path} is a case file, which has powers of its own; "
            "leave --model out, or give a design"
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "where", "what"),
    [
        (["check", "--json"], "check", "Missing argument"),
        (["nothing", "--json"], "", "No such command 'nothing'"),
        (["check", "jalapeno", "--colour", "--json"], "check", "No such option"),
        (["thermal", "jalapeno", "--grid", "x", "--json"], "thermal", "'--grid'"),
    ],
)
def test_usage_errors_are_json_too(arguments, where, what):
    done = run(*arguments)
    assert done.exit_code == 2
    (fault,) = json.loads(done.stdout)["error"]["faults"]
    assert fault["where"].endswith(where)
    assert what in fault["what"]
    assert fault["cure"].endswith("--help")
    assert what in done.stderr


def test_sections_that_are_none_are_reported_once(tmp_path):
    text = 'extends = "jalapeno"\npackage = 3\nworkload = []\n[materials]\nx = 1\n'
    assert refused(tmp_path, text) == [
        "x.toml: materials.x: 1 is not a table; allowed: a table of quantities",
        "x.toml: package: 3 is not a section; allowed: [package]",
        "x.toml: workload: [] is not a section; allowed: [workload]",
    ]


def test_an_empty_design_is_told_what_to_begin_with(tmp_path):
    said = refused(tmp_path, "")
    assert said[0] == (
        "x.toml: floorplan.recipe: is missing; allowed: the recipe to start from; "
        "known: b200, h100-sxm, jalapeno, jalapeno-hc26, tpu-v4; "
        'or begin the file with extends = "jalapeno"'
    )
    assert len(said) == 7


def test_names_of_files_are_no_obstacle(tmp_path):
    folder = tmp_path / "ünïcödé folder"
    folder.mkdir()
    path = folder / "1 dé sign.toml"
    path.write_bytes(b'\xef\xbb\xbfextends = "jalapeno"\r\n[package]\r\ntim1.thickness="9 um"\r\n')
    done = run("check", path, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["design"] == "1_d_sign"
    said = lines_of(run("check", path, "--set", "name=ü"))
    assert said[0].startswith("--set: name: 'ü'; allowed: letters, digits")


def test_a_missing_model_is_missing_once(tmp_path):
    text = EXPLICIT.replace('model = "gpt-oss-20b"\n', "")
    assert refused(tmp_path, text)[0].startswith(
        "x.toml: workload.model: is missing; allowed: the language model to serve; known: "
    )


def test_a_model_that_does_not_fit_names_the_entry_to_change(tmp_path):
    done = run("signoff", "jalapeno", "--model", "deepseek-r1", "--out", tmp_path / "out")
    (said,) = lines_of(done)
    assert "chips would hold it: set power.chips = " in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--bin", "0 ms"], "--bin: 0 s; allowed: above 0 s"),
        (["--bin", "1e-9 us"], "--bin: 1e-15 s makes "),
        (["--window", "50 s, 1 s"], "trace t: --window: no request arrives from 50 s to 51 s"),
        (["--window", "5"], "--window: '5'; allowed: start and duration, e.g. \"600 s, 60 s\""),
        (["--replicas", "9"], "trace t: --replicas: 9; allowed: from 1 to 2, a request each"),
        (["--rate", "3 1/s", "--window", "0 s, 0.5 s"], "trace t: --rate: all requests arrive at"),
        (["--set", 'workload.window="50 s, 1 s"'], "trace t: window: no request arrives"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--stream"]])
def test_errors_name_the_options_that_were_given(tmp_path, options, told, more):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "0,10,2\n1,10,2\n")
    done = CliRunner().invoke(app, ["power", "jalapeno", "--trace", str(path), *options, *more])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {told}")


@pytest.mark.parametrize("command", ["layout", "power"])
def test_a_floorplan_in_full_is_no_design(tmp_path, command):
    path = write(tmp_path, "dies = []\n[interposer]\n", "plan.toml")
    (said,) = lines_of(run(command, path))
    assert said == (
        f"{path}: is a floorplan in full, no design; allowed: a design file; "
        f"make one of it: scoville import {path}"
    )


def test_a_packed_layout_or_design(tmp_path):
    path = tmp_path / "a.gds.gz"
    path.write_bytes(b"\x1f\x8b")
    (said,) = lines_of(run("check", path))
    assert said.startswith(f"{path}: cannot be read: ")
    path = write(tmp_path, "", "mine.toml.gz")
    (said,) = lines_of(run("check", path))
    assert said.startswith(f"{path}: is packed; allowed: a design, ")
    assert said.endswith(f"; unpack it: gunzip {path}")


@pytest.mark.parametrize("command", [["check"], ["diff", "jalapeno"]])
def test_what_has_to_be_imported_first(tmp_path, command):
    path = write(tmp_path, "DESIGN chip ;\n", "chip.def")
    (said,) = lines_of(run(*command, path))
    assert said == (
        f"{path}: is DEF, with its LEF; allowed: a design, a floorplan in full (TOML), GDSII or "
        f"OASIS; make a design of it: scoville import {path}"
    )


def test_the_help_of_import_names_the_section(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert "The same entries as in [floorplan] of a design." in run("import", "--help").stdout


def test_a_time_stamp_that_is_none(tmp_path, monkeypatch):
    """Libraries read it too, as they load; one that is empty is not set."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "abc")
    (said,) = lines_of(run("check", "jalapeno"))
    assert said == (
        "SOURCE_DATE_EPOCH: 'abc'; allowed: whole seconds since 1970-01-01, e.g. 1700000000; "
        "correct or unset it"
    )
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert run("check", "jalapeno").exit_code == 0
    assert "SOURCE_DATE_EPOCH" not in os.environ
