"""Tables for people: where the energy goes, what requests wait for, what the group delivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from power.block_power import BlockPower
from power.schedule import Schedule
from power.term import COMPONENTS

__all__ = ["PowerReport"]

_PERCENTS = (50, 90, 99)


@dataclass(frozen=True, eq=False)
class PowerReport:
    """Tables of one trace on one machine, at given temperatures.

    Parameters
    ----------
    schedule : Schedule
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

    schedule: Schedule
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
        rows = {}
        for name in ("ttft_s", "tpot_s", "waiting_s"):
            values = getattr(self.schedule, name)
            values = values[np.isfinite(values)]
            known = values if len(values) else np.array([np.nan])
            percentiles = np.percentile(known, _PERCENTS)
            rows[name] = [known.mean(), *percentiles, known.max()]
        columns = ["mean", *(f"p{percent}" for percent in _PERCENTS), "max"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)

    def throughput(self) -> dict[str, float]:
        """Return what the group delivers, and for how much power.

        Returns
        -------
        dict
            Of the trace: ``requests``, ``prompt_tokens``, ``output_tokens``, ``span_s`` (of the
            bins), ``load`` (share of the time with steps running), ``mean_decode_batch``,
            ``output_tokens_per_s``. Of one package: ``mean_w``, ``mean_low_w`` and ``mean_high_w``
            (its band), ``peak_w``, ``energy_j``. Of the group: ``joule_per_token`` and its inverse
            ``tokens_per_s_per_w``, with the band of the power (``_low``, ``_high``).
        """
        power, trace, runs = self.block_power, self.schedule.trace, self.schedule.iterations
        watts = power.package_w(self.temperature_c)
        low, high = power.band(self.temperature_c)
        span = float(power.bin_s.sum())
        lasting = runs["end_s"] - runs["start_s"]
        outputs = float(runs["output_tokens"].sum())
        mean_w = float(watts @ power.bin_s) / span
        low_w, high_w = (float(end @ power.bin_s) / span for end in (low, high))
        each_j, rate = (
            power.joule_per_token(self.temperature_c),
            power.tokens_per_s_per_w(self.temperature_c),
        )
        return {
            "requests": float(len(trace)),
            "prompt_tokens": float(trace.prompt_tokens.sum()),
            "output_tokens": outputs,
            "span_s": span,
            "load": self.schedule.load,
            "mean_decode_batch": float((runs["decode_sequences"] * lasting).sum() / lasting.sum()),
            "output_tokens_per_s": outputs / span,
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
        }
