"""An HBM stack on the interposer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shapely import Polygon, box

from techlib import HbmGeneration

__all__ = ["Edge", "HbmStack"]


class Edge(StrEnum):
    """A side of a rectangle, as on a map."""

    NORTH = "north"
    EAST = "east"
    SOUTH = "south"
    WEST = "west"

    @property
    def opposite(self) -> Edge:
        """The side across."""
        return {
            Edge.NORTH: Edge.SOUTH,
            Edge.SOUTH: Edge.NORTH,
            Edge.EAST: Edge.WEST,
            Edge.WEST: Edge.EAST,
        }[self]

    @property
    def horizontal(self) -> bool:
        """Whether the side runs along x."""
        return self in (Edge.NORTH, Edge.SOUTH)


@dataclass(frozen=True)
class HbmStack:
    """A stack of DRAM dies on a base die, placed on the interposer.

    Parameters
    ----------
    name : str
        First part of its heat keys, ``"<name>/base"`` and ``"<name>/dram"``.
    generation : HbmGeneration
        Size, interface and energy.
    x_um, y_um : float
        Lower left corner of the body on the interposer [um].
    phy_edge : Edge
        The side of the stack that its interface is on, towards the compute die.
    """

    name: str
    generation: HbmGeneration
    x_um: float
    y_um: float
    phy_edge: Edge

    @property
    def width_um(self) -> float:
        """Extent along x [um]."""
        g = self.generation
        return g.width_um if self.phy_edge.horizontal else g.depth_um

    @property
    def height_um(self) -> float:
        """Extent along y [um]."""
        g = self.generation
        return g.depth_um if self.phy_edge.horizontal else g.width_um

    @property
    def placed_outline(self) -> Polygon:
        """Outline in interposer coordinates [um]."""
        return box(self.x_um, self.y_um, self.x_um + self.width_um, self.y_um + self.height_um)

    @property
    def base_key(self) -> str:
        """Key of the base die's power and temperature."""
        return f"{self.name}/base"

    @property
    def dram_key(self) -> str:
        """Key of the DRAM dies' power and temperature."""
        return f"{self.name}/dram"
