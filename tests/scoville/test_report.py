"""The report: one file that needs nothing beside it, with everything in it."""

from __future__ import annotations

import base64
import dataclasses
import html
import re
import shutil

import pytest

from power import PowerReport
from scoville.console import Session
from scoville.report import write_report


@pytest.fixture
def report(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(report):
    assert re.findall(r"<(?:link|script|iframe|object)\b", report) == []
    assert re.findall(r"@import|url\(", report) == []
    sources = re.findall(r'src="([^"]*)"', report)
    assert len(sources) == 7  # five of the whole package, the die, all stacks
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")


def test_verdict_targets_and_provenance_are_in_it(report, found):
    text = html.unescape(report)
    assert ">PASS<" in text
    assert all(target.title in text for target in found.targets)
    assert found.input_hash in text
    assert all(source.title in text for source in found.sources)
    assert "time to first token" in text
    assert "Energy balance" in text


def test_text_of_the_user_is_escaped(found, folder, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(folder, place)
    design = dataclasses.replace(found.design, title="<script>alert(1)</script>")
    tables = PowerReport(found.power.schedule, found.power.overview, found.block_mean_c)
    write_report(dataclasses.replace(found, design=design), tables, place)
    text = (place / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_session_is_silent_for_scripts(capsys):
    session = Session("x", json=True)
    session.say("hello")
    session.table("t", ("a",), [("1",)])
    session.emit({"a": 1})
    assert capsys.readouterr().out == '{\n  "a": 1\n}\n'
