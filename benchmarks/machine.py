"""What a benchmark measures its machine and itself by: bandwidth, time and memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

__all__ = ["Seconds", "bandwidth_gb_s", "best", "peak_memory_gb"]

Array = NDArray[np.float64]


class Seconds(NamedTuple):
    """Wall clock and processor time [s]."""

    wall: float
    processor: float


@nb.njit(fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def _triad(a: Array, b: Array, c: Array) -> None:
    for i in range(a.size):
        a[i] = b[i] + 0.5 * c[i]


def bandwidth_gb_s(threads: int = 1) -> float:
    """Return the memory bandwidth of some cores: two reads, one write with its fetch [GB/s]."""
    fields = [np.ones((3, 20_000_000)) for _ in range(threads)]  # written, so that they are there
    with ThreadPoolExecutor(threads) as pool:

        def work() -> None:
            list(pool.map(lambda field: _triad(*field), fields))

        work()
        return 32 * threads * fields[0][0].size / best(work, 7).wall / 1e9


def best(work: Callable[[], object], repeat: int) -> Seconds:
    """Return the least wall clock and the least processor time of some runs."""
    wall, processor = [], []
    for _ in range(repeat):
        start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return Seconds(min(wall), min(processor))


def peak_memory_gb() -> float:
    """Return the greatest resident memory of this process so far [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
