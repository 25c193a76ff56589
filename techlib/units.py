"""Unit strings are read here, at the file edge, and nowhere else."""

from __future__ import annotations

import functools
import math
import re
import sys
import tokenize
from typing import TYPE_CHECKING, Any

from techlib.errors import InputError

if TYPE_CHECKING:
    import pint

__all__ = ["format_quantity", "read_quantities", "read_quantity"]

_POWER_BEHIND_UNIT = re.compile(r"(?<=[A-Za-zµΩ])(-?\d+)(?![\d.]*[A-Za-z])")
#: The digits of a unit: small exponents, and the 1 of "1/K". Others would be arithmetic, and
#: arithmetic such as 9**9**9**9 would keep the reader busy for ever.
_EXPONENT = re.compile(r"(?:\*\*|\^)\s*-?[0-9](?![0-9])|^1(?=\s*/)")
_LONGEST_UNIT = 60
_COLD_C = -200.0  #: below it, but not above, absolute zero is asked for
_SIGNS = {"°C": "degC", "²": "**2", "³": "**3", "·": "*"}
_NUMBER = re.compile(r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*(.*)$", re.DOTALL)

# Words of the field that pint does not bring along, and "Gb", which is a gigabit here and not a
# gilbert.
_DEFINITIONS = (
    "token = count = _ = tok",
    "request = count",
    "flop = count = _ = FLOP",
    "mac = count = _ = MAC",
    "transfer = count",
    "Mb = 1e6 bit",
    "Gb = 1e9 bit",
    "Tb = 1e12 bit",
)

# What pint and the tokenizer below it raise on text that is no unit; pint's own errors derive
# from these.
_UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
)

_EXAMPLES = {
    "um": "20 um",
    "m": "0.5 mm",
    "W": "700 W",
    "degC": "45 degC",
    "W/(m K)": "4 W/(m K)",
    "J/(m^3 K)": "1.63e6 J/(m^3 K)",
    "W/(m^2 K)": "20000 W/(m^2 K)",
    "Hz": "1.7 GHz",
    "V": "0.75 V",
    "s": "10 ms",
    "byte": "8 MiB",
    "byte/s": "1.2 TB/s",
    "K/W": "0.03 K/W",
    "W/mm^2": "1.5 W/mm^2",
    "": "0.5",
}


@functools.cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint  # a third of a second, and not every command reads a quantity

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(
        autoconvert_offset_to_baseunit=True, on_redefinition="ignore"
    )
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@functools.lru_cache(maxsize=1024)
def _unit(text: str) -> pint.Unit:
    """Read a unit; ``m2``, ``m²``, ``°C`` and a leading ``/`` are understood too."""
    for sign, meaning in _SIGNS.items():
        text = text.replace(sign, meaning)
    text = _POWER_BEHIND_UNIT.sub(r"**\1", f"1{text}" if text.startswith("/") else text)
    if len(text) > _LONGEST_UNIT or any(c.isdigit() for c in _EXPONENT.sub("", text)):
        raise ValueError(f"{text!r} is not a unit")
    return _registry().parse_units(text)


def _parse(text: str, unit: str) -> float:
    """Convert the text of a quantity to a number in `unit`; pint's errors pass through."""
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError("not a number with a unit")
    unit_text = match.group(3).strip()
    number = float(text[: match.start(3)])
    if unit_text == "%":
        unit_text, number = "", number / 100.0
    if unit_text == unit:  # as most are: pint takes longer to load than all other work on them
        magnitude = number
    else:
        magnitude = _registry().Quantity(number, _unit(unit_text)).to(_unit(unit)).magnitude
    return float(f"{magnitude:.15g}")  # 32.3 mm are 32300 um, not 32299.999999999996


def read_quantity(value: Any, unit: str, *, where: str = "value") -> float:
    """Read a quantity as a float in a given unit.

    Parameters
    ----------
    value : str or float
        A unit string such as ``"26 mm"``; a bare number only where `unit` is empty.
    unit : str
        The unit of the result; empty for a pure number (``"15 %"`` is then allowed too).
    where : str
        Key or file position for the error message.

    Returns
    -------
    float
        The magnitude in `unit`, finite.

    Raises
    ------
    InputError
        No unit, an unknown unit, one of another dimension, a number that is not finite, or a
        temperature below absolute zero.

    Examples
    --------
    >>> read_quantity("26 mm", "um")
    26000.0
    >>> read_quantity("85 degC", "degC")
    85.0
    >>> read_quantity("0.05 K mm2/W", "K mm^2/W")
    0.05
    >>> read_quantity(20, "um", where="x.toml: package.tim1.thickness")
    Traceback (most recent call last):
    ...
    techlib.errors.InputError: x.toml: package.tim1.thickness: 20 has no unit; allowed: a quantity
    in um; did you leave out the unit? e.g. "20 um"
    """
    allowed = f"a quantity in {unit}" if unit else "a number"
    example = f'e.g. "{_EXAMPLES.get(unit, f"1 {unit}")}"'
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InputError.of(where, f"{value!r} is not a quantity", allowed, example)
    if isinstance(value, (int, float)):
        if unit:
            cure = f"did you leave out the unit? {example}"
            raise InputError.of(where, f"{value!r} has no unit", allowed, cure)
        result = float(value) if abs(value) <= sys.float_info.max else math.inf
    elif unit and _is_bare_number(value):
        cure = f"did you leave out the unit? {example}"
        raise InputError.of(where, f"{value!r} has no unit", allowed, cure)
    else:
        try:
            result = _parse(value, unit)
        except _UNREADABLE as error:
            what = f"cannot read {value!r}: {_reason(error)}"
            raise InputError.of(where, what, allowed, example) from None
    if not math.isfinite(result):
        raise InputError.of(where, f"{value!r} is not finite", allowed, example)
    cold = unit == "degC" and result < _COLD_C
    if cold and _registry().Quantity(result, unit).to("K").magnitude < 0.0:
        raise InputError.of(where, f"{value!r} is below absolute zero", allowed, example)
    return result


def _reason(error: Exception) -> str:
    """Return what a person can use of an error of pint or of its parser."""
    import pint

    known = isinstance(error, (pint.PintError, ValueError))
    return (str(error).splitlines() or [""])[0] if known else "not a number with a unit"


def _is_bare_number(text: str) -> bool:
    match = _NUMBER.match(text)
    return match is not None and not match.group(3).strip()


def read_quantities(value: Any, unit: str, *, where: str = "value") -> tuple[float, ...]:
    """Read one quantity or a list of them as a tuple of floats.

    Examples
    --------
    >>> read_quantities(["1 mm", "20 um"], "um")
    (1000.0, 20.0)
    """
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple(
        read_quantity(item, unit, where=f"{where}[{index}]" if len(items) > 1 else where)
        for index, item in enumerate(items)
    )


def format_quantity(value: float, unit: str, *, digits: int = 4) -> str:
    """Write a quantity so that `read_quantity` reads it again.

    Examples
    --------
    >>> format_quantity(26000.0, "um")
    '2.6e+04 um'
    >>> format_quantity(45.0, "degC")
    '45 degC'
    """
    return f"{value:.{digits}g} {unit}".strip()
