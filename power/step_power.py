"""The power of a step in tables, at each operating point, as the compiled loops look it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.activity import BUSY, Activity
from power.block_power import BlockPower
from power.governor import OperatingPoints
from power.work import ACTIONS, Work

if TYPE_CHECKING:
    from power.batching_state import Levels

__all__ = ["StepPower"]

Array = NDArray[np.float64]

_WORTH = ("clock_engine_s", "leaking_engine_s")
_KINDS = ("clock_", "")  #: of busy times: worth their clock power, and plain
_MANY = 1e12  #: actions at once: a picojoule each is a watt
_PART = 1.0 / 32.0  #: of a second, by which busy times are moved


@dataclass(frozen=True, eq=False)
class StepPower:
    """What a step costs a package, told by `BlockPower` for one count after the other.

    Within a step the power is linear in what is counted. So the energy of a step that lasts ``t``
    at voltage ``v`` and clock ``p`` over the operation's own is

    ``t (static + clock p v^2 + leakage v^n) + (core actions) v^2 + (other actions) +
    (busy times) x (clock p v^2 + plain)``, busy times being those of `BUSY` but for the whole step.

    Parameters
    ----------
    static_w, clock_w, leakage_w : float
        While steps run, whatever they do [W].
    idle_w : float
        While none runs [W].
    core_j, other_j : array, shape (len(ACTIONS),)
        Of one action: what follows the voltage of the logic, and what does not [J].
    busy_clock_w, busy_w : array, shape (4,)
        While something is busy: the same two [W].
    """

    work: Work
    static_w: float
    clock_w: float
    leakage_w: float
    idle_w: float
    core_j: Array
    other_j: Array
    busy_clock_w: Array
    busy_w: Array

    @classmethod
    def of(cls, work: Work, temperature_c: float) -> StepPower:
        """Ask `BlockPower` for the power of single counts.

        Parameters
        ----------
        work : Work
            The machine and the model.
        temperature_c : float
            At which leakage and refresh are counted [degC].
        """
        start = _start()
        probes = _probes(start)
        watts = _asked(work, temperature_c, [start | change for change in probes.values()])
        told = dict(zip(probes, watts, strict=True))

        def more(name: str) -> float:
            return float(told[name] - told["start"])

        plain, core = (
            np.array([more(f"{kind}{name}") for name in ACTIONS]) / _MANY for kind in ("", "core_")
        )
        clock, leaking = (more(name) / _PART for name in _WORTH)
        busy = {}
        for kind in _KINDS:
            busy[kind] = np.array([more(f"{kind}{name}") for name in BUSY[1:]]) / _PART
        # What the starting point holds is taken off again.
        static = told["start"] - clock * start[_WORTH[0]] - leaking * start[_WORTH[1]]
        for kind, each in busy.items():
            static -= each @ np.array([start[f"{kind}{name}"] for name in BUSY[1:]])
        idle = float(told["idle"])
        return cls(work, float(static), clock, leaking, idle, core, plain, busy["clock_"], busy[""])

    def levels(self) -> Levels:
        """Return cap, throttle and tables of the operation for the compiled loops."""
        from power.batching_state import Levels  # imports numba, which takes a second

        work, run = self.work, self.work.machine.operation
        points = OperatingPoints.of(work.machine)
        square = points.voltage_ratio**2
        leaks = points.voltage_ratio**work.machine.node.leakage_voltage_exponent
        static = self.static_w + self.clock_w * points.pace * square + self.leakage_w * leaks
        each = np.column_stack([self.core_j, self.other_j])
        fixed = work.per_step(np.arange(int(run.chunk_tokens) + 1)) @ each
        drafted = run.draft_tokens * (run.draft_cost or 0.0)
        draft = drafted * (work.per_step(np.arange(int(run.max_batch) + 1)) @ each)
        tables = (points.pace, square, static, fixed, work.per_sum @ each, draft,
                  self.busy_clock_w, self.busy_w)  # fmt: skip
        slow = int(np.searchsorted(-points.pace, -run.throttle_pace))
        lump = run.throttle_resistance_k_w is not None
        limit_c = float(run.throttle_c or 0.0) if lump else np.inf
        return Levels(
            True, np.inf if run.cap_w is None else float(run.cap_w), limit_c,
            limit_c - run.throttle_hysteresis_k, min(slow, len(points.pace) - 1),
            float(run.throttle_resistance_k_w or 0.0), float(run.throttle_time_s or 1.0),
            float(run.throttle_coolant_c or 0.0), self.idle_w,
            *(np.ascontiguousarray(table) for table in tables),
        )  # fmt: skip


def _start() -> dict[str, float]:
    """Return counts of a second to begin with: nothing busy or worth its power all the time."""
    names = [*ACTIONS, *(f"core_{name}" for name in ACTIONS), "prompt_tokens", "output_tokens"]
    busy = dict(zip(BUSY, (1.0, 0.5, 0.5, 0.5, 0.5), strict=True))
    worth = {f"clock_{name}": 0.25 * share for name, share in busy.items()}
    return {**dict.fromkeys(names, 0.0), **busy, **worth, "leaking_engine_s": 0.5}


def _probes(start: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return changes of one count from the start, by name."""
    probes = {"start": {}, "idle": dict.fromkeys(start, 0.0)}
    for name in ACTIONS:
        probes |= {key: {key: _MANY} for key in (name, f"core_{name}")}
    for name in (*_WORTH, *(f"{kind}{name}" for kind in _KINDS for name in BUSY[1:])):
        probes[name] = {name: start[name] + _PART}
    return probes


def _asked(work: Work, temperature_c: float, seconds: list[dict[str, float]]) -> Array:
    """Return the power of a package in seconds of such counts [W]."""
    edges = np.arange(len(seconds) + 1, dtype=np.float64)
    watts = BlockPower.of(Activity(_Ran(work), edges, pd.DataFrame(seconds)))
    return watts.package_w(temperature_c)


@dataclass(frozen=True)
class _Ran:
    """What `Activity` asks of whoever ran the steps."""

    work: Work
