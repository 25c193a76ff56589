"""The disclosed accelerator at its published throughput: its power, and tokens per kilowatt."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from power import Activity, BlockPower, Schedule, Trace
from scoville.design import load_design
from scoville.validation.section import Check, Section, Table
from techlib import Library, Record, quantity

__all__ = ["Disclosed", "disclosed", "disclosed_accelerator"]

_DESIGN = "jalapeno-hc26"
_PROMPT, _OUTPUT = 8192, 1024
_BATCH = 1024
_MOST_W = 550.0  #: never exceeded in tested workloads, as reported
_NORMAL_KW = 0.7  #: that rates are published for
_BAND = 3.0  #: factor within which rates are expected
#: Links that cost no time: as if all-reduces were hidden behind the other half of a batch.
_HIDDEN = ("power.all_reduce_latency=0 us", "power.link_bandwidth=1e9 GB/s")


@dataclass(frozen=True, eq=False)
class Disclosed(Record):
    """A published rate of a model, and how many packages we take for it."""

    tokens_per_s_kw: float = quantity("tokens_per_s_kw", "", above=0.0)
    chips: float = quantity("chips", "", at_least=1.0, whole=True)
    weight_bits: float = quantity("weight_bits", "", above=0.0)


@functools.cache
def disclosed() -> Library[Disclosed]:
    """Return the published rates by language model.

    Examples
    --------
    >>> disclosed()["gpt-oss-120b"].tokens_per_s_kw
    85448.0
    """
    return Library.load("disclosed rate", Disclosed, "disclosed.toml", room="scoville")


def disclosed_accelerator() -> Section:
    """Return power and rates of the design as disclosed, capped at the most that was reported."""
    rows = []
    checks = []
    for name, given in disclosed().items():
        mean_w, rate, exposed = _served(name, given)
        ours = rate / _NORMAL_KW
        ratio = ours / given.tokens_per_s_kw
        hidden = _served(name, given, _HIDDEN)[1] / _NORMAL_KW / given.tokens_per_s_kw
        rows.append(
            {
                "model": given.title,
                "packages": int(given.chips),
                "package W": mean_w,
                "tokens/s a package": rate,
                "tokens/s/kW at 700 W": ours,
                "published": given.tokens_per_s_kw,
                "ours / published": ratio,
                "all-reduces hidden": hidden,
                "tokens/s/kW at our power": 1e3 * rate / mean_w,
                "links and overheads, % of time": 100.0 * exposed,
            }
        )
        checks.append(Check(f"Jalapeño, {given.title}: package power", mean_w, _MOST_W, "W"))
        far = max(ratio, 1.0 / ratio)
        checks.append(Check(f"Jalapeño, {given.title}: factor off the rate", far, _BAND))
    table = Table("Steady serving, prompts of 8,192 and answers of 1,024", pd.DataFrame(rows))
    return Section(
        "jalapeno", "Jalapeño at its published throughput", _TEXT, tuple(checks), (table,)
    )


def _served(name: str, given: Disclosed, changes: Sequence[str] = ()) -> tuple[float, float, float]:
    """Return mean power of a package and its output tokens per second, in the middle of a load.

    Last comes the share of the time in which arrays and memory wait for links and overheads.
    """
    design = load_design(
        _DESIGN,
        [
            f"workload.model={name}",
            f"power.chips={given.chips:g}",
            f"power.weight_bits={given.weight_bits:g}",
            f"power.max_batch={_BATCH}",
            "power.kv_bits=8",
            f"power.cap={_MOST_W:g} W",
            *changes,
        ],
    )
    sizes = np.full(3 * _BATCH, _PROMPT), np.full(3 * _BATCH, _OUTPUT)
    trace = Trace("disclosed", np.zeros(3 * _BATCH), *sizes)
    schedule = Schedule.of(trace, design.machine, design.choice.model)
    runs, watts = schedule.iterations, BlockPower.of(Activity.of(schedule))
    exposed = float(runs["serial_s"].sum() / (runs["end_s"] - runs["start_s"]).sum())
    bins = len(watts.bin_s)
    middle = slice(bins // 3, 2 * bins // 3)
    mean_w = float(watts.package_w(design.machine.node.reference_temperature_c)[middle].mean())
    seconds = float(watts.bin_s[middle].sum())
    return mean_w, float(watts.output_tokens[middle].sum()) / seconds / given.chips, exposed


_TEXT = """
Rates were published as output tokens per second and kilowatt for prompts of 8k and answers of 1k
tokens, normalised to 700 W, with the remark that no tested workload took more than 550 W. The
design `jalapeno-hc26` serves the same lengths with as many requests as fit (1,024 at most), KV
cache in fp8, weights in MXFP4, and `power.cap` at 550 W; everything else ships. Nothing is
fitted.

How far to trust this: the batches, the parallelism, the formats and the share of time spent on
prompts behind the published rates are not known, and neither is whether prompts count. The band
is therefore a factor of three, which says little more than that the orders agree. Power at or
below 550 W is the cap's doing where it binds; without it, the smallest model would draw more.

Where a model is shared by packages, each step waits for its all-reduces (last column). The
accelerator has a collective network of its own, and engines split batches so that one half computes
while the other one is summed, on GPUs in some settings all of it (TokenWeave, arXiv 2505.11329);
how much is hidden here was not disclosed, so nothing is. The column beside the ratio is the other
bound: links that cost no time, at no cost of the split. What is left then is energy, as the cap
binds. Pipelines of packages and groups of experts in place of tensor parallelism were tried, and
gain 2 % at most.
"""
