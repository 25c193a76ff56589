"""Threads that share the rows of a field, or take a field each."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock
from typing import TypeVar

from thermal.barrier import Barrier, abandon, barrier

__all__ = [
    "Workers",
    "available_threads",
    "hired",
    "shared",
    "side_by_side",
    "single_threaded_blas",
]

Rows = tuple[int, int]
Loop = Callable[[int], None]
Item = TypeVar("Item")
Result = TypeVar("Result")

LEAST_ROWS = 32
LEAST_CELLS = 100_000

_waiting = Lock()
"""Held while threads of a pool wait for each other."""


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

    def at_once(self, shape: tuple[int, int, int], begin: Callable[[int, Barrier], Loop]) -> None:
        """Run ``loop(0)``, ``loop(1)``.. at the same time, which wait for each other.

        ``begin(threads, barrier)`` returns the loop for so many threads: one for each slab of a
        field of `shape`, or a single one while others wait for each other, since of the threads
        that two loops ask for some could never begin.
        """
        threads, meeting = len(self.slabs(shape)), barrier()
        if self.pool is None or threads == 1 or not _waiting.acquire(blocking=False):
            begin(1, meeting)(0)
            return
        others: list[Future[None]] = []
        try:
            loop = begin(threads, meeting)
            others += [self.pool.submit(loop, number) for number in range(1, threads)]
            loop(0)
            for other in others:
                other.result()
        except BaseException:  # an interrupt comes at any time
            abandon(meeting)
            wait(other for other in others if not other.cancel())
            raise
        finally:
            _waiting.release()


def shared(loop: Callable[[int, int], None], count: int) -> None:
    """Run ``loop(low, high)`` over [0, count), an equal part on each core."""
    threads = max(1, min(available_threads(), count))
    ends = [count * part // threads for part in range(threads + 1)]
    pool = _pool(threads - 1, os.getpid()) if threads > 1 else None
    Workers(threads, pool).run(loop, list(pairwise(ends)))


def single_threaded_blas() -> AbstractContextManager[object]:
    """Keep matrix products to the thread that asks for them, where these are shared already."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits


def hired(threads: int, shape: tuple[int, int, int]) -> Workers:
    """Return workers for fields up to `shape`; they stay, and wait for the next field."""
    if not Workers(threads).cuts(shape):
        return Workers()
    return Workers(threads, _pool(threads - 1, os.getpid()))


@functools.cache
def _pool(threads: int, _process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; those of its parent are not in a forked one."""
    return ThreadPoolExecutor(threads, thread_name_prefix="multigrid")


def side_by_side(
    task: Callable[[int, Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Yield ``task(place, item)`` in the order of the items, which are taken as they are needed.

    As many run at once, beside the caller, as there are threads, each at a place of its own in
    ``range(threads)``; without any the caller runs one when it asks for it.
    """
    if threads == 0:
        for item in items:
            yield task(0, item)
        return
    free: SimpleQueue[int] = SimpleQueue()
    for place in range(threads):
        free.put(place)

    def run(item: Item) -> Result:
        place = free.get()
        try:
            return task(place, item)
        finally:
            free.put(place)

    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="fields") as pool:
        for item in items:
            waiting.append(pool.submit(run, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def available_threads() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
