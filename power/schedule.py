"""A schedule: which steps serve a trace, and when each request gets its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from power.disaggregation import first_group
from power.governor import with_points
from power.machine import Machine
from power.parallel import work_of
from power.rows import ROW
from power.server import Server
from power.summary import FIGURES, ServingSummary, Tally, exact_figures
from power.trace import Trace
from power.trace_checks import RowFault, list_rows
from power.work import SUMS, Work
from techlib import Faults, LanguageModel

if TYPE_CHECKING:
    from power.run_power import RunPower

__all__ = ["Schedule", "check_fit", "run_actions"]


@dataclass(frozen=True, eq=False)
class Schedule:
    """The steps that serve a trace on a machine, and what each request sees.

    Parameters
    ----------
    trace : Trace
        The requests.
    work : Work
        The machine and the model.
    iterations : DataFrame
        Runs of steps alike in order of time; columns `power.rows.ROW`, in place of ``level``
        ``pace`` and ``voltage_ratio`` under a power cap or a throttle. ``start_s`` and ``end_s``
        bound a run; ``steps`` counts its steps, each of ``decode_sequences`` with
        ``decode_tokens`` and of ``step_prompt_tokens``; ``output_tokens``, the sums of
        `power.work.SUMS` and the busy times ``tensor_s``, ``vector_s``, ``hbm_s`` and
        ``serial_s`` are over the run; ``kv_reserved_byte``, ``waiting`` and, with a throttle,
        ``lump_c`` are its highest.
    admitted_s, first_token_s, finish_s : array, shape (n,)
        When each request enters the batch, gets its first token and its last one [s].
    kv_capacity_byte : float
        Memory of the group that holds KV cache [byte].
    evictions, cached_tokens : array, shape (n,)
        How often each request was evicted to make room; tokens of its prompt that were found in
        the prefix cache when it was first admitted.
    asked_s : array, shape (n,)
        When each came to the front door; its arrival here, but for a group that only decodes [s].

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> model = techlib.language_models()["gpt-oss-120b"]
    >>> schedule = Schedule.of(Trace("one", [0.0], [1000], [100]), machine, model)
    >>> int(schedule.iterations["steps"].sum())  # one for the prompt, 99 to decode
    100
    """

    trace: Trace
    work: Work
    iterations: pd.DataFrame
    admitted_s: NDArray[np.float64]
    first_token_s: NDArray[np.float64]
    finish_s: NDArray[np.float64]
    kv_capacity_byte: float
    evictions: NDArray[np.int64]
    cached_tokens: NDArray[np.int64]
    asked_s: NDArray[np.float64]

    @classmethod
    def of(cls, trace: Trace, machine: Machine, model: LanguageModel, *, seed: int = 0) -> Schedule:
        """Serve a trace by continuous batching; see `power.batching` for the rules.

        Where the operation's role is ``"prefill"`` or ``"decode"`` the trace is what all groups
        together are asked, and the schedule that of the first group of its kind.

        Parameters
        ----------
        trace : Trace
            The requests, all of which are served, however late.
        machine : Machine
            One package of the group that serves them.
        model : LanguageModel
            What is run.
        seed : int
            Decides which drafts of speculative decoding are accepted.

        Raises
        ------
        InputError
            The model, or the KV cache of a single request, does not fit into the memory.
        """
        work = work_of(machine, model)
        capacity = machine.kv_capacity_byte(model)
        check_fit(trace, work, capacity)
        (mine,) = first_group([(trace, True)], work, capacity, seed=seed)
        served = Server.of_role(work, capacity, seed=seed).serve(mine.trace)
        first = mine.first_token_s
        return cls(
            mine.trace,
            work,
            with_points(machine, pd.DataFrame(served.rows, columns=list(ROW))),
            served.admitted_s,
            served.first_token_s if first is None else first,
            served.finish_s,
            capacity,
            served.evictions,
            served.cached_tokens,
            mine.asked_s,
        )

    @property
    def start_s(self) -> float:
        """Start of the first step [s]."""
        return float(self.iterations["start_s"].iloc[0])

    @property
    def end_s(self) -> float:
        """End of the last step [s]."""
        return float(self.iterations["end_s"].iloc[-1])

    @property
    def step_tokens(self) -> NDArray[np.float64]:
        """Tokens of each step of a run, shape (m,)."""
        both = self.iterations["decode_tokens"] + self.iterations["step_prompt_tokens"]
        return both.to_numpy()

    @property
    def actions(self) -> NDArray[np.float64]:
        """Actions of one package in each run, shape (m, len(ACTIONS))."""
        return run_actions(self.work, self.iterations)

    @property
    def handover_byte(self) -> float:
        """KV cache that the group sends to groups that decode [byte]."""
        return float(self.iterations["handed_byte"].sum())

    @property
    def ttft_s(self) -> NDArray[np.float64]:
        """Time to first token, waiting included, shape (n,) [s]."""
        return self.first_token_s - self.asked_s

    @property
    def tpot_s(self) -> NDArray[np.float64]:
        """Time per output token after the first; NaN for answers of one token, shape (n,) [s]."""
        more = self.trace.output_tokens - 1
        time = self.finish_s - self.first_token_s
        return np.where(more > 0, time / np.maximum(more, 1), np.nan)

    @property
    def waiting_s(self) -> NDArray[np.float64]:
        """Time from arrival at the group to admission, shape (n,) [s]."""
        return self.admitted_s - self.trace.arrival_s

    @property
    def busy_s(self) -> float:
        """Time during which steps run [s]."""
        return float((self.iterations["end_s"] - self.iterations["start_s"]).sum())

    @property
    def slowed_share(self) -> float:
        """Share of the busy time below the operation's clock, for its cap or its throttle."""
        return self.summary.tally.slowed_share

    def operating_points(self) -> pd.DataFrame:
        """Return ``start_s``, ``end_s``, ``frequency_hz`` and ``voltage_v`` of each run.

        Where the operation has a lump for its throttle, also the highest ``lump_c``.
        """
        heat = [name for name in ("lump_c",) if name in self.iterations]
        run, found = self.work.machine.operation, self.iterations[["start_s", "end_s", *heat]]
        ones = np.ones(len(found))
        pace = self.iterations.get("pace", ones)
        voltage = self.iterations.get("voltage_ratio", ones)
        return found.assign(frequency_hz=run.frequency_hz * pace, voltage_v=run.voltage_v * voltage)

    @property
    def load(self) -> float:
        """Share of the time from the first step to the last one during which steps run."""
        return self.busy_s / (self.end_s - self.start_s)

    @property
    def summary(self) -> ServingSummary:
        """What requests and the group saw, in figures."""
        tally = Tally()
        tally.add_runs(self.iterations)
        waits = {"ttft_s": self.ttft_s, "tpot_s": self.tpot_s, "waiting_s": self.waiting_s}
        return ServingSummary(
            name=self.trace.name,
            requests=len(self.trace),
            prompt_tokens=int(self.trace.prompt_tokens.sum()),
            cached_tokens=int(self.cached_tokens.sum()),
            evictions=int(self.evictions.sum()),
            left_out=self.trace.left_out,
            tally=tally,
            written_tokens=int(self.trace.output_tokens.sum()) - len(self.trace),
            latency=pd.DataFrame.from_dict(
                {name: exact_figures(values) for name, values in waits.items()},
                orient="index", columns=list(FIGURES),
            ),
        )  # fmt: skip

    def run_power(self, temperature_c: ArrayLike) -> RunPower:
        """Return how the power of a package steps, and where its energy goes.

        Parameters
        ----------
        temperature_c : float or array
            Of the blocks, as `BlockPower` takes them [degC].
        """
        from power.run_power import RunPower  # which needs this module

        found = RunPower(self, temperature_c)
        found.add(self.iterations)
        return found

    def energy_figures(self, split: Mapping[str, float]) -> list[float]:
        """Return `power.summary.FIGURES` of the energy of requests; see `PowerReport`."""
        read, written = self.trace.prompt_tokens - self.cached_tokens, self.trace.output_tokens - 1
        return exact_figures(
            split["joule_per_prompt_token"] * read
            + split["joule_per_output_token"] * written
            + split["idle_joule_per_request"]
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a request: the trace, and when it was served."""
        table = self.trace.to_dataframe()
        names = ("admitted_s", "first_token_s", "finish_s", "ttft_s", "tpot_s", "waiting_s")
        table.insert(0, "asked_s", self.asked_s)
        return table.assign(**{name: getattr(self, name) for name in names})


def run_actions(work: Work, runs: pd.DataFrame) -> NDArray[np.float64]:
    """Return the actions of one package in runs of steps, drafts included.

    What a group hands over crosses its links with the step that ends a prompt; the energy of a
    link is counted where the bits are sent.

    Parameters
    ----------
    work : Work
        The machine and the model.
    runs : DataFrame, m rows
        See `Schedule.iterations`.

    Returns
    -------
    array, shape (m, len(ACTIONS))
    """
    steps, decoding = runs["steps"].to_numpy(), runs["decode_sequences"].to_numpy()
    tokens = runs["decode_tokens"].to_numpy()
    both = tokens + runs["step_prompt_tokens"].to_numpy()
    actions = work.actions(steps, both, runs[list(SUMS)].to_numpy())
    if (tokens > decoding).any():
        drafts = (tokens - decoding) / np.maximum(decoding, 1.0)
        each = steps * drafts * (work.machine.operation.draft_cost or 0.0)
        actions = actions + each[:, None] * work.per_step(decoding)
    return np.asarray(actions)


def check_fit(trace: Trace, work: Work, capacity_byte: float) -> None:
    """Raise for every request whose KV cache alone is larger than what there is.

    Raises
    ------
    InputError
        Each such request, up to a limit, with the number of chips that would hold it.
    """
    machine = work.machine
    tokens = (trace.prompt_tokens + trace.output_tokens).astype(np.float64)
    full, windowed = work.kv_byte_per_token
    needed = tokens * full + np.minimum(tokens, work.window_tokens) * windowed
    found: list[RowFault] = []
    each = machine.hbm_capacity_byte * machine.operation.memory_share
    for row in np.flatnonzero(needed > capacity_byte):
        need = machine.chips + int(np.ceil((needed[row] - capacity_byte) / each))
        what = f"{tokens[row]:.0f} tokens need {needed[row] / 1e9:.1f} GB of KV cache"
        allowed = f"at most {capacity_byte / 1e9:.1f} GB beside the weights"
        found.append(
            (int(row), what, allowed, f"{need} chips would hold it: set power.chips = {need}")
        )
    faults = Faults()
    where = f"trace {trace.name}"
    list_rows(found, lambda row: f"{where}: request {row + 1}", faults, whole=where)
    faults.raise_if_any()
