"""What docs/layout.md shows works: its commands, its table of formats, its designs."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import floorplan
from scoville.cli import app
from scoville.design import load_design

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "layout.md"
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the documents are not part of an installation")


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def commands():
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    lines = [line for language, block in blocks if not language for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("scoville ")]


def test_the_table_of_formats_is_that_of_the_command():
    shown = re.findall(r"^\| `([\w-]+)` \| (.*?) \|$", TEXT, re.MULTILINE)
    formats = {name: f"{e.title}: {e.files}" for name, e in floorplan.FORMATS.items()}
    assert dict(shown) == formats


def test_the_import_of_the_page_goes_on_to_heat(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shown = {arguments[0]: arguments for arguments in commands()}
    assert set(shown) == {"layout", "import", "check", "thermal", "power"}
    done = run(*shown["import"])
    assert done.exit_code == 0, done.stderr
    assert run(*shown["check"]).exit_code == 0
    assert run(*shown["thermal"], "--grid", "16").exit_code == 0
    design = load_design(tmp_path / "my-chip" / "design.toml")
    assert design.machine.blocks.arrays.sum() == 4
    assert [stack.name for stack in design.floorplan.stacks] == ["hbm_w0", "hbm_e0"]


def test_the_design_of_the_page_has_entries_that_there_are(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    table = tomllib.loads(text)["floorplan"]
    (tmp_path / "chip.csv").write_text(
        "name,x0_um,y0_um,x1_um,y1_um\nu_mxu0,0,0,99,99\nl2_bank,99,0,200,99\nglue,0,99,200,150\n"
    )
    table |= {"import": "chip.csv"}
    found = floorplan.import_layout(table, name="x", where="page", folder=tmp_path)
    kinds = {block.name: str(block.kind) for block in found.floorplan.dies[0].blocks}
    assert kinds == {"u_mxu0": "tensor", "l2_bank": "sram", "glue": "vector"}
    assert found.floorplan.dies[0].blocks[0].macs == int(99 * 99 / 44)


def test_what_is_linked_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)", TEXT)
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
