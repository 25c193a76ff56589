"""Memory that fields use again."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from thermal import arena

SHAPE = (4, 300, 200)


def test_memory_is_used_again_once_nobody_refers_to_it() -> None:
    first = arena.empty(SHAPE)
    part, place = first[2, 5:, ::3], first.ctypes.data
    del first
    assert arena.empty(SHAPE).ctypes.data != place  # a view still refers to it
    del part
    again = arena.empty((SHAPE[2], SHAPE[0], SHAPE[1]))
    assert again.ctypes.data == place
    assert again.flags.c_contiguous
    assert again.flags.writeable
    assert again.flags.aligned


def test_arrays_in_use_share_no_memory() -> None:
    def made(number: int) -> np.ndarray:
        for _ in range(20):
            arena.empty(SHAPE).fill(-1.0)
        field = arena.empty(SHAPE)
        field.fill(number)
        return field

    with ThreadPoolExecutor(4) as pool:
        fields = list(pool.map(made, range(12)))
    assert [np.unique(field).tolist() for field in fields] == [[float(n)] for n in range(12)]


def test_little_is_kept() -> None:
    shelf = arena._Shelf(kept_byte=2 * 800_000)
    memory = [shelf.take(100_000) for _ in range(3)]
    for one in memory:
        shelf.give_back(one)
    assert shelf.take(100_000) is memory[1]
    assert shelf.take(100_000) is memory[0]
    assert all(shelf.take(100_000) is not one for one in memory)
    shelf.give_back(memory[0])
    assert shelf.take(50_000).size == 50_000  # another size is of use now
    assert shelf.take(100_000) is not memory[0]


HELD = """
from thermal import arena
from thermal.compiled import compiled

@compiled
def first(values):
    return values[0]

held = arena.empty((4, 300, 200)).ravel()
first(held)
"""


def test_what_is_held_to_the_end_of_a_process_goes_quietly() -> None:
    """Names of modules are gone before it, where a compiled loop knows the names beside it."""
    done = subprocess.run([sys.executable, "-c", HELD], check=True, capture_output=True, text=True)
    assert done.stderr == ""
