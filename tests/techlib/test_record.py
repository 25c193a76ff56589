from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techlib import Fault, InputError, Record, Source, Trust, flatten, quantity, text

SOURCES = {
    "book": Source("book", "A book", "A. Author 2020"),
    "user": Source("user", "Given", "User"),
}
ORIGIN = {"source": "book", "trust": "P", "valid": "always"}


@dataclass(frozen=True, eq=False)
class Slab(Record):
    """A record for the tests."""

    kind: str = text("kind", choices=("plain", "ribbed"), default="plain")
    thickness_um: float = quantity("thickness", "um", above=0.0)
    k_w_mk: tuple[float, float, float] = quantity("k", "W/(m K)", size=3, at_least=0.0, default=())
    share: float = quantity("share", "", default=0.5)


def read(**entries: Any) -> Slab:
    return Slab.read("a", {**ORIGIN, **entries}, SOURCES, where="f.toml: a")


def message(**entries: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(**entries)
    return str(caught.value)


def test_values_defaults_and_provenance() -> None:
    slab = read(
        title="A slab",
        thickness={"value": "1 mm", "trust": "W", "low": "0.5 mm", "high": "2 mm", "note": "seen"},
        k="4 W/(m K)",
    )
    assert (slab.name, slab.title, slab.kind, slab.share) == ("a", "A slab", "plain", 0.5)
    assert slab.thickness_um == 1000.0
    assert slab.k_w_mk == (4.0, 4.0, 4.0)
    entry = slab.provenance["thickness_um"]
    assert (entry.unit, entry.trust, entry.valid, entry.note) == (
        "um",
        Trust.WEAK,
        "always",
        "seen",
    )
    assert entry.estimate
    assert slab.band("thickness_um") == (500.0, 2000.0)
    assert slab.band("share") == (0.5, 0.5)
    assert slab.sources == (SOURCES["book"],)


def test_the_band_of_a_tuple_spans_its_numbers() -> None:
    slab = read(thickness="1 mm", k=["1 W/(m K)", "2 W/(m K)", "9 W/(m K)"])
    assert slab.band("k_w_mk") == (1.0, 9.0)


def test_a_temperature_range_is_kept() -> None:
    slab = read(thickness={"value": "1 mm", "temperature_range": ["25 degC", "125 degC"]})
    assert slab.provenance["thickness_um"].valid_range == {"temperature_c": (25.0, 125.0)}


@pytest.mark.parametrize("given_range", ["25 degC", ["125 degC", "25 degC"], []])
def test_a_temperature_range_has_two_ends(given_range: object) -> None:
    said = message(thickness={"value": "1 mm", "temperature_range": given_range})
    assert said.startswith("f.toml: a.thickness.temperature_range: ")
    assert said.endswith("allowed: two temperatures, the lower one first")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({}, "f.toml: a.thickness: is missing; allowed: a quantity in um"),
        ({"thickness": "-20 um"}, "f.toml: a.thickness: -20 um; allowed: above 0 um"),
        (
            {"thickness": 20},
            (
                "f.toml: a.thickness: 20 has no unit; allowed: a quantity in um; "
                'did you leave out the unit? e.g. "20 um"'
            ),
        ),
        (
            {"thickness": "20 um", "thicknes": "20 um"},
            "f.toml: a.thicknes: unknown key; did you mean 'thickness'?",
        ),
        (
            {"thickness": "20 um", "kind": "ribed"},
            "f.toml: a.kind: 'ribed'; allowed: one of plain, ribbed; did you mean 'ribbed'?",
        ),
        (
            {"thickness": "20 um", "kind": 3},
            "f.toml: a.kind: 3 is not a name; allowed: a word in quotes",
        ),
        (
            {"thickness": "20 um", "k": ["1 W/(m K)", "2 W/(m K)"]},
            "f.toml: a.k: 2 values; allowed: 1 or 3",
        ),
        (
            {"thickness": "20 um", "k": "-1 W/(m K)"},
            "f.toml: a.k: -1 W/(m K); allowed: at least 0 W/(m K)",
        ),
        (
            {"thickness": {"value": "20 um", "source": "bok"}},
            "f.toml: a.thickness: source 'bok' is not in sources.toml; did you mean 'book'?",
        ),
        (
            {"thickness": {"value": "20 um", "trust": "X"}},
            "f.toml: a.thickness: trust 'X'; allowed: P, C, S, W or U",
        ),
        (
            {"thickness": {"value": "20 um", "trust": "W"}},
            "f.toml: a.thickness: trust W without a band; allowed: low and high; give both",
        ),
        (
            {"thickness": {"value": "20 um", "low": "30 um", "high": "40 um"}},
            "f.toml: a.thickness: 20.0 lies outside its band 30.0 to 40.0",
        ),
        (
            {"thickness": {"value": "20 um", "hihg": "40 um"}},
            "f.toml: a.thickness.hihg: unknown key; did you mean 'high'?",
        ),
        (
            {"thickness": "20 um", "source": "", "valid": ""},
            (
                "f.toml: a.thickness: has no source; give source on the value or on its table\n"
                "f.toml: a.thickness: has no valid; give valid on the value or on its table"
            ),
        ),
    ],
)
def test_the_message_of_each_fault(entries: dict[str, Any], expected: str) -> None:
    assert message(**entries) == expected


def test_all_faults_are_reported_together() -> None:
    said = message(thickness="0 um", k="1 kg", share="lots", colour="red")
    assert [line.split(":")[1].strip() for line in said.splitlines()] == [
        "a.colour",
        "a.thickness",
        "a.k",
        "a.share",
    ]


def test_dotted_keys_and_nested_tables_are_the_same() -> None:
    nested = {"tim1": {"thickness": "50 um", "material": {"value": "indium", "source": "x"}}}
    dotted = {"tim1.thickness": "50 um", "tim1.material": {"value": "indium", "source": "x"}}
    assert flatten(nested) == flatten(dotted) == dotted


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "source", "trust", "valid", "low", "temperature_range", "q"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(
    table=st.dictionaries(
        st.sampled_from(["thickness", "k", "kind", "share", "source", "trust", "valid", "title"]),
        JUNK,
    )
)
@settings(max_examples=300, deadline=None)
def test_no_table_gives_anything_but_a_record_or_an_input_error(table: dict[str, Any]) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        assert Slab.read("a", {**ORIGIN, **table}, SOURCES, where="f.toml: a").thickness_um > 0.0
    except InputError as error:
        faults = error.faults
    assert all(fault.where.startswith("f.toml: a") for fault in faults)
