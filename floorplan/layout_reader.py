"""GDSII and OASIS files as gdstk's cells; a broken file is an error, and never a crash."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gdstk

from floorplan.gds_records import check_gds
from techlib import InputError

__all__ = ["cells_of", "layout_suffix", "read_library"]

_GDS = (".gds", ".gds2")
_OASIS = (".oas", ".oasis")
_PACKED = ".gz"
_ALLOWED = "a GDSII or OASIS file"
#: Reads a file to its last name in a process of its own.
_PROBE = """
import sys, warnings
warnings.simplefilter("ignore")
import gdstk
try:
    library = gdstk.read_oas(sys.argv[1])
    for cell in library.cells:
        cell.name, [label.text for label in getattr(cell, "labels", ())]
except Exception as error:
    sys.exit(str(error) or type(error).__name__)
"""


def layout_suffix(path: Path) -> str:
    """Return ``".gds"`` or ``".oas"`` as a file's name has it, packed by gzip or not, or nothing.

    Examples
    --------
    >>> [layout_suffix(Path(name)) for name in ("a.GDS", "a.oas.gz", "a.gds2", "a.toml")]
    ['.gds', '.oas', '.gds', '']
    """
    name = path.with_suffix("") if path.suffix.lower() == _PACKED else path
    kinds = {**dict.fromkeys(_GDS, ".gds"), **dict.fromkeys(_OASIS, ".oas")}
    return kinds.get(name.suffix.lower(), "")


def read_library(file: Path, unit_m: float = 0.0) -> gdstk.Library:
    """Read a file, in user units of a length in metres, or in its own; packed by gzip or not.

    gdstk trusts what it reads, and broken records may end the process. A GDSII file is therefore
    walked record by record before; an OASIS file, whose records cannot be told apart without being
    understood, is read by a process of its own first.

    Raises
    ------
    InputError
        There is no such file, it is not named as one of both, it cannot be read, it has no cells,
        or a cell holds itself.
    """
    suffix = layout_suffix(file)
    if not suffix:
        named = ", ".join((*_GDS, *_OASIS))
        allowed = f"a name that ends in {named}, or in these and {_PACKED}"
        raise InputError.of(str(file), "is not named as a layout file", allowed)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "there is no such file"
        raise InputError.of(str(file), what, _ALLOWED)
    try:
        if file.suffix.lower() == _PACKED:
            return _unpacked(file, suffix, unit_m)
        return _library(file, suffix, unit_m)
    except (OSError, EOFError, zlib.error, RuntimeError, ValueError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError.of(str(file), f"cannot be read: {error}", _ALLOWED) from None


def _unpacked(file: Path, suffix: str, unit_m: float) -> gdstk.Library:
    """Read a packed file; what is wrong with its content is told of the file itself."""
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder, f"unpacked{suffix}")
        with gzip.open(file) as packed, inner.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        try:
            return _library(inner, suffix, unit_m)
        except InputError as error:
            named = (fault.where.replace(str(inner), str(file)) for fault in error.faults)
            faults = zip(error.faults, named, strict=True)
            raise InputError(replace(fault, where=where) for fault, where in faults) from None


def _library(file: Path, suffix: str, unit_m: float) -> gdstk.Library:
    if file.stat().st_size == 0:
        raise InputError.of(str(file), "is empty", _ALLOWED)
    _probe(file) if suffix == ".oas" else check_gds(file)
    read = gdstk.read_oas if suffix == ".oas" else gdstk.read_gds
    library = read(str(file), unit=unit_m)
    if not library.cells:
        raise InputError.of(str(file), "has no cells", _ALLOWED)
    _refuse_loops(file, cells_of(library.cells))
    return library


def cells_of(cells: Sequence[object]) -> list[gdstk.Cell]:
    """Return the cells among what a library holds, without raw ones."""
    return [cell for cell in cells if isinstance(cell, gdstk.Cell)]


def _probe(file: Path) -> None:
    """Read a file in another process, and say what became of that."""
    if not sys.executable:
        return
    command = [sys.executable, "-c", _PROBE, str(file)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode < 0 or done.returncode > 1:
        what = f"cannot be read: it is broken, and crashes its reader ({done.returncode})"
        raise InputError.of(str(file), what, "a sound OASIS file; write or copy it again")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else "it is broken"
        raise InputError.of(str(file), f"cannot be read: {reason}", _ALLOWED)


def _refuse_loops(file: Path, cells: Sequence[gdstk.Cell]) -> None:
    """Refuse cells that hold themselves, which have no end."""
    waiting = {cell.name: {r.cell.name for r in cell.references if isinstance(r.cell, gdstk.Cell)}
               for cell in cells}  # fmt: skip
    while ready := {name for name, below in waiting.items() if not below & waiting.keys()}:
        waiting = {name: below for name, below in waiting.items() if name not in ready}
    if waiting:
        names = ", ".join(sorted(waiting)[:5])
        what = f"a cell holds itself, among {names}"
        raise InputError.of(str(file), what, "cells that hold other cells", "take the loop out")
