"""GDSII and OASIS: the layout as a hierarchical file."""

from __future__ import annotations

import errno
from pathlib import Path

import gdstk

from floorplan.cell_shapes import PRECISION_M, UNIT_M, cell_name
from floorplan.extent import refuse_endless
from floorplan.file_time import file_time
from floorplan.floorplan import Floorplan
from floorplan.layout import Layout
from floorplan.layout_builder import lay_out
from floorplan.layout_cells import layout_cells
from floorplan.oasis_packing import packed
from techlib import InputError

__all__ = ["write_gds", "write_oasis"]

_MAXIMUM_POINTS = 8190  # of a polygon in a GDSII record
_END_OF_GDS = b"\0\4\4\0"  # the record ENDLIB
_END_OF_OASIS = (b"\2", 256)  # the record END, and its length
_COMPRESSION = 1  # of cells in OASIS, which are packed again


def write_gds(layout: Layout | Floorplan, path: str | Path) -> Path:
    """Write a layout as a GDSII file.

    The one top cell ``PKG`` holds the substrate, it the interposer, it the dies and the stacks; a
    die holds its slices, a slice its units. What is equal shares a cell, arrays of bumps stay
    arrays. Coordinates are whole nanometres, those of the top cell are interposer coordinates;
    layers are those of the layer map. The same layout gives the same bytes; the time stamp is
    2000-01-01, or that of ``SOURCE_DATE_EPOCH``.

    Parameters
    ----------
    layout : Layout or Floorplan
        What to write; a floorplan is laid out by the standard rules first. It should be clean
        (`floorplan.check`); coordinates between nanometres are rounded.
    path : str or Path
        File to write; its folder must exist.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The folder does not exist, ``SOURCE_DATE_EPOCH`` is no number of seconds, or a block has
        no outline of finite size.
    OSError
        The file cannot be written, or not to its end.

    Examples
    --------
    >>> import floorplan, tempfile
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = floorplan.write_gds(plan, f"{folder}/jalapeno.gds")
    ...     file.stat().st_size < 800_000
    True
    """
    file, stamp = _file(path), file_time()
    _library(layout).write_gds(file, max_points=_MAXIMUM_POINTS, timestamp=stamp)
    _refuse_short(file, _END_OF_GDS, len(_END_OF_GDS))
    return file


def write_oasis(layout: Layout | Floorplan, path: str | Path) -> Path:
    """Write a layout as an OASIS file: the cells of `write_gds`, compressed.

    Irregular bumps are stored as one repetition for each net, with their steps in place of their
    coordinates, in multiples of a grid (see `floorplan.oasis_packing`). OASIS has no time stamp;
    the same layout gives the same bytes.

    Parameters
    ----------
    layout : Layout or Floorplan
        As for `write_gds`.
    path : str or Path
        File to write; its folder must exist.

    Raises
    ------
    InputError
        The folder does not exist, or a block has no outline of finite size.
    OSError
        The file cannot be written, or not to its end.

    Examples
    --------
    >>> import floorplan, tempfile
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     floorplan.write_oasis(plan, f"{folder}/jalapeno.oas").stat().st_size < 60_000
    True
    """
    file = _file(path)
    _library(layout).write_oas(file, compression_level=_COMPRESSION)
    _refuse_short(file, *_END_OF_OASIS)
    file.write_bytes(packed(file.read_bytes()))
    return file


def _file(path: str | Path) -> Path:
    file = Path(path)
    if not file.parent.is_dir():
        raise InputError.of(str(file), "the folder does not exist", cure="make it first")
    return file


def _refuse_short(file: Path, end: bytes, length: int) -> None:
    """Refuse a file that does not end as it must: gdstk says nothing of a disk that is full."""
    with file.open("rb") as stream:
        stream.seek(max(file.stat().st_size - length, 0))
        whole = stream.read(len(end)) == end
    if not whole:
        file.unlink()
        raise OSError(errno.ENOSPC, f"{file.name} was cut short; is the disk full?", str(file))


def _library(layout: Layout | Floorplan) -> gdstk.Library:
    refuse_endless(layout.floorplan if isinstance(layout, Layout) else layout)
    drawn = layout if isinstance(layout, Layout) else lay_out(layout)
    name = cell_name(drawn.floorplan.name)
    library = gdstk.Library(name, unit=UNIT_M, precision=PRECISION_M)
    cells = layout_cells(drawn)
    library.add(*(cells[name] for name in sorted(cells)))
    return library
