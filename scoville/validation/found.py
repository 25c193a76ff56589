"""What a validation has shown, as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoville.validation.section import Check, Section

__all__ = ["Validation"]


@dataclass(frozen=True, eq=False)
class Validation:
    """What a validation has shown.

    Parameters
    ----------
    sections : tuple of Section
    left_out : tuple of str
        Cases whose data are not there.
    """

    sections: tuple[Section, ...]
    left_out: tuple[str, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Those of all sections."""
        return tuple(check for section in self.sections for check in section.checks)

    @property
    def passed(self) -> bool:
        """Whether every target is met."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return targets and tables as plain values, for JSON output."""
        from scoville.tables import plain_rows

        return {
            "passed": self.passed,
            "checks": [check.to_dict() for check in self.checks],
            "left_out": list(self.left_out),
            "sections": {
                section.name: {table.caption: plain_rows(table.rows) for table in section.tables}
                for section in self.sections
            },
        }
