"""Hold the clauses of a 3D-ICE section against the forms that they may have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from floorplan.formats.ice_text import Clause, Section, Value
from techlib import Faults, did_you_mean

__all__ = ["need", "one_number", "one_word", "only", "positive", "unknown_clause"]

_NAMES = {"#": "<number>", "@": "<name>", '"': '"<file>"'}


def _readable(pattern: str) -> str:
    """Write a pattern for people."""
    words = " ".join(_NAMES.get(word, word) for word in pattern.split())
    return words.replace(" ,", ",").replace("( ", "(").replace(" )", ")") + " ;"


def unknown_clause(clause: Clause, patterns: Iterable[str], faults: Faults) -> None:
    """Note a clause that has none of the forms, with those that begin alike or are nearest."""
    forms = {pattern: _readable(pattern) for pattern in patterns}
    first = clause.tokens[0].text
    near = [form for pattern, form in forms.items() if pattern.split()[0] == first]
    if not near:
        cure = did_you_mean(clause.shape(), forms)
        near = [form for pattern, form in forms.items() if repr(pattern) in cure]
    allowed = " or ".join(near or forms.values())
    faults.add(clause.where, f"cannot read {str(clause)[:80]!r}", allowed)


def positive(
    values: Sequence[float], where: str, what: str, faults: Faults, *, or_zero: bool = False
) -> list[float]:
    """Hold numbers against zero, and return them with 1 in place of those that are wrong."""
    allowed = "0 or more" if or_zero else "above 0"
    kept = []
    for value in values:
        good = math.isfinite(value) and (value >= 0.0 if or_zero else value > 0.0)
        if not good:
            faults.add(where, f"{what} is {value:g}", allowed)
        kept.append(value if good else 1.0)
    return kept


def one_number(section: Section, form: str, faults: Faults, *, or_zero: bool = False) -> float:
    """Return the number of the one clause of a form; 1 after a fault."""
    found = _of_form(section, form, faults)
    if found is None:
        return 1.0
    clause, values = found
    what = form.removesuffix(" #")
    return positive([float(values[0])], clause.where, what, faults, or_zero=or_zero)[0]


def one_word(section: Section, form: str, faults: Faults, *, needed: bool = True) -> str:
    """Return the word of the one clause of a form; empty if there is none."""
    found = _of_form(section, form, faults, needed=needed)
    return "" if found is None else str(found[1][0])


def _of_form(
    section: Section, form: str, faults: Faults, *, needed: bool = True
) -> tuple[Clause, list[Value]] | None:
    found = [(c, values) for c in section.clauses if (values := c.match(form))]
    for clause, _ in found[1:]:
        faults.add(clause.where, f"'{clause}' is a second one", "one")
    if not found and needed:
        need(section, {form[:-2]: []}, faults)
    return found[0] if found else None


def need(section: Section, found: dict[str, list[float]], faults: Faults) -> None:
    """Note what has no values."""
    for what, values in found.items():
        if not values:
            faults.add(section.where, f"'{section.heading}' has no {what}", f"{what} ... ;")


def only(section: Section, forms: Iterable[str], faults: Faults) -> None:
    """Note every clause that has none of the forms."""
    for clause in section.clauses:
        if all(clause.match(form) is None for form in forms):
            unknown_clause(clause, forms, faults)
