"""A part of a validation report: what was asked, what was found, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

__all__ = ["Check", "Picture", "Section", "Table"]


@dataclass(frozen=True)
class Check:
    """One number against its target.

    Parameters
    ----------
    name : str
    value, target : float
    unit : str
        Empty for a plain number.
    at_least : bool
        Whether the value must reach the target instead of staying within it.
    """

    name: str
    value: float
    target: float
    unit: str = ""
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the target is met; a value that is not a number meets none."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return the check as plain values."""
        return {
            "name": self.name,
            "value": self.value,
            "target": self.target,
            "unit": self.unit,
            "at_least": self.at_least,
            "passed": self.passed,
        }


@dataclass(frozen=True, eq=False)
class Table:
    """A table with a caption; its index is not shown.

    Parameters
    ----------
    caption : str
    rows : pandas.DataFrame
    """

    caption: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Picture:
    """A picture that is drawn when it is asked for.

    Parameters
    ----------
    name : str
        File name.
    caption : str
    draw : callable
        Returns the figure.
    """

    name: str
    caption: str
    draw: Callable[[], Figure]


@dataclass(frozen=True, eq=False)
class Section:
    """What one case has shown.

    Parameters
    ----------
    name, title : str
    text : str
        Markdown; indentation that all lines share is dropped.
    checks : tuple of Check
    tables : tuple of Table
    pictures : tuple of Picture
    """

    name: str
    title: str
    text: str
    checks: tuple[Check, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
