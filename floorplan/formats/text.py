"""Words, numbers and text of other tools' files, for the readers and writers of every format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from techlib import InputError

__all__ = ["read_text", "some", "tidy", "um_from_m", "unique_names"]

_UM_PER_M = 1e6


def tidy(value: float) -> float:
    """Drop the digits that a change of unit makes up: 1.3e-4 W/(um K) are 130 W/(m K).

    Examples
    --------
    >>> tidy(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.12g}")


def um_from_m(length_m: float) -> float:
    """Metres to micrometres, to the picometre."""
    return round(length_m * _UM_PER_M, 6)


def read_text(path: Path, allowed: str, cure: str = "") -> str:
    """Return the text of a file; Latin-1 is read too, as comments in these formats may hold it.

    Raises
    ------
    InputError
        No such file, or one that cannot be read as text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError.of(str(path), "no such file", allowed, cure) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError.of(str(path), f"cannot be read: {reason}", allowed) from None
    if b"\0" in data:
        raise InputError.of(str(path), "cannot be read: it is not text", allowed)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def unique_names(
    names: Iterable[str], *, illegal: str, prefix: str, start: str, taken: Iterable[str] = ()
) -> dict[str, str]:
    r"""Map names to ones that a format allows, each to one of its own.

    Parameters
    ----------
    names : iterable of str
        Repeated ones count once.
    illegal : str
        Regular expression of what becomes an underscore.
    prefix : str
        Goes before a name that does not begin as it must.
    start : str
        Regular expression that the beginning must match.
    taken : iterable of str
        Words that are not free.

    Examples
    --------
    >>> unique_names(["die/a", "die_a", "7"], illegal=r"\W", prefix="n", start="[A-Za-z]")
    {'die/a': 'die_a_2', 'die_a': 'die_a', '7': 'n7'}
    """
    wanted = list(dict.fromkeys(names))
    words, used = set(taken), set(taken)
    found: dict[str, str] = {}

    def legal(name: str) -> str:
        clean = re.sub(illegal, "_", name)
        good = re.match(start, clean) and clean not in words
        return clean if good else f"{prefix}{clean}"

    changed = []
    for name in wanted:  # a name that is legal as it stands is kept
        if legal(name) == name and name not in used:
            found[name] = name
            used.add(name)
        else:
            changed.append(name)
    for name in changed:
        base = candidate = legal(name)
        number = 1
        while candidate in used:
            number += 1
            candidate = f"{base}_{number}"
        found[name] = candidate
        used.add(candidate)
    return {name: found[name] for name in wanted}


def some(names: Sequence[str], most: int = 5) -> str:
    """List names, the first few of them where there are many.

    Examples
    --------
    >>> some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
