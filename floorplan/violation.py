"""One finding of a layout check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from floorplan.rule import Rule, Severity

__all__ = ["Violation", "broken"]

_DIGITS = 6  # of coordinates in um: a millionth of a nanometre is round-off


@dataclass(frozen=True)
class Violation:
    """A rule that is broken, where and by how much.

    Parameters
    ----------
    rule : str
        Name of the rule, a key of the rule deck.
    where : tuple of str
        Keys of the blocks, dies, stacks, bump fields or cells that break it.
    x_um, y_um : float
        Place on the interposer, or in the top cell of a layout file [um].
    amount, limit : float
        What was found and what is allowed, in `unit`.
    unit : str
        Unit of both; empty for counts and shares.
    message : str
        The finding in words, with what to do.
    severity : Severity
        Whether the check fails for it.
    bounds_um : tuple of float
        Box around the place: x0, y0, x1, y1 [um].
    count : int
        Number of places that this one stands for.
    """

    rule: str
    where: tuple[str, ...]
    x_um: float
    y_um: float
    amount: float
    limit: float
    unit: str
    message: str
    severity: Severity = Severity.ERROR
    bounds_um: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    count: int = 1

    def __str__(self) -> str:
        return f"{self.rule} at ({self.x_um:g}, {self.y_um:g}) um: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return the violation as plain values, for JSON output."""
        return {
            **asdict(self),
            "where": list(self.where),
            "severity": str(self.severity),
            "bounds_um": list(self.bounds_um),
        }


def broken(
    rule: Rule,
    where: str | tuple[str, ...],
    bounds_um: Sequence[float] | NDArray[np.float64],
    what: str,
    *,
    amount: float = 0.0,
    limit: float | None = None,
    count: int = 1,
    subject: str = "",
) -> Violation:
    """Make a violation of a rule, placed at the middle of a box [um].

    The message begins with the `subject`, the first name of `where` if not given. Bounds that are
    not finite, such as those of an empty outline, count as the origin.
    """
    bounds = np.round(np.asarray(bounds_um, dtype=np.float64), _DIGITS) + 0.0
    if not np.isfinite(bounds).all():
        bounds = np.zeros(4)
    x0, y0, x1, y1 = bounds.tolist()
    names = (where,) if isinstance(where, str) else where
    return Violation(
        rule=rule.name,
        where=names,
        x_um=round((x0 + x1) / 2, _DIGITS),
        y_um=round((y0 + y1) / 2, _DIGITS),
        amount=float(amount),
        limit=rule.limit if limit is None else float(limit),
        unit=rule.unit,
        message=f"{subject or names[0] + ':'} {what}",
        severity=rule.severity,
        bounds_um=(x0, y0, x1, y1),
        count=count,
    )
