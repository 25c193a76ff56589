"""One layout check: what was found, and the files that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import floorplan
from floorplan import Rule, RuleDeck, Severity, Violation
from floorplan.artwork import Artwork, artwork_of
from floorplan.checks.check import rules_for
from floorplan.file_artwork import artwork_of_file
from scoville.console import Progress
from scoville.layout_source import LayoutSource, layout_source, shown_layers
from scoville.output import write_json
from techlib import Faults, InterposerTechnology, Source, bibliography, interposers

__all__ = ["LayoutCheck", "check_layout_of", "write_check"]

_TECHNOLOGY = "CoWoS-S"  # of a layout file where none is given
_TOP_CELL = "PKG"  # of every layout file that is written from a floorplan


@dataclass(frozen=True, eq=False)
class LayoutCheck:
    """What a check found.

    Parameters
    ----------
    source : LayoutSource
        What was checked.
    rules : RuleDeck
        Every limit as it was used.
    violations : tuple of Violation
        In their fixed order.
    artwork : Artwork
        What the check saw.
    """

    source: LayoutSource
    rules: RuleDeck
    violations: tuple[Violation, ...]
    artwork: Artwork

    @property
    def name(self) -> str:
        """Of the design, floorplan or top cell."""
        return self.source.name

    @property
    def top_cell(self) -> str:
        """The cell of the layout file that places are in."""
        return _TOP_CELL if self.source.layout is None else self.source.layout.name

    @property
    def input_hash(self) -> str:
        """SHA-256 over what was read."""
        return self.source.input_hash

    @property
    def errors(self) -> int:
        """Number of places that break a rule which is an error."""
        return sum(v.count for v in self.violations if v.severity is Severity.ERROR)

    @property
    def warnings(self) -> int:
        """Number of places that break a rule which is a warning."""
        return sum(v.count for v in self.violations if v.severity is Severity.WARNING)

    @property
    def looked_at(self) -> tuple[Rule, ...]:
        """The rules that the layout was held against."""
        drawn = self.source.layout is not None
        return tuple(rule for rule in self.rules.active if drawn or not rule.file_only)

    @property
    def passed(self) -> bool:
        """Whether no rule that is an error is broken."""
        return self.errors == 0

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the layout's numbers and the limits."""
        return bibliography((*self.source.sources, *self.rules.sources))

    def to_dict(self) -> dict[str, Any]:
        """Return the findings, and every rule as it was used, as plain values."""
        return {
            "passed": self.passed,
            "design": self.name,
            "layout": self.source.label,
            "errors": self.errors,
            "warnings": self.warnings,
            "rules": {rule.name: _rule(rule) for rule in self.looked_at},
            "violations": [violation.to_dict() for violation in self.violations],
        }


def _rule(rule: Rule) -> dict[str, Any]:
    values = list(rule.values)
    origin = rule.provenance
    return {
        "title": rule.title,
        "severity": str(rule.severity),
        "limit": values[0] if len(values) == 1 else values or None,
        "unit": rule.unit,
        "window_um": rule.window_um or None,
        "source": origin.source.key if origin is not None else None,
        "trust": str(origin.trust) if origin is not None else None,
        "low": origin.low if origin is not None else None,
        "high": origin.high if origin is not None else None,
    }


def check_layout_of(
    target: str,
    overrides: Sequence[str] = (),
    rules: Path | None = None,
    layers: Path | None = None,
    interposer: str = "",
) -> LayoutCheck:
    """Check a design, a floorplan or a layout file.

    Parameters
    ----------
    target : str
        See `layout_source`.
    overrides : sequence of str
        As ``--set`` takes them; they count before the rule file.
    rules : Path, optional
        A user's rule file.
    layers : Path, optional
        Layer map of a layout file.
    interposer : str
        Technology that a layout file is held to; CoWoS-S if empty.

    Raises
    ------
    InputError
        Something cannot be read, or an option does not go with the layout.
    """
    source = layout_source(target, overrides, rules)
    if source.floorplan is not None:
        _refuse(source.label, layers=layers, interposer=interposer)
        layout = source.lay_out()
        used = rules_for(layout, source.rules)
        return LayoutCheck(source, used, floorplan.check(layout, used), artwork_of(layout))
    assert source.layout is not None
    technology = _technology(interposer)
    used, shown = source.rules.following(technology), shown_layers(layers)
    found = floorplan.check_layout(source.layout, shown, technology=technology, rules=used)
    return LayoutCheck(source, used, found, artwork_of_file(source.layout, shown))


def _technology(name: str) -> InterposerTechnology:
    return interposers().find(name or _TECHNOLOGY, where=f"--interposer {name}")


def _refuse(label: str, **options: object) -> None:
    """Refuse options that only mean something for a layout file."""
    faults = Faults()
    for option, value in options.items():
        if value:
            what = f"{label} says that itself"
            faults.add(f"--{option}", what, "a GDSII or OASIS file", f"leave --{option} out")
    faults.raise_if_any()


def write_check(found: LayoutCheck, folder: Path, progress: Progress, *, png: bool) -> None:
    """Write findings as JSON and as markers for KLayout, and the marked picture if wanted."""
    write_json(folder / "check.json", found.to_dict())
    floorplan.write_markers(
        found.violations,
        folder / f"{found.name}.lyrdb",
        top_cell=found.top_cell,
        rules=found.rules,
        layout=found.source.label if found.source.layout is not None else "",
    )
    if png:
        from floorplan.picture import save_png
        from floorplan.violation_picture import draw_violations

        progress("drawing", 0.7)
        save_png(draw_violations(found.artwork, found.violations), folder / "check.png")
