"""Places of bumps that break a rule, told one by one as long as they are not too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.violation import Violation, broken

__all__ = ["Place", "around", "label_of", "listed"]

_LISTED = 100  # places of one rule and field that are told one by one; the rest as one


class Place(NamedTuple):
    """A bump, or a pair, that breaks a rule."""

    bounds: NDArray[np.float64]
    what: str
    amount: float


def listed(
    rule: Rule,
    where: tuple[str, ...],
    worst_first: NDArray[np.int64],
    place_of: Callable[[int], Place],
    points_um: NDArray[np.float64],
    *,
    limit: float | None = None,
) -> Iterator[Violation]:
    """Yield a violation for each place; of very many, one for all that are left.

    Parameters
    ----------
    rule : Rule
        What they break.
    where : tuple of str
        The fields.
    worst_first : ndarray of int
        The places, by number.
    place_of : callable
        From the number of a place to the place; it is asked for those that are told one by one.
    points_um : ndarray, shape (n, 2)
        Where every place is, by number [um].
    limit : float, optional
        In place of the rule's.
    """
    count = len(worst_first)
    shown = count if count <= _LISTED else _LISTED - 1
    for number in worst_first[:shown].tolist():
        place = place_of(number)
        yield broken(rule, where, place.bounds, place.what, amount=place.amount, limit=limit)
    if count > shown:
        rest = points_um[worst_first[shown:]]
        box = np.concatenate([rest.min(axis=0), rest.max(axis=0)])
        first = place_of(int(worst_first[shown]))
        what = f"{count - shown} more of the same in this box; the first one: {first.what}"
        yield broken(rule, where, box, what, amount=first.amount, limit=limit, count=count - shown)


def label_of(pads: Pads, index: int) -> str:
    """Return net and place of a bump, for messages."""
    x, y = pads.points_um[index].tolist()
    net = pads.net(index)
    return f"{net} at ({x:.3f}, {y:.3f}) um" if net else f"at ({x:.3f}, {y:.3f}) um"


def around(pads: Pads, index: int) -> NDArray[np.float64]:
    """Return the box around a pad [um]."""
    half = pads.pad_um / 2.0
    low, high = pads.points_um[index] - half, pads.points_um[index] + half
    return np.concatenate([low, high])
