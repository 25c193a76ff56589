"""Rule decks: all rules of the layout checks, those that ship and those of a user."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from floorplan.detail_rules import DetailRules, detail_rules
from floorplan.rule import Rule, Severity
from techlib import (
    Faults,
    HbmGeneration,
    InputError,
    InterposerTechnology,
    Provenance,
    Record,
    Source,
    bibliography,
    did_you_mean,
)

__all__ = ["RuleDeck", "read_rule_tables", "read_rules", "rule_deck"]


class RuleDeck(Mapping[str, Rule]):
    """Rules by name, sorted.

    Parameters
    ----------
    rules : iterable of Rule
        Each name once.

    Examples
    --------
    >>> deck = rule_deck().changed({"block-spacing": "5 um", "angle": "off"}, where="example")
    >>> deck["block-spacing"].limit, deck.on("angle"), len(deck) == len(rule_deck())
    (5.0, False, True)
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = dict(sorted(rules.items()))

    def __getitem__(self, name: str) -> Rule:
        return self._rules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def on(self, *names: str) -> bool:
        """Whether any of some rules is looked at."""
        return any(self[name].severity is not Severity.OFF for name in names)

    @property
    def active(self) -> tuple[Rule, ...]:
        """The rules that are looked at."""
        return tuple(rule for rule in self.values() if rule.severity is not Severity.OFF)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the limits of the rules that are looked at."""
        return bibliography(source for rule in self.active for source in rule.sources)

    def changed(self, tables: Mapping[str, Any], *, where: str) -> RuleDeck:
        """Return the deck with a user's values and severities.

        Parameters
        ----------
        tables : mapping of str to object
            By name of the rule, what `Rule.changed` takes.
        where : str
            File, for messages.

        Raises
        ------
        InputError
            Every unknown rule and every fault in an entry.
        """
        faults = Faults()
        rules = dict(self._rules)
        for name, entry in tables.items():
            place = f"{where}.{name}" if ": " in where else f"{where}: {name}"
            if name not in rules:
                faults.add(place, f"unknown rule {name!r}", cure=did_you_mean(name, rules))
                continue
            try:
                rules[name] = rules[name].changed(entry, where=place)
            except InputError as error:
                faults.take(error)
        faults.raise_if_any()
        return RuleDeck(rules)

    def following(
        self,
        technology: InterposerTechnology,
        grid_um: float | None = None,
        *,
        hbm: HbmGeneration | None = None,
        detail: DetailRules | None = None,
    ) -> RuleDeck:
        """Return the deck with the limits filled in that follow from what a design is made of.

        Parameters
        ----------
        technology : InterposerTechnology
            Limits of ``interposer.KEY``.
        grid_um : float, optional
            The manufacturing grid [um].
        hbm : HbmGeneration, optional
            Limits of ``hbm.KEY``.
        detail : DetailRules, optional
            Limits of ``detail.KEY``; the standard ones if not given.
        """
        known: dict[str, tuple[float, Provenance | None]] = {}
        detail = detail_rules()["standard"] if detail is None else detail
        for name, record in (("interposer", technology), ("hbm", hbm), ("detail", detail)):
            if record is not None:
                known |= _quantities(name, record)
        if grid_um is not None:
            known["floorplan.grid"] = (grid_um, None)
        rules = {}
        for name, rule in self._rules.items():
            found = [known[key] for key in rule.follows if key in known]
            if found and len(found) == len(rule.follows):
                values = tuple(value for value, _ in found)
                rules[name] = replace(rule, values=values, provenance=found[0][1])
            else:
                rules[name] = rule
        return RuleDeck(rules)


def _quantities(name: str, record: Record) -> dict[str, tuple[Any, Provenance | None]]:
    """Return the quantities of a record by the names that rules follow them under."""
    return {
        f"{name}.{declared.metadata['key']}": (
            getattr(record, declared.name),
            record.provenance.get(declared.name),
        )
        for declared in dataclasses.fields(record)
        if declared.metadata.get("unit") is not None
    }


@functools.cache
def rule_deck() -> RuleDeck:
    """Return the rules that ship with the toolkit, ``data/rules.toml``.

    Examples
    --------
    >>> rule_deck()["block-width"].limit_text
    '1 um'
    """
    text = (resources.files("floorplan") / "data" / "rules.toml").read_text("utf-8")
    faults, rules = Faults(), {}
    for name, table in tomllib.loads(text).items():
        try:
            rules[name] = Rule.read(name, table, where=f"rules.toml: {name}")
        except InputError as error:
            faults.take(error)
    faults.raise_if_any()
    return RuleDeck(rules)


def read_rules(path: str | Path, base: RuleDeck | None = None) -> RuleDeck:
    r"""Read a user's rule file on top of a deck.

    Parameters
    ----------
    path : str or Path
        TOML; a key for each rule to change, with a value, a severity or a table of both.
    base : RuleDeck, optional
        What it changes; the shipped deck if not given.

    Raises
    ------
    InputError
        The file is missing or not TOML, or every fault in it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "my.toml")
    ...     _ = file.write_text('die-gap = "150 um"\n[angle]\nseverity = "warning"\n')
    ...     deck = read_rules(file)
    >>> deck["die-gap"].limit, deck["angle"].severity.name
    (150.0, 'WARNING')
    """
    tables = read_rule_tables(path)
    return (rule_deck() if base is None else base).changed(tables, where=str(path))


def read_rule_tables(path: str | Path) -> dict[str, Any]:
    """Return the entries of a user's rule file by rule, as `RuleDeck.changed` takes them.

    Raises
    ------
    InputError
        The file is missing or not TOML.
    """
    file = Path(path)
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError.of(str(file), f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        cure = 'a rule a line, e.g. die-gap = "150 um"'
        raise InputError.of(str(file), f"is not TOML: {error}", cure=cure) from None
