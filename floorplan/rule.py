"""One rule of the layout checks: what it asks for, its limit, its severity and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from techlib import (
    Faults,
    InputError,
    Provenance,
    Source,
    data_sources,
    did_you_mean,
    format_quantity,
    quantity,
    read_entry,
    read_quantity,
)

__all__ = ["Rule", "Severity", "merged_entry"]

_ORIGIN = ("source", "trust", "valid", "low", "high", "note")
_KEYS = ("value", "window", "severity", *_ORIGIN)
_SHIPPED_KEYS = ("title", "unit", "follows", "only", *_KEYS)
_GIVEN_BY_USER = {"source": "user", "trust": "U", "valid": "this design"}
_LEAST_WINDOW_UM = 20.0  # planarisation sees no smaller ones, and a die has millions of them
_SHIPPED = {"valid": "every layout, unless a user's rules say otherwise"}


class Severity(StrEnum):
    """What a broken rule means."""

    ERROR = "error"  #: the check fails
    WARNING = "warning"  #: it is reported, and the check passes
    OFF = "off"  #: the rule is not looked at


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    name : str
        Identity, e.g. ``"die-gap"``.
    title : str
        What it asks for.
    severity : Severity
        What it means when it is broken.
    unit : str
        Unit of the limit; empty for a pure number, and where there is no limit.
    values : tuple of float
        The limit, or both where it has two; empty where there is none (yet).
    window_um : float
        Side of the squares that a density is taken over [um]; 0 where there is none.
    follows : tuple of str
        What of a design the limit is taken from, e.g. ``"interposer.minimum_die_gap"``.
    provenance : Provenance or None
        Where the limit comes from.
    file_only : bool
        Whether a layout file alone can break it.
    """

    name: str
    title: str
    severity: Severity = Severity.ERROR
    unit: str = ""
    values: tuple[float, ...] = ()
    window_um: float = 0.0
    follows: tuple[str, ...] = ()
    provenance: Provenance | None = None
    file_only: bool = False

    @property
    def limit(self) -> float:
        """The limit in `unit`; 0 where there is none."""
        return self.values[0] if self.values else 0.0

    @property
    def limited(self) -> bool:
        """Whether the rule holds something against a limit."""
        return bool(self.values or self.follows)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The source of the limit, if it has one."""
        return () if self.provenance is None else (self.provenance.source,)

    @property
    def limit_text(self) -> str:
        """The limit for people, e.g. ``"20 um"``.

        Examples
        --------
        >>> Rule("a", "A", unit="um", values=(26_000.0, 33_000.0)).limit_text
        '26000 x 33000 um'
        """
        numbers = " x ".join(format_quantity(value, "", digits=8) for value in self.values)
        return f"{numbers} {self.unit}".strip() if self.values else ""

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any], *, where: str) -> Rule:
        """Read a rule of a rule file that is complete in itself.

        Raises
        ------
        InputError
            Every fault in the table.
        """
        faults = Faults()
        _refuse_unknown(table, _SHIPPED_KEYS, where, faults)
        if not isinstance(table.get("title"), str):
            faults.add(f"{where}.title", "is missing", "what the rule asks for")
        faults.raise_if_any()
        follows = table.get("follows", ())
        base = cls(
            name,
            table["title"],
            unit=str(table.get("unit", "")),
            follows=(follows,) if isinstance(follows, str) else tuple(follows),
            file_only=table.get("only") == "file",
        )
        has_value = "value" in table
        read = base._with({**_SHIPPED, **table}, limited="unit" in table, where=where)
        return read if has_value else replace(read, follows=base.follows)

    def changed(self, entry: Any, *, where: str) -> Rule:
        """Return the rule with what a user gives: a value, a severity, or a table of both.

        Parameters
        ----------
        entry : str, float or mapping
            ``"150 um"``, ``"warning"``, or ``{ value = "150 um", severity = "warning" }``.
        where : str
            File and key, for messages.

        Raises
        ------
        InputError
            Every fault in the entry.

        Examples
        --------
        >>> rule = Rule("die-gap", "Gap", unit="um", follows=("interposer.minimum_die_gap",))
        >>> rule.changed("150 um", where="my.toml: die-gap").limit_text
        '150 um'
        >>> rule.changed("off", where="my.toml: die-gap").severity.name
        'OFF'
        """
        table, faults = _entry(entry), Faults()
        _refuse_unknown(table, _KEYS, where, faults)
        faults.raise_if_any()
        changed = self._with({**_GIVEN_BY_USER, **table}, limited=self.limited, where=where)
        return replace(changed, follows=()) if "value" in table else changed

    def _with(self, table: Mapping[str, Any], *, limited: bool, where: str) -> Rule:
        """Return the rule with value, window and severity of a table."""
        faults = Faults()
        found = self
        for part in (_severity, _value, _window):
            try:
                found = part(found, table, limited, where)
            except InputError as error:
                faults.take(error)
        faults.raise_if_any()
        return found


def merged_entry(first: Any, second: Any) -> dict[str, Any]:
    """Return what a user gives for one rule in two places, as `Rule.changed` takes it.

    The second counts; a severity leaves the value of the first alone, and a value its severity.

    Examples
    --------
    >>> merged_entry({"value": "30 %", "note": "ours"}, "warning")
    {'value': '30 %', 'note': 'ours', 'severity': 'warning'}
    >>> merged_entry({"value": "30 %", "note": "ours", "severity": "off"}, "20 %")
    {'severity': 'off', 'value': '20 %'}
    """
    below, above = _entry(first), _entry(second)
    dropped = ("value", *_ORIGIN) if "value" in above else ()
    return {key: kept for key, kept in below.items() if key not in dropped} | above


def _entry(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    is_severity = isinstance(given, str) and given in set(Severity)
    return {"severity" if is_severity else "value": given}


def _refuse_unknown(
    table: Mapping[str, Any], keys: tuple[str, ...], where: str, faults: Faults
) -> None:
    for key in sorted(str(key) for key in table.keys() - set(keys)):
        faults.add(f"{where}.{key}", "unknown key", cure=did_you_mean(key, keys))


def _severity(rule: Rule, table: Mapping[str, Any], _limited: bool, where: str) -> Rule:
    word = table.get("severity", rule.severity)
    if not isinstance(word, str) or word not in set(Severity):
        raise InputError.of(f"{where}.severity", f"{word!r}", f"one of {', '.join(Severity)}")
    return replace(rule, severity=Severity(word))


def _value(rule: Rule, table: Mapping[str, Any], limited: bool, where: str) -> Rule:
    if "value" not in table:
        return rule
    if not limited:
        allowed = f"a severity ({', '.join(Severity)})"
        raise InputError.of(where, "the rule has no limit", allowed)
    size = max(len(rule.follows), len(rule.values), 1)
    bounds = _bounds(rule)
    declared = quantity("value", rule.unit, size=size if size > 1 else None, **bounds)
    entry = {key: table[key] for key in ("value", *_ORIGIN) if key in table}
    value, provenance = read_entry(entry, {}, declared, data_sources(), where)
    values = tuple(value) if isinstance(value, tuple) else (float(value),)
    return replace(rule, values=values, provenance=provenance)


def _bounds(rule: Rule) -> dict[str, Any]:
    """Return what a limit may be: angles, shares and the grid have bounds of their own."""
    if rule.unit == "degree":
        return {"above": 0.0, "at_most": 90.0}
    if rule.name == "grid":
        return {"above": 0.0}
    return {"at_least": 0.0, "at_most": 1.0} if rule.window_um else {"at_least": 0.0}


def _window(rule: Rule, table: Mapping[str, Any], _limited: bool, where: str) -> Rule:
    if "window" not in table:
        return rule
    place = f"{where}.window"
    if "title" not in table and not rule.window_um:
        raise InputError.of(place, "the rule is not taken over windows", cure="leave it out")
    window_um = read_quantity(table["window"], "um", where=place)
    if not window_um >= _LEAST_WINDOW_UM:
        raise InputError.of(place, f"{window_um:g} um", f"at least {_LEAST_WINDOW_UM:g} um")
    return replace(rule, window_um=window_um)
