"""How long blocks of logic are at work, stand still, or are shut off."""

from __future__ import annotations

import numpy as np
import pandas as pd

from power.activity import Activity
from power.energy import CLOCKED, GATED, slices_at_work

__all__ = ["STATES", "residency_table"]

STATES = ("active", "idle", "clock_gated", "power_gated")


def residency_table(activity: Activity) -> pd.DataFrame:
    """Return the share of time that each kind of block spends in each state, mean over its area.

    A block is active while it works. Without work its clock is gated where the operation has
    `power.clock_gating`, and runs on (idle) where it has not. Arrays, vector units and collective
    blocks are shut off while no step runs where it has `power.power_gating`; spares and slices that
    the model leaves unused all the time.

    Parameters
    ----------
    activity : Activity
        What was counted.

    Returns
    -------
    DataFrame
        Index: kind of block. Columns: ``active``, ``idle``, ``clock_gated``, ``power_gated``,
        which add up to one.

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> model = techlib.language_models()["llama-3.1-8b"]
    >>> trace = power.Trace("two", [0.0, 1.0], [100, 100], [2, 2])
    >>> table = residency_table(power.Activity.of(power.Schedule.of(trace, machine, model)))
    >>> bool(table.loc["tensor", "power_gated"] > 0.9)
    True
    """
    machine = activity.schedule.work.machine
    blocks, run = machine.blocks, machine.operation
    weight = activity.bin_s / activity.bin_s.sum()
    working = slices_at_work(activity)
    rows = {}
    for kind, name in CLOCKED.items():
        area = np.where(blocks.of_kind(kind), blocks.area_mm2, 0.0)
        if not area.any():
            continue
        used = min(float(area[working].sum() / area.sum()), 1.0)
        busy = float(activity.busy(name) @ weight)
        on = float(activity.busy("engine") @ weight) if run.gated and kind in GATED else 1.0
        unused_off = (1.0 - used) if run.gated else 0.0
        off = used * (1.0 - on) + unused_off
        still = 1.0 - used * busy - off
        stopped = (0.0, still) if run.clocks_stop else (still, 0.0)
        rows[str(kind)] = (used * busy, *stopped, off)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(STATES)).rename_axis("kind")
