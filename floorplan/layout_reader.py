"""GDSII and OASIS files as gdstk's cells; a broken file is an error, and never a crash."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gdstk

from floorplan.gds_records import check_gds
from techlib import InputError

__all__ = ["LAYOUT_SUFFIXES", "cells_of", "read_library"]

_OASIS = (".oas", ".oasis")
LAYOUT_SUFFIXES = (".gds", ".gds2", *_OASIS)
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


def read_library(file: Path, unit_m: float = 0.0) -> gdstk.Library:
    """Read a file, in user units of a length in metres, or in its own.

    gdstk trusts what it reads, and broken records may end the process. A GDSII file is therefore
    walked record by record before; an OASIS file, whose records cannot be told apart without being
    understood, is read by a process of its own first.

    Raises
    ------
    InputError
        There is no such file, it is not named as one of both, it cannot be read, it has no cells,
        or a cell holds itself.
    """
    suffix = file.suffix.lower()
    if suffix not in LAYOUT_SUFFIXES:
        allowed = f"a name that ends in {', '.join(LAYOUT_SUFFIXES)}"
        raise InputError.of(str(file), "is not named as a layout file", allowed)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "there is no such file"
        raise InputError.of(str(file), what, _ALLOWED)
    try:
        if file.stat().st_size == 0:
            raise InputError.of(str(file), "is empty", _ALLOWED)
        _probe(file) if suffix in _OASIS else check_gds(file)
        read = gdstk.read_oas if suffix in _OASIS else gdstk.read_gds
        library = read(str(file), unit=unit_m)
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise InputError.of(str(file), f"cannot be read: {error}", _ALLOWED) from None
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
