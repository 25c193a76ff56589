import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from techlib import InputError, format_quantity, read_quantities, read_quantity

NUMBERS = st.floats(min_value=1e-9, max_value=1e9) | st.floats(min_value=-1e9, max_value=-1e-9)
PAIRS = [
    ("mm", "um", 1e3),
    ("nm", "um", 1e-3),
    ("mm^2", "um^2", 1e6),
    ("kW", "W", 1e3),
    ("GHz", "Hz", 1e9),
    ("TB/s", "byte/s", 1e12),
    ("Gb/s", "byte/s", 1e9 / 8),
    ("GiB", "byte", 2.0**30),
    ("PFLOP/s", "flop/s", 1e15),
    ("fJ/bit", "pJ/bit", 1e-3),
    ("K cm^2/W", "K mm^2/W", 1e2),
    ("W/(cm^2 K)", "W/(m^2 K)", 1e4),
    ("degC/W", "K/W", 1.0),
    ("mW/(cm K)", "W/(m K)", 0.1),
    ("tok/s", "token/s", 1.0),
    ("ms", "s", 1e-3),
    ("inch", "um", 25400.0),
]


@pytest.mark.parametrize(("given_unit", "unit", "factor"), PAIRS)
@given(number=NUMBERS)
@settings(max_examples=25, deadline=None)
def test_conversion_is_the_known_factor(
    given_unit: str, unit: str, factor: float, number: float
) -> None:
    read = read_quantity(f"{number!r} {given_unit}", unit)
    assert read == pytest.approx(number * factor, rel=1e-14)


@given(number=NUMBERS, unit=st.sampled_from([unit for _, unit, _ in PAIRS] + ["degC", ""]))
@settings(deadline=None)
def test_what_is_written_is_read_again(number: float, unit: str) -> None:
    assume(unit != "degC" or number > -273.0)
    written = format_quantity(number, unit, digits=17)
    # Magnitudes are rounded to 15 digits after a conversion.
    assert read_quantity(written, unit) == pytest.approx(number, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("32.3 mm", "um", 32300.0),
        ("26 mm²", "um^2", 26e6),
        ("0.05 K mm2/W", "K mm^2/W", 0.05),
        ("1.63e6 J/m3/K", "J/(m^3 K)", 1.63e6),
        ("85 degC", "degC", 85.0),
        ("85°C", "degC", 85.0),
        ("358.15 K", "degC", 85.0),
        ("-0.0006 /K", "1/K", -0.0006),
        ("-0.0006 1/K", "1/K", -0.0006),
        ("15 %", "", 0.15),
        ("0.15", "", 0.15),
        (3, "", 3.0),
        ("20um", "um", 20.0),
        ("20 µm", "um", 20.0),
        ("20 μm", "um", 20.0),
        (".5 mm", "um", 500.0),
    ],
)
def test_ways_to_write_a_quantity(text: object, unit: str, value: float) -> None:
    assert read_quantity(text, unit) == value


def test_a_unit_with_an_offset_and_a_factor_of_its_own() -> None:
    assert read_quantity("185 degF", "degC") == pytest.approx(85.0, rel=1e-12)


@pytest.mark.parametrize(
    ("given_value", "unit", "message"),
    [
        (
            20,
            "um",
            (
                "x: 20 has no unit; allowed: a quantity in um; "
                'did you leave out the unit? e.g. "20 um"'
            ),
        ),
        (
            "20",
            "um",
            (
                "x: '20' has no unit; allowed: a quantity in um; "
                'did you leave out the unit? e.g. "20 um"'
            ),
        ),
        (
            "20 umm",
            "um",
            (
                "x: cannot read '20 umm': 'umm' is not defined in the unit registry; "
                'allowed: a quantity in um; e.g. "20 um"'
            ),
        ),
        (
            "20 kg",
            "um",
            (
                "x: cannot read '20 kg': Cannot convert from 'kilogram' ([mass]) to 'micrometer' "
                '([length]); allowed: a quantity in um; e.g. "20 um"'
            ),
        ),
        (
            "about 20 um",
            "um",
            (
                "x: cannot read 'about 20 um': not a number with a unit; "
                'allowed: a quantity in um; e.g. "20 um"'
            ),
        ),
        (
            "1e999 um",
            "um",
            "x: '1e999 um' is not finite; allowed: a quantity in um; e.g. \"20 um\"",
        ),
        (True, "um", 'x: True is not a quantity; allowed: a quantity in um; e.g. "20 um"'),
        (None, "", 'x: None is not a quantity; allowed: a number; e.g. "0.5"'),
        (math.nan, "", 'x: nan is not finite; allowed: a number; e.g. "0.5"'),
        ("1,000 um", "um", "x: cannot read '1,000 um': ',000 um' is not a unit"),
    ],
)
def test_the_message_says_what_is_wrong_and_what_to_do(
    given_value: object, unit: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_quantity(given_value, unit, where="x")
    assert str(caught.value).startswith(message)


def test_an_integer_beyond_all_floats_is_not_finite() -> None:
    with pytest.raises(InputError, match="is not finite"):
        read_quantity(10**400, "")


@pytest.mark.parametrize("text", ["5 9**9**9**9", "5 m**99999999999", "5 (9)**9**9**9", "5 m/0"])
def test_arithmetic_in_a_unit_is_refused_and_not_computed(text: str) -> None:
    with pytest.raises(InputError, match="is not a unit"):
        read_quantity(text, "um")


@given(text=st.text(max_size=12) | st.from_regex(r"[0-9.]{1,3} [a-zA-Z0-9*/^() ]{0,8}"))
@settings(max_examples=300, deadline=None)
def test_no_text_gives_anything_but_a_finite_number_or_an_input_error(text: str) -> None:
    try:
        value = read_quantity(text, "um")
    except InputError:
        return
    assert math.isfinite(value)


def test_a_list_is_read_item_by_item_and_the_bad_one_is_named() -> None:
    assert read_quantities(["1 mm", "20 um"], "um") == (1000.0, 20.0)
    assert read_quantities("1 mm", "um") == (1000.0,)
    with pytest.raises(InputError, match=r"^k\[1\]: 20 has no unit"):
        read_quantities(["1 mm", 20], "um", where="k")


@given(a=NUMBERS, b=NUMBERS)
@settings(max_examples=50, deadline=None)
def test_reading_keeps_order(a: float, b: float) -> None:
    assume(b > a * (1 + 1e-13 * math.copysign(1.0, a)))
    assert read_quantity(f"{a!r} mm", "um") < read_quantity(f"{b!r} mm", "um")


@pytest.mark.parametrize("text", ["-274 degC", "-1 kelvin"])
def test_nothing_is_colder_than_absolute_zero(text: str) -> None:
    with pytest.raises(InputError, match=r"is below absolute zero; allowed: a quantity in degC"):
        read_quantity(text, "degC")
