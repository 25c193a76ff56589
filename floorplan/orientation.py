"""The eight orientations of a rectangle in a layout, by their names in DEF."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Orientation"]


class Orientation(StrEnum):
    """A turn by a quarter, counter-clockwise, with or without a mirror; about the origin.

    Examples
    --------
    >>> Orientation.R90.apply([[2.0, 1.0]]).tolist()
    [[-1.0, 2.0]]
    >>> Orientation.MY.apply([[2.0, 1.0]]).tolist()
    [[-2.0, 1.0]]
    """

    R0 = "R0"
    R90 = "R90"
    R180 = "R180"
    R270 = "R270"
    MX = "MX"  #: y changes its sign
    MX90 = "MX90"  #: MX, then R90
    MY = "MY"  #: x changes its sign
    MY90 = "MY90"  #: MY, then R90

    @property
    def quarter_turns(self) -> int:
        """Quarter turns that follow the mirror."""
        return {"R90": 1, "R180": 2, "R270": 3, "MX90": 1, "MY": 2, "MY90": 3}.get(self.value, 0)

    @property
    def mirrored(self) -> bool:
        """Whether y changes its sign before the turns; MY is MX turned by half."""
        return self.value.startswith("M")

    @property
    def swaps_axes(self) -> bool:
        """Whether what ran along x runs along y."""
        return self.quarter_turns % 2 == 1

    @property
    def inverse(self) -> Orientation:
        """What leads back; mirrors and half turns lead back by themselves."""
        if self is Orientation.R90:
            return Orientation.R270
        return Orientation.R90 if self is Orientation.R270 else self

    def apply(
        self, points: ArrayLike, shift: tuple[float, float] = (0.0, 0.0)
    ) -> NDArray[np.float64]:
        """Return points, shape (n, 2), in this orientation and then moved; exact, no sines."""
        x, y = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
        if self.mirrored:
            y = -y
        for _ in range(self.quarter_turns):
            x, y = -y, x
        return np.stack([x + shift[0], y + shift[1]], axis=-1) + 0.0  # no negative zeros
