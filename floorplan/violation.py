"""One finding of a geometry check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Violation"]


@dataclass(frozen=True)
class Violation:
    """A rule that is broken, where and by how much.

    Parameters
    ----------
    rule : str
        Name of the rule, a key of `floorplan.RULES`.
    where : tuple of str
        Keys of the blocks, dies or stacks that break it.
    x_um, y_um : float
        Place on the interposer [um].
    amount, limit : float
        What was found and what is allowed, in `unit`.
    unit : str
        Unit of both; empty for counts.
    message : str
        The finding in words, with what to do.
    """

    rule: str
    where: tuple[str, ...]
    x_um: float
    y_um: float
    amount: float
    limit: float
    unit: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule} at ({self.x_um:g}, {self.y_um:g}) um: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return the violation as plain values, for JSON output."""
        return {**asdict(self), "where": list(self.where)}
