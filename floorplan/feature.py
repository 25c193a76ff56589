"""A drawn shape beyond blocks and bumps: seal ring, mark, halo, reservation."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import Polygon

__all__ = ["Feature"]


@dataclass(frozen=True)
class Feature:
    """A shape on a layer of the layer map, once or as an array.

    Parameters
    ----------
    layer : str
        Name in `layer_map`, e.g. ``"die.seal_ring"``.
    outline : shapely.Polygon
        The first one, in the owner's coordinates [um].
    name : str
        What it belongs to or is called; a label where it is a text of the layout.
    columns, rows : int
        Of the array.
    pitch_x_um, pitch_y_um : float
        Distance of columns and of rows [um].
    """

    layer: str
    outline: Polygon
    name: str = ""
    columns: int = 1
    rows: int = 1
    pitch_x_um: float = 0.0
    pitch_y_um: float = 0.0

    @property
    def area_um2(self) -> float:
        """Area of all of them [um^2]."""
        return float(self.outline.area) * self.columns * self.rows
