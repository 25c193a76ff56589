"""What the README shows works: its commands, designs, studies and Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scoville import load_design, read_study
from scoville.cli import app

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.is_file() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the README is not part of an installation")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_table_of_commands_is_complete():
    shown = set(re.findall(r"^\| `scoville (\w+)", TEXT, re.MULTILINE))
    help_text = CliRunner().invoke(app, ["--help"]).stdout
    there = set(re.findall(r"^│ (\w+) {2,}", help_text, re.MULTILINE))
    assert shown == there


def test_the_design_and_the_study_are_read(tmp_path):
    design, study = blocks("toml")
    (tmp_path / "mine.toml").write_text(design, encoding="utf-8")
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    loaded = load_design(tmp_path / "mine.toml")
    assert loaded.package.top.film_w_m2k > load_design("jalapeno").package.top.film_w_m2k
    assert loaded.limits.junction_c == 95.0
    assert len(list(read_study(tmp_path / "study.toml").cases())) == 6


def test_the_python_runs(capsys, monkeypatch, found):
    (code,) = blocks("python")
    monkeypatch.setattr("scoville.signoff.run_signoff", lambda _design: found)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith(f"{found.passed} [('package_power', ")
    assert "Name: max_c" in printed


def test_what_is_linked_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)", TEXT)
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
