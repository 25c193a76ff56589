"""A grid of bump sites with a net for each, and its decomposition into arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from floorplan.bump import BumpArray

__all__ = ["BumpGrid"]

_ROUND_OFF = 1e-9  # of a pitch
_ROUND_OFF_UM = 1e-6  # of coordinates as floats
_PHASES = 2  # power and ground alternate with this period along both axes


@dataclass
class BumpGrid:
    """Sites on a square grid while a field is filled; a site without a net has no bump.

    Parameters
    ----------
    x_um, y_um : float
        The lower left site [um].
    pitch_um : float
        Distance of neighbours [um].
    nets : ndarray of int, shape (rows, columns)
        Position of each site's net in a list of nets, -1 for none.
    """

    x_um: float
    y_um: float
    pitch_um: float
    nets: NDArray[np.int32]
    _used: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def within(
        cls,
        bounds: tuple[float, float, float, float],
        margin_um: float,
        pitch_um: float,
        step_um: float,
    ) -> BumpGrid:
        """Return the largest grid whose centres keep a margin to some bounds, in their middle.

        The lower left site is snapped down to multiples of `step_um`. There is none where the
        margin leaves nothing.
        """
        x0, y0, x1, y1 = bounds
        x_um, columns = _axis(x0 + margin_um, x1 - margin_um, pitch_um, step_um)
        y_um, rows = _axis(y0 + margin_um, y1 - margin_um, pitch_um, step_um)
        return cls(x_um, y_um, pitch_um, np.full((rows, columns), -1, dtype=np.int32))

    def checker(self, even: int, odd: int) -> None:
        """Give all sites one of two nets, in turn along both axes."""
        rows, columns = self.nets.shape
        turn = np.add.outer(np.arange(rows), np.arange(columns)) % 2
        self.nets[:] = np.where(turn == 0, even, odd)

    def stripes(self, even: int, odd: int) -> None:
        """Give the rows of sites one of two nets, in turn."""
        self.nets[:] = np.where(np.arange(len(self.nets)) % 2 == 0, even, odd)[:, None]

    def window(self, bounds: tuple[float, float, float, float]) -> tuple[slice, slice]:
        """Return the sites whose centres lie within bounds, edges included."""
        x0, y0, x1, y1 = bounds
        pitch = self.pitch_um
        rows = _slice((y0 - self.y_um) / pitch, (y1 - self.y_um) / pitch)
        return rows, _slice((x0 - self.x_um) / pitch, (x1 - self.x_um) / pitch)

    def clear(self, shape: Polygon, margin_um: float = 0.0) -> None:
        """Take the bumps away whose centres lie nearer to a shape than a margin [um]."""
        grown = shape.buffer(margin_um - _ROUND_OFF_UM, join_style="mitre")
        if grown.is_empty:
            return
        window = self.window(grown.bounds)
        here = self.nets[window]
        if here.size and not grown.equals(grown.envelope):
            rows, columns = (np.arange(n)[s] for n, s in zip(self.nets.shape, window, strict=True))
            x, y = np.meshgrid(
                self.x_um + columns * self.pitch_um, self.y_um + rows * self.pitch_um
            )
            here[shapely.intersects_xy(grown, x, y)] = -1
        else:
            here[:] = -1

    def nearest(self, x_um: float, y_um: float) -> tuple[int, int] | None:
        """Take the populated site nearest to a place that no one has taken: (row, column)."""
        rows, columns = self.nets.shape
        column = round((x_um - self.x_um) / self.pitch_um)
        row = round((y_um - self.y_um) / self.pitch_um)
        for dy, dx in _NEAR:
            site = (row + dy, column + dx)
            inside = 0 <= site[0] < rows and 0 <= site[1] < columns
            if inside and site not in self._used and self.nets[site] >= 0:
                self._used.add(site)
                return site
        return None

    def release(self, sites: Iterable[tuple[int, int]]) -> None:
        """Give sites back that `nearest` has taken."""
        self._used.difference_update(sites)

    def position_um(self, site: tuple[int, int]) -> tuple[float, float]:
        """Return the centre of a site, given as (row, column) [um]."""
        return self.x_um + site[1] * self.pitch_um, self.y_um + site[0] * self.pitch_um

    def arrays(self) -> tuple[BumpArray, ...]:
        """Return the populated sites as arrays of one net each."""
        return tuple(_joined(self._arrays()))

    def _arrays(self) -> Iterator[BumpArray]:
        for row in range(_PHASES):
            for column in range(_PHASES):
                nets = self.nets[row::_PHASES, column::_PHASES]
                for net in np.unique(nets[nets >= 0]).tolist():
                    for x, y, columns, rows in _rectangles(nets == net):
                        yield BumpArray(
                            self.x_um + (column + x * _PHASES) * self.pitch_um,
                            self.y_um + (row + y * _PHASES) * self.pitch_um,
                            self.pitch_um * _PHASES,
                            self.pitch_um * _PHASES,
                            columns,
                            rows,
                            net,
                        )


_NEAR = sorted(
    ((dy, dx) for dy in range(-20, 21) for dx in range(-20, 21)),
    key=lambda step: (step[0] ** 2 + step[1] ** 2, step),
)


def _joined(arrays: Iterable[BumpArray]) -> Iterator[BumpArray]:
    """Yield arrays, those of one column that repeat evenly along x joined to one."""
    columns: dict[tuple[float, int, int], list[BumpArray]] = {}
    for array in arrays:
        if array.columns > 1:
            yield array
        else:
            columns.setdefault((array.y_um, array.rows, array.net), []).append(array)
    for alike in columns.values():
        alike.sort(key=lambda array: array.x_um)
        start = 0
        while start < len(alike):
            end = start + 1
            step = alike[end].x_um - alike[start].x_um if end < len(alike) else 0.0
            while (
                end < len(alike)
                and abs(alike[end].x_um - alike[end - 1].x_um - step) < _ROUND_OFF_UM
            ):
                end += 1
            yield replace(alike[start], columns=end - start, pitch_x_um=step)
            start = end


def _axis(low: float, high: float, pitch: float, step: float) -> tuple[float, int]:
    """Return the first centre and the number of centres along one axis."""
    count = max(math.floor((high - low) / pitch + _ROUND_OFF) + 1, 0)
    slack = (high - low) - (count - 1) * pitch
    return low + math.floor(slack / 2.0 / step + _ROUND_OFF) * step, count


def _slice(low: float, high: float) -> slice:
    return slice(max(math.ceil(low - _ROUND_OFF), 0), max(math.floor(high + _ROUND_OFF) + 1, 0))


def _rectangles(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
    """Yield x, y, columns and rows of rectangles that cover a mask without overlap."""
    runs: dict[tuple[int, int], int] = {}  # start and end of an open rectangle: its first row
    changed = np.ones(len(mask) + 1, dtype=np.bool_)
    changed[1:-1] = (mask[1:] != mask[:-1]).any(axis=1)
    for y in np.flatnonzero(changed).tolist():
        edges = np.diff(mask[y], prepend=False, append=False) if y < len(mask) else np.zeros(0)
        ends = np.flatnonzero(edges).reshape(-1, 2).tolist()
        now = {(start, end) for start, end in ends}
        for start, end in sorted(runs.keys() - now):
            first = runs.pop((start, end))
            yield start, first, end - start, y - first
        for run in sorted(now - runs.keys()):
            runs[run] = y
