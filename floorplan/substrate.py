"""The package substrate below the interposer."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import Polygon, box

from floorplan.floorplan import Floorplan

__all__ = ["Substrate"]


@dataclass(frozen=True)
class Substrate:
    """The substrate; the interposer stands on it, its lower left corner at (x_um, y_um).

    Parameters
    ----------
    width_um, height_um : float
        Extent along x and y [um].
    x_um, y_um : float
        Lower left corner of the interposer on the substrate [um].
    thickness_um : float
        0 if unknown [um].

    Examples
    --------
    >>> Substrate(60_000.0, 70_000.0, x_um=7_000.0, y_um=7_000.0).outline.bounds
    (-7000.0, -7000.0, 53000.0, 63000.0)
    """

    width_um: float
    height_um: float
    x_um: float
    y_um: float
    thickness_um: float = 0.0

    @classmethod
    def around(cls, floorplan: Floorplan, margin_um: float, thickness_um: float = 0.0) -> Substrate:
        """Return the substrate that reaches a margin beyond the interposer on all sides [um]."""
        width_um, height_um = (
            length + 2.0 * margin_um for length in (floorplan.width_um, floorplan.height_um)
        )
        return cls(width_um, height_um, margin_um, margin_um, thickness_um)

    @property
    def outline(self) -> Polygon:
        """Outline in interposer coordinates [um]."""
        x0, y0 = -self.x_um, -self.y_um
        return box(x0, y0, x0 + self.width_um, y0 + self.height_um)
