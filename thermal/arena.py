"""Fields in memory that was used before: the first touch of new memory costs up to 0.6 s/GB."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["empty"]

Array = NDArray[np.float64]
Shape = tuple[int, ...]

_LEAST_BYTE = 1 << 20  #: what is smaller, the allocator of the system reuses itself
_KEPT_BYTE = 1 << 28  #: of memory that nobody uses: five fields of 512 x 512 x 24 cells


def empty(shape: Shape) -> Array:
    """Return an array whose memory goes to the next one of its size once nobody refers to it.

    >>> first = empty((200, 1000))
    >>> place = first.ctypes.data
    >>> del first
    >>> empty((1000, 200)).ctypes.data == place
    True
    """
    size = math.prod(shape)
    if size * np.dtype(np.float64).itemsize < _LEAST_BYTE:
        return np.empty(shape)
    return np.asarray(_Loan(_shelf, _shelf.take(size))).reshape(shape)


class _Shelf:
    """Memory that nobody uses; without a lock, which a process that forks could keep for ever."""

    def __init__(self, kept_byte: int = _KEPT_BYTE) -> None:
        self._kept_byte = kept_byte
        self._idle: list[Array] = []

    def take(self, size: int) -> Array:
        """Return memory for so many values; what has another size is of no use any more."""
        while self._idle:
            try:
                memory = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if memory.size == size:
                return memory
        return np.empty(size)

    def give_back(self, memory: Array) -> None:
        """Keep memory for the next array, unless there is much already."""
        if memory.nbytes + sum(other.nbytes for other in tuple(self._idle)) <= self._kept_byte:
            self._idle.append(memory)


class _Loan:
    """What the arrays on some memory refer to; gives it back after the last of them."""

    def __init__(self, shelf: _Shelf, memory: Array) -> None:
        self._shelf, self._memory = shelf, memory
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        self._shelf.give_back(self._memory)  # of its own: at the end names are gone


_shelf = _Shelf()
