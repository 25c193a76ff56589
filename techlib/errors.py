"""The exceptions of the whole toolkit.

::

    ScovilleError
    ├── InputError            what was given cannot be used; lists every fault
    │   └── UnknownNameError  a name that no library holds (also a KeyError)
    ├── ConvergenceError      an iteration did not reach its tolerance
    ├── ResourceError         more memory would be needed than there is
    └── MissingExtraError     an optional package is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = [
    "ConvergenceError",
    "Fault",
    "Faults",
    "InputError",
    "MissingExtraError",
    "ResourceError",
    "ScovilleError",
    "UnknownNameError",
    "did_you_mean",
]


class ScovilleError(Exception):
    """Base of every error that the toolkit raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Parameters
    ----------
    where : str
        File, key or line, e.g. ``"x.toml: package.tim1.thickness"``.
    what : str
        What was found there.
    allowed : str
        What would be accepted.
    cure : str
        What to try.

    Examples
    --------
    >>> print(Fault("package.tim1.thickness", "-20 um is negative", "above 0 um", 'e.g. "20 um"'))
    package.tim1.thickness: -20 um is negative; allowed: above 0 um; e.g. "20 um"
    """

    where: str
    what: str
    allowed: str = ""
    cure: str = ""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}"]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.cure:
            parts.append(self.cure)
        return "; ".join(parts)

    def to_dict(self) -> dict[str, str]:
        """Return the fault as plain strings, for JSON output."""
        return {
            "where": self.where,
            "what": self.what,
            "allowed": self.allowed,
            "cure": self.cure,
        }


class InputError(ScovilleError):
    """Input that cannot be used, with every fault that was found in it.

    Parameters
    ----------
    faults : iterable of Fault
        At least one.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        if not self.faults:
            raise ValueError("an InputError needs at least one fault")
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def of(cls, where: str, what: str, allowed: str = "", cure: str = "") -> InputError:
        """Make the error for a single fault."""
        return cls([Fault(where, what, allowed, cure)])

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class UnknownNameError(InputError, KeyError):
    """A name that is not in a library; its cure names the nearest known ones."""


class ConvergenceError(ScovilleError):
    """An iteration stopped short of its tolerance; the message says by how much."""


class ResourceError(ScovilleError):
    """A task would need more memory than the machine has."""


class MissingExtraError(ScovilleError):
    """An optional package is missing; the message holds the install line."""


@dataclass
class Faults:
    """Collects faults so that all of them are reported together.

    Examples
    --------
    >>> faults = Faults()
    >>> faults.add("trace.csv: line 3", "prompt_tokens is 'x'", "a whole number")
    >>> bool(faults)
    True
    """

    found: list[Fault] = field(default_factory=list)

    def add(self, where: str, what: str, allowed: str = "", cure: str = "") -> None:
        """Note one fault."""
        self.found.append(Fault(where, what, allowed, cure))

    def take(self, error: InputError) -> None:
        """Note every fault of an error that was caught."""
        self.found.extend(error.faults)

    def __bool__(self) -> bool:
        return bool(self.found)

    def raise_if_any(self) -> None:
        """Raise `InputError` with all faults noted so far, if there are any."""
        if self.found:
            raise InputError(self.found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a cure that names the nearest known names, or all of a short list.

    Examples
    --------
    >>> did_you_mean("silicn", ["silicon", "copper"])
    "did you mean 'silicon'?"
    >>> did_you_mean("zzz", ["silicon", "copper"])
    'known: copper, silicon'
    """
    names = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in names}
    asked = name.casefold()
    near = difflib.get_close_matches(asked, folded, n=3, cutoff=0.55)
    likeness = {match: difflib.SequenceMatcher(None, match, asked).ratio() for match in near}
    near = [match for match in near if likeness[match] > likeness[near[0]] - 0.15]
    if near:
        return f"did you mean {' or '.join(repr(folded[match]) for match in near)}?"
    shown = ", ".join(names[:20])
    return f"known: {shown}" + (f" and {len(names) - 20} more" if len(names) > 20 else "")
