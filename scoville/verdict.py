"""The verdict: each target with its value, limit, margin and band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Target", "all_passed"]

_SHOWN = {"Hz": ("GHz", 1e-9, 3), "W/mm^2": ("W/mm2", 1.0, 2), "%": ("%", 1.0, 1), "": ("", 1.0, 0)}
_SUFFIX = {"W": "w", "degC": "c", "Hz": "hz", "W/mm^2": "w_mm2", "%": "percent", "": ""}


@dataclass(frozen=True)
class Target:
    """One thing that sign-off holds a design against.

    Parameters
    ----------
    name : str
        Stable key, e.g. ``"junction_temperature"``.
    title : str
        For people.
    value, limit : float
        In `unit`.
    low, high : float
        Band of the value in `unit`.
    unit : str
        Unit of all numbers of the target.
    where : str
        Block, stack or time that the value comes from.
    at_least : bool
        The limit is a lower one.

    Examples
    --------
    >>> target = Target("junction_temperature", "Junction", 88.0, 105.0, 80.0, 96.0, "degC")
    >>> target.margin, target.passed, target.sure
    (17.0, True, True)
    """

    name: str
    title: str
    value: float
    limit: float
    low: float
    high: float
    unit: str
    where: str = ""
    at_least: bool = False

    @property
    def column(self) -> str:
        """Name of the value in a table, with its unit."""
        suffix = _SUFFIX[self.unit]
        return f"{self.name}_{suffix}" if suffix else self.name

    @property
    def margin(self) -> float:
        """Distance to the limit; negative when it is broken."""
        return self.value - self.limit if self.at_least else self.limit - self.value

    @property
    def passed(self) -> bool:
        """Whether the value keeps the limit."""
        return bool(self.margin >= 0.0)

    @property
    def sure(self) -> bool:
        """Whether the verdict stands over the whole band."""
        worst, best = (self.low, self.high) if self.at_least else (self.high, self.low)
        bound = worst if self.passed else best
        kept = bound >= self.limit if self.at_least else bound <= self.limit
        return bool(kept) == self.passed

    @property
    def shown_unit(self) -> str:
        """Unit of the numbers for people."""
        return _SHOWN.get(self.unit, (self.unit, 1.0, 1))[0]

    def shown(self) -> tuple[str, str, str]:
        """Return value, limit and margin for people, in `shown_unit`."""
        sign = "at least " if self.at_least else ""
        value, limit, margin = (self.number(v) for v in (self.value, self.limit, self.margin))
        return value, f"{sign}{limit}", margin

    def number(self, value: float) -> str:
        """Write a number of the target for people, in `shown_unit`."""
        _, factor, digits = _SHOWN.get(self.unit, (self.unit, 1.0, 1))
        return f"{value * factor:.{digits}f}"

    def to_dict(self) -> dict[str, Any]:
        """Return the target as plain values, for JSON output."""
        return {
            "name": self.name,
            "title": self.title,
            "value": float(self.value),
            "limit": float(self.limit),
            "margin": float(self.margin),
            "low": float(self.low),
            "high": float(self.high),
            "unit": self.unit,
            "passed": self.passed,
            "sure": self.sure,
            "where": self.where,
        }


def all_passed(targets: Iterable[Target]) -> bool:
    """Return whether every target is kept."""
    return all(target.passed for target in targets)
