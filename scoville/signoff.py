"""Sign-off: a design, its trace, and the verdict on its targets."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from power import Trace
from scoville.analysis import HeatAnalysis, PowerAnalysis, analyse_heat, analyse_power
from scoville.console import Progress
from scoville.design import Design
from scoville.judge import judge
from scoville.run_record import RunRecord, toolkit_version
from scoville.verdict import Target, all_passed
from techlib import Source, bibliography
from thermal import Temperatures

__all__ = ["Signoff", "run_signoff"]


@dataclass(frozen=True, eq=False)
class Signoff:
    """A verdict, and everything that it rests on.

    Parameters
    ----------
    design : Design
        What was judged.
    trace : Trace
        What it served.
    power : PowerAnalysis
        Watts per block over time.
    heat : HeatAnalysis
        Temperatures in balance with them.
    targets : tuple of Target
        Each with value, limit, margin and band.
    warnings : tuple of str
        What limits the trust in the numbers.
    seconds : mapping of str to float
        Wall time by stage [s].
    """

    design: Design
    trace: Trace
    power: PowerAnalysis
    heat: HeatAnalysis
    targets: tuple[Target, ...]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """Whether every target is kept."""
        return all_passed(self.targets)

    @functools.cached_property
    def input_hash(self) -> str:
        """SHA-256 over the merged design and the trace file."""
        return self.design.input_hash

    @property
    def block_mean_c(self) -> NDArray[np.float64]:
        """Steady block temperatures in the order of the power's keys (nk,) [degC]."""
        keys = list(self.power.fine.keys)
        return np.asarray(self.heat.steady.block_mean_c[keys], dtype=np.float64)

    @property
    def hottest(self) -> Temperatures:
        """The hottest field: of the transient, or the steady one."""
        history = self.heat.history
        return self.heat.steady if history is None else history.hottest

    def groups(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        """Yield title, keys and temperature limit [degC] of each die and of the HBM stacks."""
        limits, plan = self.design.limits, self.design.floorplan
        for die in plan.dies:
            limit_c = limits.junction_c or die.node.junction_limit_c
            yield f"die {die.name}", tuple(key for key, _, _ in die.placed_blocks()), limit_c
        if plan.stacks:
            keys = tuple(key for stack in plan.stacks for key in (stack.base_key, stack.dram_key))
            limit_c = limits.hbm_c or min(stack.generation.limit_c for stack in plan.stacks)
            yield "HBM", keys, limit_c

    @property
    def seed(self) -> int | None:
        """Seed of the trace; none where it was read from a file."""
        return self.design.seed

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the numbers of this sign-off."""
        return bibliography((*self.design.sources, *self.power.fine.sources))

    def run_record(self, command: str) -> RunRecord:
        """Return what made this, for the output folder."""
        return RunRecord(command, self.input_hash, self.seed, self.sources, self.seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values, for JSON output; no timings."""
        solves = self.heat.solves
        steady, history = self.heat.steady, self.heat.history
        windows = {
            "sustained_s": _ends(self.power.sustained.edges_s),
            "hottest_s": _ends(self.power.hottest.edges_s) if history else None,
        }
        return {
            "passed": self.passed,
            "targets": [target.to_dict() for target in self.targets],
            "design": self.design.name,
            "title": self.design.title,
            "trace": self.trace.name,
            "requests": len(self.trace),
            "model": self.design.choice.model.name,
            "version": toolkit_version(),
            "input_hash": self.input_hash,
            "seed": self.seed,
            "windows": windows,
            "solver": {
                "cells": steady.cells,
                "residual": max(solve.residual for solve in solves),
                "energy_balance": max(solve.energy_balance for solve in solves),
                "iterations": steady.iterations,
                "fixed_point_iterations": steady.fixed_point_iterations,
                "transient_steps": len(history.times_s) if history else 0,
                "transient_iterations": history.iterations if history else 0,
                "transient_parts": history.parts if history else 0,
                "time_error_k": history.time_error_k if history else None,
            },
            "warnings": list(self.warnings),
            "sources": [source.to_dict() for source in self.sources],
        }


def _ends(edges_s: Any) -> list[float]:
    return [float(edges_s[0]), float(edges_s[-1])]


def run_signoff(
    design: Design,
    trace: Trace | None = None,
    *,
    transient: bool = True,
    progress: Progress = lambda _stage, _share: None,
) -> Signoff:
    """Judge a design on a trace.

    The trace is scheduled and turned into watts per block. The mean of the window of
    `sustained_window` with the highest power, and the leakage at the temperatures that it causes,
    are iterated to a fixed point. The window of `transient_window` with the highest power is
    resolved in time with leakage following the temperature; it starts from the steady state at the
    mean power of the sustained window before it. Each target takes the worst of both.

    Parameters
    ----------
    design : Design
        See `load_design`.
    trace : Trace, optional
        In place of the design's own.
    transient : bool
        Without it only the sustained load is judged.
    progress : callable
        Called with the stage and the share that is done.

    Raises
    ------
    InputError
        A bad trace, a model that does not fit, bodies that overlap, a voltage outside the node's
        range.
    ConvergenceError
        Thermal runaway: there is no stable temperature.
    ResourceError
        The mesh would not fit into memory.
    """
    begun = time.perf_counter()
    progress("reading the trace", 0.0)
    requests = design.trace() if trace is None else trace
    progress("scheduling the trace", 0.05)
    power = analyse_power(design, requests)
    powered = time.perf_counter()
    heat = analyse_heat(design, power, transient=transient, progress=progress)
    heated = time.perf_counter()
    progress("judging the targets", 0.92)
    targets = judge(design, power, heat)
    seconds = {
        "power": powered - begun,
        "heat": heated - powered,
        **{f"steady_{name}": value for name, value in heat.steady.seconds.items()},
        "judge": time.perf_counter() - heated,
    }
    warnings = (*_band_warnings(targets), *heat.steady.warnings)
    return Signoff(design, requests, power, heat, targets, warnings, seconds)


def _band_warnings(targets: tuple[Target, ...]) -> tuple[str, ...]:
    """Say where the verdict would turn within the band of the estimates."""
    return tuple(
        f"{target.title}: the verdict is not sure, the band {target.number(target.low)} to "
        f"{target.number(target.high)} {target.shown_unit} crosses the limit "
        f"{target.number(target.limit)}"
        for target in targets
        if not target.sure
    )
