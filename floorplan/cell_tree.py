"""The cells below a top cell, each with all places, orientations and names that it stands in."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import gdstk
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Drawn",
    "PlacedCell",
    "labels_of",
    "offsets_of",
    "placed_cells",
    "polygons_of",
    "turn_of",
]

_NAMED_INSTANCES = 2_000  # of one cell in another: more are an array, whose members have no names
_NM_PER_UM = 1000.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """One shape of one cell, with every place where it stands in the top cell.

    Parameters
    ----------
    cell : str
        The cell that holds it.
    layer : (int, int)
        Layer and datatype.
    points_um : ndarray, shape (v, 2)
        Its vertices, turned as they stand in the top cell [um].
    origins_um : ndarray, shape (n, 2)
        What is added to the vertices, once for each place [um].
    names : tuple of str
        Path of labels down to the cell for each place; empty where there are too many.
    """

    cell: str
    layer: tuple[int, int]
    points_um: NDArray[np.float64]
    origins_um: NDArray[np.float64]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PlacedCell:
    """A cell in one orientation, and where and under which names it stands in the top cell."""

    cell: gdstk.Cell
    turn: NDArray[np.float64]
    origins: NDArray[np.float64]
    names: tuple[str, ...]

    def shapes(self) -> Iterator[Drawn]:
        """Yield its own shapes; equal ones on a layer are one."""
        groups: dict[tuple[tuple[int, int], bytes], list[NDArray[np.float64]]] = defaultdict(list)
        outlines: dict[tuple[tuple[int, int], bytes], NDArray[np.float64]] = {}
        for polygon in polygons_of(self.cell):
            points = np.asarray(polygon.points, dtype=np.float64)
            outline = points - points[0]
            layer = (polygon.layer, polygon.datatype)
            key = (layer, np.round(outline * _NM_PER_UM * 1e3).tobytes())
            outlines.setdefault(key, outline)
            groups[key].append(points[:1] + offsets_of(polygon.repetition))
        for key, places in groups.items():
            inside = np.concatenate(places) @ self.turn.T
            origins = (self.origins[:, None] + inside[None]).reshape(-1, 2)
            names = tuple(name for name in self.names for _ in range(len(inside)))
            outline = outlines[key] @ self.turn.T
            yield Drawn(self.cell.name, key[0], outline, origins, names)


def placed_cells(top: gdstk.Cell) -> Iterator[PlacedCell]:
    """Yield each cell below the top one, once for each orientation that a parent gives it."""
    waiting = [PlacedCell(top, np.eye(2), np.zeros((1, 2)), ("",))]
    while waiting:
        placed = waiting.pop()
        yield placed
        waiting += _children(placed)


def _children(placed: PlacedCell) -> Iterator[PlacedCell]:
    """Yield what a cell refers to, references of equal cell and orientation together."""
    groups: dict[tuple[str, bytes], list[NDArray[np.float64]]] = defaultdict(list)
    found: dict[tuple[str, bytes], tuple[gdstk.Cell, NDArray[np.float64]]] = {}
    for reference in placed.cell.references:
        if not isinstance(reference.cell, gdstk.Cell):
            continue
        turn = turn_of(reference)
        key = (reference.cell.name, turn.tobytes())
        found.setdefault(key, (reference.cell, turn))
        groups[key].append(np.array([reference.origin]) + offsets_of(reference.repetition))
    labels = labels_of(placed.cell) if placed.names else ()
    texts = {_whole_nm(*place): label.text for label, at in labels for place in at.tolist()}
    for key, (cell, turn) in found.items():
        inside = np.concatenate(groups[key])
        names = _names(cell, turn, inside, texts)
        paths = tuple(
            f"{above}/{name}" if above and name else above or name
            for above in placed.names
            for name in names
        )
        origins = placed.origins[:, None] + (inside @ placed.turn.T)[None]
        many = len(paths) != len(placed.origins) * len(inside)
        yield PlacedCell(cell, placed.turn @ turn, origins.reshape(-1, 2), () if many else paths)


def turn_of(reference: gdstk.Reference) -> NDArray[np.float64]:
    """Return mirror, turn and magnification of a reference as a matrix; quarter turns are exact."""
    return _turn(reference.rotation, reference.magnification, reference.x_reflection)


@functools.lru_cache(maxsize=4096)
def _turn(angle: float, magnification: float, mirrored: bool) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    quarter = np.round(angle / (np.pi / 2))
    if abs(angle - quarter * np.pi / 2) < 1e-12:
        cosine, sine = np.round(cosine), np.round(sine)
    mirror = np.diag([1.0, -1.0 if mirrored else 1.0])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    matrix = np.asarray(magnification * turn @ mirror + 0.0)
    matrix.setflags(write=False)
    return matrix


def _names(
    cell: gdstk.Cell,
    turn: NDArray[np.float64],
    origins: NDArray[np.float64],
    texts: dict[tuple[int, int], str],
) -> list[str]:
    """Return the label at the middle of each instance, or nothing; none at all for arrays."""
    if len(origins) > _NAMED_INSTANCES:
        return []
    box = cell.bounding_box()
    if box is None or not texts:
        return [""] * len(origins)
    middle = turn @ (np.array(box[0]) + np.array(box[1])) / 2.0
    return [_text_at(origin + middle, texts) for origin in origins]


def _text_at(point: NDArray[np.float64], texts: dict[tuple[int, int], str]) -> str:
    """Return the label at a point; it may be a nanometre off, as middles are halves of one."""
    x, y = _whole_nm(*point.tolist())
    near = ((x + i, y + j) for i in (0, -1, 1) for j in (0, -1, 1))
    return next((texts[place] for place in near if place in texts), "")


def _whole_nm(x_um: float, y_um: float) -> tuple[int, int]:
    return round(x_um * _NM_PER_UM), round(y_um * _NM_PER_UM)


def polygons_of(cell: gdstk.Cell) -> Iterator[gdstk.Polygon]:
    """Yield the polygons of a cell, and its paths as polygons."""
    yield from cell.polygons
    for path in cell.paths:
        yield from path.to_polygons()


def labels_of(cell: gdstk.Cell) -> Iterator[tuple[gdstk.Label, NDArray[np.float64]]]:
    """Yield the labels of a cell with all their places [um], shape (n, 2)."""
    for label in cell.labels:
        yield label, np.array([label.origin]) + offsets_of(label.repetition)


def offsets_of(repetition: gdstk.Repetition | None) -> NDArray[np.float64]:
    """Return where the members of an array stand against the first one [um], shape (n, 2)."""
    if repetition is None or repetition.size == 0:
        return np.zeros((1, 2))
    return np.asarray(repetition.get_offsets(), dtype=np.float64).reshape(-1, 2)
