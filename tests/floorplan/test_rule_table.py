"""docs/checks.md: its table is that of the rule file, and its examples are read."""

import re
import tomllib
from pathlib import Path

import pytest

import floorplan
from floorplan.rule_table import rule_table, with_table

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"
TEXT = PAGE.read_text("utf-8") if PAGE.is_file() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the docs are not part of an installation")


def test_the_table_is_that_of_the_rule_file():
    assert with_table(TEXT, floorplan.rule_deck()) == TEXT, (
        "run `python -m floorplan.rule_table docs/checks.md`"
    )
    assert rule_table(floorplan.rule_deck()).count("\n") == len(floorplan.rule_deck()) + 1


def test_the_examples_of_the_page_are_read(tmp_path):
    rules, layers = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    deck = floorplan.rule_deck().changed(tomllib.loads(rules), where="docs/checks.md")
    assert deck["die-gap"].limit == 150.0
    assert not deck.on("seal-ring-missing")
    (tmp_path / "layers.toml").write_text(layers)
    assert floorplan.read_layer_map(tmp_path / "layers.toml").name_of(41, 0) == "bump.core"
