"""Where the threads of a compiled loop wait for each other.

A thread that waits watches a word of memory, and soon lets others go first at each look. To be
woken up by the system takes ten times as long as most loops over a coarse level do.
"""

from __future__ import annotations

import os
from typing import Any

import numba as nb
import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from thermal.compiled import inlined

__all__ = ["Barrier", "abandon", "abandoned", "barrier", "wait"]

Barrier = NDArray[np.int64]

_ARRIVED, _ROUND = 0, 8  #: words of a barrier, each on a line of the cache of its own

_PATIENCE = 2_000  #: looks before others may go first, some 5 us

_let_others: Any = types.ExternalFunction(
    "sched_yield" if os.name == "posix" else "SwitchToThread", nb.int32()
)
"""Gives the core to another thread that could run, if there is one."""


def barrier() -> Barrier:
    """Return a barrier that nobody waits at."""
    return np.zeros(16, np.int64)


def abandon(barrier: Barrier) -> None:
    """Let all go on who wait or will wait, as somebody will not come."""
    barrier[_ROUND] = -1


@inlined
def abandoned(barrier: Barrier) -> bool:
    """Return whether nobody waits here any more."""
    return bool(_seen(barrier, _ROUND) < 0)


@inlined
def wait(barrier: Barrier, threads: int) -> None:
    """Return once all threads are here; what each has written before, all others then see."""
    now = _seen(barrier, _ROUND)
    if threads == 1 or now < 0:
        return
    if _added(barrier, _ARRIVED, 1) == threads:
        _put(barrier, _ARRIVED, 0)
        _put(barrier, _ROUND, now + 1)
        return
    looks = 0
    while _seen(barrier, _ROUND) == now:
        looks += 1
        if looks > _PATIENCE:
            _let_others()


def _atomic(values: Any, others: tuple[Any, ...], lower: Any, result: Any) -> Any:
    """Give the types and the code of an operation on one word of an array."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        return lower(context, builder, builder.gep(array.data, [given[1]]), *given[2:])

    return result(values, nb.intp, *others), code


def _read(_context: Any, values: Any, _place: Any) -> Any:
    """Read a word, and see all that was written before it was."""
    return _atomic(
        values, (), lambda _c, code, word: code.load_atomic(word, "acquire", 8), nb.int64
    )


def _increase(_context: Any, values: Any, _place: Any, _more: Any) -> Any:
    """Add to a word and return what it is then."""

    def lower(_c: Any, code: Any, word: Any, more: Any) -> Any:
        return code.add(code.atomic_rmw("add", word, more, "acq_rel"), more)

    return _atomic(values, (nb.int64,), lower, nb.int64)


def _set(_context: Any, values: Any, _place: Any, _value: Any) -> Any:
    """Set a word, once all that was written before is seen."""

    def lower(context: Any, code: Any, word: Any, value: Any) -> Any:
        code.store_atomic(value, word, "release", 8)
        return context.get_dummy_value()

    return _atomic(values, (nb.int64,), lower, nb.void)


_seen: Any = intrinsic(_read)
_added: Any = intrinsic(_increase)
_put: Any = intrinsic(_set)
