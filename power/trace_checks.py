"""What every row of a trace has to hold, whether it comes from a file or from arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from techlib import Faults

__all__ = ["MOST_ROWS_LISTED", "check_rows", "find_faults", "is_clean", "list_rows"]

MOST_ROWS_LISTED = 20
_MOST_TOKENS = 100_000_000  # far beyond any context; keeps every later sum exact in a float
_LATEST_S = 1e10  #: three centuries; a float still tells microseconds apart there

RowFault = tuple[int, str, str, str]


def list_rows(
    found: Sequence[RowFault], place: Callable[[int], str], faults: Faults, *, whole: str
) -> None:
    """Note the first faulty rows in order, and how many more there are.

    Parameters
    ----------
    found : sequence of (row, what, allowed, cure)
        Faults in any order.
    place : callable
        Gives the place of a row for the message, e.g. its line.
    faults : Faults
        Takes the notes.
    whole : str
        Place for the closing note.
    """
    ordered = sorted(found)
    for row, what, allowed, cure in ordered[:MOST_ROWS_LISTED]:
        faults.add(place(row), what, allowed, cure)
    if len(ordered) > MOST_ROWS_LISTED:
        faults.add(whole, f"and {len(ordered) - MOST_ROWS_LISTED} more faulty rows")


def check_rows(
    columns: Mapping[str, NDArray[np.float64]],
    place: Callable[[int], str],
    faults: Faults,
    *,
    known: Sequence[RowFault] = (),
    whole: str = "trace",
) -> None:
    """Note every row whose time or token counts cannot be.

    Parameters
    ----------
    columns : mapping
        ``arrival_s``, ``prompt_tokens`` and ``output_tokens``, each of shape (n,). Rows that
        `known` names are not looked at again.
    place : callable
        Gives the place of a row for the message.
    faults : Faults
        Takes the notes.
    known : sequence of (row, what, allowed, cure)
        Faults that reading has found already.
    whole : str
        Place for the closing note.
    """
    list_rows(find_faults(columns, known=known), place, faults, whole=whole)


def is_clean(columns: Mapping[str, NDArray[np.float64]], last_s: float = 0.0) -> bool:
    """Return whether no row can be faulty; cheaper than to find which ones are.

    Parameters
    ----------
    columns : mapping
        As for `check_rows`.
    last_s : float
        Arrival of the row above the first one [s].
    """
    arrival = columns["arrival_s"]
    if not len(arrival):
        return True
    within = arrival[0] >= last_s and arrival[-1] <= _LATEST_S
    if not (within and bool((np.diff(arrival) >= 0.0).all())):
        return False
    return all(
        bool(((values >= 1.0) & (values <= _MOST_TOKENS) & (values == np.floor(values))).all())
        for name, values in columns.items()
        if name != "arrival_s"
    )


def find_faults(
    columns: Mapping[str, NDArray[np.float64]],
    *,
    known: Sequence[RowFault] = (),
    last_s: float = 0.0,
) -> list[RowFault]:
    """Return what is wrong with rows, by row; `known` is part of it.

    Parameters
    ----------
    columns, known
        As for `check_rows`.
    last_s : float
        Arrival of the row above the first one [s].
    """
    found = list(known)
    good = np.ones(len(columns["arrival_s"]), dtype=bool)
    good[[row for row, *_ in known]] = False
    for name, values in columns.items():
        least, most, allowed = (
            (0.0, _LATEST_S, f"from 0 s to {_LATEST_S:g} s")
            if name == "arrival_s"
            else (1.0, _MOST_TOKENS, f"a whole number from 1 to {_MOST_TOKENS:,}")
        )
        with np.errstate(invalid="ignore"):
            bad = ~np.isfinite(values) | (values < least) | (values > most)
            if name != "arrival_s":
                bad |= values != np.floor(values)
        found += [
            (int(row), f"{name} is {values[row]:.12g}", allowed, "")
            for row in np.flatnonzero(bad & good)
        ]
        good &= ~bad
    return found + _decreasing(columns["arrival_s"], good, last_s)


def _decreasing(
    arrival_s: NDArray[np.float64], good: NDArray[np.bool_], last_s: float
) -> list[RowFault]:
    """Find rows that arrive before a good row above them."""
    rows = np.flatnonzero(good)
    latest = np.maximum.accumulate(np.concatenate([[last_s], arrival_s[rows]]))
    early = rows[arrival_s[rows] < latest[:-1]]
    return [
        (
            int(row),
            f"arrival_s is {arrival_s[row]:.12g}, before the one above it",
            "arrivals that do not decrease",
            "sort the rows by arrival after checking the log",
        )
        for row in early
    ]
