"""States of blocks of logic and the time in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import power
from floorplan import Floorplan
from power.residency import STATES

Make = Callable[..., power.Operation]


def activity(plan: Floorplan, run: power.Operation, model: Any) -> power.Activity:
    """A second of little work in every ten."""
    trace = power.Trace("sparse", [0.0, 10.0], [64, 64], [40, 40])
    return power.Activity.of(power.Schedule.of(trace, power.Machine.of(plan, run), model), 0.5)


@pytest.mark.parametrize("clocks", ["on", "off"])
@pytest.mark.parametrize("supply", ["on", "off"])
def test_states_add_up_and_follow_what_is_gated(
    toy_plan: Floorplan, operation: Make, small_model: Any, clocks: str, supply: str
) -> None:
    found = activity(toy_plan, operation(clock_gating=clocks, power_gating=supply), small_model)
    table = power.residency_table(found)
    assert list(table.columns) == list(STATES)
    assert table.sum(axis=1).to_numpy() == pytest.approx(1.0, rel=1e-12)
    assert (table.to_numpy() >= -1e-15).all()
    used = 0.8  # a fifth array is a spare
    load = found.counts["engine_s"].sum() / found.bin_s.sum()
    busy = found.counts["tensor_s"].sum() / found.bin_s.sum()
    arrays, memory = table.loc["tensor"], table.loc["sram"]
    assert arrays["active"] == pytest.approx(used * busy)
    off = used * (1.0 - load) + 1.0 - used if supply == "on" else 0.0
    assert arrays["power_gated"] == pytest.approx(off, abs=1e-12)
    rest = 1.0 - arrays["active"] - arrays["power_gated"]
    assert arrays["clock_gated" if clocks == "on" else "idle"] == pytest.approx(rest)
    assert memory["power_gated"] == 0.0


def test_slices_without_work_are_shut_off(machine: power.Machine, small_model: Any) -> None:
    trace = power.Trace("dense", [0.0], [4000], [400])
    found = power.Activity.of(power.Schedule.of(trace, machine, small_model))
    used = machine.slices_used(small_model) / machine.blocks.slice_count
    assert used < 0.5
    table = power.residency_table(found)
    assert table.loc["tensor", "power_gated"] == pytest.approx(1.0 - used, abs=0.02)
    assert table.loc["sram", "power_gated"] > 0.4
    assert np.isclose(table.loc["management", "power_gated"], 0.0)
