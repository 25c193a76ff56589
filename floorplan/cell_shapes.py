"""Shapes, labels and names of layout cells, in whole nanometres."""

from __future__ import annotations

import re
from collections.abc import Sequence

import gdstk
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from floorplan.bump import BumpField
from floorplan.layer_map import LayerMap, MapLayer

__all__ = ["PRECISION_M", "UNIT_M", "CellBook", "cell_name", "points_nm", "snap", "to_nm"]

UNIT_M, PRECISION_M = 1e-6, 1e-9  # micrometres in the file's user unit, nanometres stored
_NM_PER_UM = 1000
_MAXIMUM_NAME = 32  # characters of a cell name that every reader takes


def cell_name(name: str) -> str:
    """Return a name in the letters that GDSII allows.

    Examples
    --------
    >>> cell_name("jalapeno-hc26")
    'JALAPENO_HC26'
    """
    return re.sub(r"[^A-Z0-9_$]", "_", name.upper())


def to_nm(length_um: float) -> int:
    """Return a length in whole nanometres."""
    return round(length_um * _NM_PER_UM)


def snap(length_um: float) -> float:
    """Return a length rounded to whole nanometres [um]."""
    return to_nm(length_um) / _NM_PER_UM


def points_nm(outline: Polygon, x_um: float, y_um: float) -> tuple[tuple[int, int], ...]:
    """Return all vertices against an origin, in a fixed order, in whole nanometres."""
    ordered = shapely.normalize(outline)
    rings = [ordered.exterior, *ordered.interiors]
    return tuple((to_nm(x - x_um), to_nm(y - y_um)) for ring in rings for x, y in ring.coords)


class CellBook:
    """The cells of one file while it is drawn: names are unique, equal content is drawn once.

    Parameters
    ----------
    layers : LayerMap
        Numbers of the layers.
    """

    def __init__(self, layers: LayerMap) -> None:
        self.layers = layers
        self.cells: dict[str, gdstk.Cell] = {}
        self.by_content: dict[object, gdstk.Cell] = {}
        self.drawn: dict[object, list[tuple[BumpField, gdstk.Cell]]] = {}

    def new(self, stem: str) -> gdstk.Cell:
        """Add an empty cell; a name that is taken gets a number."""
        name, number = stem[:_MAXIMUM_NAME], 1
        while name in self.cells:
            number += 1
            name = f"{stem[: _MAXIMUM_NAME - 1 - len(str(number))]}_{number}"
        self.cells[name] = gdstk.Cell(name)
        return self.cells[name]

    def draw(
        self,
        cell: gdstk.Cell,
        shape: BaseGeometry,
        layer: str,
        repetition: gdstk.Repetition | None = None,
    ) -> None:
        """Add the polygons of a shape, once or as an array."""
        for part in getattr(shape, "geoms", [shape]):
            if isinstance(part, Polygon) and not part.is_empty:
                polygons = _polygons(part, self.layers[layer])
                for polygon in polygons:
                    if repetition is not None:
                        polygon.repetition = repetition
                cell.add(*polygons)

    def label(
        self,
        cell: gdstk.Cell,
        text: str,
        where: tuple[float, float],
        layer: str,
        others: Sequence[complex] = (),
    ) -> None:
        """Add a text on a layer [um]; as a repetition where it stands in other places too."""
        number, texttype = self.layers[layer].gds_layer, self.layers.text_type
        place = (snap(where[0]), snap(where[1]))
        label = gdstk.Label(text, place, layer=number, texttype=texttype)
        if others:
            label.repetition = gdstk.Repetition(offsets=[p - complex(*place) for p in others])
        cell.add(label)


def _polygons(shape: Polygon, layer: MapLayer) -> list[gdstk.Polygon]:
    """Return a shape as polygons without holes."""
    numbers = {"layer": layer.gds_layer, "datatype": layer.gds_datatype}
    outer, *inner = (
        gdstk.Polygon([(snap(x), snap(y)) for x, y in list(ring.coords)[:-1]], **numbers)
        for ring in (shape.exterior, *shape.interiors)
    )
    if not inner:
        return [outer]
    return list(gdstk.boolean(outer, inner, "not", precision=PRECISION_M / UNIT_M, **numbers))
