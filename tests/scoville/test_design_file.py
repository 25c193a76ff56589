"""Reading design files: merging, where a key came from, and the wording of every fault."""

from __future__ import annotations

import pytest

from scoville.design_file import builtin_designs, read_design
from techlib import Fault, InputError


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def message_of(name, overrides=()):
    with pytest.raises(InputError) as caught:
        read_design(name, overrides)
    return str(caught.value)


def test_a_file_is_merged_over_what_it_extends(tmp_path):
    write(tmp_path, "base.toml", '[package.tim1]\nthickness = "50 um"\nmaterial = "indium"\n')
    path = write(
        tmp_path, "top.toml", 'extends = "base.toml"\n[package.tim1]\nthickness = "20 um"\n'
    )
    file = read_design(path)
    assert file.tables == {"package": {"tim1": {"thickness": "20 um", "material": "indium"}}}
    assert file.where("package.tim1.thickness") == f"{path}: package.tim1.thickness"
    assert file.where("package.tim1.material") == f"{tmp_path / 'base.toml'}: package.tim1.material"


def test_an_override_comes_last_and_is_read_as_toml_or_else_as_a_string(tmp_path):
    path = write(tmp_path, "a.toml", "[floorplan]\nstacks_west = 3\n")
    given = ["floorplan.stacks_west=2", "power.frequency=1.5 GHz", "floorplan.list=[1, 2]"]
    tables = read_design(path, given).tables
    assert tables["floorplan"] == {"stacks_west": 2, "list": [1, 2]}
    assert tables["power"]["frequency"] == "1.5 GHz"


def test_a_sourced_value_is_replaced_as_a_whole(tmp_path):
    write(
        tmp_path, "base.toml", '[targets]\npeak = { value = "9 W", low = "8 W", high = "10 W" }\n'
    )
    path = write(
        tmp_path, "top.toml", 'extends = "base.toml"\n[targets]\npeak = { value = "2 W" }\n'
    )
    assert read_design(path).tables["targets"]["peak"] == {"value": "2 W"}


def test_name_and_title_are_not_inherited(tmp_path):
    write(tmp_path, "base.toml", 'name = "base"\ntitle = "Base"\n')
    path = write(tmp_path, "top.toml", 'extends = "base.toml"\n')
    file = read_design(path)
    assert file.tables == {}
    assert file.stem == "top"


def test_a_built_in_design_can_be_extended_from_anywhere(tmp_path):
    path = write(tmp_path, "mine.toml", 'extends = "jalapeno-hc26"\n')
    assert read_design(path).chain == (str(path), "jalapeno-hc26.toml", "jalapeno.toml")


def test_faults_name_the_file_that_gave_the_key(tmp_path):
    base = write(tmp_path, "base.toml", '[package]\nambient = "x"\n')
    file = read_design(write(tmp_path, "top.toml", 'extends = "base.toml"\n'))
    moved = file.relabel(Fault(f"{file.label}: package.ambient", "bad"))
    assert moved.where == f"{base}: package.ambient"
    assert file.relabel(Fault("elsewhere", "bad")).where == "elsewhere"


def test_missing_file_names_its_neighbours(tmp_path):
    write(tmp_path, "design.toml", "")
    missing = tmp_path / "desing.toml"
    assert message_of(missing) == (
        f"{missing}: there is no file {missing}; did you mean 'design.toml'?"
    )


def test_unknown_built_in_name():
    assert message_of("jalapenio") == (
        "design 'jalapenio': no built-in design is named 'jalapenio'; "
        "did you mean 'jalapeno'? or give the path of a .toml file"
    )


def test_a_design_that_extends_itself(tmp_path):
    path = write(tmp_path, "a.toml", 'extends = "a.toml"\n')
    assert message_of(path) == (
        f"{path}: extends: the design extends itself: {path} -> {path}; "
        "remove one of the `extends` lines"
    )


def test_a_longer_cycle_prints_the_chain(tmp_path):
    first = write(tmp_path, "a.toml", 'extends = "b.toml"\n')
    second = write(tmp_path, "b.toml", 'extends = "c.toml"\n')
    third = write(tmp_path, "c.toml", 'extends = "a.toml"\n')
    assert message_of(first) == (
        f"{third}: extends: the design extends itself: {first} -> {second} -> {third} -> {first}; "
        "remove one of the `extends` lines"
    )


def test_a_missing_base_is_reported_where_it_is_named(tmp_path):
    path = write(tmp_path, "a.toml", 'extends = "nowhere.toml"\n')
    assert message_of(path).startswith(f"{path}: extends: there is no file {tmp_path}/nowhere.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = \n", "is not TOML: Invalid value (at line 1, column 5)"),
        ("extends = 3\n", "extends: 3 is not a name"),
    ],
)
def test_malformed_files(tmp_path, text, expected):
    path = write(tmp_path, "a.toml", text)
    assert expected in message_of(path)


def test_binary_files_and_folders(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert message_of(path) == f"{path}: is not UTF-8 text (byte 0); allowed: a TOML file"
    assert f"{tmp_path} is a folder" in message_of(tmp_path)


@pytest.mark.parametrize("text", ["novalue", "=3", "a b=3"])
def test_malformed_overrides(text):
    assert message_of("jalapeno", [text]).startswith(f"--set {text}: ")


def test_every_built_in_design_reads():
    for name in builtin_designs():
        assert read_design(name).tables["name"] == name
