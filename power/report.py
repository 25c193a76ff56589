"""Tables for people: where the energy goes, what requests wait for, what the group delivers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from power.block_power import BlockPower
from power.run_power import RunPower
from power.schedule import Schedule
from power.stream import StreamedSchedule
from power.summary import FIGURES, PERCENTS, ServingSummary
from power.term import COMPONENTS, LOGIC

__all__ = ["PowerReport"]

_PER_US = 1e6
_PER_KW = 1e3


@dataclass(frozen=True, eq=False)
class PowerReport:
    """Tables of one trace on one machine, at given temperatures.

    Parameters
    ----------
    schedule : Schedule or StreamedSchedule
        How the trace was served.
    block_power : BlockPower
        What that took.
    temperature_c : float or array
        Temperatures of the blocks, as `BlockPower` takes them [degC].

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> model = techlib.language_models()["gpt-oss-120b"]
    >>> trace = power.Trace("two", [0.0, 0.02], [2000, 500], [50, 80])
    >>> schedule = power.Schedule.of(trace, machine, model)
    >>> watts = power.BlockPower.of(power.Activity.of(schedule))
    >>> report = PowerReport(schedule, watts, 75.0)
    >>> int(report.throughput()["output_tokens"])
    130
    >>> round(float(report.components()["share"].sum()), 9)
    1.0
    """

    schedule: Schedule | StreamedSchedule
    block_power: BlockPower
    temperature_c: ArrayLike

    def components(self) -> pd.DataFrame:
        """Return energy, mean and highest power of each component that takes any.

        Returns
        -------
        DataFrame
            Index: component, those of compute, memory and links in turn. Columns: ``title``,
            ``energy_j``, ``mean_w``, ``peak_w`` (in one bin), ``share`` of the energy.
        """
        watts = self.block_power.components(self.temperature_c)
        energy = (self.block_power.bin_s @ watts.to_numpy()).astype(np.float64)
        span = float(self.block_power.bin_s.sum())
        table = pd.DataFrame(
            {
                "title": [COMPONENTS[name] for name in watts.columns],
                "energy_j": energy,
                "mean_w": energy / span,
                "peak_w": watts.max().to_numpy(),
                "share": energy / energy.sum(),
            },
            index=pd.Index(watts.columns, name="component"),
        )
        return table[table["energy_j"] > 0.0]

    def latency(self) -> pd.DataFrame:
        """Return percentiles over requests of what they wait for.

        Returns
        -------
        DataFrame
            Index: ``ttft_s``, ``tpot_s``, ``waiting_s``; columns ``mean``, ``p50``, ``p90``,
            ``p99``, ``max`` [s]. TPOT is NaN where every answer is a single token.
        """
        return self.serving.latency

    @cached_property
    def serving(self) -> ServingSummary:
        """What requests and the group saw."""
        return self.schedule.summary

    @cached_property
    def _run_power(self) -> RunPower:
        return self.schedule.run_power(self.temperature_c)

    def power_figures(self) -> dict[str, float]:
        """Return how the power of a package is spread over time.

        Returns
        -------
        dict
            ``mean_w``, ``p50_w``, ``p90_w``, ``p99_w``, ``peak_w`` over the bins of time, of which
            one is ``bin_s`` long; ``step_up_w`` and ``step_down_w``, the largest changes from one
            step of the schedule to the next, ``highest_w`` and ``lowest_w`` of a step or a pause;
            ``ramp_up_w_us`` and ``ramp_down_w_us``, those changes over the time that a package
            takes for them (`Operation.ramp_time_s`), with ``_low`` and ``_high`` of its band; NaN
            where the operation does not give it.
        """
        power, steps = self.block_power, self._run_power
        watts = power.package_w(self.temperature_c)
        found = {"bin_s": float(power.bin_s[0]), "mean_w": float(watts @ power.bin_s)}
        found["mean_w"] /= float(power.bin_s.sum())
        for percent in PERCENTS:
            found[f"p{percent}_w"] = _percentile(watts, power.bin_s, percent)
        found["peak_w"] = float(watts.max())
        for name in ("highest_w", "lowest_w", "step_up_w", "step_down_w"):
            found[name] = getattr(steps, name)
        run = self.schedule.work.machine.operation
        edge_s = run.ramp_time_s
        shortest, longest = run.band("ramp_time_s") if edge_s else (np.nan, np.nan)
        for name in ("up", "down"):
            each = found[f"step_{name}_w"] / _PER_US
            found[f"ramp_{name}_w_us"] = each / edge_s if edge_s else np.nan
            found[f"ramp_{name}_w_us_low"] = each / longest
            found[f"ramp_{name}_w_us_high"] = each / shortest
        return found

    def energy_split(self) -> dict[str, float]:
        """Return which tokens the group's energy went to.

        The energy of a step is shared evenly by its tokens; that of pauses, evenly by requests.

        Returns
        -------
        dict
            ``joule_per_prompt_token`` (of those that were not found in a cache),
            ``joule_per_output_token`` (of those behind the first one of an answer, which comes
            with its prompt) and ``idle_joule_per_request`` [J], which add up to ``energy_j`` of
            the group.
        """
        steps, serving = self._run_power, self.serving
        whole = self.block_power.energy_j(self.temperature_c) * self.block_power.chips
        parts = np.array([steps.prompt_j, steps.output_j, steps.idle_j])
        prompt, output, idle = whole * parts / parts.sum()
        read = serving.prompt_tokens - serving.cached_tokens
        return {
            "energy_j": whole,
            "joule_per_prompt_token": prompt / max(read, 1),
            "joule_per_output_token": output / max(serving.written_tokens, 1),
            "idle_joule_per_request": idle / serving.requests,
        }

    def request_energy(self) -> dict[str, float]:
        """Return percentiles over requests of the group's energy for each of them [J].

        Returns
        -------
        dict
            ``mean``, ``p50``, ``p90``, ``p99``, ``max``, by `energy_split`; a request costs the
            prompt tokens that were not found in a cache, its output tokens after the first, and an
            equal part of the pauses. Where requests were evicted, reading their prompts anew is
            shared by all prompts. The mean times the number of requests is the group's energy.
        """
        return dict(zip(FIGURES, self.schedule.energy_figures(self.energy_split()), strict=True))

    def throughput(self) -> dict[str, float]:
        """Return what the group delivers, and for how much power.

        Returns
        -------
        dict
            Of the trace: ``requests``, ``prompt_tokens``, ``output_tokens``, ``cached_tokens``
            (of prompts, found in the prefix cache), ``evictions``, ``span_s`` (of the bins),
            ``load`` (share of the time with steps running), ``mean_decode_batch``,
            ``most_waiting`` (requests in the queue), ``output_tokens_per_s``, and with ``_p50``,
            ``_p90``, ``_p99``, ``_peak`` how it is spread over the bins of time. Of one package:
            ``mean_w``, ``mean_low_w`` and ``mean_high_w`` (its band), ``peak_w``, ``energy_j``. Of
            the group: ``joule_per_token`` and its inverse ``tokens_per_s_per_w``, with the band of
            the power (``_low``, ``_high``), and ``tokens_per_s_per_kw``.
        """
        power, serving = self.block_power, self.serving
        watts = power.package_w(self.temperature_c)
        low, high = power.band(self.temperature_c)
        span = float(power.bin_s.sum())
        outputs = float(serving.tally.output_tokens)
        mean_w = float(watts @ power.bin_s) / span
        low_w, high_w = (float(end @ power.bin_s) / span for end in (low, high))
        each_j, rate = (
            power.joule_per_token(self.temperature_c),
            power.tokens_per_s_per_w(self.temperature_c),
        )
        return {
            "requests": float(serving.requests),
            "prompt_tokens": float(serving.prompt_tokens),
            "output_tokens": outputs,
            "cached_tokens": float(serving.cached_tokens),
            "evictions": float(serving.evictions),
            "span_s": span,
            "load": serving.tally.load,
            "mean_decode_batch": serving.tally.mean_decode_batch,
            "most_waiting": float(serving.tally.most_waiting),
            "output_tokens_per_s": outputs / span,
            **self._spread_of_rate(),
            "mean_w": mean_w,
            "mean_low_w": low_w,
            "mean_high_w": high_w,
            "peak_w": float(watts.max()),
            "energy_j": power.energy_j(self.temperature_c),
            "joule_per_token": each_j,
            "joule_per_token_low": each_j * low_w / mean_w,
            "joule_per_token_high": each_j * high_w / mean_w,
            "tokens_per_s_per_w": rate,
            "tokens_per_s_per_w_low": rate * mean_w / high_w,
            "tokens_per_s_per_w_high": rate * mean_w / low_w,
            "tokens_per_s_per_kw": _PER_KW * rate,
        }

    def supply(self) -> dict[str, float]:
        """Return what the package draws from outside: its power, and what is lost on the way.

        The current of the logic, ``I = P / V`` at the operation's voltage, heats the power delivery
        network by ``I^2 R`` in each bin; the regulators lose a part of all.

        Returns
        -------
        dict
            Means over time of ``package_w``, ``pdn_w``, ``regulator_w``, and ``input_w``, their
            sum [W].
        """
        run, power = self.schedule.work.machine.operation, self.block_power
        weight = power.bin_s / power.bin_s.sum()
        parts = power.components(self.temperature_c)
        current_a = parts[list(LOGIC)].sum(axis=1).to_numpy() / run.voltage_v
        package_w = float(weight @ parts.sum(axis=1).to_numpy())
        pdn_w = float(weight @ current_a**2) * run.pdn_resistance_ohm
        input_w = (package_w + pdn_w) / run.regulator_efficiency
        return {
            "package_w": package_w,
            "pdn_w": pdn_w,
            "regulator_w": input_w - package_w - pdn_w,
            "input_w": input_w,
        }

    def _spread_of_rate(self) -> dict[str, float]:
        power = self.block_power
        rates = power.output_tokens / power.bin_s
        found = {f"p{percent}": _percentile(rates, power.bin_s, percent) for percent in PERCENTS}
        found["peak"] = float(rates.max())
        return {f"output_tokens_per_s_{name}": rate for name, rate in found.items()}


def _percentile(values: NDArray[np.float64], weights: NDArray[np.float64], percent: float) -> float:
    """Return the value that is not passed for a share of the time."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    place = np.searchsorted(upto, percent / 100.0 * upto[-1] * (1.0 - 1e-12))
    return float(values[order][min(int(place), len(values) - 1)])
