"""The glossary lists every quantity of the technology records, with its unit."""

import dataclasses
from pathlib import Path

import pytest

import floorplan
import techlib
from techlib import Record

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
KINDS: list[type[Record]] = [
    techlib.Accelerator,
    techlib.Board,
    techlib.Coolant,
    techlib.EnergyTable,
    techlib.HbmGeneration,
    techlib.InterposerTechnology,
    techlib.LanguageModel,
    techlib.Material,
    techlib.ProcessNode,
    floorplan.DetailRules,
    floorplan.DieLinkMap,
    floorplan.HbmMap,
    floorplan.Metal,
]


def rows(kind: type[Record]) -> dict[str, str]:
    """Return unit by name of the glossary's table for a kind of record."""
    room = kind.__module__.partition(".")[0]
    section = GLOSSARY.read_text("utf-8").split(f"(`{room}.{kind.__name__}`)")[1].split("###")[0]
    cells = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return {row[1].strip(" `"): row[2].strip() for row in cells}


@pytest.mark.parametrize("kind", KINDS)
def test_every_quantity_is_listed_with_its_unit(kind: type[Record]) -> None:
    declared = {
        field.name: field.metadata["unit"] or "-"
        for field in dataclasses.fields(kind)
        if "key" in field.metadata
    }
    assert rows(kind) == declared
