"""Files of lines of words, in which ``#`` begins a comment: HotSpot's, Bookshelf's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from floorplan.formats.text import read_text
from techlib import Faults

__all__ = ["Line", "as_float", "number", "read_lines"]


@dataclass(frozen=True)
class Line:
    """The words of one line.

    Parameters
    ----------
    where : str
        File and line number.
    words : tuple of str
        One or more.
    """

    where: str
    words: tuple[str, ...]


def read_lines(path: Path, allowed: str) -> list[Line]:
    """Return the lines of a file that hold more than a comment.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    cure = "paths are relative to the file that names them, or to the configuration"
    lines = enumerate(read_text(path, allowed, cure).splitlines(), start=1)
    split = ((n, text.split()) for n, text in lines)
    return [Line(f"{path}:{n}", tuple(words)) for n, words in split if words and words[0][0] != "#"]


def as_float(word: str) -> float:
    """Read a number as C does, without Python's underscores; NaN where it is none."""
    try:
        return float(word) if word.isascii() and "_" not in word else math.nan
    except ValueError:
        return math.nan


def number(
    word: str, where: str, what: str, faults: Faults, *, positive: bool = True
) -> float | None:
    """Read a finite number, above zero or any; None after a fault."""
    value = as_float(word)
    if not math.isfinite(value) or (positive and value <= 0.0):
        faults.add(where, f"{what} is {word!r}", "a number above 0" if positive else "a number")
        return None
    return value
