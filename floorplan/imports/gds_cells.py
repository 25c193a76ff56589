"""A layout's cells, walked from the top: shapes and labels in place, with the way to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import gdstk
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from floorplan.cell_tree import labels_of, offsets_of, polygons_of, turn_of
from floorplan.imports.gds_layers import LayerRoles

__all__ = ["DrawnShape", "Label", "Walk", "walk"]

Place: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]  #: matrix and shift [um]
Path: TypeAlias = tuple[int, ...]  #: numbers of the instances from the top cell down

_DIGITS = 6  # of a coordinate in um: picometres, finer than any grid


@dataclass(frozen=True)
class DrawnShape:
    """A polygon in place.

    Parameters
    ----------
    role : str
        What its layer means.
    layer : int
        Its layer number.
    outline : shapely.Polygon
        In coordinates of the top cell [um].
    path : tuple of int
        The instances that it is drawn in.
    cell : str
        Name of the cell that draws it.
    """

    role: str
    layer: int
    outline: Polygon
    path: Path
    cell: str


@dataclass(frozen=True)
class Label:
    """A text in place."""

    text: str
    layer: int
    x_um: float
    y_um: float
    path: Path


@dataclass
class Walk:
    """What is found on the way."""

    roles: LayerRoles
    shapes: list[DrawnShape] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    layers: set[tuple[int, int]] = field(default_factory=set)  #: all in the file
    instances: int = 0

    def of_role(self, *roles: str) -> list[DrawnShape]:
        """Return the shapes of some roles."""
        return [shape for shape in self.shapes if shape.role in roles]


def walk(library: gdstk.Library, top: gdstk.Cell, roles: LayerRoles) -> Walk:
    """Walk the cells below a top cell that hold anything on a layer with a meaning.

    Cells without, such as bumps, are passed over unseen, however often they are placed.
    """
    scale = library.unit / 1e-6
    found = Walk(roles)
    for cell in library.cells:
        if isinstance(cell, gdstk.Cell):
            found.layers |= {(p.layer, p.datatype) for p in cell.polygons}
            for path in cell.paths:
                found.layers |= set(zip(path.layers, path.datatypes, strict=True))
    _visit(top, (np.eye(2) * scale, np.zeros(2)), (), found, _Meaning(roles))
    return found


class _Meaning:
    """Which cells hold something that has a meaning, themselves or below."""

    def __init__(self, roles: LayerRoles) -> None:
        self._roles = roles
        self._known: dict[str, bool] = {}

    def has(self, cell: gdstk.Cell) -> bool:
        if cell.name not in self._known:
            self._known[cell.name] = False  # a cell that holds itself is no cell
            self._known[cell.name] = self._own(cell) or any(
                isinstance(ref.cell, gdstk.Cell) and self.has(ref.cell) for ref in cell.references
            )
        return self._known[cell.name]

    def _own(self, cell: gdstk.Cell) -> bool:
        return any((p.layer, p.datatype) in self._roles.role for p in cell.polygons) or any(
            pair in self._roles.role
            for path in cell.paths
            for pair in zip(path.layers, path.datatypes, strict=True)
        )


def _visit(cell: gdstk.Cell, place: Place, path: Path, found: Walk, meaning: _Meaning) -> None:
    for polygon in polygons_of(cell):
        role = found.roles.role.get((polygon.layer, polygon.datatype))
        if role is None:
            continue
        for offset in offsets_of(polygon.repetition):
            for outline in _outlines(_moved(polygon.points + offset, place)):
                found.shapes.append(DrawnShape(role, polygon.layer, outline, path, cell.name))
    for label, places in labels_of(cell):
        if label.layer in found.roles.numbers:
            for x, y in _moved(places, place).tolist():
                found.labels.append(Label(label.text.strip(), label.layer, x, y, path))
    matrix, shift = place
    for reference in cell.references:
        if not isinstance(reference.cell, gdstk.Cell) or not meaning.has(reference.cell):
            continue
        turn = matrix @ turn_of(reference)
        for corner in np.array([reference.origin]) + offsets_of(reference.repetition):
            found.instances += 1
            inner = (turn, matrix @ corner + shift)
            _visit(reference.cell, inner, (*path, found.instances), found, meaning)


def _moved(points: NDArray[np.float64], place: Place) -> NDArray[np.float64]:
    matrix, shift = place
    return np.round(points @ matrix.T + shift, _DIGITS) + 0.0


def _outlines(corners: NDArray[np.float64]) -> Iterator[Polygon]:
    """Yield a polygon in place; one that closes over a cut becomes one with a hole."""
    if len(corners) < 3:  # a path without a width
        return
    outline = Polygon(corners)
    for part in shapely.get_parts(outline if outline.is_valid else shapely.make_valid(outline)):
        if isinstance(part, Polygon) and part.area > 0.0:
            yield part
