"""``scoville check``: designs, floorplans in full and layout files; its files and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import floorplan
from scoville.cli import app

SMALL = (Path(__file__).parents[1] / "floorplan" / "small.toml").read_text("utf-8")


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def content_of(*arguments):
    done = run(*arguments, "--json")
    return done.exit_code, json.loads(done.stdout)


def test_a_floorplan_in_full_is_checked(small):
    code, content = content_of("check", small)
    assert (code, content["passed"], content["errors"]) == (0, True, 0)
    assert content["design"] == "small"
    edge = content["rules"]["interposer-edge"]
    assert (edge["limit"], edge["unit"], edge["severity"]) == (200.0, "um", "error")
    assert content["rules"]["core-bump-pitch"]["source"] == "open-placement"


def test_rules_come_from_a_file_and_from_set(small, tmp_path):
    rules = tmp_path / "my.toml"
    rules.write_text('die-gap = "250 um"\nblock-density = "off"\n')
    code, content = content_of("check", small, "--rules", rules)
    assert (code, content["passed"]) == (1, False)
    assert [v["rule"] for v in content["violations"]] == ["die-gap"]
    assert content["rules"]["die-gap"]["source"] == "user"
    assert "block-density" not in content["rules"]
    code, content = content_of(
        "check", small, "--rules", rules, "--set", "rules.die-gap.severity=warning"
    )
    assert (code, content["errors"], content["warnings"]) == (0, 0, 1)
    code, _ = content_of("check", small, "--rules", rules, "--set", "rules.die-gap=100 um")
    assert code == 0


def test_rules_of_a_design_count_after_a_rule_file(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'extends = "jalapeno"\n[rules]\ngrid = "7 nm"\nreticle = ["26 mm", "30 mm"]\n'
    )
    (tmp_path / "my.toml").write_text('grid = "5 nm"\n')
    code, content = content_of("check", tmp_path / "mine.toml", "--rules", tmp_path / "my.toml")
    assert code == 1
    assert {v["rule"] for v in content["violations"]} == {"reticle"}


def test_the_folder_holds_findings_markers_and_picture(small, tmp_path):
    import klayout.db  # noqa: F401 - the boxes of markers are its own
    import klayout.rdb as rdb

    out = tmp_path / "out"
    done = run("check", small, "--set", "rules.die-gap=250 um", "--out", out, "--png")
    assert done.exit_code == 1
    assert "chip and hbm0 are 200 um apart; the smallest gap is 250 um" in done.stdout
    names = {file.name for file in out.iterdir()}
    assert names == {"check.json", "small.lyrdb", "check.png", "run.json"}
    database = rdb.ReportDatabase("")
    database.load(str(out / "small.lyrdb"))
    assert (database.top_cell_name, database.num_items()) == ("PKG", 1)
    record = json.loads((out / "run.json").read_text())
    assert record["input_hash"]
    assert {source["key"] for source in record["sources"]} >= {"user", "scoville"}
    again = tmp_path / "again"
    run("check", small, "--set", "rules.die-gap=250 um", "--out", again, "--png")
    for name in names - {"run.json"}:
        assert (out / name).read_bytes() == (again / name).read_bytes()


def test_a_layout_file_is_checked(small, tmp_path):
    plan = floorplan.read_floorplan(small)
    file = floorplan.write_oasis(plan, tmp_path / "small.oas")
    code, content = content_of("check", file)
    assert (code, content["design"], content["errors"]) == (0, "PKG", 0)
    code, content = content_of("check", file, "--interposer", "CoWoS-L", "--set", "rules.grid=7 nm")
    assert code == 1
    broken = {v["rule"] for v in content["violations"]}
    assert broken == {"grid", "tsv-pitch"}  # vias of CoWoS-S are finer than those of CoWoS-L
    layers = tmp_path / "layers.toml"
    layers.write_text("die.outline = [10, 0]\nblock.tensor = [100, 0]\n")
    code, content = content_of("check", file, "--layers", layers)
    assert code == 1
    assert {v["rule"] for v in content["violations"]} >= {"layer-unknown", "seal-ring-missing"}
    unknown = ("--set", "rules.layer-unknown=off")
    code, content = content_of("check", file, "--layers", layers, *unknown)
    assert code == 0


def test_what_does_not_go_together_is_refused(small, tmp_path):
    file = floorplan.write_gds(floorplan.read_floorplan(small), tmp_path / "small.gds")
    for arguments, words in (
        ((small, "--interposer", "CoWoS-L"), "--interposer: "),
        ((small, "--layers", file), "leave --layers out"),
        ((file, "--interposer", "CoWoS-X"), "unknown interposer 'CoWoS-X'; did you"),
        ((file, "--set", "package.tim1.thickness=20 um"), "is no design; of it only rules"),
        ((file, "--set", "rules.die-gpa=1 um"), "unknown rule 'die-gpa'; did you mean 'die-gap'?"),
        ((small, "--rules", tmp_path / "no.toml"), "no.toml: cannot be read"),
        (("jalapeno", "--set", "rules.die-gap=20"), "--set: rules.die-gap: 20 has no unit"),
        ((tmp_path / "no.gds",), "there is no such file"),
        (("jalapenjo",), "did you mean 'jalapeno'"),
    ):
        done = run("check", *arguments)
        assert done.exit_code == 2, arguments
        assert words in done.stderr, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


def test_the_rules_are_listed():
    done = run("list", "rules")
    assert done.exit_code == 0
    assert "bump-map" in done.stdout


@pytest.mark.parametrize("order", [1, -1])
def test_value_and_severity_of_a_rule_are_set_one_by_one(small, order):
    """The same whichever comes first, on the command line and in a design."""
    given = ["rules.die-gap=1 mm", "rules.die-gap.severity=warning"][::order]
    sets = [word for entry in given for word in ("--set", entry)]
    for target in (small, "jalapeno"):
        code, content = content_of("check", target, *sets)
        found = [v for v in content["violations"] if v["rule"] == "die-gap"]
        assert code == 0
        assert {(v["severity"], v["limit"]) for v in found} == {("warning", 1_000.0)}
