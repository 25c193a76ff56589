"""Where a number comes from, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Provenance", "Source", "Trust", "bibliography"]


class Trust(StrEnum):
    """How far a value can be trusted; `SECONDARY` and `WEAK` values carry a band."""

    PRIMARY = "P"  #: vendor, standard or paper
    TOOL = "C"  #: constant in a public tool
    SECONDARY = "S"  #: press, or a page that quotes another
    WEAK = "W"  #: blog, note or our own judgement
    USER = "U"  #: given by the user in a design file


@dataclass(frozen=True, order=True)
class Source:
    """A reference that values point to.

    Parameters
    ----------
    key : str
        Short name, unique in ``sources.toml``.
    title : str
        Title of the work.
    reference : str
        Authors, venue and year.
    url : str
        DOI or address; may be empty.
    """

    key: str
    title: str
    reference: str
    url: str = ""

    def __str__(self) -> str:
        tail = f" {self.url}" if self.url else ""
        return f"{self.reference}: {self.title}.{tail}"

    def to_dict(self) -> dict[str, str]:
        """Return the source as plain strings, for JSON output."""
        return {
            "key": self.key,
            "title": self.title,
            "reference": self.reference,
            "url": self.url,
        }


@dataclass(frozen=True)
class Provenance:
    """Origin, trust, validity and band of one value, in the value's own unit.

    Parameters
    ----------
    unit : str
        Unit of the value, and of `low` and `high`.
    source : Source
        Where the value was read.
    trust : Trust
        How far it can be trusted.
    valid : str
        What the value holds for, in words.
    at : str
        Page, table or section in the source.
    low, high : float or None
        Band of an estimate.
    valid_range : mapping of str to (float, float)
        Numeric limits by variable, e.g. ``{"temperature_c": (25.0, 125.0)}``.
    note : str
        How the number was derived, where it was not read off.
    """

    unit: str
    source: Source
    trust: Trust
    valid: str
    at: str = ""
    low: float | None = None
    high: float | None = None
    valid_range: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""

    @property
    def estimate(self) -> bool:
        """Whether the value is an estimate with a band."""
        return self.low is not None and self.high is not None


def bibliography(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return the sources once each, sorted by key."""
    return tuple(sorted(set(sources)))
