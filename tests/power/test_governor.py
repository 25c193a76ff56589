"""Voltage and clock under a power cap, and the throttle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import power
from power.activity import Activity, counts_of_runs
from power.step_power import StepPower
from techlib import InputError, LanguageModel

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


def watts_of(schedule: power.Schedule, runs: pd.DataFrame) -> np.ndarray:
    """Return the power of a package over each of some runs of steps."""
    edges = np.concatenate([[0.0], np.cumsum((runs["end_s"] - runs["start_s"]).to_numpy())])
    activity = Activity(schedule, edges, counts_of_runs(schedule.work, runs))
    return power.BlockPower.of(activity).package_w(HOT_C)


def run_watts(schedule: power.Schedule) -> np.ndarray:
    return watts_of(schedule, schedule.iterations)


def at_level(runs: pd.DataFrame, points: power.OperatingPoints, level: np.ndarray) -> pd.DataFrame:
    """Return runs as they would be at other operating points."""
    names, pace = ["tensor_s", "vector_s", "hbm_s"], runs.get("pace", np.ones(len(runs)))
    change = np.asarray(pace) / points.pace[level]
    busy = runs[names].to_numpy()
    then = busy * np.column_stack([change, change, np.ones(len(runs))])
    end = runs["end_s"].to_numpy() + then.max(axis=1) - busy.max(axis=1)
    moved = {name: then[:, place] for place, name in enumerate(names)}
    at = {"pace": points.pace[level], "voltage_ratio": points.voltage_ratio[level]}
    return runs.assign(**moved, **at, end_s=end)


def test_points_lie_on_the_alpha_power_law(toy: power.Machine) -> None:
    points, node = power.OperatingPoints.of(toy), toy.node
    own = power.maximum_frequency_hz(node, toy.operation.voltage_v, 85.0)
    lowest = points.voltage_v == node.minimum_voltage_v
    curve = np.flatnonzero(~lowest).tolist() + np.flatnonzero(lowest)[:1].tolist()
    assert curve == list(range(33))
    for place in curve:
        most = power.maximum_frequency_hz(node, float(points.voltage_v[place]), 85.0)
        found = points.frequency_hz[place] / toy.operation.frequency_hz
        assert found == pytest.approx(most / own)
    assert lowest[32:].all()  # the clock is divided there
    assert points.frequency_hz[-1] == pytest.approx(points.frequency_hz[32] / 16.0)
    assert (np.diff(points.frequency_hz) < 0.0).all()


def test_a_cap_below_the_lowest_voltage_divides_the_clock(capped) -> None:
    free = capped(None)
    points = power.OperatingPoints.of(free.work.machine)
    levels = (np.full(len(free.iterations), level) for level in (32, len(points.pace) - 1))
    undivided, slowest = (watts_of(free, at_level(free.iterations, points, n)) for n in levels)
    cap_w = float(0.5 * (undivided.min() + slowest.max()))
    assert slowest.max() < cap_w < undivided.min()
    schedule = capped(cap_w)
    assert (run_watts(schedule) <= cap_w * (1.0 + 1e-9)).all()
    assert (schedule.iterations["pace"] < points.pace[32]).any()


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
    pace = schedule.iterations["pace"].to_numpy()
    above = run_watts(schedule) > cap_w * (1.0 + 1e-9)
    lowest = power.OperatingPoints.of(schedule.work.machine).pace[-1]
    assert (pace[above] == lowest).all()  # fuller batches than without a cap
    assert above.mean() < 0.5
    assert (pace[~above] > lowest).any()
    points = schedule.operating_points()
    assert points["voltage_v"].min() < schedule.work.machine.operation.voltage_v
    assert points["frequency_hz"].max() <= schedule.work.machine.operation.frequency_hz


def test_all_is_served_and_a_step_takes_the_fastest_point_that_keeps_the_cap(capped) -> None:
    free = capped(None)
    cap_w = float(np.quantile(run_watts(free), 0.3))
    tight = capped(cap_w)
    assert tight.iterations["output_tokens"].sum() == free.iterations["output_tokens"].sum()
    assert tight.end_s > free.end_s
    starts, ends = (tight.iterations[f"{name}_s"].to_numpy() for name in ("start", "end"))
    assert (starts[1:] >= ends[:-1]).all()
    assert (tight.admitted_s >= tight.trace.arrival_s).all()
    assert (tight.first_token_s > tight.admitted_s).all()
    assert (tight.finish_s >= tight.first_token_s).all()
    slowed = tight.iterations[tight.iterations["pace"] < 1.0]
    points = power.OperatingPoints.of(tight.work.machine)
    level = np.searchsorted(-points.pace, -slowed["pace"].to_numpy())
    faster = at_level(slowed, points, level - 1)
    assert (watts_of(tight, faster) > cap_w).all()


def test_steps_that_take_longer_meet_more_requests(
    toy: power.Machine, small_model: LanguageModel
) -> None:
    """A second request comes just after a step that the cap makes longer would have ended."""
    lone = power.Trace("lone", np.zeros(1), np.array([16]), np.array([3]))
    first = power.Schedule.of(lone, toy, small_model).first_token_s[0]
    late = power.Trace("late", [0.0, 1.05 * first], [16, 16], [3, 3])
    batches = []
    for cap_w in (None, 1e-9):  # nothing keeps this one: every step is as slow as can be
        machine = replace(toy, operation=replace(toy.operation, cap_w=cap_w))
        runs = power.Schedule.of(late, machine, small_model).iterations
        batches.append([*zip(runs["decode_sequences"], runs["step_prompt_tokens"], strict=True)])
    assert batches[0][:2] == [(0.0, 16.0), (1.0, 0.0)]
    assert batches[1][:2] == [(0.0, 16.0), (1.0, 15.0)]


def test_tables_of_a_step_tell_what_blocks_take(capped) -> None:
    free = capped(None)
    points, node = power.OperatingPoints.of(free.work.machine), free.work.machine.node
    table = StepPower.of(free.work, HOT_C)
    for level in (0, 7, 32, 50):
        runs = at_level(free.iterations, points, np.full(len(free.iterations), level))
        pace, square = points.pace[level], points.voltage_ratio[level] ** 2
        leaks = points.voltage_ratio[level] ** node.leakage_voltage_exponent
        busy = runs[["tensor_s", "vector_s", "hbm_s"]].to_numpy()
        busy = np.column_stack([busy, np.maximum(busy[:, 0], busy[:, 2])])
        lasting = (runs["end_s"] - runs["start_s"]).to_numpy()
        joule = lasting * (table.static_w + pace * square * table.clock_w + leaks * table.leakage_w)
        joule += free.actions @ (square * table.core_j + table.other_j)
        joule += busy @ (pace * square * table.busy_clock_w + table.busy_w)
        assert joule / lasting == pytest.approx(watts_of(free, runs), rel=1e-9), level


def test_the_cap_knows_what_a_handover_takes(
    toy: power.Machine, small_model: LanguageModel
) -> None:
    """Links so dear that only steps which end a prompt come near the cap: they alone slow down."""
    dear = replace(toy.energy, serdes_pj_bit=1e4)
    run = replace(toy.operation, role="prefill", prefill_groups=1.0, cap_w=None)
    machine = replace(toy, operation=run, energy=dear)
    free = power.Schedule.of(requests(), machine, small_model)
    hands, watts = free.iterations["handed_byte"] > 0.0, run_watts(free)
    cap_w = float(0.5 * (watts[~hands].max() + watts[hands].max()))
    capped = replace(machine, operation=replace(run, cap_w=cap_w))
    tight = power.Schedule.of(requests(), capped, small_model)
    slowed = tight.iterations["pace"] < 1.0
    assert 0 < slowed.sum() < len(slowed)
    assert (tight.iterations["handed_byte"][slowed] > 0.0).all()
    least = power.OperatingPoints.of(capped).pace[-1]
    assert (run_watts(tight)[tight.iterations["pace"] > least] <= cap_w * (1.0 + 1e-9)).all()
    assert tight.handover_byte == free.handover_byte > 0.0


def test_blocks_add_up_at_every_step_under_a_cap(capped) -> None:
    schedule = capped(float(run_watts(capped(None)).min()))
    watts = power.BlockPower.of(Activity.of(schedule))
    package_w = watts.package_w(70.0)
    assert watts.watts(70.0).sum(axis=1) == pytest.approx(package_w, rel=1e-9)
    assert watts.energy_j(70.0) == pytest.approx(package_w @ watts.bin_s, rel=1e-9)


def test_a_slower_run_by_hand(toy: power.Machine, small_model: LanguageModel) -> None:
    """As slow as can be: logic costs the square of the voltage, memory and links as before."""
    lone = power.Trace("lone", np.zeros(1), np.array([16]), np.array([3]))
    tight = replace(toy, operation=replace(toy.operation, cap_w=1e-9))
    free, slow = (power.Schedule.of(lone, machine, small_model) for machine in (toy, tight))
    points = power.OperatingPoints.of(toy)
    pace, voltage = float(points.pace[-1]), float(points.voltage_ratio[-1])
    before, after = free.iterations.iloc[0], slow.iterations.iloc[0]
    assert after["pace"] == pace
    assert after["tensor_s"] == pytest.approx(before["tensor_s"] / pace)
    assert after["hbm_s"] == before["hbm_s"]
    joule = {}
    for name, schedule in (("free", free), ("slow", slow)):
        part = schedule.iterations.iloc[:1]
        edges = np.array([0.0, float((part["end_s"] - part["start_s"]).iloc[0])])
        found = power.BlockPower.of(Activity(free, edges, counts_of_runs(free.work, part)))
        joule[name] = found.components(HOT_C).iloc[0] * edges[1]
    for name in ("tensor", "vector", "sram", "noc", "collective"):
        assert joule["slow"][name] == pytest.approx(voltage**2 * joule["free"][name]), name
    for name in ("hbm_device", "hbm_phy"):
        assert joule["slow"][name] == pytest.approx(joule["free"][name]), name


def test_the_throttle_follows_a_lump_while_the_trace_is_served(capped) -> None:
    free = capped(None)
    machine = free.work.machine
    points = power.OperatingPoints.of(machine)
    half = int(np.argmax(points.pace <= 0.5))
    slow = at_level(free.iterations, points, np.full(len(free.iterations), half))
    watts = run_watts(free).mean(), watts_of(free, slow).mean()
    each_k_w, coolant_c, time_s = 2.0, 40.0, 0.05 * (free.end_s - free.start_s)
    warm_c, cool_c = (coolant_c + each_k_w * each for each in watts)
    limit_c, hysteresis_k = 0.3 * cool_c + 0.7 * warm_c, 0.3 * (warm_c - cool_c)
    hot = replace(
        machine.operation, throttle_c=limit_c, throttle_hysteresis_k=hysteresis_k,
        throttle_pace=0.5, throttle_resistance_k_w=each_k_w, throttle_time_s=time_s,
        throttle_coolant_c=coolant_c,
    )  # fmt: skip
    schedule = power.Schedule.of(free.trace, replace(machine, operation=hot), free.work.model)
    runs = schedule.operating_points()
    slowed = schedule.iterations["pace"].to_numpy() < 1.0
    assert np.diff(slowed.astype(int)).clip(0.0).sum() >= 2  # comes and goes
    assert (schedule.iterations["pace"].to_numpy()[slowed] == points.pace[half]).all()
    assert runs["lump_c"].max() < limit_c + 0.1 * hysteresis_k
    # The lump once more, with what blocks take.
    idle_w = StepPower.of(schedule.work, HOT_C).idle_w
    heat_c, now, ends = coolant_c + each_k_w * idle_w, schedule.start_s, []
    for start, end, watt in zip(runs["start_s"], runs["end_s"], run_watts(schedule), strict=True):
        for final_w, lasting_s in ((idle_w, start - now), (watt, end - start)):
            final_c = coolant_c + each_k_w * final_w
            heat_c = final_c + (heat_c - final_c) * np.exp(-lasting_s / time_s)
        now = end
        ends.append(heat_c)
    rising = np.diff(ends, prepend=0.0) > 0.0  # a run's highest is its last
    found = runs["lump_c"].to_numpy()
    assert found[rising] == pytest.approx(np.array(ends)[rising], abs=0.01 * hysteresis_k)
    began, came_back = np.flatnonzero(np.diff(slowed.astype(int)) != 0)[:2] + 1
    assert ends[began - 1] > limit_c
    assert ends[came_back - 1] < limit_c - hysteresis_k


def test_a_lump_is_whole_or_missing(operation: Callable[..., power.Operation]) -> None:
    with pytest.raises(InputError) as caught:
        operation(throttle_resistance="0.1 K/W")
    told = [fault.where for fault in caught.value.faults]
    assert told == ["toy.throttle_time", "toy.throttle_coolant"]


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
