"""Threads that wait for each other in a loop: side by side with others, and interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from thermal.barrier import Barrier
from thermal.multigrid import Multigrid
from thermal.operator import Operator, single
from thermal.workers import Loop, hired

Array = NDArray[np.float64]

SHAPE = (16, 128, 128)


def plate() -> Operator:
    """More than one thread is worth while for it."""
    nz, ny, nx = SHAPE
    outside = np.zeros(SHAPE)
    outside[-1] = 0.1
    return Operator(
        single(np.full((nz, ny, nx - 1), 1.0)),
        single(np.full((nz, ny - 1, nx), 2.0)),
        single(np.full((nz - 1, ny, nx), 5.0)),
        outside,
        np.zeros(SHAPE),
        np.ones(SHAPE),
        reference_c=25.0,
    )


def test_solves_at_the_same_time_give_the_same_as_one_by_one() -> None:
    heats = np.random.default_rng(3).random((4, *SHAPE))
    alone = [Multigrid(plate(), threads=1).solve(heat).rise_k for heat in heats]
    solvers = [Multigrid(plate(), threads=2) for _ in heats]

    def work(number: int) -> bytes:
        return [solvers[number].solve(heats[number]).rise_k.tobytes() for _ in range(3)][-1]

    with ThreadPoolExecutor(len(heats)) as pool:
        found = list(pool.map(work, range(len(heats))))
    assert found == [rise_k.tobytes() for rise_k in alone]


def test_a_fault_in_one_thread_keeps_no_other_waiting() -> None:
    workers = hired(2, SHAPE)

    def begin(threads: int, meeting: Barrier) -> Loop:
        assert threads == 2

        def loop(number: int) -> None:
            if number == 0:
                raise ArithmeticError("the first")
            while meeting.max() == 0 and meeting.min() == 0:
                pass

        return loop

    for _ in range(3):
        with pytest.raises(ArithmeticError, match="the first"):
            workers.at_once(SHAPE, begin)
    solver = Multigrid(plate(), threads=2)
    assert solver.solve(np.ones(SHAPE)).converged


INTERRUPTED = """
import signal, sys
import numpy as np
sys.path.insert(0, {tests!r})
from test_workers import SHAPE, plate
from thermal.multigrid import Multigrid

def interrupt(number, frame):
    while frame:
        if frame.f_code.co_name == "at_once":
            raise KeyboardInterrupt
        frame = frame.f_back

solver, heat = Multigrid(plate(), threads=2), np.ones(SHAPE)
right = solver.solve(heat).rise_k
times = 0
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.003, 0.00317)
for _ in range(300):
    try:
        solver.solve(heat)
    except KeyboardInterrupt:
        times += 1
signal.setitimer(signal.ITIMER_REAL, 0.0)
assert times > 20, times
assert solver.solve(heat).rise_k.tobytes() == right.tobytes()
print("done")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no interval timer")
def test_interrupts_at_any_time_keep_nobody_waiting() -> None:
    code = INTERRUPTED.format(tests=str(Path(__file__).parent))
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.stdout == "done\n", ended.stderr
