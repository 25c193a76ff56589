"""A server: serves requests as they come, and keeps its state from one stretch to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from power.rows import GROWTH, ROW
from power.step_times import StepTimes
from power.trace import Trace
from power.work import Work

if TYPE_CHECKING:
    from power.batching_state import Blocks, Levels, Requests, Rules

__all__ = ["Served", "Server"]

Array = NDArray[np.float64]

_END = ROW.index("end_s")


@dataclass(frozen=True, eq=False)
class Served:
    """What a server did with a stretch of requests.

    Parameters
    ----------
    rows : array, shape (m, len(ROW))
        Runs of steps alike, in order of time.
    number : array, shape (n,)
        Which requests have ended, counted from the first one of all.
    arrival_s, admitted_s, first_token_s, finish_s : array, shape (n,)
        Their times [s].
    output_tokens, evictions, cached_tokens : array, shape (n,)
        Their answers; how often they were evicted; tokens of their prompts found in the cache.
    """

    rows: Array
    number: NDArray[np.int64]
    arrival_s: Array
    admitted_s: Array
    first_token_s: Array
    finish_s: Array
    output_tokens: NDArray[np.int64]
    evictions: NDArray[np.int64]
    cached_tokens: NDArray[np.int64]


class Server:
    """Serves traces by continuous batching; see `power.batching` for the rules.

    Parameters
    ----------
    work : Work
        The machine and the model.
    capacity_byte : float
        KV cache that there is [byte].
    seed : int
        Decides which drafts are accepted.
    handed : bool
        Requests come with the KV cache of their prompt and their first token.
    """

    def __init__(
        self, work: Work, capacity_byte: float, *, seed: int = 0, handed: bool = False
    ) -> None:
        from power.batching_state import HEAT, Batch, Rules  # imports numba, which takes a second

        run = work.machine.operation
        size = int(run.max_batch)
        full, windowed = work.kv_byte_per_token
        self._rules = Rules(
            max_batch=size,
            chunk=int(run.chunk_tokens),
            window=work.window_tokens,
            full_byte=float(full),
            windowed_byte=float(windowed),
            capacity_byte=float(capacity_byte),
            reserve=run.kv_admission == "reserve",
            handed=handed,
            draft_tokens=int(run.draft_tokens),
            acceptance=float(run.draft_acceptance or 0.0),
            block_tokens=0,
            growth=GROWTH,
        )
        self._times = StepTimes.of(work)
        self._levels = _levels(work)
        self._seed = seed
        self._batch = Batch(
            decode=np.zeros((5, size), np.int64),
            filling=np.zeros((4, size), np.int64),
            evicted=np.zeros(size, np.int64),
            counts=np.zeros(6, np.int64),
            clock=np.zeros(6),
        )
        self._batch.clock[HEAT] = self._levels.coolant_c
        self._batch.clock[HEAT] += self._levels.resistance_k_w * self._levels.idle_w
        self._caches = run.caches_prefixes
        self._requests: Requests | None = None
        self._begun: Array | None = None
        self._number = np.empty(0, np.int64)
        self._seen = 0

    @property
    def waiting(self) -> int:
        """Requests that have come and not ended."""
        return len(self._number)

    def serve(self, trace: Trace, *, last: bool = True) -> Served:
        """Serve a stretch of requests, and what is left of those before.

        Where more will come, the last row is kept back, which their steps may join, and so are the
        requests that end with it: stretches of any size give the rows of the whole.

        Parameters
        ----------
        trace : Trace
            The requests; each arrives after all before it.
        last : bool
            Whether no more will come. If more will, what depends on them is left to the next call.
        """
        from power.batching import serve
        from power.batching_step import WIDTH

        requests = self._joined(trace)
        begun = np.empty((0, WIDTH + 1)) if self._begun is None else self._begun
        rules, blocks = self._cache(trace)
        if rules.block_tokens:
            start = np.ascontiguousarray(trace.blocks.offsets)  # type: ignore[union-attr]
            requests = requests._replace(block_start=start, block_ids=self._ids)
        horizon_s = np.inf if last else float(trace.arrival_s[-1])
        times = self._times
        rows, used = serve(
            requests, self._batch, blocks, rules, self._levels, horizon_s, times.fixed_s,
            times.slope_s, times.draft_s, begun,
        )  # fmt: skip
        whole = used if last else max(used - 1, 0)
        self._begun = rows[whole:used].copy()
        until_s = np.inf if last else float(rows[whole - 1, _END]) if whole else -np.inf
        return self._ended(requests, rows[:whole, : len(ROW)], until_s)

    def _joined(self, trace: Trace) -> Requests:
        """Return the requests that have not ended, and the new ones behind them."""
        fresh = self._fresh(trace)
        self._number = np.concatenate([self._number, self._seen + np.arange(len(trace))])
        self._seen += len(trace)
        if self._requests is None:
            return fresh
        parts = zip(self._requests, fresh, strict=True)
        return type(fresh)(*(np.concatenate(pair, axis=-1) for pair in parts))

    def _fresh(self, trace: Trace) -> Requests:
        from power.batching_state import Requests

        size = len(trace)
        numbers = np.arange(self._seen, self._seen + size, dtype=np.uint64)
        none = np.zeros(size, np.int64)
        return Requests(
            arrival_s=np.array(trace.arrival_s),
            prompt=np.array(trace.prompt_tokens),
            output=np.array(trace.output_tokens),
            key=_mixed(numbers, self._seed),
            got=none + 1 if self._rules.handed else none.copy(),
            held_byte=np.zeros(size),
            pins=none.copy(),
            evictions=none.copy(),
            cached=none.copy(),
            times_s=np.full((3, size), np.nan),
            block_start=none.copy(),
            block_ids=none[:0],
        )

    def _cache(self, trace: Trace) -> tuple[Rules, Blocks]:
        """Return the rules with the trace's blocks, and an empty cache for them."""
        from power.batching_state import Blocks

        rules, number = self._rules, 0
        if self._caches and trace.blocks is not None:
            distinct, ids = np.unique(trace.blocks.ids, return_inverse=True)
            self._ids = np.ascontiguousarray(ids, dtype=np.int64)
            rules = rules._replace(block_tokens=trace.blocks.block_tokens)
            number = len(distinct)
        ring = np.zeros(number + 1, np.int64)
        ring[number] = number
        return rules, Blocks(np.full(number, -1, np.int64), ring, ring.copy())

    def _ended(self, requests: Requests, rows: Array, until_s: float) -> Served:
        """Take those who are done by a time out of the state, and say when they were served."""
        done = requests.times_s[2] <= until_s  # not a number for those who are not done
        admitted, first, finish = requests.times_s[:, done]
        served = Served(
            rows,
            self._number[done],
            requests.arrival_s[done],
            admitted,
            first,
            finish,
            requests.output[done],
            requests.evictions[done],
            requests.cached[done],
        )
        self._keep(requests, ~done)
        return served

    def _keep(self, requests: Requests, kept: NDArray[np.bool_]) -> None:
        """Give the requests that have not ended new places."""
        from power.batching_state import ADMIT, ARRIVED, DECODING, EVICTED, FILLING, WHO

        place = np.cumsum(kept) - 1

        def chosen(column: Any) -> Any:
            return np.ascontiguousarray(
                column[..., kept] if column.shape[-1] == len(kept) else column
            )

        self._requests = type(requests)(*(chosen(column) for column in requests))
        self._number = self._number[kept]
        batch, count = self._batch, self._batch.counts
        for table, number in ((batch.decode[WHO], count[DECODING]),
                              (batch.filling[WHO], count[FILLING]),
                              (batch.evicted, count[EVICTED])):  # fmt: skip
            table[:number] = place[table[:number]]
        for entry in (ADMIT, ARRIVED):
            count[entry] = int(kept[: count[entry]].sum())


def _levels(work: Work) -> Levels:
    """Return the tables of the operation's cap and throttle, empty ones where it has none."""
    from power.batching_state import Levels

    machine = work.machine
    run = machine.operation
    if run.cap_w is None and run.throttle_resistance_k_w is None:
        line, table = np.ones(1), np.zeros((1, 2))
        tables = line, line, line, table, table, table, line, line
        return Levels(False, np.inf, np.inf, np.inf, 0, 0.0, 1.0, 0.0, 0.0, *tables)
    from power.step_power import StepPower  # which needs this module

    return StepPower.of(work, machine.node.reference_temperature_c).levels()


def _mixed(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return a hash of whole numbers and a seed, so that neighbours have nothing in common."""
    start = np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mixed = numbers + start  # arrays wrap around, as they should
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(33)))
