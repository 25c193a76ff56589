"""``scoville diff``: exit codes, table, JSON and folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import floorplan
from scoville.cli import app

SMALL = Path(__file__).parents[1] / "floorplan" / "small.toml"


@pytest.fixture
def moved(tmp_path):
    """The small floorplan with its stack 5 nm farther away."""
    text = SMALL.read_text().replace('x = "7.2 mm"', 'x = "7.200005 mm"')
    (tmp_path / "moved.toml").write_text(text)
    return tmp_path / "moved.toml"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_exit_codes_and_tolerance(moved):
    done = run("diff", SMALL, SMALL)
    assert done.exit_code == 0
    assert "are the same" in done.stdout
    done = run("diff", SMALL, moved, "--json")
    content = json.loads(done.stdout)
    assert (done.exit_code, content["same"]) == (1, False)
    first = content["differences"][0]
    assert (first["change"], first["what"], first["name"]) == ("moved", "stack", "hbm0")
    assert first["amount"] == pytest.approx(0.005)
    assert run("diff", SMALL, moved, "--tolerance", "5 nm").exit_code == 0


def test_a_floorplan_against_its_own_file(tmp_path):
    file = floorplan.write_oasis(floorplan.read_floorplan(SMALL), tmp_path / "small.oas")
    assert run("diff", SMALL, file).exit_code == 0
    out = tmp_path / "out"
    assert run("diff", file, SMALL, "--out", out).exit_code == 0
    assert json.loads((out / "diff.json").read_text())["differences"] == []
    assert json.loads((out / "run.json").read_text())["input_hash"]


def test_bad_input_is_told(tmp_path):
    for arguments, words in (
        ((SMALL, SMALL, "--tolerance", "5"), "--tolerance: '5' has no unit"),
        ((SMALL, SMALL, "--tolerance", "-5 nm"), "at least 0 um"),
        ((SMALL, SMALL, "--layers", "x.toml"), "neither of the two is a layout file"),
        ((SMALL, tmp_path / "no.gds"), "there is no such file"),
    ):
        done = run("diff", *arguments)
        assert done.exit_code == 2
        assert words in done.stderr
