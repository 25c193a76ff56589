"""A server: serves requests as they come, and keeps its state from one stretch to the next."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from power.prefix import PrefixBlocks
from power.prefix_cache import PrefixCache
from power.rows import GROWTH, ROW
from power.step_times import StepTimes
from power.trace import Trace
from power.work import Work

if TYPE_CHECKING:
    from power.batching_state import Blocks, Levels, Requests

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
    prompt_tokens, output_tokens : array, shape (n,)
        What they asked, and what they were answered.
    evictions, cached_tokens : array, shape (n,)
        How often they were evicted; tokens of their prompts found in the cache.
    until_s : float
        All that end later are still to come; infinite where no more will [s].
    """

    rows: Array
    number: NDArray[np.int64]
    arrival_s: Array
    admitted_s: Array
    first_token_s: Array
    finish_s: Array
    prompt_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    evictions: NDArray[np.int64]
    cached_tokens: NDArray[np.int64]
    until_s: float


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
    hands_over : bool
        The KV cache of a prompt that has been read is sent to a group that decodes.
    """

    def __init__(
        self,
        work: Work,
        capacity_byte: float,
        *,
        seed: int = 0,
        handed: bool = False,
        hands_over: bool = False,
    ) -> None:
        from power.batching_state import Rules  # imports numba, which takes a second

        run = work.machine.operation
        full, windowed = work.kv_byte_per_token
        self._rules = Rules(
            max_batch=int(run.max_batch),
            chunk=int(run.chunk_tokens),
            window=work.window_tokens,
            full_byte=float(full),
            windowed_byte=float(windowed),
            capacity_byte=float(capacity_byte),
            reserve=run.kv_admission == "reserve",
            handed=handed,
            hands_over=hands_over,
            draft_tokens=int(run.draft_tokens),
            acceptance=float(run.draft_acceptance or 0.0),
            block_tokens=0,
            growth=GROWTH,
        )
        self._caches = run.caches_prefixes
        self._times = StepTimes.of(work)
        self._levels = _levels(work)
        self._seed = seed
        self._begin()

    def _begin(self) -> None:
        from power.batching_state import HEAT, Batch

        size = self._rules.max_batch
        self._batch = Batch(
            decode=np.zeros((5, size), np.int64),
            filling=np.zeros((4, size), np.int64),
            evicted=np.zeros(size, np.int64),
            counts=np.zeros(6, np.int64),
            clock=np.zeros(6),
        )
        self._batch.clock[HEAT] = self._levels.coolant_c
        self._batch.clock[HEAT] += self._levels.resistance_k_w * self._levels.idle_w
        self.cache = PrefixCache() if self._caches else None
        self._requests: Requests | None = None
        self._begun: Array | None = None
        self._number = np.empty(0, np.int64)
        self._seen = 0

    @classmethod
    def of_role(cls, work: Work, capacity_byte: float, *, seed: int = 0) -> Server:
        """Return a server for the operation's role."""
        role = work.machine.operation.role
        return cls(
            work, capacity_byte, seed=seed, handed=role == "decode", hands_over=role == "prefill"
        )

    def another(self) -> Server:
        """Return a server of the same kind that has not served yet."""
        other = copy.copy(self)
        other._begin()
        return other

    @property
    def waiting(self) -> int:
        """Requests that have come and not ended."""
        return len(self._number)

    def serve(self, trace: Trace | None, *, last: bool = True) -> Served:
        """Serve a stretch of requests, and what is left of those before.

        Where more will come, the last row is kept back, which their steps may join, and so are the
        requests that end with it: stretches of any size give the rows of the whole.

        Parameters
        ----------
        trace : Trace or None
            The requests, each of which arrives after all before it; none where the last ones have
            been given already.
        last : bool
            Whether no more will come. If more will, what depends on them is left to the next call.
        """
        from power.batching import serve
        from power.batching_step import WIDTH

        requests = self._joined(trace)
        with_blocks, blocks = self._with_blocks(requests, trace)
        begun = np.empty((0, WIDTH + 1)) if self._begun is None else self._begun
        horizon_s = np.inf if last or trace is None else float(trace.arrival_s[-1])
        times = self._times
        rows, used = serve(
            with_blocks, self._batch, blocks, self._rules, self._levels, horizon_s, times.fixed_s,
            times.slope_s, times.draft_s, begun,
        )  # fmt: skip
        whole = used if last else max(used - 1, 0)
        self._begun = rows[whole:used].copy()
        until_s = np.inf if last else float(rows[whole - 1, _END]) if whole else -np.inf
        return self._ended(requests, rows[:whole, : len(ROW)], until_s)

    def _joined(self, trace: Trace | None) -> Requests:
        """Return the requests that have not ended, and the new ones behind them."""
        fresh = self._fresh(trace)
        size = len(fresh.prompt)
        self._number = np.concatenate([self._number, self._seen + np.arange(size)])
        self._seen += size
        if self._requests is None:
            return fresh
        parts = zip(self._requests, fresh, strict=True)
        return type(fresh)(*(np.concatenate(pair, axis=-1) for pair in parts))

    def _fresh(self, trace: Trace | None) -> Requests:
        from power.batching_state import Requests

        size = 0 if trace is None else len(trace)
        numbers = np.arange(self._seen, self._seen + size, dtype=np.uint64)
        none = np.zeros(size, np.int64)
        return Requests(
            arrival_s=np.zeros(0) if trace is None else np.array(trace.arrival_s),
            prompt=none.copy() if trace is None else np.array(trace.prompt_tokens),
            output=none.copy() if trace is None else np.array(trace.output_tokens),
            key=_mixed(numbers, self._seed),
            got=none + 1 if self._rules.handed else none.copy(),
            held_byte=np.zeros(size),
            pins=none.copy(),
            evictions=none.copy(),
            cached=none.copy(),
            times_s=np.full((3, size), np.nan),
            block_start=none,  # these two are only known with the cache
            block_ids=none,
        )

    def _with_blocks(self, requests: Requests, trace: Trace | None) -> tuple[Requests, Blocks]:
        """Return the requests with the places of their prefix blocks, and the cache."""
        from power.batching_state import Blocks

        if self.cache is None:
            head = np.zeros(1, np.int64)
            return requests, Blocks(head[:0], head, head.copy())
        given = None if trace is None else trace.blocks
        if given is None:
            given = PrefixBlocks.none(0 if trace is None else len(trace))
        blocks, start, ids = self.cache.join(given)
        self._rules = self._rules._replace(block_tokens=self.cache.block_tokens)
        return requests._replace(block_start=start, block_ids=ids), blocks

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
            requests.prompt[done],
            requests.output[done],
            requests.evictions[done],
            requests.cached[done],
            until_s,
        )
        self._keep(requests, ~done)
        return served

    def _keep(self, requests: Requests, kept: NDArray[np.bool_]) -> None:
        """Give the requests that have not ended new places."""
        from power.batching_state import ADMIT, ARRIVED, DECODING, EVICTED, FILLING, WHO

        place = np.cumsum(kept) - 1
        columns: Any = (np.ascontiguousarray(column[..., kept]) for column in requests)
        self._requests = type(requests)(*columns)
        if self.cache is not None:
            self.cache.keep(kept)
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
