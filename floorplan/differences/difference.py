"""One difference of two layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Change", "Difference", "difference"]

_DIGITS = 6  # of coordinates in um


class Change(StrEnum):
    """What happened to a thing on the way from the first layout to the second."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    GREW = "grew"
    SHRANK = "shrank"
    RESHAPED = "reshaped"  #: another outline of the same area
    LAYER = "layer"  #: another kind of block, or layer of the file
    NET = "net"
    PROPERTY = "property"  #: something that is not drawn


@dataclass(frozen=True)
class Difference:
    """One difference.

    Parameters
    ----------
    change : Change
        What happened.
    what : str
        ``"interposer"``, ``"die"``, ``"stack"``, ``"block"``, ``"bumps"`` or ``"shape"``.
    name : str
        Key of the block, name of the body or of the bump field, layer of a shape.
    before, after : str
        In words; empty where there is nothing.
    x_um, y_um : float
        Place in the second layout, or in the first of what went [um].
    amount : float
        How far it moved [um], how much it grew [um^2], how many came or went.
    unit : str
        Unit of the amount; empty for counts.
    """

    change: Change
    what: str
    name: str
    before: str
    after: str
    x_um: float
    y_um: float
    amount: float = 0.0
    unit: str = ""

    def __str__(self) -> str:
        path = " -> ".join(part for part in (self.before, self.after) if part)
        return f"{self.what} {self.name} {self.change}: {path}"

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain values, for JSON output."""
        return {**asdict(self), "change": str(self.change)}


def difference(
    change: Change,
    what: str,
    name: str,
    before: str,
    after: str,
    bounds_um: Sequence[float],
    *,
    amount: float = 0.0,
    unit: str = "",
) -> Difference:
    """Make a difference at the middle of a box [um]."""
    x0, y0, x1, y1 = bounds_um
    x, y = round((x0 + x1) / 2.0, _DIGITS), round((y0 + y1) / 2.0, _DIGITS)
    return Difference(change, what, name, before, after, x, y, float(amount), unit)
