import copy
import pickle

import pytest

from techlib import (
    ConvergenceError,
    Fault,
    Faults,
    InputError,
    MissingExtraError,
    ResourceError,
    ScovilleError,
    UnknownNameError,
    did_you_mean,
)

TWO = [Fault("a.toml: x", "is missing", "a quantity in um"), Fault("a.toml: y", "-1 um", cure="?")]


def test_every_error_is_a_scoville_error() -> None:
    for error in (InputError, UnknownNameError, ConvergenceError, ResourceError, MissingExtraError):
        assert issubclass(error, ScovilleError)


def test_the_message_lists_every_fault_with_place_limit_and_cure() -> None:
    message = str(InputError(TWO))
    assert message == "a.toml: x: is missing; allowed: a quantity in um\na.toml: y: -1 um; ?"


@pytest.mark.parametrize("kind", [InputError, UnknownNameError])
@pytest.mark.parametrize("way", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
def test_an_input_error_survives_the_way_to_another_process(kind, way) -> None:
    error = kind(TWO)
    back = way(error)
    assert type(back) is kind
    assert back.faults == error.faults
    assert str(back) == str(error)


def test_an_unknown_name_is_a_key_error_without_quotes_around_its_message() -> None:
    error = UnknownNameError([Fault("x", "unknown material 'silicn'", cure="did you mean?")])
    assert isinstance(error, KeyError)
    assert str(error) == "x: unknown material 'silicn'; did you mean?"


def test_an_input_error_without_fault_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="at least one fault"):
        InputError([])


def test_faults_are_raised_together_and_only_if_there_are_any() -> None:
    faults = Faults()
    faults.raise_if_any()
    faults.add("p", "one")
    faults.take(InputError(TWO))
    with pytest.raises(InputError) as caught:
        faults.raise_if_any()
    assert [fault.where for fault in caught.value.faults] == ["p", "a.toml: x", "a.toml: y"]


def test_a_fault_as_plain_strings() -> None:
    assert TWO[0].to_dict() == {
        "where": "a.toml: x",
        "what": "is missing",
        "allowed": "a quantity in um",
        "cure": "",
    }


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("silicn", "did you mean 'silicon'?"),
        ("SILICON", "did you mean 'silicon'?"),
        ("hbm3", "did you mean 'HBM3'?"),
        ("zzz", "known: HBM3, copper, silicon"),
    ],
)
def test_the_nearest_names_are_offered(name: str, cure: str) -> None:
    assert did_you_mean(name, ["silicon", "copper", "HBM3"]) == cure


def test_a_long_list_of_names_is_cut_short() -> None:
    names = [f"name{i:02}" for i in range(25)]
    assert did_you_mean("q", names).endswith("name19 and 5 more")
