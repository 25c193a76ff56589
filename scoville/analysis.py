"""From a design and its trace to power over time, and to temperatures that agree with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from power import Activity, BlockPower, Schedule, Throttle, Trace
from scoville.console import Progress
from scoville.design import Design
from scoville.settings import ThermalSettings
from thermal import TemperatureHistory, Temperatures, ThermalModel

__all__ = ["HeatAnalysis", "PowerAnalysis", "analyse_heat", "analyse_power"]

Array = NDArray[np.float64]

_MOST_BINS = 1_000_000  #: of the fine power trace; a longer trace gets wider bins
_BOUNDLESS_C = 1e4  #: no solid is that hot: power has no bound there, a runaway for the solver


@dataclass(frozen=True, eq=False)
class PowerAnalysis:
    """Power of a design over a trace.

    Parameters
    ----------
    schedule : Schedule
        The steps that serve the trace.
    overview : BlockPower
        The whole trace in a few hundred bins, for pictures and tables.
    fine : BlockPower
        The whole trace in bins of the transient's step.
    sustained, before, hottest : BlockPower
        Parts of `fine`: the hottest sustained window, the hottest transient window, and the
        sustained window before that one (itself where nothing is before it).
    """

    schedule: Schedule
    overview: BlockPower
    fine: BlockPower
    sustained: BlockPower
    before: BlockPower
    hottest: BlockPower


def analyse_power(design: Design, trace: Trace) -> PowerAnalysis:
    """Schedule a trace on a design and turn it into watts per block.

    Raises
    ------
    InputError
        The model or a request does not fit into the memory.
    """
    settings = design.settings
    schedule = Schedule.of(trace, design.machine, design.choice.model, seed=design.choice.seed)
    overview = BlockPower.of(Activity.of(schedule))
    span_s = float(overview.edges_s[-1] - overview.edges_s[0])
    step_s = max(settings.transient_window_s / settings.transient_steps, span_s / _MOST_BINS)
    fine = BlockPower.of(Activity.of(schedule, step_s))
    # Leakage hardly changes in time: any temperature finds the same windows.
    reference_c = design.machine.node.reference_temperature_c
    sustained = fine.window(*fine.hottest_window(settings.sustained_window_s, reference_c))
    hottest = fine.window(*fine.hottest_window(settings.transient_window_s, reference_c))
    return PowerAnalysis(
        schedule, overview, fine, sustained, _before(fine, hottest, settings), hottest
    )


def _before(fine: BlockPower, hottest: BlockPower, settings: ThermalSettings) -> BlockPower:
    """Return the sustained window before the hottest one, or that one at the trace's start."""
    start_s = float(hottest.edges_s[0])
    if start_s <= float(fine.edges_s[0]):
        return hottest
    return fine.window(start_s - max(settings.sustained_window_s, fine.bin_s[0]), start_s)


@dataclass(frozen=True, eq=False)
class HeatAnalysis:
    """Temperatures of a design under the power of its trace.

    Parameters
    ----------
    idle_c : pandas.Series
        Block means without any power: what the coolants alone give [degC].
    steady : Temperatures
        At the mean of the sustained window, in balance with leakage.
    history : TemperatureHistory or None
        Of the hottest transient window.
    throttled : array of bool, shape (n,)
        Steps of that window with the clock throttled; none without a window or a throttle.
    """

    idle_c: pd.Series[float]
    steady: Temperatures
    history: TemperatureHistory | None
    throttled: NDArray[np.bool_] | None = None

    @property
    def solves(self) -> tuple[Temperatures | TemperatureHistory, ...]:
        """The solves that made this, the steady one first."""
        return (self.steady,) if self.history is None else (self.steady, self.history)


def analyse_heat(
    design: Design, power: PowerAnalysis, *, transient: bool, progress: Progress
) -> HeatAnalysis:
    """Solve for the temperatures that agree with the power, leakage included.

    Raises
    ------
    ConvergenceError
        Thermal runaway, or a solve that does not converge.
    ResourceError
        The mesh would not fit into memory.
    """
    settings = design.settings
    progress("meshing the package", 0.15)
    reference_c = np.full(len(power.fine.keys), design.machine.node.reference_temperature_c)
    watts_of = dict(
        zip(power.fine.keys, power.sustained.mean_watts(reference_c).tolist(), strict=True)
    )
    resolution = design.resolution.looking_to(watts_of)
    model = ThermalModel(design.package, resolution, marches=transient)
    order = _order(model.keys, power.fine.keys)

    def balance(window: BlockPower, start: Temperatures | None) -> Temperatures:
        return model.steady_with_feedback(
            order.to_model(window.mean_watts),
            start=start,
            tolerance_k=settings.tolerance_k,
            maximum_iterations=int(settings.maximum_iterations),
        )

    progress("steady state with leakage", 0.25)
    idle = model.steady({})
    steady = balance(power.sustained, None)
    if not transient:
        return HeatAnalysis(idle.block_mean_c, steady, None)
    progress("state before the hottest window", 0.35)
    start = balance(power.before, steady)
    hottest = power.hottest
    clock = _Clock.of(design, hottest)

    def watts(step: int, mean_c: Array) -> Array:
        return order.to_model(lambda given: clock.watts(step, given))(mean_c)

    def advanced(step: int, steps: int) -> None:
        progress("transient of the hottest window", 0.4 + 0.5 * step / steps)

    history = model.transient(
        watts, hottest.edges_s, start, **settings.time_steps, progress=advanced
    )
    return HeatAnalysis(idle.block_mean_c, steady, history, clock.throttled)


@dataclass(eq=False)
class _Clock:
    """The clock over the steps of a window: its power at full and at throttled pace.

    Work that a throttled step does not do is not caught up with in the window.
    """

    full: BlockPower
    slow: BlockPower
    throttle: Throttle | None
    logic: NDArray[np.bool_]
    throttled: NDArray[np.bool_] | None

    @classmethod
    def of(cls, design: Design, window: BlockPower) -> _Clock:
        throttle = Throttle.of(design.operation)
        logic = design.machine.blocks.die >= 0
        if throttle is None:
            return cls(window, window, None, logic, None)
        slow = window.slowed(design.machine, throttle.pace)
        return cls(window, slow, throttle, logic, np.zeros(len(window.bin_s), np.bool_))

    def watts(self, step: int, mean_c: Array) -> Array:
        """Return the power of a step that begins with these temperatures, in order of time."""
        if self.throttle is None or self.throttled is None:
            return self.full.bin_watts(step, mean_c)
        before = bool(step and self.throttled[step - 1])
        now = self.throttle.next(before, float(mean_c[self.logic].max()))
        self.throttled[step] = now
        return (self.slow if now else self.full).bin_watts(step, mean_c)


@dataclass(frozen=True, eq=False)
class _Order:
    """Both orders of the heat keys: that of the thermal model and that of the power."""

    model_from_power: NDArray[np.int64]
    power_from_model: NDArray[np.int64]

    def to_model(self, watts: Callable[[Array], ArrayLike]) -> Callable[[Array], Array]:
        """Return a power function of the thermal model's order from one of the power's."""

        def ordered(mean_c: Array) -> Array:
            if not mean_c.max() < _BOUNDLESS_C:
                return np.full(len(mean_c), np.inf)
            return np.asarray(watts(mean_c[self.power_from_model]))[self.model_from_power]

        return ordered


def _order(model: tuple[str, ...], power: tuple[str, ...]) -> _Order:
    """Match the keys of the thermal model with those of the power; both have the same."""
    at_model = {key: index for index, key in enumerate(model)}
    at_power = {key: index for index, key in enumerate(power)}
    return _Order(
        model_from_power=np.array([at_power[key] for key in model]),
        power_from_model=np.array([at_model[key] for key in power]),
    )
