"""Threads that wait for each other in a loop: side by side with others, and interrupted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from thermal.barrier import Barrier, wait
from thermal.compiled import compiled
from thermal.multigrid import Multigrid
from thermal.operator import Operator, single
from thermal.workers import Loop, hired

Array = NDArray[np.float64]

SHAPE = (16, 128, 128)


@compiled
def meet(meeting: Barrier) -> None:
    wait(meeting, 2)


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


@pytest.mark.parametrize("fault", [ArithmeticError, KeyboardInterrupt])
@pytest.mark.parametrize("first", [True, False])
def test_a_fault_in_one_thread_keeps_no_other_waiting(
    fault: type[BaseException], first: bool
) -> None:
    """Before or after the others have come."""
    workers = hired(2, SHAPE)

    def begin(threads: int, meeting: Barrier) -> Loop:
        assert threads == 2
        there = Event()

        def loop(number: int) -> None:
            if number == 0:
                if not first:
                    there.wait()
                raise fault("the first")
            there.set()
            meet(meeting)

        return loop

    for _ in range(3):
        with pytest.raises(fault, match="the first"):
            workers.at_once(SHAPE, begin)
    solver = Multigrid(plate(), threads=2)
    assert solver.solve(np.ones(SHAPE)).converged
