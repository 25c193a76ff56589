"""Threads that share the rows of a field."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Workers", "available_threads", "hired"]

Rows = tuple[int, int]

LEAST_ROWS = 32
LEAST_CELLS = 100_000


@dataclass(frozen=True)
class Workers:
    """Runs compiled loops, which release the interpreter lock, over slabs of rows.

    Parameters
    ----------
    threads : int
        Threads at most; small fields get fewer.
    pool : ThreadPoolExecutor or None
        Where all slabs but the first run.
    """

    threads: int = 1
    pool: ThreadPoolExecutor | None = None

    def cuts(self, shape: tuple[int, int, int]) -> list[int]:
        """Return the inner rows at which a field of `shape` (nz, ny, nx) is cut into slabs."""
        nz, ny, nx = shape
        slabs = max(1, min(self.threads, ny // LEAST_ROWS, nz * ny * nx // LEAST_CELLS))
        return [ny * slab // slabs for slab in range(1, slabs)]

    def slabs(self, shape: tuple[int, int, int]) -> list[Rows]:
        """Return the slabs of a field as ranges of rows."""
        edges = [0, *self.cuts(shape), shape[1]]
        return list(pairwise(edges))

    def run(self, loop: Callable[[int, int], None], ranges: list[Rows]) -> None:
        """Run ``loop(low, high)`` on all ranges at once and wait for them."""
        if self.pool is None or len(ranges) < 2:
            for low, high in ranges:
                loop(low, high)
            return
        others = [self.pool.submit(loop, low, high) for low, high in ranges[1:]]
        loop(*ranges[0])
        for other in others:
            other.result()


@contextmanager
def hired(threads: int, shape: tuple[int, int, int]) -> Iterator[Workers]:
    """Provide workers for fields up to `shape`; they are dismissed at the end of the block."""
    if not Workers(threads).cuts(shape):
        yield Workers()
        return
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="multigrid") as pool:
        yield Workers(threads, pool)


def available_threads() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
