"""A case: a package with the power that heats it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from package.case_trace import CaseTrace
from package.package import Package

__all__ = ["Case"]


@dataclass(frozen=True, eq=False)
class Case:
    """A package with the power that heats it.

    Parameters
    ----------
    package : Package
        Its `ambient_c` is `initial_c`.
    power_w : mapping of str to float
        Steady power by heat key [W].
    trace : CaseTrace or None
        Power over time, where the case has a transient.
    initial_c : float
        Temperature of everything at the start [degC].
    description : str
        In words.
    notes : tuple of str
        What was read and is not used.
    """

    package: Package
    power_w: Mapping[str, float]
    trace: CaseTrace | None = None
    initial_c: float = field(kw_only=True)
    description: str = field(default="", kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)
