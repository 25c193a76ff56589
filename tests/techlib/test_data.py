"""Every number that ships says its unit, where it comes from, and how far to trust it."""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import techlib
from techlib import Library, Record

ROOMS = ["techlib", "floorplan", "package", "power", "thermal", "scoville"]
DATA = Path(techlib.__file__).parent / "data"
LIBRARIES: dict[str, Callable[[], Library[Any]]] = {
    "materials.toml": techlib.materials,
    "hbm.toml": techlib.hbm_generations,
    "nodes.toml": techlib.process_nodes,
    "energy.toml": techlib.energy_tables,
    "interposers.toml": techlib.interposers,
    "coolants.toml": techlib.coolants,
    "llms.toml": techlib.language_models,
    "accelerators.toml": techlib.accelerators,
    "boards.toml": techlib.boards,
    "constants.toml": techlib.constants,
}
SUFFIXES = {
    "": "",
    "um": "_um",
    "um^2": "_um2",
    "mm^2": "_mm2",
    "V": "_v",
    "ohm": "_ohm",
    "W": "_w",
    "Hz": "_hz",
    "K": "_k",
    "1/K": "_per_k",
    "degC": "_c",
    "pJ": "_pj",
    "J": "_j",
    "s": "_s",
    "pJ/flop": "_pj_flop",
    "pJ/bit": "_pj_bit",
    "pJ/(bit mm)": "_pj_bit_mm",
    "byte": "_byte",
    "byte/s": "_byte_s",
    "flop/s": "_flop_s",
    "W/mm^2": "_w_mm2",
    "W/(mm^2 GHz)": "_w_mm2_ghz",
    "W/(m K)": "_w_mk",
    "W/(m^2 K)": "_w_m2k",
    "J/(m^3 K)": "_j_m3k",
}
ABOUT = {"title", "source", "trust", "valid", "at", "note"}


def tables(file: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((DATA / file).read_text("utf-8"))


def faults_of(table: dict[str, Any], sources: set[str]) -> Iterator[str]:
    """Hold a record against the rules without the code that reads it for users."""
    for key, entry in table.items():
        if key in ABOUT:
            continue
        value = {**{k: table.get(k) for k in ABOUT - {"title", "note"}}}
        value |= entry if isinstance(entry, dict) else {"value": entry}
        if value.get("source") not in sources:
            yield f"{key}: source"
        if value.get("trust") not in {"P", "C", "S", "W"}:
            yield f"{key}: trust"
        if not value.get("valid"):
            yield f"{key}: valid"
        if value.get("trust") in {"S", "W"} and not {"low", "high"} <= value.keys():
            yield f"{key}: band"
        if value.get("source") == "scoville" and not (
            isinstance(entry, dict) and entry.get("note")
        ):
            yield f"{key}: an estimate of our own says how it was made"


def test_every_data_file_is_a_library() -> None:
    assert {path.name for path in DATA.glob("*.toml")} == {*LIBRARIES, "sources.toml"}


@pytest.mark.parametrize("file", LIBRARIES)
def test_every_value_has_source_trust_validity_and_band(file: str) -> None:
    sources = set(tables("sources.toml"))
    found = {
        name: faults
        for name, table in tables(file).items()
        if (faults := list(faults_of(table, sources)))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"source": "hearsay"}, "film: source"),
        ({"trust": "U"}, "film: trust"),
        ({"valid": ""}, "film: valid"),
        ({"trust": "W"}, "film: band"),
        ({"source": "scoville"}, "film: an estimate of our own says how it was made"),
    ],
)
def test_the_rules_above_find_a_broken_value(change: dict[str, str], fault: str) -> None:
    whole = {"value": "1 W/(m^2 K)", "source": "crc", "trust": "P", "valid": "here"}
    assert list(faults_of({"title": "x", "film": whole}, {"crc", "scoville"})) == []
    assert list(faults_of({"film": {**whole, **change}}, {"crc", "scoville"})) == [fault]


@pytest.mark.parametrize("file", LIBRARIES)
def test_every_library_loads_and_each_record_has_a_title(file: str) -> None:
    library = LIBRARIES[file]()
    assert list(library) == list(tables(file))
    assert all(record.title and record.title != record.name for record in library.values())


@pytest.mark.parametrize("file", LIBRARIES)
def test_every_quantity_keeps_its_provenance(file: str) -> None:
    for name, record in LIBRARIES[file]().items():
        given = [key for key in tables(file)[name] if key not in ABOUT]
        assert len(record.provenance) == len(given), name
        for field, entry in record.provenance.items():
            low, high = record.band(field)
            value = getattr(record, field)
            numbers = value if isinstance(value, tuple) else (value,)
            assert low <= min(numbers) <= max(numbers) <= high, (name, field)
            assert entry.estimate or entry.trust in "PC", (name, field)


@pytest.mark.parametrize("file", LIBRARIES)
def test_a_field_carries_its_unit_in_its_name(file: str) -> None:
    """``width_um`` is the key ``width`` in ``um``; a pure number has the key's own name."""
    record: Record = next(iter(LIBRARIES[file]().values()))
    shorter = {
        "clock_power": "clock_w_mm2_ghz",
        "serdes_idle": "serdes_idle_w_lane",
        "sram_bit_area": "sram_bit_um2",
    }
    for field in dataclasses.fields(record):
        if "key" in field.metadata:
            key, ending = field.metadata["key"], SUFFIXES[field.metadata["unit"]]
            assert field.name == shorter.get(key, key + ending)


def test_every_source_says_what_it_is() -> None:
    for key, source in techlib.data_sources().items():
        assert source.title, key
        assert source.reference, key
        assert not source.url or source.url.startswith("https://"), key
        assert source.reference in str(source)


def test_no_source_is_unused_by_any_room() -> None:
    root = DATA.parent.parent
    files = [p for room in ROOMS for p in sorted((root / room / "data").glob("*.toml"))]
    text = "\n".join(p.read_text("utf-8") for p in files if p.name != "sources.toml")
    used = set(re.findall(r'\bsource\s*=\s*"([^"]+)"', text))
    named_in_code = {"user"}
    assert set(techlib.data_sources()) - named_in_code - used == set()
    assert used - set(techlib.data_sources()) == set()
