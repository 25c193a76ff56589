"""What continuous batching keeps between steps, in arrays that compiled loops can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ADMIT", "ARRIVED", "CONTEXT", "DECODING", "DONE", "DRAFTS", "EVICTED", "FILLING", "HEAT",
    "HELD", "HOT", "LEFT", "LOOSE", "NOW", "ORDER", "PINNED", "SERIAL", "TARGET", "WHO", "Batch",
    "Blocks", "Levels", "Requests", "Rules", "compiled", "inlined",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Rows of `Batch.decode` and, the first three of them, of `Batch.filling`.
WHO, ORDER, CONTEXT, LEFT, DRAFTS = 0, 1, 2, 3, 4
DONE, TARGET = 2, 3
# Entries of `Batch.counts` and `Batch.clock`.
DECODING, FILLING, EVICTED, ARRIVED, ADMIT, SERIAL = 0, 1, 2, 3, 4, 5
NOW, HELD, PINNED, LOOSE, HEAT, HOT = 0, 1, 2, 3, 4, 5


class Rules(NamedTuple):
    """How requests are served; see `power.batching`.

    Tokens, sequences and blocks are counts, `*_byte` is KV cache of the whole group [byte].
    """

    max_batch: int
    chunk: int
    window: int
    full_byte: float  #: a token in the layers that attend to everything
    windowed_byte: float  #: and in those with a window
    capacity_byte: float
    reserve: bool  #: hold the whole request from the start, so that nothing is evicted
    handed: bool  #: prompts were read elsewhere: requests come with their KV cache
    hands_over: bool  #: answers are written elsewhere: prompts leave with their KV cache
    draft_tokens: int
    acceptance: float
    block_tokens: int  #: of the prefix cache; 0 for none
    growth: float  #: see `power.rows.GROWTH`


class Levels(NamedTuple):
    """A power cap and a throttle, and what steps cost at each point; see `power.step_power`.

    Energies have two columns: what follows the square of the voltage, and what does not [J].
    """

    governs: bool  #: whether there is a cap or a throttle; otherwise nothing else is looked at
    cap_w: float  #: infinite without a cap
    limit_c: float  #: infinite without a throttle
    resume_c: float
    slow_level: int  #: while throttled, at least
    resistance_k_w: float  #: of the hottest block to its coolant, as one lump
    time_s: float
    coolant_c: float
    idle_w: float  #: while no step runs
    pace: Floats  #: clock over the operation's own
    square: Floats  #: of the voltage over the operation's own
    static_w: Floats
    fixed_j: Floats  #: by tokens of a step
    slope_j: Floats  #: by each unit of `power.work.SUMS`
    draft_j: Floats  #: drafts of full length, by decoding sequences
    busy_clock_w: Floats
    busy_w: Floats


class Requests(NamedTuple):
    """One entry a request, in order of arrival."""

    arrival_s: Floats
    prompt: Ints
    output: Ints
    key: NDArray[np.uint64]  #: what its drafts are accepted by
    got: Ints  #: tokens that it has been answered with
    held_byte: Floats  #: KV cache of its own, beside pinned blocks
    pins: Ints  #: leading prefix blocks that it keeps in the cache
    evictions: Ints
    cached: Ints  #: tokens of its prompt that were found in the cache at first
    times_s: Floats  #: rows: admitted, answered first, done; NaN until then
    block_start: Ints  #: one more than requests
    block_ids: Ints


class Batch(NamedTuple):
    """Who is served: decoding sequences, prompts being read, evicted requests, and counters."""

    decode: Ints
    filling: Ints
    evicted: Ints
    counts: Ints
    clock: Floats


class Blocks(NamedTuple):
    """The prefix cache: users of each block, and a ring of the unused ones, oldest first.

    ``users`` is -1 for a block that is not in the cache. The ring's last entry is its head.
    """

    users: Ints
    before: Ints
    after: Ints


def compiled(function: F) -> F:
    """Compile a loop that Python calls; the code is kept on disk where there is a place for it.

    A kept loop is compiled anew when its own file changes; after a change in a file whose loops it
    calls, remove the ``*.nbi`` files beside it.
    """
    return _jit(function)


def inlined(function: F) -> F:
    """Compile a loop that only other loops call: without the way in from Python, in less time."""
    return _jit(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _jit(function: F, **options: Any) -> F:
    import numba  # takes a second

    try:
        return cast("F", numba.njit(cache=True, **options)(function))
    except RuntimeError:  # no folder that could keep the compiled code can be written to
        return cast("F", numba.njit(**options)(function))
