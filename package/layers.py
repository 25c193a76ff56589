"""Layers, regions and faces: the words that a package's stack-up is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shapely import Polygon

from techlib import Material

__all__ = ["GRID_UM", "Face", "Flow", "Layer", "Patch", "Region"]

GRID_UM = (
    1e-3  #: database grid [um]: geometry that differs by less is the same, slabs below it none
)


@dataclass(frozen=True)
class Region:
    """A piece of a layer with a material of its own.

    Parameters
    ----------
    name : str
        Name for messages and pictures.
    outline : shapely.Polygon
        In package coordinates [um].
    material : Material
        What it is made of.
    heats : str
        Key of the block whose power is dissipated here, uniform over the volume of all regions
        with that key; empty where there is none.
    """

    name: str
    outline: Polygon
    material: Material
    heats: str = ""


@dataclass(frozen=True)
class Flow:
    """Coolant in channels that fill a layer, as a porous medium: one temperature, the coolant's.

    Heat crosses between the coolant and the layers below and above by films. Those are effective
    ones per area of the layer, with what the channel walls do as fins; walls do not conduct from
    below to above past the coolant, nor in the plane. The layer's background stores heat.

    Parameters
    ----------
    axis : {"x", "y"}
        Along which it flows, evenly over the width of the layer.
    volume_m3_s : float
        Through the whole layer [m^3/s].
    heat_capacity_j_m3k : float
        Of the coolant per volume [J/(m^3 K)].
    inlet_c : float
        Temperature at the inlet [degC].
    floor_film_w_m2k, ceiling_film_w_m2k : float
        Films to the layer below and above; 0 is adiabatic [W/(m^2 K)].
    backward : bool
        Towards lower coordinates.

    Examples
    --------
    Half a litre of water a minute warms up by 2.88 K with 100 W:

    >>> water = Flow("x", 0.5e-3 / 60.0, 4.17e6, 40.0, 3e4, 3e4)
    >>> round(100.0 / water.capacity_rate_w_k, 2)
    2.88
    """

    axis: Literal["x", "y"]
    volume_m3_s: float
    heat_capacity_j_m3k: float
    inlet_c: float
    floor_film_w_m2k: float
    ceiling_film_w_m2k: float
    backward: bool = False

    @property
    def capacity_rate_w_k(self) -> float:
        """Heat that it carries away per kelvin that it warms up [W/K]."""
        return self.volume_m3_s * self.heat_capacity_j_m3k


@dataclass(frozen=True)
class Layer:
    """A slab of the package between two heights.

    Parameters
    ----------
    name : str
        Unique in the package.
    thickness_um : float
        Above zero [um].
    outline : shapely.Polygon
        Extent of the slab in package coordinates [um]; outside it there is the package's filler.
    background : Material
        Fills the outline where no region lies.
    regions : tuple of Region
        Inside the outline, not overlapping.
    contact_resistance_k_m2_w : float
        Between this layer and the one above, or the fluid above the uppermost [K m^2/W].
    flow : Flow, optional
        Coolant that fills the outline, which then is a rectangle without regions.
    """

    name: str
    thickness_um: float
    outline: Polygon
    background: Material
    regions: tuple[Region, ...] = ()
    contact_resistance_k_m2_w: float = 0.0
    flow: Flow | None = None

    @property
    def materials(self) -> tuple[Material, ...]:
        """Those of the regions, then the background."""
        return (*(region.material for region in self.regions), self.background)


@dataclass(frozen=True)
class Patch:
    """A part of the top or the bottom face with heat exchange of its own.

    Parameters
    ----------
    outline : shapely.Polygon
        In package coordinates, such as the footprint of a heat sink [um].
    film_w_m2k, temperature_c : float
        As those of a `Face`.
    """

    outline: Polygon
    film_w_m2k: float
    temperature_c: float


@dataclass(frozen=True)
class Face:
    """Heat exchange at one outer face of the package; zero film is an adiabatic face.

    Parameters
    ----------
    film_w_m2k : float
        Film coefficient, 0 or more; infinite for a face that is held at a temperature
        [W/(m^2 K)].
    temperature_c : float
        Temperature of the fluid, or of the face itself [degC].
    patches : tuple of Patch
        Where the exchange is another one; apart from one another, top and bottom only.

    Examples
    --------
    A top that only a sink of 30 x 30 mm cools, and a bottom held at 40 degC:

    >>> import math
    >>> from shapely import box
    >>> top = Face(patches=(Patch(box(5e3, 5e3, 35e3, 35e3), 12_000.0, 40.0),))
    >>> bottom = Face(math.inf, 40.0)
    >>> top.cools, bottom.cools, Face().cools
    (True, True, False)
    """

    film_w_m2k: float = 0.0
    temperature_c: float = 25.0
    patches: tuple[Patch, ...] = ()

    @property
    def cools(self) -> bool:
        """Whether heat can leave here."""
        return self.film_w_m2k > 0.0 or any(patch.film_w_m2k > 0.0 for patch in self.patches)
