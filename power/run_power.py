"""Power run by run: how it steps, and which tokens its energy went to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from power.activity import Activity, Serving
from power.block_power import BlockPower

__all__ = ["RunPower"]

_STRETCH = 50_000  #: runs at a time; bounds memory


@dataclass
class RunPower:
    """Power of a package from one run of steps to the next, taken stretch by stretch.

    Within a step power is even here, so that it changes where steps begin and end.

    Parameters
    ----------
    serving : Serving
        The machine and the model.
    temperature_c : float or array
        Temperatures of the blocks, as `BlockPower` takes them [degC].
    """

    serving: Serving
    temperature_c: ArrayLike
    prompt_j: float = 0.0  #: energy of one package over the tokens of prompts
    output_j: float = 0.0  #: and over the tokens of decoding sequences
    idle_j: float = 0.0  #: and while no step runs
    step_up_w: float = 0.0  #: highest change from one step to the next
    step_down_w: float = 0.0
    highest_w: float = 0.0
    lowest_w: float = np.inf
    _last_w: float | None = None
    _last_s: float = 0.0
    _idle_w: float | None = None

    def add(self, runs: pd.DataFrame) -> None:
        """Take in the next runs of steps; see `Activity.by_run`."""
        for first in range(0, len(runs), _STRETCH):
            self._add(runs.iloc[first : first + _STRETCH])

    def _add(self, runs: pd.DataFrame) -> None:
        activity = Activity.by_run(self.serving, runs)
        power = BlockPower.of(activity)
        watts = power.package_w(self.temperature_c)
        joules = watts * power.bin_s
        decode = _decode_share(runs)
        busy = activity.counts["engine_s"].to_numpy() > 0.0
        self.output_j += float(joules[busy] @ decode)
        self.prompt_j += float(joules[busy] @ (1.0 - decode))
        self.idle_j += float(joules[~busy].sum())
        if self._idle_w is None and (~busy).any():
            self._idle_w = float(watts[~busy][0])
        self._note_steps(watts, float(activity.edges_s[0]), float(activity.edges_s[-1]))

    def _note_steps(self, watts: NDArray[np.float64], start_s: float, end_s: float) -> None:
        before = [] if self._last_w is None else [self._last_w]
        if before and start_s > self._last_s and self._idle_w is not None:
            before.append(self._idle_w)
            self.idle_j += self._idle_w * (start_s - self._last_s)
        changes = np.diff(np.concatenate([before, watts]))
        self.step_up_w = max(self.step_up_w, float(changes.max(initial=0.0)))
        self.step_down_w = max(self.step_down_w, float(-changes.min(initial=0.0)))
        self.highest_w = max(self.highest_w, float(watts.max()))
        self.lowest_w = min(self.lowest_w, float(watts.min()))
        self._last_w, self._last_s = float(watts[-1]), end_s

    @property
    def total_j(self) -> float:
        """Energy of one package over the time that was taken in [J]."""
        return self.prompt_j + self.output_j + self.idle_j


def _decode_share(runs: pd.DataFrame) -> NDArray[np.float64]:
    """Return which part of each run's tokens belongs to decoding sequences."""
    decode = runs["decode_tokens"].to_numpy()
    return np.asarray(decode / (decode + runs["step_prompt_tokens"].to_numpy()))
