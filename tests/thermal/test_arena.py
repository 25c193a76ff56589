"""Memory that fields use again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

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


def test_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = arena._Shelf()
    monkeypatch.setattr(arena, "_KEPT_BYTE", 2 * 800_000)
    memory = [shelf.take(100_000) for _ in range(3)]
    for one in memory:
        shelf.give_back(one)
    assert shelf.take(100_000) is memory[1]
    assert shelf.take(100_000) is memory[0]
    assert all(shelf.take(100_000) is not one for one in memory)
    shelf.give_back(memory[0])
    assert shelf.take(50_000).size == 50_000  # another size is of use now
    assert shelf.take(100_000) is not memory[0]
