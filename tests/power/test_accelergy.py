"""Energy and area reference tables of Accelergy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import power
import techlib
from techlib import Fault, InputError

OLD = """
ERT:
  version: 0.2
  tables:
    chip.sram:
      idle: {arguments: null, energy: 0}
      read:
      - {arguments: {address_delta: 0}, energy: 1}
      - {arguments: {address_delta: 1}, energy: 3}
ART:
  version: 0.3
  tables:
  - {name: "chip.sram[0..4]", area: 4}
"""


def test_what_is_written_is_read_again(toy: power.Machine, tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    power.write_accelergy(toy, path)
    found = power.read_accelergy(path)
    table = toy.energy
    assert found.energy_pj["tensor", "mac_fp4"] == table.mac_fp4_pj
    assert found.energy_pj["sram", "write"] == table.sram_write_pj_bit
    stack = techlib.hbm_generations()["HBM3E"]
    assert found.energy_pj["hbm", "read"] == stack.device_energy_pj_bit
    assert found.area_um2["tensor"] == pytest.approx(1e6)  # four of 1 mm2; the spare is left out
    assert found.area_um2["hbm"] == pytest.approx(121e6)
    again = techlib.energy_tables().derive("N3", found.entries(), name="again", where="test")
    for name in ("mac_fp4_pj", "vector_op_pj", "wire_pj_bit_mm", "serdes_pj_bit"):
        assert getattr(again, name) == getattr(table, name), name


def test_components_carry_their_count(toy: power.Machine, tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    power.write_accelergy(toy, path)
    names = [table["name"] for table in yaml.safe_load(path.read_text())["ERT"]["tables"]]
    assert "toy.compute.tensor[0..3]" in names
    assert "toy.hbm[0..1]" in names


def test_the_form_of_older_versions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(OLD)
    found = power.read_accelergy(path)
    assert found.energy_pj == {("sram", "idle"): 0.0, ("sram", "read"): 3.0}
    assert found.area_um2 == {"sram": 4.0}


def test_every_fault_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "ERT: {tables: [{name: a.tensor, actions: [{name: mac_fp4, energy: much}]}, 7]}\n"
        "ART: {tables: [{name: a.sram, area: -1}]}\n"
    )
    with pytest.raises(InputError) as caught:
        power.read_accelergy(path)
    assert [fault.where.split(": ")[1] for fault in caught.value.faults] == [
        "ERT.tensor.mac_fp4",
        "ERT.tables[1]",
        "ART.sram",
    ]


def test_unknown_components_and_actions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(
        "ERT: {tables: [{name: a.tensr, actions: [{name: read, energy: 1}]},"
        " {name: a.sram, actions: [{name: raed, energy: 1}]}]}\n"
    )
    with pytest.raises(InputError, match=r"(?s)did you mean 'tensor'.*did you mean 'read'"):
        power.read_accelergy(path).entries()


@pytest.mark.parametrize("text", ["", "just text", "{ERT: 3}", "ERT: [", "a: 1"])
def test_what_is_no_reference_table_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"bad\.yaml"):
        power.read_accelergy(path)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tables", "name", "actions", "energy", "area"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(ert=JUNK, art=JUNK)
def test_no_content_gives_anything_but_tables_or_an_input_error(
    ert: object, art: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.yaml"
    path.write_text(yaml.safe_dump({"ERT": ert, "ART": art}))
    numbers: tuple[float, ...] = ()
    faults: tuple[Fault, ...] = ()
    try:
        found = power.read_accelergy(path)
        numbers = (*found.energy_pj.values(), *found.area_um2.values())
    except InputError as error:
        faults = error.faults
    assert all(value >= 0.0 for value in numbers)
    assert all(str(path) in fault.where for fault in faults)
