"""A package cut into rectangles within one outline, as formats have it that know no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import shapely
from shapely import Polygon, box

from floorplan.formats.rectangles import Rectangle, rectangles
from floorplan.formats.text import some
from package.case import Case
from package.layers import GRID_UM, Layer
from package.tiles import polygons
from techlib import Faults, Material

__all__ = [
    "FlatLayer",
    "Piece",
    "Solid",
    "constant_conductivities",
    "flatten_layer",
    "power_shares",
    "powers_beside_a_trace",
    "solid",
    "solid_names",
    "watts",
]

#: Conductivities [W/(m K)] and heat capacity [J/(m^3 K)]: what makes materials differ.
Solid = tuple[tuple[float, float, float], float]

_SAME = 1e-6  #: of the greatest power: what a mean may be off by


def solid(material: Material) -> Solid:
    """Return what of a material bears on heat conduction."""
    return material.conductivity_w_mk, material.heat_capacity_j_m3k


@dataclass(frozen=True)
class Piece:
    """Rectangles of one material in one layer.

    Parameters
    ----------
    name : str
        Of the region.
    rectangles_um : tuple of tuple of float
        x0, y0, x1, y1 each [um].
    material : Material
        What they are made of.
    heats : str
        Heat key, or empty.
    """

    name: str
    rectangles_um: tuple[Rectangle, ...]
    material: Material
    heats: str


@dataclass(frozen=True)
class FlatLayer:
    """A layer that fills its package's extent.

    Parameters
    ----------
    name : str
        Of the layer.
    thickness_um : float
        [um].
    background : Material
        Fills the extent where no piece lies.
    pieces : tuple of Piece
        Apart from one another.
    """

    name: str
    thickness_um: float
    background: Material
    pieces: tuple[Piece, ...]

    @property
    def heated(self) -> bool:
        """Whether it dissipates."""
        return any(piece.heats for piece in self.pieces)

    def rest(self, extent: Polygon) -> list[Rectangle]:
        """Return what the pieces leave of the extent, as rectangles."""
        covered = [box(*corners) for piece in self.pieces for corners in piece.rectangles_um]
        free = shapely.difference(extent, shapely.union_all(covered))
        return [rectangle for part in polygons(free) for rectangle in rectangles(part)]


def flatten_layer(
    layer: Layer, extent: Polygon, filler: Material, where: str, faults: Faults
) -> FlatLayer:
    """Cut a layer into rectangles; one that is smaller than the extent is set into the filler."""
    pieces = []
    background = layer.background
    beyond = shapely.difference(extent, layer.outline)
    place = f"{where}: layer {layer.name}"
    if beyond.area > GRID_UM * extent.length:
        background = filler
        taken = shapely.union_all([region.outline for region in layer.regions])
        free = shapely.difference(layer.outline, taken)
        for part in polygons(free):
            cut = _cut(part, place, faults)
            pieces.append(Piece(layer.name, cut, layer.background, ""))
    for region in layer.regions:
        cut = _cut(region.outline, f"{place}: {region.name}", faults)
        pieces.append(Piece(region.name, cut, region.material, region.heats))
    return FlatLayer(layer.name, layer.thickness_um, background, tuple(pieces))


def _cut(outline: Polygon, where: str, faults: Faults) -> tuple[Rectangle, ...]:
    try:
        return tuple(rectangles(outline))
    except ValueError as error:
        faults.add(where, str(error), "rectilinear outlines", "replace slanted edges by steps")
        return ()


def power_shares(layers: Iterable[FlatLayer]) -> Mapping[tuple[str, str], float]:
    """Return each layer's share of each heat key's power, by layer name and key.

    A key's power is uniform over the volume of all of its regions.
    """
    volumes: dict[tuple[str, str], float] = {}
    for layer in layers:
        for piece in layer.pieces:
            if piece.heats:
                at = (layer.name, piece.heats)
                volumes[at] = volumes.get(at, 0.0) + _area(piece) * layer.thickness_um
    totals: dict[str, float] = {}
    for (_, key), volume in volumes.items():
        totals[key] = totals.get(key, 0.0) + volume
    return {at: volume / totals[at[1]] for at, volume in volumes.items()}


def _area(piece: Piece) -> float:
    return sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in piece.rectangles_um)


def constant_conductivities(materials: Iterable[Material]) -> list[str]:
    """Return a note on materials whose conductivity follows the temperature, if there are any."""
    named = {
        f"{m.name} ({m.reference_temperature_c:g} degC)": m
        for m in materials
        if any(m.conductivity_exponent)
    }
    if not named:
        return []
    return [f"conductivities are constant, as at one temperature: {some(sorted(named))}"]


def watts(case: Case, key: str) -> list[float]:
    """Return the power of a heat key over the steps of a trace, or the steady one [W]."""
    if case.trace is None:
        return [case.power_w.get(key, 0.0)]
    if key in case.trace.power_w:
        return [float(value) for value in case.trace.power_w[key]]
    return [case.power_w.get(key, 0.0)] * len(case.trace.power_w)


def powers_beside_a_trace(case: Case) -> list[str]:
    """Return a note where the steady powers of a case are not the means of its trace."""
    keys = case.package.heat_keys
    off_w = [abs(fmean(watts(case, key)) - case.power_w.get(key, 0.0)) for key in keys]
    if max(off_w, default=0.0) <= _SAME * max(case.power_w.values(), default=0.0):
        return []
    return ["the steady powers of the case are not written: they are not the means of its trace"]


def solid_names(materials: Sequence[Material]) -> dict[tuple[str, Solid], str]:
    """Name the materials in use, apart where they differ; two of one name get numbers."""
    found: dict[tuple[str, Solid], str] = {}
    times: dict[str, int] = {}
    for material in materials:
        at = (material.name, solid(material))
        if at not in found:
            number = times[material.name] = times.get(material.name, 0) + 1
            found[at] = material.name if number == 1 else f"{material.name}_{number}"
    return found
