"""Points that repeat along both axes, found again as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpArray

__all__ = ["lattices"]

_SHORTEST = 4  # points; a shorter series is none
_NEIGHBOURS = 10  # how many points of a line further a step may lead
_STEPS = 8  # the most frequent ones, which are tried
_NM_PER_UM = 1000

_Places = NDArray[np.int64]


class _Series(NamedTuple):
    """Points in rows of one step along an axis: where each begins, how many, and who is in none."""

    step: int
    heads: _Places
    counts: _Places
    rest: _Places

    @property
    def saved(self) -> int:
        return int(self.counts.sum()) - len(self.counts)


def lattices(points_um: NDArray[np.float64]) -> tuple[tuple[BumpArray, ...], NDArray[np.float64]]:
    """Return the points that repeat as arrays, and those that are left [um], shape (n, 2).

    Points of an array need not be neighbours: where a pattern repeats, as the signals in the words
    of a memory channel do, each point of the pattern is an array. Lengths are whole nanometres.

    Examples
    --------
    >>> x, y = np.meshgrid([0.0, 30.0, 60.0, 90.0], [0.0, 1.0, 50.0, 51.0, 100.0, 101.0, 150.0])
    >>> arrays, left = lattices(np.stack([x.ravel(), y.ravel()], axis=1))
    >>> [(array.columns, array.rows, array.pitch_y_um) for array in arrays], len(left)
    ([(4, 4, 50.0), (4, 1, 0.0), (4, 1, 0.0), (4, 1, 0.0)], 0)
    """
    places = np.rint(points_um * _NM_PER_UM).astype(np.int64)
    found: list[BumpArray] = []
    while True:
        along = [_series(places, axis) for axis in (0, 1)]
        axis = int(along[1].saved > along[0].saved)
        if not along[axis].saved:
            return tuple(found), places / _NM_PER_UM
        found += _arrays(along[axis], axis)
        places = along[axis].rest


def _arrays(along: _Series, axis: int) -> Iterator[BumpArray]:
    """Yield series as arrays; equal ones that repeat across the axis are one."""
    for count in np.unique(along.counts).tolist():
        heads = along.heads[along.counts == count]
        while len(heads):
            across = _series(heads, 1 - axis)
            if not across.saved:
                across = _Series(0, heads, np.ones(len(heads), dtype=np.int64), heads[:0])
            for (x, y), copies in zip(across.heads.tolist(), across.counts.tolist(), strict=True):
                ways = ((along.step / _NM_PER_UM, count), (across.step / _NM_PER_UM, copies))
                (pitch_x, columns), (pitch_y, rows) = ways[::-1] if axis else ways
                yield BumpArray(x / _NM_PER_UM, y / _NM_PER_UM, pitch_x, pitch_y, columns, rows)
            heads = across.rest


def _series(places: _Places, axis: int) -> _Series:
    """Return the series along an axis, of the step that has the most points in them."""
    found = _Series(0, places[:0], places[:0, 0], places)
    for step in _steps(places, axis):
        along, line = places[:, axis], places[:, 1 - axis]
        here = places[np.lexsort((along, along % step, line))]
        apart = (np.diff(here[:, axis]) != step) | (np.diff(here[:, 1 - axis]) != 0)
        starts = np.flatnonzero(np.concatenate([[True], apart]))
        counts = np.diff(np.append(starts, len(here)))
        enough = counts >= _SHORTEST
        rest = here[~np.repeat(enough, counts)]
        series = _Series(step, here[starts[enough]], counts[enough], rest)
        found = max(found, series, key=lambda one: one.saved)
    return found


def _steps(places: _Places, axis: int) -> list[int]:
    """Return the most frequent distances of points of one line, the least of equals first."""
    here = places[np.lexsort((places[:, axis], places[:, 1 - axis]))]
    pairs = [here[further:] - here[:-further] for further in range(1, _NEIGHBOURS + 1)]
    apart = np.concatenate(pairs)
    distances = apart[(apart[:, axis] > 0) & (apart[:, 1 - axis] == 0), axis]
    steps, often = np.unique(distances, return_counts=True)
    return [int(step) for step in steps[np.argsort(-often, kind="stable")][:_STEPS]]
