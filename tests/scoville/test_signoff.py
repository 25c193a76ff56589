"""Sign-off: power and temperature agree, targets are read from the right places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from power import maximum_frequency_hz
from scoville import load_design, run_signoff
from techlib import ConvergenceError, InputError

NAMES = [
    "package_power",
    "peak_power",
    "frequency",
    "cap_residency",
    "throttle_residency",
    "junction_temperature",
    "hbm_temperature",
    "power_density",
    "layout_violations",
]


def target(found, name):
    return next(t for t in found.targets if t.name == name)


def test_power_and_temperature_are_in_balance(found):
    steady = found.heat.steady
    power = found.power.sustained.mean_watts(found.block_mean_c)
    cold = found.power.sustained.mean_watts(40.0)
    # What is left at thermal.tolerance (0.05 K) moves leakage by 6 % a kelvin, a twentieth of all.
    assert power.sum() == pytest.approx(steady.power_w.sum(), rel=1e-3)
    assert power.sum() > 1.01 * cold.sum()
    assert steady.fixed_point_iterations >= 2
    assert steady.energy_balance < 1e-6
    assert found.heat.history.energy_balance < 1e-6


def test_targets_come_from_the_results(found):
    steady, history = found.heat.steady, found.heat.history
    keys = [key for key, _, _ in found.design.floorplan.placed_blocks()]
    hottest = max(steady.block_max_c[keys].max(), history.block_max_c[keys].to_numpy().max())
    node = found.design.floorplan.dies[0].node
    assert [t.name for t in found.targets] == NAMES
    assert target(found, "package_power").value == pytest.approx(steady.power_w.sum())
    assert target(found, "junction_temperature").value == pytest.approx(hottest)
    assert target(found, "frequency").value == pytest.approx(
        maximum_frequency_hz(node, found.design.operation.voltage_v, hottest)
    )
    fine = found.power.fine.package_w(found.block_mean_c)
    assert target(found, "peak_power").value >= fine.max()
    assert target(found, "peak_power").value >= target(found, "package_power").value


def test_bands_hold_the_values(found):
    for entry in found.targets:
        assert entry.low <= entry.value <= entry.high, entry.name


def test_the_transient_starts_from_the_load_before_it(found):
    power = found.power
    start = power.hottest.edges_s[0]
    if start > power.fine.edges_s[0]:
        assert power.before.edges_s[-1] == pytest.approx(start)
    assert found.heat.history.times_s[-1] == pytest.approx(power.hottest.edges_s[-1])


def test_json_has_the_documented_form(found):
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["passed"] is all(entry["passed"] for entry in content["targets"])
    for entry in content["targets"]:
        assert set(entry) >= {"name", "value", "limit", "margin", "unit", "passed"}
        sign = -1 if entry["name"] == "frequency" else 1
        assert entry["margin"] == pytest.approx(sign * (entry["limit"] - entry["value"]))
        assert entry["passed"] is (entry["margin"] >= 0)
    assert set(content) >= {"design", "trace", "version", "input_hash", "seed", "sources"}
    assert set(content["solver"]) >= {
        "residual",
        "energy_balance",
        "iterations",
        "fixed_point_iterations",
    }
    assert content["seed"] == 1
    assert len(content["input_hash"]) == 64


def test_a_hotter_coolant_is_seen_by_everything(found, quick):
    warm = load_design("jalapeno", [*quick, "package.top.temperature=60 degC"])
    other = run_signoff(warm, transient=False)
    steady = run_signoff(load_design("jalapeno", quick), transient=False)
    for name in ("junction_temperature", "hbm_temperature"):
        rise = target(other, name).value - target(steady, name).value
        assert 20.0 <= rise < 25.0, name  # 20 K of coolant, and leakage and refresh on top
    assert target(other, "package_power").value > target(steady, "package_power").value
    assert target(other, "frequency").value != target(steady, "frequency").value


TRACES = Path(__file__).parents[3] / "shared" / "data" / "traces"


@pytest.mark.skipif(not TRACES.is_dir(), reason="the published traces are not in ../shared/data")
def test_published_traces_differ_where_physics_says_so(quick):
    given = [text for text in quick if not text.startswith("workload.")]
    results = {
        name: run_signoff(load_design("jalapeno", [*given, f'workload.trace="{TRACES / name}"']))
        for name in ("azure2023_code.csv", "mooncake_synthetic_trace.jsonl")
    }
    completion, long_prompts = results.values()
    # Prompts of 10,000 tokens keep the arrays busy for whole bins, completions of 2,000 do not.
    for name in ("package_power", "junction_temperature", "power_density"):
        assert target(long_prompts, name).value > 1.1 * target(completion, name).value, name
    assert completion.seed is None
    assert completion.input_hash != long_prompts.input_hash


def test_a_model_that_does_not_fit_says_how_many_chips_would_do(quick):
    design = load_design("jalapeno", [*quick, "workload.model=deepseek-r1"])
    with pytest.raises(InputError, match="chips would hold it"):
        run_signoff(design)


def test_a_voltage_outside_the_node_is_refused_at_its_place(quick):
    design = load_design("jalapeno", [*quick, "power.voltage=2 V"])
    with pytest.raises(InputError, match=r"--set: power\.voltage: 2 V on N3; allowed: .* V to"):
        run_signoff(design)


def test_thermal_runaway_is_named(quick):
    bad = ["package.top.film=40 W/(m^2 K)", "package.top.temperature=100 degC"]
    design = load_design("jalapeno", [*quick, *bad])
    with pytest.raises(ConvergenceError, match="thermal runaway"):
        run_signoff(design, transient=False)


def test_violations_of_the_layout_fail_the_verdict(quick):
    design = load_design("jalapeno", [*quick, "floorplan.die_gap=20 um"])
    result = run_signoff(design, transient=False)
    assert not target(result, "layout_violations").passed
    assert not result.passed


def test_targets_of_the_user_count(found, quick):
    given = ["targets.package_power=100 W", "targets.junction=50 degC", "targets.hbm=60 degC"]
    result = run_signoff(load_design("jalapeno", [*quick, *given]), transient=False)
    assert [t.passed for t in result.targets if t.name in ("package_power", "hbm_temperature")] == [
        False,
        False,
    ]
    assert target(result, "junction_temperature").limit == 50.0
    margin = 100.0 - result.heat.steady.power_w.sum()
    assert target(result, "package_power").margin == pytest.approx(margin)


def test_the_cap_holds_and_says_how_long_it_bound(found):
    residency = target(found, "cap_residency")
    assert residency.value == pytest.approx(100 * found.power.schedule.slowed_share)
    cap_w = found.design.operation.cap_w
    node = found.design.machine.node
    # Leakage counts at the node's reference temperature for the cap; no run is hotter here.
    assert found.power.fine.package_w(node.reference_temperature_c).max() <= cap_w * (1 + 1e-9)


def test_a_throttle_acts_on_the_hottest_block(found, quick):
    given = [*quick, "power.throttle=55 degC", "power.throttle_hysteresis=1 K"]
    cooled = run_signoff(load_design("jalapeno", given))
    residency = target(cooled, "throttle_residency")
    lasting_s = cooled.power.hottest.bin_s
    throttled_s = lasting_s[cooled.heat.throttled].sum()
    assert residency.value == pytest.approx(100 * throttled_s / lasting_s.sum())
    assert 0.0 < residency.value <= 100.0
    assert not residency.passed
    assert target(found, "throttle_residency").value == 0.0
    most = [entry.heat.history.power_w.sum(axis=1).mean() for entry in (found, cooled)]
    assert most[1] < most[0]


@pytest.mark.parametrize("name", ["h100-sxm", "b200", "tpu-v4"])
def test_shipped_chips_pass_their_own_sign_off(name, quick):
    """They are sold: neither heat, density nor layout stands in the way of their usual load."""
    result = run_signoff(load_design(name, quick))
    assert [entry.name for entry in result.targets if not entry.passed] == []
