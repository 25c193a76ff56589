"""GDSII record by record: whether a file is sound enough to be read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from techlib import InputError

__all__ = ["check_gds"]

_SOUND = "a complete GDSII file; write it again, or copy it again in binary mode"

_NONE, _BITS, _SHORT, _LONG, _REAL, _TEXT = 0, 1, 2, 3, 5, 6  # what a record holds


class _Kind(NamedTuple):
    """A kind of record: its name, what it holds, and how many bytes of it."""

    name: str
    holds: int
    exactly: int | None = None
    multiple: int = 1


_KINDS = {
    0x00: _Kind("HEADER", _SHORT, 2),
    0x01: _Kind("BGNLIB", _SHORT, 24),
    0x02: _Kind("LIBNAME", _TEXT),
    0x03: _Kind("UNITS", _REAL, 16),
    0x04: _Kind("ENDLIB", _NONE, 0),
    0x05: _Kind("BGNSTR", _SHORT, 24),
    0x06: _Kind("STRNAME", _TEXT),
    0x07: _Kind("ENDSTR", _NONE, 0),
    0x08: _Kind("BOUNDARY", _NONE, 0),
    0x09: _Kind("PATH", _NONE, 0),
    0x0A: _Kind("SREF", _NONE, 0),
    0x0B: _Kind("AREF", _NONE, 0),
    0x0C: _Kind("TEXT", _NONE, 0),
    0x0D: _Kind("LAYER", _SHORT, 2),
    0x0E: _Kind("DATATYPE", _SHORT, 2),
    0x0F: _Kind("WIDTH", _LONG, 4),
    0x10: _Kind("XY", _LONG, multiple=8),
    0x11: _Kind("ENDEL", _NONE, 0),
    0x12: _Kind("SNAME", _TEXT),
    0x13: _Kind("COLROW", _SHORT, 4),
    0x15: _Kind("NODE", _NONE, 0),
    0x16: _Kind("TEXTTYPE", _SHORT, 2),
    0x17: _Kind("PRESENTATION", _BITS, 2),
    0x19: _Kind("STRING", _TEXT),
    0x1A: _Kind("STRANS", _BITS, 2),
    0x1B: _Kind("MAG", _REAL, 8),
    0x1C: _Kind("ANGLE", _REAL, 8),
    0x21: _Kind("PATHTYPE", _SHORT, 2),
    0x26: _Kind("ELFLAGS", _BITS, 2),
    0x2A: _Kind("NODETYPE", _SHORT, 2),
    0x2B: _Kind("PROPATTR", _SHORT, 2),
    0x2C: _Kind("PROPVALUE", _TEXT),
    0x2D: _Kind("BOX", _NONE, 0),
    0x2E: _Kind("BOXTYPE", _SHORT, 2),
    0x2F: _Kind("PLEX", _LONG, 4),
    0x30: _Kind("BGNEXTN", _LONG, 4),
    0x31: _Kind("ENDEXTN", _LONG, 4),
}
_LAST, _HEADER = 0x3B, b"\x00\x02"
_PROPERTIES = (0x2B, 0x2C)  # an element may have many
_ENDLIB, _BGNSTR, _ENDSTR, _XY, _ENDEL, _COLROW = 0x04, 0x05, 0x07, 0x10, 0x11, 0x13
#: Elements: the least and the most bytes of their coordinates, and what else each has to have.
_ELEMENTS: dict[int, tuple[int, int, tuple[int, ...]]] = {
    0x08: (24, 1 << 16, ()),
    0x09: (8, 1 << 16, ()),
    0x0A: (8, 8, (0x12,)),
    0x0B: (24, 24, (0x12, _COLROW)),
    0x0C: (8, 8, (0x19,)),
    0x15: (8, 1 << 16, ()),
    0x2D: (24, 1 << 16, ()),
}
_IN_LIBRARY = (0x00, 0x01, 0x02, 0x03, _ENDLIB, 0x1F, 0x20, 0x22, 0x23, *range(0x32, 0x3C))
_IN_CELL = (0x06, 0x34, *_ELEMENTS)
Flags: TypeAlias = NDArray[np.bool_]


def check_gds(file: Path) -> None:
    """Refuse a GDSII file whose records are broken, which may crash what reads it.

    Each record has to have a length, kind and content that belong together and stand where its
    kind may, and the file has to end with the library.

    Raises
    ------
    InputError
        The first record that is wrong, with its place in the file; those behind it mean nothing.
    """
    records = _Records(file.read_bytes())
    faults = [fault for test in _TESTS for fault in [test(records)] if fault is not None]
    if records.broken is not None:
        faults.append(records.broken)
    if faults:
        position, what = min(faults)
        raise InputError.of(f"{file}: byte {position}", what, _SOUND)


Fault: TypeAlias = tuple[int, str]


class _Records:
    """All records up to the end of the library, or to the first that is none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.broken: Fault | None = None
        self.start = np.array(self._starts(), dtype=np.int64)
        raw = np.frombuffer(data, dtype=np.uint8)
        self.kind = raw[self.start + 2].astype(np.int64)
        self.holds = raw[self.start + 3].astype(np.int64)
        self.size = raw[self.start].astype(np.int64) * 256 + raw[self.start + 1] - 4
        opens, self.closes = np.isin(self.kind, [*_ELEMENTS]), self.kind == _ENDEL
        self.opens = opens
        #: how many elements are open behind each record, and the number of the last one
        self.depth = np.cumsum(opens.astype(np.int64) - self.closes)
        self.element = np.cumsum(opens) - 1
        ends = self.kind == _ENDSTR
        self.cells = np.cumsum((self.kind == _BGNSTR).astype(np.int64) - ends)

    def _starts(self) -> list[int]:
        """Return where each record begins; what is none ends the list."""
        data, end, position = self.data, len(self.data), 0
        starts: list[int] = []
        if data[2:4] != _HEADER:
            self.broken = (0, "does not begin with a HEADER record")
            return starts
        while position + 4 <= end:
            length = data[position] << 8 | data[position + 1]
            if length < 4 or length & 1:
                self.broken = (position, f"a record of {length} bytes")
                return starts
            if position + length > end:
                self.broken = (position, f"the file ends within a record of {length} bytes")
                return starts
            starts.append(position)
            if data[position + 2] == _ENDLIB:
                return starts
            position += length
        self.broken = (position, "the file ends before its ENDLIB record")
        return starts

    def name(self, index: int) -> str:
        """Return the name of a record's kind."""
        kind = int(self.kind[index])
        return _KINDS[kind].name if kind in _KINDS else f"record 0x{kind:02X}"

    def first(self, wrong: Flags, what: str) -> Fault | None:
        """Return the first record that is wrong; ``{}`` stands for its kind."""
        found = np.flatnonzero(wrong)
        if not len(found):
            return None
        index = int(found[0])
        return int(self.start[index]), what.format(self.name(index))


def _contents(records: _Records) -> Fault | None:
    """Hold kind, content and length of each record against each other."""
    wrong = records.kind > _LAST
    for number, kind in _KINDS.items():
        mine = records.kind == number
        size = records.size[mine]
        fits = size % kind.multiple == 0 if kind.exactly is None else size == kind.exactly
        wrong[mine] = ~fits | (records.holds[mine] != kind.holds)
    return records.first(wrong, "{} of a length or content that it cannot have")


def _names(records: _Records) -> Fault | None:
    """Hold texts to be texts, and names of cells to be more than none."""
    texts = np.isin(records.kind, [n for n, kind in _KINDS.items() if kind.holds == _TEXT])
    for index in np.flatnonzero(texts).tolist():
        start, kind = int(records.start[index]) + 4, int(records.kind[index])
        text = records.data[start : start + int(records.size[index])].rstrip(b"\0")
        if text.isascii() and text.isalnum():
            continue
        cell = kind in (0x06, 0x12)
        try:
            sound = text.decode("utf-8").isprintable() or not cell
        except UnicodeDecodeError:
            sound = False
        if not sound or (cell and not text):
            return start - 4, f"{records.name(index)} is no text: {text[:40]!r}"
    return None


def _order(records: _Records) -> Fault | None:
    """Hold each record to stand where its kind may: in the library, a cell or an element."""
    kind, inside = records.kind, records.depth + records.closes > 0
    inside &= ~records.opens
    in_cell = records.cells - (kind == _BGNSTR) + (kind == _ENDSTR) > 0
    begins = np.arange(len(kind)) != kind
    begins[2:] = False
    outside = ~inside & ~np.isin(kind, [_BGNSTR, _ENDSTR])
    wrong = begins | (records.depth > 1) | (records.depth < 0)
    wrong |= inside & np.isin(kind, [*_IN_LIBRARY[:5], _BGNSTR, _ENDSTR, 0x06])
    wrong |= outside & in_cell & ~np.isin(kind, _IN_CELL)
    wrong |= outside & ~in_cell & ~np.isin(kind, _IN_LIBRARY)
    wrong |= (records.cells > 1) | (records.cells < 0)
    return records.first(wrong, "{} stands where it cannot")


def _elements(records: _Records) -> Fault | None:
    """Hold each element to have what it needs, once."""
    inside = (records.depth > 0) & ~records.opens
    element, kind = records.element[inside], records.kind[inside]
    at = np.flatnonzero(inside)
    once = ~np.isin(kind, _PROPERTIES)
    keys = element[once] * 256 + kind[once]
    _, first = np.unique(keys, return_index=True)
    again = np.ones(len(keys), dtype=bool)
    again[first] = False
    twice = np.zeros(len(records.kind), dtype=bool)
    twice[at[once][again]] = True
    found = records.first(twice, "{} stands in its element a second time")
    count = int(records.opens.sum())
    opened = np.flatnonzero(records.opens)
    lacking = np.zeros(len(records.kind), dtype=bool)
    room = np.full(count, -1, dtype=np.int64)
    room[element[kind == _XY]] = records.size[inside][kind == _XY]
    for number, (least, most, needed) in _ELEMENTS.items():
        mine = records.kind[opened] == number
        lacking[opened[mine]] = (room[mine] < least) | (room[mine] > most)
        for wanted in needed:
            has = np.zeros(count, dtype=bool)
            has[element[kind == wanted]] = True
            lacking[opened[mine & ~has]] = True
    empty = records.first(lacking, "{} lacks coordinates or a part, or has too many of them")
    return min((fault for fault in (found, empty) if fault is not None), default=None)


def _arrays(records: _Records) -> Fault | None:
    """Hold arrays to have columns and rows."""
    at = records.start[(records.kind == _COLROW) & (records.size == _KINDS[_COLROW].exactly)]
    raw = np.frombuffer(records.data, dtype=np.uint8)
    counts = np.stack([raw[at + offset].astype(np.int64) for offset in range(4, 8)], axis=-1)
    columns, rows = counts[:, 0] * 256 + counts[:, 1], counts[:, 2] * 256 + counts[:, 3]
    none = np.flatnonzero((columns == 0) | (rows == 0) | (columns > _MOST) | (rows > _MOST))
    if len(none):
        return int(at[none[0]]), "COLROW has no columns or rows, or below 0"
    return None


_MOST = 32_767  # columns or rows
_TESTS = (_contents, _names, _order, _elements, _arrays)
