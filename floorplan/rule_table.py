"""The table of the layout rules in docs/checks.md; ``python -m floorplan.rule_table FILE``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from floorplan.rule import Rule
from floorplan.rule_deck import rule_deck

__all__ = ["BEGIN", "END", "rule_table", "with_table"]

BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"


def rule_table(deck: Mapping[str, Rule]) -> str:
    """Return rules as a table in Markdown: name, limit, where it comes from, what it asks for.

    Examples
    --------
    >>> print(rule_table({"net-short": rule_deck()["net-short"]}).splitlines()[-1])
    | `net-short` |  |  | error | Bumps of different nets do not touch |
    """
    lines = ["| rule | limit | source | severity | asks that |", "|---|---|---|---|---|"]
    for name, rule in deck.items():
        row = (f"`{name}`", _limit(rule), _source(rule), str(rule.severity), rule.title)
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def with_table(text: str, deck: Mapping[str, Rule]) -> str:
    """Return a page with the table between its two marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{rule_table(deck)}\n{END}{after}"


def _limit(rule: Rule) -> str:
    text = rule.limit_text or ("of layout files" if rule.file_only else "")
    origin = rule.provenance
    if origin is not None and origin.low is not None and origin.high != origin.low:
        text += f" ({origin.low:g} to {origin.high:g})"
    if rule.window_um:
        text += f" in {rule.window_um:g} um windows"
    if rule.follows:
        keys = ", ".join(f"`{key}`" for key in rule.follows)
        text = f"{keys}, else {text}" if text else keys
    return text


def _source(rule: Rule) -> str:
    if rule.provenance is None:
        return ""
    return f"{rule.provenance.trust} {rule.provenance.source.key}"


def _main(path: str) -> None:
    page = Path(path)
    text = with_table(page.read_text("utf-8"), rule_deck())
    page.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    _main(sys.argv[1])
