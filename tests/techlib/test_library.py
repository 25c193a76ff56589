import pickle
from typing import Any

import pytest

import techlib
from techlib import InputError, Library, Material, Trust, UnknownNameError

SLAB = {"conductivity": "4 W/(m K)", "heat_capacity": "2e6 J/(m^3 K)"}


def test_an_unknown_name_comes_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownNameError) as caught:
        techlib.materials().find("silicn", where="x.toml: package.die.material")
    assert str(caught.value) == (
        "x.toml: package.die.material: unknown material 'silicn'; did you mean 'silicon'?"
    )


def test_a_library_is_a_mapping() -> None:
    nodes = techlib.process_nodes()
    assert "N3" in nodes
    assert "N33" not in nodes
    assert nodes.get("N33") is None
    assert len(nodes) == len(list(nodes)) == len({node.name for node in nodes.values()})
    assert repr(nodes) == f"Library('process node', {len(nodes)} records)"
    with pytest.raises(KeyError):
        nodes["N33"]


def test_a_record_survives_the_way_to_another_process() -> None:
    record = techlib.materials()["copper"]
    back = pickle.loads(pickle.dumps(record))
    assert back.conductivity_w_mk == record.conductivity_w_mk
    assert back.provenance == record.provenance


def test_libraries_are_read_once() -> None:
    assert techlib.materials() is techlib.materials()


def test_a_users_records_join_and_say_that_the_user_gave_them() -> None:
    known = techlib.materials()
    more = known.extended({"slab": SLAB, "copper": SLAB}, where="mine.toml: materials")
    assert more["slab"].conductivity_w_mk == (4.0, 4.0, 4.0)
    assert more["slab"].provenance["heat_capacity_j_m3k"].trust is Trust.USER
    assert [source.key for source in more["slab"].sources] == ["user"]
    assert more["copper"].conductivity_w_mk == (4.0, 4.0, 4.0)
    assert known["copper"].conductivity_w_mk == (401.0, 401.0, 401.0)
    assert "slab" not in known
    derived = more.derive("slab", {"conductivity": "5 W/(m K)"}, name="s2", where="mine.toml")
    assert derived.conductivity_w_mk == (5.0, 5.0, 5.0)
    ours = {"conductivity": "120 W/(m K)"}
    assert more.derive("silicon", ours, name="s3", where="mine.toml").heat_capacity_j_m3k == 1.63e6


def test_every_fault_of_every_record_of_a_user_is_listed() -> None:
    bad: dict[str, Any] = {
        "one": {"conductivity": 4, "heat_capacity": "2e6 J/(m^3 K)"},
        "two": {"conductivity": "4 W/(m K)"},
        "three": "copper",
    }
    with pytest.raises(InputError) as caught:
        techlib.materials().extended(bad, where="mine.toml: materials")
    assert str(caught.value) == (
        "mine.toml: materials: one.conductivity: 4 has no unit; allowed: a quantity in W/(m K); "
        'did you leave out the unit? e.g. "4 W/(m K)"\n'
        "mine.toml: materials: two.heat_capacity: is missing; allowed: a quantity in J/(m^3 K)\n"
        "mine.toml: materials: three: 'copper' is not a table; allowed: a table of quantities"
    )


def test_a_derived_record_keeps_the_rest_of_its_base_with_its_sources() -> None:
    base = techlib.hbm_generations()["HBM3E"]
    derived = techlib.hbm_generations().derive(
        "HBM3E",
        {"title": "Taller", "dram_dies": 16, "idle_power": {"value": "4 W", "low": "3 W"}},
        name="HBM3E-16",
        where="x.toml: hbm",
    )
    assert (derived.name, derived.title) == ("HBM3E-16", "Taller")
    assert derived.dram_dies == 16.0
    assert derived.provenance["dram_dies"].trust is Trust.USER
    assert derived.idle_power_w == 4.0
    assert derived.provenance["idle_power_w"].low == 3.0
    same = set(base.provenance) - {"dram_dies", "idle_power_w"}
    assert all(derived.provenance[key] == base.provenance[key] for key in same)
    assert all(getattr(derived, key) == getattr(base, key) for key in same)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"dram_dise": 16},
            "x.toml: hbm.dram_dise: unknown key; did you mean 'dram_die' or 'dram_dies'?",
        ),
        ({"width": "-1 mm"}, "x.toml: hbm.width: -1000 um; allowed: above 0 um"),
        (
            {"source": "user"},
            "x.toml: hbm.source: is the base's for its own values; give it on the value",
        ),
    ],
)
def test_a_bad_change_is_named(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        techlib.hbm_generations().derive("HBM3E", changes, name="x", where="x.toml: hbm")
    assert str(caught.value) == expected


def test_the_base_of_a_derived_record_must_be_known() -> None:
    with pytest.raises(UnknownNameError, match=r"x.toml: hbm: unknown HBM generation 'HBM5'"):
        techlib.hbm_generations().derive("HBM5", {}, name="x", where="x.toml: hbm")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"source": "hearsay"}, "source 'hearsay' is not in sources.toml"),
        ({"source": None}, "has no source"),
        ({"valid": None}, "has no valid"),
        ({"trust": "W"}, "trust W without a band"),
        ({"value": 401}, "401 has no unit"),
    ],
)
def test_a_broken_data_file_is_found(change: dict[str, Any], expected: str) -> None:
    entry = {"value": "401 W/(m K)", "source": "3d-ice", "trust": "C", "valid": "pure", **change}
    table = {
        "copper": {"conductivity": entry, "heat_capacity": {**entry, "value": "3e6 J/(m^3 K)"}}
    }
    with pytest.raises(InputError) as caught:
        Library("material", Material, table, where="broken.toml")
    assert "broken.toml: copper.conductivity: " in str(caught.value)
    assert expected in str(caught.value)
