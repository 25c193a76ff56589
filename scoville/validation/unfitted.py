"""A chip with nothing fitted to it: TPU v4 from the energies of its node alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from power import Activity, BlockPower, Schedule, Trace
from scoville.design import Design, load_design
from scoville.validation.section import Check, Section, Table
from techlib import Accelerator, accelerators

__all__ = ["unfitted_chip"]

_CHIP, _DESIGN = "TPU-v4", "tpu-v4"
_REQUESTS = 240
_ALLOWED = 15.0  #: percent


def unfitted_chip() -> Section:
    """Return idle, mean and highest power of TPU v4 beside what was measured in production."""
    design = load_design(_DESIGN)
    chip = accelerators()[_CHIP]
    with_gating = load_design(_DESIGN, ["power.clock_gating=on"])
    low, high = chip.band("power_w")
    rows = []
    checks = []
    for name, measured_w, prompt, output in _loads(chip, low, high):
        found_w = _input_w(design, prompt, output)
        error = 100.0 * (found_w / measured_w - 1.0)
        rows.append(
            {
                "load": name,
                "measured W": measured_w,
                "ours W": found_w,
                "error %": error,
                "ours with clocks gated W": _input_w(with_gating, prompt, output),
            }
        )
        checks.append(Check(f"TPU v4, nothing fitted: {name}", abs(error), _ALLOWED, "%"))
    parts = pd.DataFrame(
        {
            name: _components(design, prompt, output)
            for name, _, prompt, output in _loads(chip, low, high)
        }
    )
    parts = parts[(parts > 0.05).any(axis=1)].rename_axis("component").reset_index()
    tables = (
        Table("Power of a chip", pd.DataFrame(rows)),
        Table("Package power by component, W", parts),
    )
    return Section("tpu-v4", "TPU v4, with nothing fitted", _TEXT, tuple(checks), tables)


def _loads(
    chip: Accelerator, low_w: float, high_w: float
) -> tuple[tuple[str, float, int, int], ...]:
    """Return name, measured watts, and prompt and output of the requests that stand for a load."""
    return (
        ("idle", low_w, 0, 0),
        ("mean", chip.power_w, 1000, 200),
        ("highest", high_w, 8000, 1),
    )


def _power(design: Design, prompt: int, output: int) -> tuple[BlockPower, slice]:
    """Return power over time under a load, and the middle of it."""
    if output:
        sizes = np.full(_REQUESTS, prompt), np.full(_REQUESTS, output)
        trace = Trace("load", np.zeros(_REQUESTS), *sizes)
    else:  # two tiny requests with nothing between them
        trace = Trace("idle", np.array([0.0, 1e4]), np.array([10, 10]), np.array([2, 2]))
    watts = BlockPower.of(Activity.of(Schedule.of(trace, design.machine, design.choice.model)))
    bins = len(watts.bin_s)
    return watts, slice(bins // 4, max(3 * bins // 4, bins // 4 + 1))


def _input_w(design: Design, prompt: int, output: int) -> float:
    """Return the mean power that goes into the regulators of a package [W]."""
    return float(_components(design, prompt, output).sum()) / (
        design.operation.regulator_efficiency
    )


def _components(design: Design, prompt: int, output: int) -> pd.Series[float]:
    watts, middle = _power(design, prompt, output)
    reference_c = design.machine.node.reference_temperature_c
    return watts.components(reference_c).iloc[middle].mean()


_TEXT = """
The design `tpu-v4` is drawn from published figures (eight matrix units of 128 x 128 at 1.05 GHz,
160 MiB of SRAM, four HBM2 stacks, six links), with the energies, clock and leakage of its node and
the losses of its regulators as they ship for every design. Nothing is fitted. *Measured* are the
least, mean and highest power of production [jouppi2023]; production is not ours, so three loads
stand for them: no request, a mix of prompts of 1,000 tokens with answers of 200, and prompts alone,
of Llama 3.1 8B over two chips, at the reference temperature of the node.

All three come out low. One assumption matters: clocks of this generation are taken to run whether
there is work or not. The last column shows what gating them would give.
"""
