"""Layout files as they are drawn: each shape once, with all places where it stands.

Arrays and repeated cells are never flattened into polygons; a million bumps are one outline and an
array of a million origins.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gdstk
import numpy as np
from numpy.typing import NDArray

from floorplan.cell_tree import Drawn, PlacedCell, labels_of, placed_cells
from floorplan.layout_reader import cells_of, read_library
from techlib import InputError

__all__ = ["LayoutFile", "Text", "read_layout"]

_UNIT_M = 1e-6


@dataclass(frozen=True)
class Text:
    """A label in the top cell's frame [um], and the path of labels down to its cell."""

    text: str
    layer: int
    x_um: float
    y_um: float
    path: str


@dataclass(frozen=True, eq=False)
class LayoutFile:
    """What a GDSII or OASIS file holds.

    Parameters
    ----------
    name : str
        Its top cell.
    path : Path
        The file.
    tops : tuple of str
        All top cells, by name; a sound file has one.
    drawn : tuple of Drawn
        All shapes below the top cell.
    cells : tuple of gdstk.Cell
        Sorted by name.
    """

    name: str
    path: Path
    tops: tuple[str, ...]
    drawn: tuple[Drawn, ...]
    cells: tuple[gdstk.Cell, ...]
    _placed: tuple[PlacedCell, ...]

    def texts(self, layer: int) -> Iterator[Text]:
        """Yield all labels on a layer below the top cell, those of arrays apart."""
        for placed, text, inside in self._labels.get(layer, ()):
            for name, origin in zip(placed.names, placed.origins, strict=False):
                for x, y in (origin + inside).tolist():
                    yield Text(text, layer, x, y, name)

    @functools.cached_property
    def _labels(self) -> dict[int, list[tuple[PlacedCell, str, NDArray[np.float64]]]]:
        found: dict[int, list[tuple[PlacedCell, str, NDArray[np.float64]]]] = defaultdict(list)
        for placed in self._placed:
            for label, places in labels_of(placed.cell):
                found[label.layer].append((placed, label.text, places @ placed.turn.T))
        return found

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Layer and datatype of everything that is drawn, sorted."""
        return tuple(sorted({shape.layer for shape in self.drawn}))


def read_layout(path: str | Path) -> LayoutFile:
    """Read a GDSII or OASIS file.

    Of several top cells the one with the largest box is taken.

    Raises
    ------
    InputError
        There is no such file, it is neither GDSII nor OASIS, or nothing is drawn in it.

    Examples
    --------
    >>> import tempfile
    >>> library = gdstk.Library()
    >>> _ = library.new_cell("DIE").add(gdstk.rectangle((0, 0), (3, 2), layer=10))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     library.write_gds(f"{folder}/die.gds")
    ...     layout = read_layout(f"{folder}/die.gds")
    >>> layout.tops, layout.layers
    (('DIE',), ((10, 0),))
    """
    file = Path(path)
    library = read_library(file, _UNIT_M)
    tops = sorted(cells_of(library.top_level()), key=lambda cell: cell.name)
    sized = [cell for cell in tops if cell.bounding_box() is not None]
    if not sized:
        raise InputError.of(str(file), "nothing is drawn in it", "a layout with polygons")
    top = max(sized, key=_area)
    placed = tuple(placed_cells(top))
    return LayoutFile(
        name=top.name,
        path=file,
        tops=tuple(cell.name for cell in tops),
        drawn=tuple(shape for one in placed for shape in one.shapes()),
        cells=tuple(sorted(cells_of(library.cells), key=lambda cell: cell.name)),
        _placed=placed,
    )


def _area(cell: gdstk.Cell) -> float:
    box = cell.bounding_box()
    if box is None:
        return 0.0
    (x0, y0), (x1, y1) = box
    return float((x1 - x0) * (y1 - y0))
