"""Unsigned integers of OASIS: seven bits in each byte, the lowest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reader", "numbers_of", "varint", "varints"]


class Reader:
    """Bytes of an OASIS file while they are read."""

    def __init__(self, data: bytes, place: int = 0) -> None:
        self.data, self.place = data, place

    def number(self) -> int:
        """Read an unsigned integer."""
        value = shift = 0
        while True:
            byte = self.data[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def skip(self, count: int) -> None:
        """Pass over some bytes."""
        self.place += count

    def take(self, count: int) -> bytes:
        """Read some bytes."""
        self.place += count
        return self.data[self.place - count : self.place]

    def expect(self, byte: int) -> None:
        """Read a byte that has to be this one; a ValueError if it is not."""
        if self.data[self.place] != byte:
            raise ValueError
        self.place += 1


def varint(value: int) -> bytes:
    """Return an unsigned integer.

    Examples
    --------
    >>> varint(300).hex()
    'ac02'
    """
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def numbers_of(content: bytes, place: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all unsigned integers from a place on, and where each ends."""
    raw = np.frombuffer(content, dtype=np.uint8, offset=place)
    ends = np.flatnonzero(raw < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1])
    numbers = np.zeros(len(ends), dtype=np.int64)
    for byte in range(int((ends - starts).max(initial=0)) + 1):
        here = starts + byte
        inside = here <= ends
        part = raw[here[inside]].astype(np.int64) & 0x7F
        if 7 * byte < 63:
            numbers[inside] |= part << (7 * byte)
    return numbers, ends


def varints(numbers: NDArray[np.int64]) -> bytes:
    """Return unsigned integers, one after the other."""
    size = np.ones(len(numbers), dtype=np.int64)
    for shift in range(7, 63, 7):
        size += numbers >> shift > 0
    starts = np.cumsum(size) - size
    found = np.zeros(int(size.sum()), dtype=np.uint8)
    for byte in range(int(size.max(initial=1))):
        inside = size > byte
        more = (size[inside] > byte + 1) * 0x80
        found[starts[inside] + byte] = (numbers[inside] >> (7 * byte) & 0x7F) | more
    return found.tobytes()
