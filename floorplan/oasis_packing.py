"""OASIS files made smaller: places on a grid of their own, name tables compressed.

gdstk writes irregular places in database units, and its tables of names as they are, texts in the
order of a hash with a number each. Both can be said in fewer bytes of the same format, which every
reader knows: repetitions of type 11, whose steps are multiples of a grid, and tables within a
compressed block, texts in the order of their numbers, which then need not be written.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from floorplan.oasis_numbers import Reader, numbers_of, varint, varints

__all__ = ["packed"]

_MAGIC = b"%SEMI-OASIS\r\n"
_START, _END, _CELL, _PLACEMENT, _TEXT, _CBLOCK = 1, 2, 13, (17, 18), 19, 34
_CELL_NAME, _NUMBERED_TEXT, _TEXT_IN_ORDER = 3, 6, 5
_END_BYTES = 256
_TABLES = 6  # of names, whose places the last record tells
_DOUBLE = 7  # a real number of eight bytes
_EXPLICIT, _ON_GRID = 10, 11  # repetitions: steps in database units; in multiples of a grid
_COUNTED = {0: 0, 1: 4, 2: 2, 3: 2}  # arrays along the axes: how many numbers each has
_RAW = -zlib.MAX_WBITS
_THOROUGH = 1 << 17  # bytes of a block up to which it is compressed as well as can be
_LEVELS = (9, 6)
_MEMORY = 9  # the most that deflate may take


def packed(data: bytes) -> bytes:
    """Return an OASIS file of gdstk in fewer bytes; any other file as it is.

    Parameters
    ----------
    data : bytes
        As `gdstk.Library.write_oas` writes them, with compressed cells.
    """
    try:
        parts = list(_parts(data))
    except (ValueError, IndexError, zlib.error):
        return data
    small = b"".join(parts)
    return small if len(small) < len(data) else data


def _parts(data: bytes) -> Iterator[bytes]:
    if not data.startswith(_MAGIC) or data[-_END_BYTES] != _END:
        raise ValueError
    reader = Reader(data, len(_MAGIC))
    reader.expect(_START)
    reader.skip(reader.number())
    reader.expect(_DOUBLE)
    reader.skip(8)
    reader.expect(1)  # the tables' places are in the last record
    yield data[: reader.place]
    tables = _tables(data)
    while reader.place < tables:
        start, kind = reader.place, reader.number()
        if kind == _CELL:
            reader.number()
            yield data[start : reader.place]
        elif kind == _CBLOCK:
            reader.expect(0)
            reader.number()
            length = reader.number()
            yield _block(_finer(zlib.decompress(reader.take(length), _RAW)))
        else:
            raise ValueError
    yield _block(_in_order(data[tables:-_END_BYTES]))
    head = bytes([_END]) + bytes([0, 0]) * _TABLES
    padding = _END_BYTES - len(head) - 3
    yield head + varint(padding) + bytes(padding) + bytes([0])


def _tables(data: bytes) -> int:
    """Return where the tables of names begin, which are the last before the end."""
    reader = Reader(data, len(data) - _END_BYTES + 1)
    places = [
        place for _ in range(_TABLES) for _ in [reader.number()] if (place := reader.number())
    ]
    return min(places, default=len(data) - _END_BYTES)


def _in_order(names: bytes) -> bytes:
    """Return tables of names with the texts sorted by their numbers; others as they are."""
    reader, texts, rest = Reader(names), dict[int, bytes](), list[bytes]()
    while reader.place < len(names):
        start, kind = reader.place, reader.number()
        name = reader.take(reader.number())
        if kind == _NUMBERED_TEXT:
            texts[reader.number()] = varint(len(name)) + name
        elif kind == _CELL_NAME:
            rest.append(names[start : reader.place])
        else:
            return names
    if sorted(texts) != list(range(len(texts))):
        return names
    return b"".join([*rest, *(bytes([_TEXT_IN_ORDER]) + texts[n] for n in range(len(texts)))])


def _block(content: bytes) -> bytes:
    """Return records as one compressed block."""
    if not content:
        return b""
    level = _LEVELS[len(content) > _THOROUGH]
    ways = ((level, zlib.Z_DEFAULT_STRATEGY), (level, zlib.Z_HUFFMAN_ONLY))  # random steps: as bits
    sample = content[:_THOROUGH]
    best = min(ways, key=lambda way: len(_deflated(sample, *way)))
    small = _deflated(content, *best)
    return bytes([_CBLOCK, 0]) + varint(len(content)) + varint(len(small)) + small


def _deflated(content: bytes, level: int, strategy: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY, strategy)
    return packer.compress(content) + packer.flush()


def _finer(content: bytes) -> bytes:
    """Return the records of a cell with irregular places on a grid; others as they are.

    Placements and texts are followed, which is all that a cell of bumps has; what stands behind
    the first record of another kind is left alone.
    """
    reader, done, parts = Reader(content), 0, []
    while reader.place < len(content):
        if not _at_repetition(reader):
            break
        start = reader.place
        kind = reader.number()
        if kind in _COUNTED:
            for _ in range(_COUNTED[kind]):
                reader.number()
            continue
        if kind != _EXPLICIT:
            break
        count = reader.number() + 1
        steps, end = _steps(content, reader.place, count)
        reader.place = end
        grid = int(np.gcd.reduce(np.abs(steps), axis=None))
        if grid > 1:
            parts += [content[done:start], varint(_ON_GRID), varint(count - 1), varint(grid)]
            parts.append(_written(steps // grid))
            done = end
    return b"".join([*parts, content[done:]])


def _at_repetition(reader: Reader) -> bool:
    """Pass over records up to a repetition; whether there is one."""
    while reader.place < len(reader.data):
        kind = reader.number()
        info = reader.data[reader.place]
        reader.place += 1
        if kind in _PLACEMENT:
            if info & 0x80:  # C: the cell is named, by number (N) or by a text
                number = reader.number()
                reader.skip(0 if info & 0x40 else number)
            if kind == _PLACEMENT[1] and info & 0x06:
                return False  # magnification or an angle, as real numbers
            numbers = bool(info & 0x20) + bool(info & 0x10)
            repeated = info & 0x08
        elif kind == _TEXT:
            if info & 0x40:  # C
                number = reader.number()
                reader.skip(0 if info & 0x20 else number)
            numbers = sum(bool(info & bit) for bit in (0x01, 0x02, 0x10, 0x08))
            repeated = info & 0x04
        else:
            return False
        for _ in range(numbers):
            reader.number()
        if repeated:
            return True
    return False


def _steps(content: bytes, place: int, count: int) -> tuple[NDArray[np.int64], int]:
    """Return steps between places, shape (count, 2), and where the record ends."""
    numbers, ends = numbers_of(content, place)
    second = np.zeros(len(numbers), dtype=bool)  # whether it is the y of a step along no axis
    last = -2
    for index in np.flatnonzero(numbers & 1).tolist():
        if index == last + 1 and not second[last]:
            second[index] = True
        last = index
    first = np.flatnonzero(~second)
    # An even number behind the x of a free step is its y as well.
    free = first[(numbers[first] & 1) == 1] + 1
    second[free[free < len(second)]] = True
    first = np.flatnonzero(~second)[:count]
    if len(first) < count:
        raise ValueError
    value = numbers[first]
    steps = np.zeros((count, 2), dtype=np.int64)
    along = (value & 1) == 0
    steps[along] = (value[along] >> 4)[:, None] * _DIRECTIONS[(value[along] >> 1) & 7]
    x = value[~along]
    steps[~along, 0] = (x >> 2) * np.where(x & 2, -1, 1)
    y = numbers[first[~along] + 1]
    steps[~along, 1] = (y >> 1) * np.where(y & 1, -1, 1)
    final = int(first[-1]) + (not along[-1])
    return steps, place + int(ends[final]) + 1


#: East, north, west, south, and the diagonals between.
_DIRECTIONS = np.array(
    [[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=np.int64
)


def _written(steps: NDArray[np.int64]) -> bytes:
    """Return steps as OASIS has them: in one number along an axis or a diagonal, else in two."""
    x, y = steps.T
    straight = (x == 0) | (y == 0) | (np.abs(x) == np.abs(y))
    direction = _direction(np.sign(x), np.sign(y))
    length = np.maximum(np.abs(x), np.abs(y))
    one = length << 4 | direction << 1
    free = np.abs(x) << 2 | (x < 0).astype(np.int64) << 1 | 1
    numbers = np.stack([np.where(straight, one, free), np.abs(y) << 1 | (y < 0)], axis=1)
    wanted = np.stack([np.ones(len(x), dtype=bool), ~straight], axis=1)
    return varints(numbers[wanted])


def _direction(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    table = np.zeros((3, 3), dtype=np.int64)
    for number, (dx, dy) in enumerate(_DIRECTIONS.tolist()):
        table[dx + 1, dy + 1] = number
    return np.asarray(table[x + 1, y + 1])
