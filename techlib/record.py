"""A record of sourced values: floats to compute with, provenance beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from techlib.errors import Faults, InputError, did_you_mean
from techlib.source import Provenance, Source, Trust, bibliography
from techlib.units import read_quantities, read_quantity

__all__ = ["Record", "flatten", "quantity", "read_entry", "text"]

_VALUE_KEYS = frozenset(
    {"value", "source", "trust", "valid", "at", "low", "high", "temperature_range", "note"}
)
_RECORD_KEYS = frozenset({"title", "source", "trust", "valid", "at", "note"})


def quantity(
    key: str,
    unit: str,
    *,
    size: int | None = None,
    default: Any = dataclasses.MISSING,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    whole: bool = False,
) -> Any:
    """Declare a field of a `Record` that is read from a data file.

    Parameters
    ----------
    key : str
        Name in the data file; the field's own name is this plus the unit.
    unit : str
        Unit of the field; empty for a pure number.
    size : int, optional
        Makes the field a tuple of this length; a single value is repeated.
    default
        Makes the field optional.
    above, at_least : float, optional
        Smallest value allowed, exclusive or inclusive.
    at_most : float, optional
        Largest value allowed.
    whole : bool
        Allow whole numbers only, for counts.
    """
    metadata = {
        "key": key,
        "unit": unit,
        "size": size,
        "above": above,
        "at_least": at_least,
        "at_most": at_most,
        "whole": whole,
    }
    return dataclasses.field(default=default, metadata=metadata, kw_only=True)


def text(key: str, *, choices: tuple[str, ...] = (), default: Any = dataclasses.MISSING) -> Any:
    """Declare a field of a `Record` that holds a word: a name, or one of some choices."""
    metadata = {"key": key, "unit": None, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata, kw_only=True)


@dataclass(frozen=True)
class Record:
    """Base of all technology records: a name, a title, sourced quantities.

    Subclasses declare their quantities with `quantity`; `provenance` maps each field name to
    where its value comes from.
    """

    name: str
    title: str
    provenance: Mapping[str, Provenance] = dataclasses.field(repr=False, hash=False)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source that this record's values come from."""
        return bibliography(entry.source for entry in self.provenance.values())

    def band(self, name: str) -> tuple[float, float]:
        """Return low and high of a field; both are the value where it is no estimate.

        The band of a tuple, such as a conductivity along x, y and z, spans all of its numbers.
        """
        value = getattr(self, name)
        numbers = value if isinstance(value, tuple) else (float(value),)
        entry = self.provenance.get(name)
        if entry is None or entry.low is None or entry.high is None:
            return min(numbers), max(numbers)
        return entry.low, entry.high

    @classmethod
    def read(
        cls, name: str, table: Mapping[str, Any], sources: Mapping[str, Source], *, where: str
    ) -> Self:
        """Build the record from one table of a data file.

        Parameters
        ----------
        name : str
            Key of the table.
        table : mapping
            The table: one entry per quantity, and defaults for source, trust and validity.
        sources : mapping of str to Source
            The sources that entries may name.
        where : str
            File and table, for error messages.

        Raises
        ------
        InputError
            Every missing, unknown, unsourced or unreadable entry.
        """
        faults = Faults()
        values: dict[str, Any] = {}
        provenance: dict[str, Provenance] = {}
        fields = {f.metadata["key"]: f for f in dataclasses.fields(cls) if "key" in f.metadata}
        entries = flatten(table)
        for key in sorted(str(k) for k in entries.keys() - fields.keys() - _RECORD_KEYS):
            below = [name for name in fields if name.startswith(f"{key}.")]
            if below:
                entry = entries[key]
                given = entry["value"] if isinstance(entry, Mapping) else entry
                what = f"{given!r} is not a table"
                faults.add(f"{where}.{key}", what, f"a table; it holds {', '.join(below)}")
            else:
                faults.add(f"{where}.{key}", "unknown key", cure=did_you_mean(key, fields))
        for key, declared in fields.items():
            if key not in entries:
                if declared.default is dataclasses.MISSING:
                    unit = declared.metadata["unit"]
                    allowed = f"a quantity in {unit}" if unit else "a value"
                    faults.add(f"{where}.{key}", "is missing", allowed)
                continue
            try:
                if declared.metadata["unit"] is None:
                    value, origin = _read_text(entries[key], declared, f"{where}.{key}"), None
                else:
                    value, origin = read_entry(
                        entries[key], table, declared, sources, f"{where}.{key}"
                    )
            except InputError as error:
                faults.take(error)
                continue
            values[declared.name] = value
            if origin is not None:
                provenance[declared.name] = origin
        faults.raise_if_any()
        return cls(name=name, title=str(table.get("title", name)), provenance=provenance, **values)


def flatten(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables as dotted keys; a table with a ``value`` is an entry of its own.

    Examples
    --------
    >>> flatten({"tim1": {"thickness": "50 um", "material": {"value": "indium"}}})
    {'tim1.thickness': '50 um', 'tim1.material': {'value': 'indium'}}
    """
    flat: dict[str, Any] = {}
    for key, entry in table.items():
        if isinstance(entry, Mapping) and "value" not in entry:
            flat |= {f"{key}.{below}": item for below, item in flatten(entry).items()}
        else:
            flat[key] = entry
    return flat


def _read_text(entry: Any, declared: dataclasses.Field[Any], where: str) -> str:
    """Read a word, given as such or as ``{ value = "word", ... }``.

    An optional word that is none by default may be empty: so it is taken away from a base.
    """
    word = entry["value"] if isinstance(entry, Mapping) else entry
    choices = declared.metadata["choices"]
    if word == "" and declared.default == "":
        return ""
    if not isinstance(word, str) or not word:
        raise InputError.of(where, f"{word!r} is not a name", "a word in quotes")
    if choices and word not in choices:
        cure = did_you_mean(word, choices)
        raise InputError.of(where, f"{word!r}", f"one of {', '.join(choices)}", cure)
    return word


def read_entry(
    entry: Any,
    table: Mapping[str, Any],
    declared: dataclasses.Field[Any],
    sources: Mapping[str, Source],
    where: str,
) -> tuple[Any, Provenance]:
    """Read one entry, ``"26 mm"`` or ``{ value = "26 mm", source = ... }``.

    Parameters
    ----------
    entry : str, float or mapping
        The value, or a table that has it as ``value``.
    table : mapping
        Gives source, trust, validity and ``at`` where the entry has none.
    declared : dataclasses.Field
        Made by `quantity`: unit, size and limits of the value.
    sources : mapping of str to Source
        The sources that the entry may name.
    where : str
        File and key, for error messages.

    Returns
    -------
    float or tuple of float
        The value in the declared unit.
    Provenance
        Where it comes from.

    Raises
    ------
    InputError
        An unreadable or unsourced entry, or one outside its limits or its band.

    Examples
    --------
    >>> origin = {"source": "user", "trust": "U", "valid": "this design"}
    >>> value, provenance = read_entry(
    ...     "20 um", origin, quantity("gap", "um"), {"user": Source("user", "", "")}, "example")
    >>> value, provenance.trust.name
    (20.0, 'USER')
    """
    fields = entry if isinstance(entry, Mapping) else {"value": entry}
    faults = Faults()
    for key in sorted(str(k) for k in fields.keys() - _VALUE_KEYS):
        faults.add(f"{where}.{key}", "unknown key", cure=did_you_mean(key, _VALUE_KEYS))
    if "value" not in fields:
        faults.add(where, "has no value", 'e.g. { value = "26 mm", source = "..." }')
    faults.raise_if_any()
    unit = cast("str", declared.metadata["unit"])
    value = _read_value(fields["value"], declared, where)

    merged = {**{k: table[k] for k in ("source", "trust", "valid", "at") if k in table}, **fields}
    for key in ("source", "trust", "valid"):
        if not merged.get(key):
            faults.add(where, f"has no {key}", cure=f"give {key} on the value or on its table")
    source = sources.get(str(merged.get("source")))
    if merged.get("source") and source is None:
        cure = did_you_mean(str(merged["source"]), sources)
        faults.add(where, f"source {merged['source']!r} is not in sources.toml", cure=cure)
    if merged.get("trust") and str(merged["trust"]) not in set(Trust):
        faults.add(where, f"trust {merged['trust']!r}", "P, C, S, W or U")
    faults.raise_if_any()
    assert source is not None

    trust = Trust(str(merged["trust"]))
    low, high = (
        read_quantity(fields[k], unit, where=f"{where}.{k}") if k in fields else None
        for k in ("low", "high")
    )
    if trust in (Trust.SECONDARY, Trust.WEAK) and (low is None or high is None):
        raise InputError.of(where, f"trust {trust} without a band", "low and high", "give both")
    numbers = value if isinstance(value, tuple) else (value,)
    if low is not None and high is not None and not low <= min(numbers) <= max(numbers) <= high:
        raise InputError.of(where, f"{value} lies outside its band {low} to {high}")
    valid_range: dict[str, tuple[float, float]] = {}
    if "temperature_range" in fields:
        place = f"{where}.temperature_range"
        limits = read_quantities(fields["temperature_range"], "degC", where=place)
        if len(limits) != 2 or not limits[0] < limits[1]:
            given = fields["temperature_range"]
            raise InputError.of(place, f"{given!r}", "two temperatures, the lower one first")
        valid_range["temperature_c"] = (limits[0], limits[1])
    return value, Provenance(
        unit=unit,
        source=source,
        trust=trust,
        valid=str(merged["valid"]),
        at=str(merged.get("at", "")),
        low=low,
        high=high,
        valid_range=valid_range,
        note=str(fields.get("note", "")),
    )


def _read_value(raw: Any, declared: dataclasses.Field[Any], where: str) -> Any:
    """Read the number or the tuple that a field declares, and hold it against its limits."""
    unit, size = declared.metadata["unit"], declared.metadata["size"]
    numbers = read_quantities(raw, unit, where=where)
    if len(numbers) not in (1, size or 1):
        raise InputError.of(where, f"{len(numbers)} values", f"1 or {size or 1}")
    for number in numbers:
        allowed = _limit_broken(number, declared.metadata)
        if allowed:
            raise InputError.of(where, f"{number:g} {unit}".strip(), allowed)
    if size is None:
        return numbers[0]
    return numbers * size if len(numbers) == 1 else numbers


def _limit_broken(number: float, limits: Mapping[str, Any]) -> str:
    """Return what is allowed in place of a number; nothing where it keeps its limits."""
    above, at_least, at_most = (limits[key] for key in ("above", "at_least", "at_most"))
    if above is not None and not number > above:
        allowed = f"above {above:g} {limits['unit']}"
    elif at_least is not None and not number >= at_least:
        allowed = f"at least {at_least:g} {limits['unit']}"
    elif at_most is not None and not number <= at_most:
        allowed = f"at most {at_most:g} {limits['unit']}"
    elif limits["whole"] and not number.is_integer():
        allowed = "a whole number"
    else:
        allowed = ""
    return allowed.strip()
