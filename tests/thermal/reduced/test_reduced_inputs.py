"""Joined inputs: groups, principal components, and the bound of what they leave out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from shapely import box

from package import Package
from techlib import InputError, Material, ResourceError
from thermal import DirectSolver, ReducedModel, Resolution, ThermalModel, principal_inputs
from thermal.reduced.fields import check_fields
from thermal.reduced.inputs import Inputs

KEYS = tuple(f"b{number}" for number in range(6))
NOMINAL_W = np.array([4.0, 3.0, 2.0, 1.0, 2.0, 3.0])


@pytest.fixture(scope="module")
def model(stack: Callable[..., Package], solid: Callable[..., Material]) -> ThermalModel:
    blocks = {
        key: box(
            1000 + 1500 * (number % 3),
            1000 + 4000 * (number // 3),
            2500 + 1500 * (number % 3),
            5000 + 4000 * (number // 3),
        )
        for number, key in enumerate(KEYS)
    }
    package = stack([(100.0, solid(120.0)), (500.0, solid(40.0))], blocks)
    resolution = Resolution(lateral=10, finest_um=200.0)
    return ThermalModel(package, resolution, solver=lambda operator, _: DirectSolver(operator))


@pytest.fixture(scope="module")
def plain(model: ThermalModel) -> ReducedModel:
    return ReducedModel.of(model, NOMINAL_W, tolerance_k=0.01)


def test_groups_of_fixed_proportions_are_exact(model: ThermalModel, plain: ReducedModel) -> None:
    groups = [["b0", "b1", "b2"], ["b3", "b4", "b5"]]
    joined = ReducedModel.of(model, NOMINAL_W, inputs=groups, tolerance_k=0.01)
    assert joined.modes < plain.modes
    amounts = np.random.default_rng(1).uniform(0.0, 1.0, (100, 2))
    power = amounts @ np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]) * NOMINAL_W
    found, expected = (r.march(power, 2e-3) for r in (joined, plain))
    assert found.input_error_k < 1e-9
    # Means of single blocks are outputs without being inputs: their error is that of the field.
    np.testing.assert_allclose(found.block_mean_c, expected.block_mean_c, atol=0.03)
    assert expected.block_mean_c.to_numpy().max() > 30.0


def test_bound_of_what_groups_leave_out_holds(model: ThermalModel, plain: ReducedModel) -> None:
    groups = [["b0", "b1", "b2"], ["b3", "b4", "b5"]]
    joined = ReducedModel.of(model, NOMINAL_W, inputs=groups, tolerance_k=0.01)
    power = NOMINAL_W * np.random.default_rng(2).uniform(0.6, 1.0, (100, 6))
    found, expected = (r.march(power, 2e-3) for r in (joined, plain))
    error = np.abs(found.block_mean_c - expected.block_mean_c).to_numpy().max()
    assert 0.05 < error < found.input_error_k < 20.0 * error
    assert any("power that the inputs cannot form" in warning for warning in found.warnings)


def test_principal_inputs_give_a_trace_of_few_patterns_back(
    model: ThermalModel, plain: ReducedModel
) -> None:
    random = np.random.default_rng(3)
    patterns = random.uniform(0.2, 1.0, (2, 6))
    power = random.uniform(0.0, 1.0, (300, 2)) @ patterns * NOMINAL_W / 2.0
    inputs = principal_inputs(power, NOMINAL_W)
    assert inputs.shape == (6, 2)
    joined = ReducedModel.of(model, NOMINAL_W, inputs=inputs, tolerance_k=0.01)
    assert joined.modes < plain.modes
    found, expected = (r.march(power, 2e-3) for r in (joined, plain))
    assert found.input_error_k < 1e-6
    np.testing.assert_allclose(found.block_mean_c, expected.block_mean_c, atol=0.03)


@pytest.mark.parametrize("share", [0.3, 0.1, 0.01])
def test_principal_inputs_keep_to_their_share(share: float) -> None:
    power = NOMINAL_W * np.random.default_rng(4).uniform(0.0, 1.0, (200, 6)) ** 3
    inputs = Inputs.of(KEYS, NOMINAL_W, principal_inputs(power, NOMINAL_W, share=share))
    assert inputs.left_out(power) <= share * (1.0 + 1e-9)
    if inputs.patterns_w.shape[1] > 1:
        fewer = Inputs.of(KEYS, NOMINAL_W, inputs.patterns_w[:, :-1])
        assert fewer.left_out(power) > share


def test_plain_inputs_leave_nothing_out() -> None:
    inputs = Inputs.of(KEYS, NOMINAL_W)
    assert inputs.left_out(np.full((3, 6), 7.0)) == 0.0
    np.testing.assert_array_equal(inputs.projector, np.eye(6))


def test_idle_blocks_count_as_a_hundredth_of_the_mean() -> None:
    inputs = Inputs.of(("a", "b"), np.array([10.0, 0.0]))
    np.testing.assert_allclose(inputs.nominal_w, [10.0, 0.05])


def test_every_fault_of_groups_is_told() -> None:
    with pytest.raises(InputError) as caught:
        Inputs.of(KEYS, NOMINAL_W, [["b0", "b9"], [], "b1", ["b0"]])
    assert str(caught.value).splitlines() == [
        "inputs: group 0: unknown block 'b9'; known: b0, b1, b2, b3, b4, b5",
        "inputs: group 1: [] is no list of blocks; allowed: a list of one or more blocks",
        "inputs: group 2: 'b1' is no list of blocks; allowed: a list of one or more blocks",
        "inputs: group 3: block b0 is in two groups; allowed: one group for each block",
    ]
    with pytest.raises(InputError, match=r"5 blocks \(b1, b2, b3, \.\.\.\) are in no group"):
        Inputs.of(KEYS, NOMINAL_W, [["b0"]])
    with pytest.raises(InputError, match=r"inputs: an array of shape \(5, 2\); allowed: \(6, "):
        Inputs.of(KEYS, NOMINAL_W, np.ones((5, 2)))
    with pytest.raises(InputError, match="holds values that are not finite"):
        Inputs.of(KEYS, NOMINAL_W, np.full((6, 1), np.nan))


def test_faults_of_principal_inputs() -> None:
    with pytest.raises(InputError) as caught:
        principal_inputs([[1.0, 2.0]], [0.0, 1.0, 2.0])
    assert str(caught.value).splitlines() == [
        "nominal_w: not a list of powers above zero; allowed: (keys,) above 0 W",
        "power_w: an array of shape (1, 2); allowed: (steps, keys)",
    ]
    with pytest.raises(InputError, match="no power, or values that are not finite"):
        principal_inputs([[0.0, 0.0]], [1.0, 1.0])


def test_resistances_need_plain_inputs(model: ThermalModel) -> None:
    joined = ReducedModel.of(model, NOMINAL_W, inputs=[list(KEYS)])
    with pytest.raises(InputError, match="only in groups or patterns; build it without joining"):
        _ = joined.resistance_k_w


def test_memory_is_refused_before_it_is_taken(
    model: ThermalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thermal.reduced.fields.available_byte", lambda: 10_000)
    with pytest.raises(ResourceError, match=r"reduced model of 7 inputs on \d+ cells needs about"):
        ReducedModel.of(model, NOMINAL_W)
    monkeypatch.setattr("thermal.reduced.fields.available_byte", lambda: None)
    check_fields(10**9, 10**6, 5)
