"""A schedule: which steps serve a trace, and when each request gets its tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.machine import Machine
from power.rows import GROWTH, ROW
from power.trace import Trace
from power.trace_checks import RowFault, list_rows
from power.work import SUMS, Work
from techlib import Faults, LanguageModel

__all__ = ["Schedule"]


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
        Runs of steps alike in order of time; columns `power.rows.ROW`. ``start_s`` and
        ``end_s`` bound a run; ``steps`` counts its steps, each of ``decode_sequences`` and
        ``step_prompt_tokens``; the sums of `power.work.SUMS` and the busy times ``tensor_s``,
        ``vector_s``, ``hbm_s`` and ``serial_s`` are over the run; ``kv_reserved_byte`` and
        ``waiting`` are its highest.
    admitted_s, first_token_s, finish_s : array, shape (n,)
        When each request enters the batch, gets its first token and its last one [s].
    kv_capacity_byte : float
        Memory of the group that holds KV cache [byte].

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

    @classmethod
    def of(cls, trace: Trace, machine: Machine, model: LanguageModel) -> Schedule:
        """Serve a trace by continuous batching; see `power.batching` for the rules.

        Parameters
        ----------
        trace : Trace
            The requests, all of which are served, however late.
        machine : Machine
            One package of the group that serves them.
        model : LanguageModel
            What is run.

        Raises
        ------
        InputError
            The model, or the KV cache of a single request, does not fit into the memory.
        """
        from power.batching import serve  # imports numba, which takes a second

        work = Work(machine, model)
        capacity = machine.kv_capacity_byte(model)
        reserved = _kv_byte(trace, work)
        _check_fit(trace, reserved, capacity, machine)
        run = machine.operation
        tokens = np.arange(int(run.chunk_tokens) + 1)
        seconds = work.seconds_per_action
        fixed = np.column_stack([work.per_step(tokens) @ seconds, work.serial_s(tokens)])
        rows, admitted, first, finish = serve(
            trace.arrival_s,
            trace.prompt_tokens,
            trace.output_tokens,
            reserved,
            capacity,
            int(run.max_batch),
            int(run.chunk_tokens),
            work.window_tokens,
            np.ascontiguousarray(fixed),
            np.ascontiguousarray(work.per_sum @ seconds),
            GROWTH,
        )
        iterations = pd.DataFrame(rows, columns=list(ROW))
        return cls(trace, work, iterations, admitted, first, finish, capacity)

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
        both = self.iterations["decode_sequences"] + self.iterations["step_prompt_tokens"]
        return both.to_numpy()

    @property
    def actions(self) -> NDArray[np.float64]:
        """Actions of one package in each run, shape (m, len(ACTIONS))."""
        sums = self.iterations[list(SUMS)].to_numpy()
        return self.work.actions(self.iterations["steps"].to_numpy(), self.step_tokens, sums)

    @property
    def ttft_s(self) -> NDArray[np.float64]:
        """Time to first token, waiting included, shape (n,) [s]."""
        return self.first_token_s - self.trace.arrival_s

    @property
    def tpot_s(self) -> NDArray[np.float64]:
        """Time per output token after the first; NaN for answers of one token, shape (n,) [s]."""
        more = self.trace.output_tokens - 1
        time = self.finish_s - self.first_token_s
        return np.where(more > 0, time / np.maximum(more, 1), np.nan)

    @property
    def waiting_s(self) -> NDArray[np.float64]:
        """Time from arrival to admission, shape (n,) [s]."""
        return self.admitted_s - self.trace.arrival_s

    @property
    def busy_s(self) -> float:
        """Time during which steps run [s]."""
        return float((self.iterations["end_s"] - self.iterations["start_s"]).sum())

    @property
    def load(self) -> float:
        """Share of the time from the first step to the last one during which steps run."""
        return self.busy_s / (self.end_s - self.start_s)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a request: the trace, and when it was served."""
        table = self.trace.to_dataframe()
        names = ("admitted_s", "first_token_s", "finish_s", "ttft_s", "tpot_s", "waiting_s")
        return table.assign(**{name: getattr(self, name) for name in names})


def _kv_byte(trace: Trace, work: Work) -> NDArray[np.float64]:
    """Return the KV cache that each request reserves, shape (n,) [byte]."""
    tokens = (trace.prompt_tokens + trace.output_tokens).astype(np.float64)
    full, windowed = work.kv_byte_per_token
    return tokens * full + np.minimum(tokens, work.window_tokens) * windowed


def _check_fit(
    trace: Trace, reserved: NDArray[np.float64], capacity: float, machine: Machine
) -> None:
    """Raise for every request whose KV cache alone is larger than what there is."""
    found: list[RowFault] = []
    each = machine.hbm_capacity_byte * machine.operation.memory_share
    for row in np.flatnonzero(reserved > capacity):
        need = machine.chips + int(np.ceil((reserved[row] - capacity) / each))
        tokens = trace.prompt_tokens[row] + trace.output_tokens[row]
        what = f"{tokens} tokens need {reserved[row] / 1e9:.1f} GB of KV cache"
        allowed = f"at most {capacity / 1e9:.1f} GB beside the weights"
        found.append(
            (int(row), what, allowed, f"{need} chips would hold it: set power.chips = {need}")
        )
    faults = Faults()
    where = f"trace {trace.name}"
    list_rows(found, lambda row: f"{where}: request {row + 1}", faults, whole=where)
    faults.raise_if_any()
