"""Voltage and clock under a power cap, and the throttle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import power
from power.activity import Activity, counts_of_runs
from power.governor import govern
from techlib import LanguageModel

HOT_C = 85.0  # the reference of the node, at which the governor counts leakage


def requests(seed: int = 3, number: int = 40) -> power.Trace:
    draw = np.random.default_rng(seed)
    arrival = np.cumsum(draw.exponential(2e-4, number))
    return power.Trace(
        "burst", arrival, draw.integers(5, 200, number), draw.integers(1, 60, number)
    )


@pytest.fixture(scope="module")
def capped(
    toy: power.Machine, small_model: LanguageModel
) -> Callable[[float | None], power.Schedule]:
    def make(cap_w: float | None) -> power.Schedule:
        machine = replace(toy, operation=replace(toy.operation, cap_w=cap_w))
        return power.Schedule.of(requests(), machine, small_model)

    return make


def run_watts(schedule: power.Schedule) -> np.ndarray:
    """Return the power of a package over each run of steps, pauses left out."""
    runs = schedule.iterations
    edges = np.concatenate([[0.0], np.cumsum((runs["end_s"] - runs["start_s"]).to_numpy())])
    activity = Activity(schedule, edges, counts_of_runs(schedule.work, runs))
    return power.BlockPower.of(activity).package_w(HOT_C)


def test_points_lie_on_the_alpha_power_law(toy: power.Machine) -> None:
    points, node = power.OperatingPoints.of(toy), toy.node
    own = power.maximum_frequency_hz(node, toy.operation.voltage_v, 85.0)
    for voltage, frequency in zip(points.voltage_v, points.frequency_hz, strict=True):
        most = power.maximum_frequency_hz(node, float(voltage), 85.0)
        assert frequency / toy.operation.frequency_hz == pytest.approx(most / own)
    assert points.voltage_v[-1] == node.minimum_voltage_v
    assert (np.diff(points.frequency_hz) < 0.0).all()


def test_a_cap_that_does_not_bind_changes_nothing(capped) -> None:
    free, loose = capped(None), capped(1e6)
    columns = list(free.iterations.columns)
    assert loose.iterations[columns].equals(free.iterations)
    assert loose.slowed_share == 0.0
    np.testing.assert_array_equal(loose.finish_s, free.finish_s)


def test_no_run_exceeds_a_cap_that_can_be_kept(capped) -> None:
    free = capped(None)
    peak_w = run_watts(free).max()
    idle_w = run_watts(free).min()
    cap_w = peak_w - 0.15 * (peak_w - idle_w)
    schedule = capped(float(cap_w))
    assert 0.0 < schedule.slowed_share <= 1.0
    assert run_watts(schedule).max() <= cap_w * (1.0 + 1e-6)
    points = schedule.operating_points()
    assert points["voltage_v"].min() < schedule.work.machine.operation.voltage_v
    assert points["frequency_hz"].max() <= schedule.work.machine.operation.frequency_hz


def test_what_is_done_stays_and_only_takes_longer(capped) -> None:
    free, tight = capped(None), capped(float(run_watts(capped(None)).min()))
    assert (tight.iterations["steps"] == free.iterations["steps"]).all()
    assert tight.actions.sum(axis=0) == pytest.approx(free.actions.sum(axis=0))
    lasting = [(s.iterations["end_s"] - s.iterations["start_s"]).to_numpy() for s in (free, tight)]
    assert (lasting[1] >= lasting[0] * (1.0 - 1e-12)).all()
    assert tight.end_s > free.end_s
    starts, ends = (tight.iterations[f"{name}_s"].to_numpy() for name in ("start", "end"))
    assert (starts[1:] >= ends[:-1] - 1e-15).all()
    assert (starts >= free.iterations["start_s"].to_numpy()).all()
    for name in ("admitted_s", "first_token_s", "finish_s"):
        assert (getattr(tight, name) >= getattr(free, name) * (1.0 - 1e-12)).all(), name
    assert (tight.admitted_s >= tight.trace.arrival_s).all()
    assert (tight.first_token_s > tight.admitted_s).all()
    assert (tight.finish_s >= tight.first_token_s).all()


def test_blocks_add_up_at_every_step_under_a_cap(capped) -> None:
    schedule = capped(float(run_watts(capped(None)).min()))
    watts = power.BlockPower.of(Activity.of(schedule))
    package_w = watts.package_w(70.0)
    assert watts.watts(70.0).sum(axis=1) == pytest.approx(package_w, rel=1e-9)
    assert watts.energy_j(70.0) == pytest.approx(package_w @ watts.bin_s, rel=1e-9)


def test_a_slower_run_by_hand(capped) -> None:
    """One point down: logic costs the square of the voltage, memory and links as before."""
    free = capped(None)
    machine = free.work.machine
    runs = free.iterations.iloc[:1]
    points = power.OperatingPoints.of(machine)
    cap_w = 0.0  # nothing keeps it: the lowest point is taken
    slow = govern(free.work, runs, cap_w, HOT_C).runs
    pace, voltage = float(points.pace[-1]), float(points.voltage_ratio[-1])
    assert float(slow["pace"].iloc[0]) == pace
    assert float(slow["tensor_s"].iloc[0]) == pytest.approx(runs["tensor_s"].iloc[0] / pace)
    assert float(slow["hbm_s"].iloc[0]) == runs["hbm_s"].iloc[0]
    joule = {}
    for name, part in (("free", runs), ("slow", slow)):
        edges = np.array([0.0, float((part["end_s"] - part["start_s"]).iloc[0])])
        found = power.BlockPower.of(Activity(free, edges, counts_of_runs(free.work, part)))
        joule[name] = found.components(HOT_C).iloc[0] * edges[1]
    for name in ("tensor", "vector", "sram", "noc", "collective"):
        assert joule["slow"][name] == pytest.approx(voltage**2 * joule["free"][name]), name
    for name in ("hbm_device", "hbm_phy"):
        assert joule["slow"][name] == pytest.approx(joule["free"][name]), name


def test_a_lower_cap_never_ends_sooner(toy: power.Machine, small_model: LanguageModel) -> None:
    @settings(max_examples=6, deadline=None)
    @given(seed=st.integers(0, 50), caps=st.tuples(st.floats(1.0, 60.0), st.floats(1.0, 60.0)))
    def check(seed: int, caps: tuple[float, float]) -> None:
        ends = []
        for cap_w in sorted(caps):
            machine = replace(toy, operation=replace(toy.operation, cap_w=cap_w))
            schedule = power.Schedule.of(requests(seed, 8), machine, small_model)
            assert int(schedule.iterations["output_tokens"].sum()) == int(
                schedule.trace.output_tokens.sum()
            )
            ends.append(schedule.end_s)
        assert ends[0] >= ends[1] * (1.0 - 1e-12)

    check()


def test_slowed_power_is_less_everywhere(capped) -> None:
    schedule = capped(None)
    watts = power.BlockPower.of(Activity.of(schedule))
    machine = schedule.work.machine
    same, half = (watts.slowed(machine, pace).watts(80.0) for pace in (1.0, 0.5))
    assert same == pytest.approx(watts.watts(80.0))
    assert (half <= same * (1.0 + 1e-12)).all()
    part = [watts.slowed(machine, pace).components(80.0).sum() for pace in (1.0, 0.5)]
    for name in ("tensor", "vector", "sram", "clock"):  # V falls with f, to the node's lowest
        assert 0.2 < part[1][name] / part[0][name] < 0.5, name
    for name in ("hbm_device", "hbm_phy"):
        assert part[1][name] == pytest.approx(0.5 * part[0][name]), name
    assert part[1]["hbm_background"] == part[0]["hbm_background"]
    assert watts.slowed(machine, 0.5).output_tokens.sum() == watts.output_tokens.sum() / 2


@given(st.lists(st.floats(20.0, 140.0), max_size=30))
def test_the_throttle_has_hysteresis(temperatures: list[float]) -> None:
    throttle, now = power.Throttle(100.0, 5.0, 0.5), False
    for hottest_c in temperatures:
        before, now = now, throttle.next(now, hottest_c)
        assert now == (hottest_c > (95.0 if before else 100.0))
