"""Whole manufacturing-grid steps: the coordinates in which the builder tiles a die."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

from shapely import Polygon, box

__all__ = ["Grid", "Rect"]

_NM_PER_UM = 1000
_ROUND_OFF = 1e-6  # of a grid step; a length this close to a step lies on it


@dataclass(frozen=True)
class Grid:
    """A manufacturing grid; lengths on it are whole numbers of steps.

    Parameters
    ----------
    step_nm : int
        Grid step [nm].

    Examples
    --------
    >>> grid = Grid(5)
    >>> grid.up(0.012), grid.down(0.012), grid.um(3)
    (3, 2, 0.015)
    """

    step_nm: int

    def up(self, length_um: float) -> int:
        """Return the smallest number of steps that holds a length [um]."""
        return math.ceil(length_um * _NM_PER_UM / self.step_nm - _ROUND_OFF)

    def down(self, length_um: float) -> int:
        """Return the largest number of steps within a length [um]."""
        return math.floor(length_um * _NM_PER_UM / self.step_nm + _ROUND_OFF)

    def area(self, area_um2: float) -> float:
        """Return an area [um^2] in square steps."""
        return area_um2 * (_NM_PER_UM / self.step_nm) ** 2

    def um(self, steps: int) -> float:
        """Return a number of steps as a length [um]."""
        return steps * self.step_nm / _NM_PER_UM

    def mm2(self, area_steps: float) -> float:
        """Return an area in square steps as [mm^2]."""
        return area_steps * (self.step_nm / _NM_PER_UM / 1e3) ** 2

    def polygon(self, rect: Rect) -> Polygon:
        """Return a rectangle as a polygon [um]."""
        return box(self.um(rect.x0), self.um(rect.y0), self.um(rect.x1), self.um(rect.y1))


@dataclass(frozen=True)
class Rect:
    """A rectangle in grid steps: lower left and upper right corner."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Extent along x."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Extent along y."""
        return self.y1 - self.y0

    def columns(self, widths: Iterable[int]) -> list[Rect]:
        """Cut columns of the given widths off, from left to right; the rest is left out."""
        edges = _edges(self.x0, widths)
        return [Rect(a, self.y0, b, self.y1) for a, b in itertools.pairwise(edges)]

    def rows(self, heights: Iterable[int]) -> list[Rect]:
        """Cut rows of the given heights off, from bottom to top; the rest is left out."""
        edges = _edges(self.y0, heights)
        return [Rect(self.x0, a, self.x1, b) for a, b in itertools.pairwise(edges)]

    def cell(self, column: int, row: int, width: int, height: int) -> Rect:
        """Return one cell of an array of equal cells that starts at the lower left corner."""
        x, y = self.x0 + column * width, self.y0 + row * height
        return Rect(x, y, x + width, y + height)


def _edges(start: int, lengths: Iterable[int]) -> list[int]:
    edges = [start]
    for length in lengths:
        edges.append(edges[-1] + length)
    return edges
