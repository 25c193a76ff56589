"""Watts of every block and memory die over time, as a function of temperature."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from power.activity import Activity
from power.energy import action_terms, background_terms, clock_terms
from power.governor import OperatingPoints
from power.leakage import TemperatureLaw, leakage_terms
from power.machine import Machine
from power.power_band import band_moves
from power.term import COMPONENTS, CORE, Term
from techlib import InputError, Source, bibliography

__all__ = ["BlockPower"]

_PER_ACTION = ("_pj", "_pj_bit", "_pj_bit_mm")  #: ends of quantities that count by action


@dataclass(frozen=True, eq=False)
class BlockPower:
    """Power of one package, joined to temperature by the floorplan's heat keys.

    Temperatures are a number, an array of shape (nk,) that holds all the time, or one of shape
    (n, nk) [degC].

    Parameters
    ----------
    keys : tuple of str
        The floorplan's heat keys; nk of them.
    edges_s : array, shape (n + 1,)
        Edges of the bins of time [s].
    terms : tuple of Term
        Everything that dissipates, by cause.
    law : TemperatureLaw
        How leakage and refresh follow the temperature.
    prompt_tokens, output_tokens : array, shape (n,)
        Tokens of the whole group in each bin.
    chips : int
        Packages in the group.
    sources : tuple of Source
        Where the numbers come from.

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> model = techlib.language_models()["gpt-oss-120b"]
    >>> trace = power.Trace("two", [0.0, 0.02], [2000, 500], [50, 80])
    >>> watts = BlockPower.of(power.Activity.of(power.Schedule.of(trace, machine, model)))
    >>> hot, cool = watts.package_w(90.0).mean(), watts.package_w(50.0).mean()
    >>> bool(hot > cool > 100.0)
    True
    >>> bool(abs(watts.watts(90.0).sum(axis=1) - watts.package_w(90.0)).max() < 1e-9 * hot)
    True
    """

    keys: tuple[str, ...]
    edges_s: NDArray[np.float64]
    terms: tuple[Term, ...]
    law: TemperatureLaw
    prompt_tokens: NDArray[np.float64]
    output_tokens: NDArray[np.float64]
    chips: int
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, activity: Activity) -> BlockPower:
        """Turn counts into watts."""
        work = activity.schedule.work
        terms = (
            *action_terms(activity),
            *background_terms(activity),
            *clock_terms(activity),
            *leakage_terms(activity),
        )
        return cls(
            work.machine.blocks.keys,
            activity.edges_s,
            tuple(term for term in terms if term.watts.any()),
            TemperatureLaw.of(work.machine),
            activity.counts["prompt_tokens"].to_numpy(),
            activity.counts["output_tokens"].to_numpy(),
            work.machine.chips,
            bibliography((*work.machine.sources, *work.model.sources)),
        )

    @property
    def bin_s(self) -> NDArray[np.float64]:
        """Width of each bin, shape (n,) [s]."""
        return np.diff(self.edges_s)

    @cached_property
    def dynamic_w(self) -> NDArray[np.float64]:
        """Power that does not depend on temperature, shape (n, nk) [W]."""
        return self._spread("dynamic")

    @cached_property
    def leakage_at_reference_w(self) -> NDArray[np.float64]:
        """Leakage at each node's reference temperature, shape (n, nk) [W]."""
        return self._spread("leakage")

    @cached_property
    def refresh_at_base_w(self) -> NDArray[np.float64]:
        """Refresh at its base rate, shape (n, nk) [W]."""
        return self._spread("refresh")

    def _spread(self, part: str) -> NDArray[np.float64]:
        terms = [term for term in self.terms if term.part == part]
        if not terms:
            return np.zeros((len(self.bin_s), len(self.keys)))
        watts = np.stack([term.watts for term in terms], axis=1)
        return np.asarray(watts @ np.stack([term.share for term in terms]))

    def watts(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Return the power of every block and memory die, shape (n, nk) [W]."""
        return self._at(slice(None), temperature_c)

    def bin_watts(self, index: int, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Return the power in one bin of time, shape (nk,) [W]; temperatures of shape (nk,)."""
        return self._at(index, temperature_c)

    def _at(self, bins: int | slice, temperature_c: ArrayLike) -> NDArray[np.float64]:
        given = self._checked(temperature_c)
        leakage = self.leakage_at_reference_w[bins] * self.law.leakage_factor(given)
        refresh = self.refresh_at_base_w[bins] * self.law.refresh_factor(given)
        return np.asarray(self.dynamic_w[bins] + leakage + refresh)

    def mean_watts(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Return the mean over time at temperatures that hold all the time, shape (nk,) [W]."""
        given = self._checked(temperature_c)
        dynamic, leakage, refresh = self._means
        factors = self.law.leakage_factor(given), self.law.refresh_factor(given)
        return np.asarray(dynamic + leakage * factors[0] + refresh * factors[1])

    @cached_property
    def _means(self) -> tuple[NDArray[np.float64], ...]:
        weight = self.bin_s / self.bin_s.sum()
        means = {part: np.zeros(len(self.keys)) for part in ("dynamic", "leakage", "refresh")}
        for term in self.terms:
            means[term.part] += (weight @ term.watts) * term.share
        return tuple(means.values())

    def components(self, temperature_c: ArrayLike) -> pd.DataFrame:
        """Return the power of each component in each bin [W]; the index is the bin's start [s]."""
        table = pd.DataFrame(0.0, index=pd.Index(self.edges_s[:-1], name="start_s"),
                             columns=list(COMPONENTS))  # fmt: skip
        factors = self.law.factors(self._checked(temperature_c))
        for term in self.terms:
            table[term.component] += term.package_w(factors)
        return table

    def package_w(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Return the power of the package in each bin, added up by cause, shape (n,) [W]."""
        return self.components(temperature_c).sum(axis=1).to_numpy()

    def band(self, temperature_c: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return low and high of the package's power in each bin, each of shape (n,) [W].

        Every number with a band (energies, clock and leakage densities, idle powers, and how
        leakage doubles) moves the power by itself; terms of the same number move together. Numbers
        are taken as independent: their deviations add up as the root of the sum of squares, apart
        for low and high.
        """
        given = self._checked(temperature_c)
        middle, (down, up) = self.package_w(given), band_moves(self.terms, self.law, given)
        return middle - down, middle + up

    def energy_j(self, temperature_c: ArrayLike) -> float:
        """Return the energy of the package over the whole time [J]."""
        return float(self.package_w(temperature_c) @ self.bin_s)

    def joule_per_token(self, temperature_c: ArrayLike) -> float:
        """Return the energy of the group per output token, prompts included [J]; maybe infinite."""
        rate = self.tokens_per_s_per_w(temperature_c)
        return 1.0 / rate if rate > 0.0 else math.inf

    def tokens_per_s_per_w(self, temperature_c: ArrayLike) -> float:
        """Return output tokens per second and watt of the group; the inverse of J per token."""
        return float(self.output_tokens.sum()) / (self.energy_j(temperature_c) * self.chips)

    def window(self, start_s: float, end_s: float) -> BlockPower:
        """Return the bins whose middle lies in a stretch of time.

        Raises
        ------
        InputError
            No bin does.
        """
        middle = 0.5 * (self.edges_s[1:] + self.edges_s[:-1])
        inside = np.flatnonzero((middle >= start_s) & (middle <= end_s))
        if not len(inside):
            ends = f"{self.edges_s[0]:g} s to {self.edges_s[-1]:g} s"
            what = f"no bin from {start_s:g} s to {end_s:g} s"
            raise InputError.of("window", what, f"within {ends}")
        part = slice(inside[0], inside[-1] + 1)
        return replace(
            self,
            edges_s=self.edges_s[inside[0] : inside[-1] + 2],
            terms=tuple(replace(term, watts=term.watts[part]) for term in self.terms),
            prompt_tokens=self.prompt_tokens[part],
            output_tokens=self.output_tokens[part],
        )

    def slowed(self, machine: Machine, pace: float) -> BlockPower:
        """Return the power if the logic ran at a part of its clock and did that part of the work.

        Actions happen at that part of their rate; those of the logic cost the square of the lower
        voltage that the clock needs, and its leakage falls too. What runs without work stays.

        Parameters
        ----------
        machine : Machine
            Whose power this is.
        pace : float
            Clock over the present one, at most 1.
        """
        points = OperatingPoints.of(machine)
        voltage = float(np.interp(pace, points.pace[::-1], points.voltage_ratio[::-1]))
        leaks = voltage**machine.node.leakage_voltage_exponent

        def level(term: Term) -> float:
            if term.component in (*CORE, "clock"):
                return float(pace * voltage**2)
            if term.component == "leakage":
                return float(leaks) if term.record.name == machine.node.name else 1.0
            return pace if term.quantity.endswith(_PER_ACTION) else 1.0

        return replace(
            self,
            terms=tuple(replace(term, watts=level(term) * term.watts) for term in self.terms),
            prompt_tokens=pace * self.prompt_tokens,
            output_tokens=pace * self.output_tokens,
        )

    def hottest_window(self, duration_s: float, temperature_c: ArrayLike) -> tuple[float, float]:
        """Return start and end of the whole bins with the highest energy [s].

        Parameters
        ----------
        duration_s : float
            Length; rounded up to whole bins, and cut to the time there is.
        temperature_c : float or array
            Temperatures at which the package is judged [degC].
        """
        width = float(self.bin_s[0])
        number = min(max(math.ceil(duration_s / width * (1.0 - 1e-12)), 1), len(self.bin_s))
        energy = np.concatenate([[0.0], np.cumsum(self.package_w(temperature_c) * self.bin_s)])
        first = int(np.argmax(energy[number:] - energy[:-number]))
        return float(self.edges_s[first]), float(self.edges_s[first + number])

    def to_dataframe(self, temperature_c: ArrayLike) -> pd.DataFrame:
        """Return watts by time and heat key; the index is the bin's start [s]."""
        index = pd.Index(self.edges_s[:-1], name="start_s")
        return pd.DataFrame(self.watts(temperature_c), index=index, columns=list(self.keys))

    def _checked(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        given = np.asarray(temperature_c, dtype=np.float64)
        shapes: Iterable[tuple[int, ...]] = (
            (), (len(self.keys),), (len(self.bin_s), len(self.keys)),
        )  # fmt: skip
        if given.shape not in shapes:
            allowed = f"a number, or shape {' or '.join(str(shape) for shape in shapes if shape)}"
            raise InputError.of("temperature_c", f"shape {given.shape}", allowed)
        if not np.isfinite(given).all():
            raise InputError.of("temperature_c", "is not finite everywhere", "degrees Celsius")
        return given
