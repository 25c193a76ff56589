"""Cells of bump fields: arrays stay arrays, equal fields share a cell in any orientation."""

from __future__ import annotations

import hashlib

import gdstk
import numpy as np
from numpy.typing import NDArray

from floorplan.bump import BumpArray, BumpField
from floorplan.bump_lattices import lattices
from floorplan.cell_shapes import CellBook, cell_name, snap, to_nm
from floorplan.orientation import Orientation

__all__ = ["content_of", "place_bumps"]

_MOST_COPIES = 32_767  # columns or rows of an array in a GDSII record
_FEW = 16  # bumps of a net up to which each has a label of its own
_REGULAR = 2_000  # points of a net up to which arrays of them are looked for
_NM_PER_UM = 1000
_ROW = 1 << 32  # nanometres; wider than any layout, so that places sort row by row


def place_bumps(book: CellBook, parent: gdstk.Cell, field: BumpField, grid_um: float) -> None:
    """Place a field in the cell of its owner.

    Pads are octagons on the layer of the field's kind. A net of many bumps has a pad cell of its
    own with the port as a text in it, so that each bump of an array carries its net; other bumps
    have the port of their net as a text at their pad, and share arrays of bare pads.
    """
    if not field.count:
        return
    cell, orientation = _shared(book, field, grid_um)
    x0, y0, x1, y1 = field.bounds_um
    turn = orientation.inverse
    width, height = (y1 - y0, x1 - x0) if turn.swaps_axes else (x1 - x0, y1 - y0)
    corner = turn.apply([[0.0, 0.0], [width, height]]).min(axis=0)
    parent.add(_reference(cell, (x0 - corner[0], y0 - corner[1]), turn))


def _reference(
    cell: gdstk.Cell, origin: tuple[float, float], orientation: Orientation
) -> gdstk.Reference:
    """Return a reference to a cell that is turned about its origin, then moved there [um]."""
    return gdstk.Reference(
        cell,
        (snap(origin[0]), snap(origin[1])),
        rotation=orientation.quarter_turns * np.pi / 2.0,
        x_reflection=orientation.mirrored,
    )


def _shared(book: CellBook, field: BumpField, grid_um: float) -> tuple[gdstk.Cell, Orientation]:
    """Return the cell of a field and how the field was turned to be equal to it."""
    body = field.owner if field.block else ""  # both ends of a link are drawn, and may differ
    alike = ("bumps", body, field.kind, field.pad_um, field.count, field.ports)
    others = book.drawn.setdefault(alike, [])
    if others:
        known = {content_of(other): cell for other, cell in others}
        for orientation in Orientation:
            found = content_of(_at_origin(field, orientation))
            if found in known:
                return known[found], orientation
    drawn = _at_origin(field, Orientation.R0)
    cell = book.new(f"{field.kind.upper()}_BUMPS_{field.count}")
    others.append((drawn, cell))
    single = [np.empty((0, 2))]
    for net, arrays, points in drawn.parts():
        if arrays or len(points) > _FEW:
            found, rest = lattices(points) if len(points) <= _REGULAR else ((), points)
            pad = _pad(book, drawn, drawn.ports[net], grid_um)
            _draw_pads(cell, pad, (*arrays, *found), rest)
            continue
        single.append(points)
        first, *more = (complex(x, y) for x, y in np.round(points, 3).tolist())
        place = (first.real, first.imag)
        book.label(cell, drawn.ports[net], place, f"bump.{drawn.kind}", more)
    if any(map(len, single)):
        bare = _pad(book, drawn, "", grid_um)
        _draw_pads(cell, bare, *lattices(np.concatenate(single)))
    return cell, Orientation.R0


def _at_origin(field: BumpField, orientation: Orientation) -> BumpField:
    """Return a field turned, its least centre at the origin."""
    turned = field.placed(0.0, 0.0, orientation)
    x0, y0, _, _ = turned.bounds_um
    return turned.placed(-x0, -y0)


def content_of(field: BumpField) -> object:
    """Return what makes two fields equal in a file, in whole nanometres."""
    arrays = sorted(
        (
            array.net,
            *map(to_nm, (array.x_um, array.y_um, array.pitch_x_um, array.pitch_y_um)),
            array.columns,
            array.rows,
        )
        for array in field.arrays
    )
    places = np.rint(field.points_um * _NM_PER_UM).astype(np.int64)
    table = np.column_stack([field.point_nets, places])
    table = table[np.lexsort(table.T[::-1])]
    digest = hashlib.sha256(repr((field.ports, arrays)).encode() + table.tobytes()).hexdigest()
    return ("bumps", str(field.kind), to_nm(field.pad_um), digest)


def _draw_pads(
    cell: gdstk.Cell,
    pad: gdstk.Cell,
    arrays: tuple[BumpArray, ...],
    points: NDArray[np.float64],
) -> None:
    """Place a pad in arrays and at points."""
    for array in arrays:
        for piece in _pieces(array):
            spacing = (piece.pitch_x_um, piece.pitch_y_um)
            where = (snap(piece.x_um), snap(piece.y_um))
            cell.add(
                gdstk.Reference(pad, where, columns=piece.columns, rows=piece.rows, spacing=spacing)
            )
    if len(points):
        _draw_points(cell, pad, points)


def _draw_points(cell: gdstk.Cell, pad: gdstk.Cell, points: NDArray[np.float64]) -> None:
    """Place a pad at each of some points, as one repetition."""
    places = np.rint(points * _NM_PER_UM).astype(np.int64)
    places = places[np.argsort(places[:, 1] * _ROW + places[:, 0])]
    complexes = (places[:, 0] + 1j * places[:, 1]) / _NM_PER_UM
    pads = gdstk.Reference(pad, complex(complexes[0]))
    if len(complexes) > 1:  # steps along x in most places, which OASIS stores in one number
        pads.repetition = gdstk.Repetition(offsets=complexes[1:] - complexes[0])
    cell.add(pads)


def _pieces(array: BumpArray) -> list[BumpArray]:
    """Cut an array into pieces of no more columns and rows than a record holds."""
    return [
        BumpArray(
            array.x_um + column * array.pitch_x_um,
            array.y_um + row * array.pitch_y_um,
            array.pitch_x_um,
            array.pitch_y_um,
            min(_MOST_COPIES, array.columns - column),
            min(_MOST_COPIES, array.rows - row),
            array.net,
        )
        for row in range(0, array.rows, _MOST_COPIES)
        for column in range(0, array.columns, _MOST_COPIES)
    ]


def _pad(book: CellBook, field: BumpField, port: str, grid_um: float) -> gdstk.Cell:
    """Return the cell of a pad: an octagon on the grid, with its port where it has one."""
    content = ("pad", str(field.kind), to_nm(field.pad_um), port)
    if content not in book.by_content:
        name = f"{field.kind.upper()}_{to_nm(field.pad_um)}"
        cell = book.new(f"{name}_{cell_name(port)}" if port else name)
        layer = book.layers[f"bump.{field.kind}"]
        half = _snapped(field.pad_um / 2.0, grid_um)
        flat = _snapped(half * np.tan(np.pi / 8.0), grid_um)
        corners = [(half, -flat), (half, flat), (flat, half), (-flat, half)]
        corners += [(-x, -y) for x, y in corners]
        cell.add(gdstk.Polygon(corners, layer=layer.gds_layer, datatype=layer.gds_datatype))
        if port:
            book.label(cell, port, (0.0, 0.0), f"bump.{field.kind}")
        book.by_content[content] = cell
    return book.by_content[content]


def _snapped(length_um: float, grid_um: float) -> float:
    return snap(round(length_um / grid_um) * grid_um)
