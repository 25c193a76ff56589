"""Threads of a compiled loop that wait for each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from thermal.barrier import Barrier, barrier, wait
from thermal.compiled import compiled

Count = NDArray[np.int64]


@compiled
def in_step(meeting: Barrier, rounds: int, counts: Count, me: int) -> int:
    """Count rounds, and how often another thread was not in the same one."""
    astray = 0
    for number in range(rounds):
        counts[me] = number
        wait(meeting, counts.size)
        for other in range(counts.size):
            astray += counts[other] != number
        wait(meeting, counts.size)
    return astray


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_nobody_goes_on_before_all_are_there(threads: int) -> None:
    """More threads than cores too."""
    counts, meeting = np.zeros(threads, np.int64), barrier()
    with ThreadPoolExecutor(threads) as pool:
        found = [pool.submit(in_step, meeting, 500, counts, me) for me in range(threads)]
        assert [one.result() for one in found] == [0] * threads
    assert counts.tolist() == [499] * threads
