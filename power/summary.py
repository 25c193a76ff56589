"""What requests and the group saw, in figures that do not grow with the trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["FIGURES", "PERCENTS", "ServingSummary", "Tally", "exact_figures"]

PERCENTS = (50, 90, 99)

#: What is told of waits and costs.
FIGURES = ("mean", *(f"p{percent}" for percent in PERCENTS), "max")


@dataclass
class Tally:
    """Sums over runs of steps, taken stretch by stretch."""

    start_s: float = np.inf
    end_s: float = -np.inf
    busy_s: float = 0.0
    steps: int = 0
    decode_sequence_s: float = 0.0  #: decoding sequences times the time that they were at it
    prompt_tokens: int = 0  #: read, those of evicted requests once more
    output_tokens: int = 0
    decode_tokens: int = 0  #: tokens of decoding sequences, drafts included
    decode_steps: float = 0.0  #: decoding sequences times steps
    slowed_s: float = 0.0  #: below the operation's clock, to stay below its cap
    most_waiting: int = 0
    most_kv_byte: float = 0.0

    def add_runs(self, runs: pd.DataFrame) -> None:
        """Take in runs of steps; see `Schedule.iterations`."""
        if not len(runs):
            return
        lasting, steps = runs["end_s"] - runs["start_s"], runs["steps"]
        self.start_s = min(self.start_s, float(runs["start_s"].iloc[0]))
        self.end_s = max(self.end_s, float(runs["end_s"].iloc[-1]))
        self.busy_s += float(lasting.sum())
        if "pace" in runs:
            self.slowed_s += float(lasting[runs["pace"] < 1.0].sum())
        self.steps += int(steps.sum())
        self.decode_sequence_s += float((runs["decode_sequences"] * lasting).sum())
        self.prompt_tokens += int((steps * runs["step_prompt_tokens"]).sum())
        self.output_tokens += int(runs["output_tokens"].sum())
        self.decode_tokens += int((steps * runs["decode_tokens"]).sum())
        self.decode_steps += float((steps * runs["decode_sequences"]).sum())
        self.most_waiting = max(self.most_waiting, int(runs["waiting"].max()))
        self.most_kv_byte = max(self.most_kv_byte, float(runs["kv_reserved_byte"].max()))

    @property
    def load(self) -> float:
        """Share of the time from the first step to the last one during which steps run."""
        return self.busy_s / (self.end_s - self.start_s)

    @property
    def slowed_share(self) -> float:
        """Share of the busy time spent below the operation's clock, to stay below its cap."""
        return self.slowed_s / self.busy_s

    @property
    def mean_decode_batch(self) -> float:
        """Decoding sequences of a step, mean over the time that steps run."""
        return self.decode_sequence_s / self.busy_s


@dataclass(frozen=True, eq=False)
class ServingSummary:
    """A served trace in figures.

    Parameters
    ----------
    name : str
        Of the trace.
    requests, prompt_tokens : int
        What was asked.
    cached_tokens, evictions : int
        Prompt tokens that were found in the prefix cache; requests sent back to the queue.
    left_out : int
        Faulty rows of the trace that were left out.
    tally : Tally
        Sums over the steps.
    latency : DataFrame
        Index ``ttft_s``, ``tpot_s``, ``waiting_s``; columns `FIGURES` [s].
    written_tokens : int
        Output tokens behind the first one of each answer.
    """

    name: str
    requests: int
    prompt_tokens: int
    cached_tokens: int
    evictions: int
    left_out: int
    tally: Tally
    latency: pd.DataFrame
    written_tokens: int


def exact_figures(values: NDArray[np.float64]) -> list[float]:
    """Return `FIGURES` of values, those that are not numbers apart; NaN where there is none."""
    known = values[np.isfinite(values)]
    known = known if len(known) else np.array([np.nan])
    return [float(known.mean()), *map(float, np.percentile(known, PERCENTS)), float(known.max())]
