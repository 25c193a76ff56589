from __future__ import annotations

import tomllib
from typing import Any

import pytest

import package
from package import StackUp
from techlib import InputError, Trust, coolants, materials


def derive(changes: dict[str, Any]) -> StackUp:
    return package.stackups().derive("lidded-2.5d", changes, name="mine", where="x.toml: package")


@pytest.mark.parametrize("name", ["lidded-2.5d", "cold-plate-direct", "lidded-air"])
def test_shipped_stackups_name_known_materials_and_coolants(name: str) -> None:
    stackup = package.stackups()[name]
    named = {v for k, v in vars(stackup).items() if k.endswith("_material") and v}
    assert named <= set(materials())
    assert {stackup.top_coolant, stackup.bottom_coolant} <= set(coolants())


def test_nested_tables_of_a_design_file_are_read() -> None:
    design = tomllib.loads(
        """
        [package.tim1]
        thickness = "50 um"
        material = "polymer_tim"
        [package.top]
        film = "20000 W/(m^2 K)"
        temperature = "35 degC"
        """
    )
    stackup = derive(design["package"])
    assert stackup.tim1_thickness_um == 50.0
    assert stackup.tim1_material == "polymer_tim"
    assert stackup.top_film_w_m2k == 20000.0
    assert stackup.top_temperature_c == 35.0
    assert stackup.provenance["tim1_thickness_um"].trust is Trust.USER
    assert stackup.lid_thickness_um == package.stackups()["lidded-2.5d"].lid_thickness_um


def test_unit_left_out() -> None:
    with pytest.raises(InputError) as caught:
        derive({"tim1": {"thickness": 50}})
    assert str(caught.value) == (
        "x.toml: package.tim1.thickness: 50 has no unit; allowed: a quantity in um; "
        'did you leave out the unit? e.g. "20 um"'
    )


def test_negative_thickness() -> None:
    with pytest.raises(InputError) as caught:
        derive({"lid": {"thickness": "-2 mm"}})
    assert str(caught.value) == ("x.toml: package.lid.thickness: -2000 um; allowed: at least 0 um")


def test_every_fault_of_a_table_is_listed() -> None:
    with pytest.raises(InputError) as caught:
        derive({"lid": {"thicknes": "2 mm"}, "hbm": {"detail": "die"}, "ambient": "warm"})
    text = str(caught.value)
    assert len(caught.value.faults) == 3
    assert "package.lid.thicknes: unknown key; did you mean 'lid.thickness'" in text
    assert "package.hbm.detail: 'die'; allowed: one of dies, lumped; did you mean 'dies'?" in text
    assert "package.ambient: cannot read 'warm'" in text
