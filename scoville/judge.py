"""The values that a sign-off holds against its targets, and their bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import floorplan
from floorplan import Die, Floorplan, Severity
from power import maximum_frequency_hz
from scoville.analysis import HeatAnalysis, PowerAnalysis
from scoville.design import Design
from scoville.verdict import Target

__all__ = ["judge", "power_density"]


def judge(design: Design, power: PowerAnalysis, heat: HeatAnalysis) -> tuple[Target, ...]:
    """Hold power and temperatures against the limits of a design.

    The band of power comes from the bands of energies and leakage. Conduction is nearly linear, so
    that the rise over the coolant has the same relative band; leakage counts at its central value
    there.
    """
    bench = _Bench.of(design, power, heat)
    stacks = [bench.stack_temperature()] if design.floorplan.stacks else []
    return (
        bench.sustained_power(),
        bench.peak_power(),
        bench.frequency(),
        *bench.residencies(),
        bench.junction(),
        *stacks,
        bench.power_density(),
        _layout(design),
    )


@dataclass(frozen=True, eq=False)
class _Bench:
    """What the targets are read from.

    `hottest_c` and `most_w` are the worst of steady state and transient by block; `low` and `high`
    are the relative band of the sustained power.
    """

    design: Design
    power: PowerAnalysis
    heat: HeatAnalysis
    at_c: NDArray[np.float64]
    hottest_c: pd.Series[float]
    most_w: pd.Series[float]
    low: float
    high: float

    @classmethod
    def of(cls, design: Design, power: PowerAnalysis, heat: HeatAnalysis) -> _Bench:
        steady, history = heat.steady, heat.history
        hottest_c, most_w = steady.block_max_c, steady.power_w
        if history is not None:
            hottest_c = hottest_c.combine(history.block_max_c.max(), max)
            most_w = most_w.combine(history.power_w.max(), max)
        at_c = np.asarray(steady.block_mean_c[list(power.fine.keys)], dtype=np.float64)
        mean_w = power.sustained.package_w(at_c).mean()
        low_w, high_w = (float(part.mean()) for part in power.sustained.band(at_c))
        return cls(design, power, heat, at_c, hottest_c, most_w, low_w / mean_w, high_w / mean_w)

    def sustained_power(self) -> Target:
        value_w = float(self.heat.steady.power_w.sum())
        window = self.power.sustained.edges_s
        return Target(
            name="package_power",
            title="Sustained package power",
            value=value_w,
            limit=self.design.limits.package_power_w,
            low=value_w * self.low,
            high=value_w * self.high,
            unit="W",
            where=f"mean from {window[0]:.4g} s to {window[-1]:.4g} s, leakage in balance",
        )

    def peak_power(self) -> Target:
        fine = self.power.fine
        package_w = fine.package_w(self.at_c)
        index = int(np.argmax(package_w))
        low_w, high_w = self._band_of_bin(index)
        value_w = float(package_w[index])
        if self.heat.history is not None:
            total_w = self.heat.history.power_w.sum(axis=1)
            value_w = max(value_w, float(total_w.max()))
        scale = value_w / float(package_w[index])
        return Target(
            name="peak_power",
            title="Peak package power",
            value=value_w,
            limit=self.design.limits.peak_power_w,
            low=low_w * scale,
            high=high_w * scale,
            unit="W",
            where=f"mean over {fine.bin_s[index] * 1e3:.3g} ms at {fine.edges_s[index]:.4g} s",
        )

    def _band_of_bin(self, index: int) -> tuple[float, float]:
        low, high = self.power.fine.window(*self.power.fine.edges_s[index : index + 2]).band(
            self.at_c
        )
        return float(low[0]), float(high[0])

    def frequency(self) -> Target:
        design = self.design
        die, operation = design.floorplan.dies[0], design.operation
        key, hot_c = self._hottest(self._keys_of(die))
        low_c, high_c = self._band_c(key, hot_c)
        node = die.node
        speed_hz, best_hz, worst_hz = (
            maximum_frequency_hz(node, operation.voltage_v, c) for c in (hot_c, low_c, high_c)
        )
        spread = [limit / node.maximum_frequency_hz for limit in node.band("maximum_frequency_hz")]
        return Target(
            name="frequency",
            title="Clock that closes at temperature",
            value=speed_hz,
            limit=design.limits.frequency_hz or operation.frequency_hz,
            low=min(worst_hz, best_hz) * spread[0],
            high=max(worst_hz, best_hz) * spread[1],
            unit="Hz",
            where=f"{node.name} at {operation.voltage_v:g} V, {key} at {hot_c:.1f} degC",
            at_least=True,
        )

    def residencies(self) -> Iterator[Target]:
        """Yield shares of time that the clock is not its own: below the cap, and throttled."""
        cap_w, limits = self.design.operation.cap_w, self.design.limits
        if cap_w is not None:
            share = self.power.schedule.slowed_share
            where = f"busy time of the trace below {cap_w:g} W"
            yield _share(
                "cap_residency", "Time below the clock", share, limits.cap_residency, where
            )
        throttled = self.heat.throttled
        if throttled is not None:
            share = float(np.average(throttled, weights=self.power.hottest.bin_s))
            limit_c = self.design.operation.throttle_c
            where = f"hottest window, above {limit_c:g} degC"
            limit = limits.throttle_residency
            yield _share("throttle_residency", "Thermal throttling", share, limit, where)

    def junction(self) -> Target:
        limits = {
            die: self.design.limits.junction_c or die.node.junction_limit_c
            for die in self.design.floorplan.dies
        }
        return self._temperature(
            "junction_temperature",
            "Junction temperature",
            {key: limit for die, limit in limits.items() for key in self._keys_of(die)},
        )

    def stack_temperature(self) -> Target:
        given_c = self.design.limits.hbm_c
        return self._temperature(
            "hbm_temperature",
            "HBM temperature",
            {
                key: stack.generation.limit_c if given_c is None else given_c
                for stack in self.design.floorplan.stacks
                for key in (stack.base_key, stack.dram_key)
            },
        )

    def _temperature(self, name: str, title: str, limits_c: Mapping[str, float]) -> Target:
        """Take the block with the least margin."""
        limit_c = pd.Series(limits_c)
        key = str((limit_c - self.hottest_c[limit_c.index]).idxmin())
        value_c = float(self.hottest_c[key])
        low_c, high_c = self._band_c(key, value_c)
        return Target(
            name=name,
            title=title,
            value=value_c,
            limit=float(limit_c[key]),
            low=low_c,
            high=high_c,
            unit="degC",
            where=f"{key}, {self._when(key)}",
        )

    def _when(self, key: str) -> str:
        steady = self.heat.steady.block_max_c[key] >= self.hottest_c[key]
        return "steady at the sustained load" if steady else "in the hottest window"

    def power_density(self) -> Target:
        plan = self.design.floorplan
        limit_of = {
            key: self.design.limits.power_density_w_mm2 or die.node.power_density_limit_w_mm2
            for die in plan.dies
            for key in self._keys_of(die)
        }
        density = power_density(plan, self.most_w)
        key = str((pd.Series(limit_of) - density).idxmin())
        value = float(density[key])
        return Target(
            name="power_density",
            title="Power density of a block",
            value=value,
            limit=float(limit_of[key]),
            low=value * self.low,
            high=value * self.high,
            unit="W/mm^2",
            where=key,
        )

    def _keys_of(self, die: Die) -> list[str]:
        return [key for key, _, _ in die.placed_blocks()]

    def _hottest(self, keys: list[str]) -> tuple[str, float]:
        part = self.hottest_c[keys]
        return str(part.idxmax()), float(part.max())

    def _band_c(self, key: str, value_c: float) -> tuple[float, float]:
        """Return the band of a temperature: its rise over the coolant with the band of power."""
        idle_c = float(self.heat.idle_c[key])
        rise_k = value_c - idle_c
        return idle_c + rise_k * self.low, idle_c + rise_k * self.high


def _share(name: str, title: str, share: float, limit: float, where: str) -> Target:
    value = 100.0 * share
    return Target(
        name=name,
        title=title,
        value=value,
        limit=100.0 * limit,
        low=value,
        high=value,
        unit="%",
        where=where,
    )


def power_density(plan: Floorplan, power_w: pd.Series[float]) -> pd.Series[float]:
    """Return the power of each block of the dies over its area [W/mm^2]."""
    areas_mm2 = pd.Series({key: block.area_um2 / 1e6 for key, block, _ in plan.placed_blocks()})
    return power_w[areas_mm2.index] / areas_mm2


def _layout(design: Design) -> Target:
    found = floorplan.check(design.floorplan, design.rules)
    found = tuple(v for v in found if v.severity is Severity.ERROR)
    count = float(len(found))
    return Target(
        name="layout_violations",
        title="Layout violations",
        value=count,
        limit=0.0,
        low=count,
        high=count,
        unit="",
        where=f"{found[0].rule}: {', '.join(found[0].where)}" if found else "all rules kept",
    )
