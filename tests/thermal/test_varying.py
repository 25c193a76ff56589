"""Conductivities that follow the temperature, against the Kirchhoff transform."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.constants import zero_Celsius
from shapely import box

from package import Face, Layer, Package, Region
from techlib import ConvergenceError, InputError, Material, materials
from thermal import (
    DirectSolver,
    ReducedModel,
    Resolution,
    TemperatureHistory,
    ThermalModel,
    assemble,
)
from thermal.fill import LayerFill

Array = NDArray[np.float64]
Solid = Callable[..., Material]
Stack = Callable[..., Package]

SINGLE = 2.0**-23
"""Conductances are rounded to single precision, by 2^-24 each: two of them in a ratio."""

AREA_M2, LENGTH_M, K, FLUX = 1e-4, 2e-3, 120.0, 6e6  # a rise of about 50 K
REFERENCE_K = 25.0 + zero_Celsius


def temperature_k(theta: Array, exponent: float, cold_k: float) -> Array:
    """Invert the integral of ``K (T / T0)^-n`` from `cold_k` to T."""
    if exponent == 1.0:
        return cold_k * np.exp(theta / (K * REFERENCE_K))
    power = 1.0 - exponent
    scaled = theta * power / (K * REFERENCE_K**exponent)
    return np.asarray((cold_k**power + scaled) ** (1.0 / power))


@pytest.mark.parametrize("exponent", [-0.5, 0.5, 1.0, 1.333])
def test_heated_slab_on_a_cold_plate_is_of_second_order(
    exponent: float, stack: Stack, solid: Solid
) -> None:
    """Even heat q''' : the transform of the temperature is ``q''' (L^2 - z^2) / 2``."""
    errors = []
    for cells in (8, 16, 32):
        package = stack([(LENGTH_M * 1e6, solid(K, exponent=exponent))], top=Face(math.inf, 30.0))
        resolution = Resolution(lateral=2, finest_um=1e6, cells_per_layer=cells)
        model = ThermalModel(package, resolution)
        found = model.steady({"all": FLUX * AREA_M2})
        z = 0.5 * (model.mesh.z_m[1:] + model.mesh.z_m[:-1])
        theta = FLUX / LENGTH_M * (LENGTH_M**2 - z**2) / 2.0
        exact = temperature_k(theta, exponent, 30.0 + zero_Celsius) - zero_Celsius
        errors.append(float(np.abs(found.field_c[:, 0, 0] - exact).max()))
        assert found.energy_balance < 1e-6
        assert found.residual <= 1e-8
    # A constant conductivity is off by the curvature of the temperature alone.
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert min(orders) == pytest.approx(2.0, abs=0.1)
    assert errors[-1] < 0.1


def test_the_slab_is_hotter_than_with_a_constant_conductivity(stack: Stack, solid: Solid) -> None:
    package = stack([(LENGTH_M * 1e6, solid(K, exponent=1.333))], top=Face(math.inf, 30.0))
    resolution = Resolution(lateral=2, finest_um=1e6, cells_per_layer=32)
    follows = ThermalModel(package, resolution)
    constant = ThermalModel(package, resolution, nonlinear=False)
    assert (follows.nonlinear, constant.nonlinear) == (True, False)
    powers = {"all": FLUX * AREA_M2}
    theta = FLUX * LENGTH_M / 2.0
    hot = float(temperature_k(np.array(theta), 1.333, 30.0 + zero_Celsius)) - zero_Celsius
    assert follows.steady(powers).max_c == pytest.approx(hot, abs=0.1)
    assert constant.steady(powers).max_c == pytest.approx(30.0 + theta / K, abs=0.1)
    assert hot - (30.0 + theta / K) > 5.0


@pytest.fixture(scope="module")
def package(solid: Solid) -> Package:
    """Two blocks in silicon and mould under a copper lid."""
    silicon, mould = solid(148.0, exponent=1.333), solid(2.0)
    whole = box(0, 0, 12_000, 8000)
    regions = (
        Region("a", box(1000, 1000, 5000, 7000), silicon, "a"),
        Region("b", box(6000, 1000, 11_000, 4000), silicon, "b"),
    )
    bulk = tuple(Region(r.name, r.outline, silicon) for r in regions)
    layers = (
        Layer("active", 20.0, whole, mould, regions),
        Layer("bulk", 700.0, whole, mould, bulk),
        Layer("lid", 1000.0, whole, solid(400.0, exponent=0.07)),
    )
    return Package("two", layers, mould, Face(2e4, 40.0), Face(100.0, 30.0), Face(), 35.0)


@pytest.fixture(scope="module")
def model(package: Package) -> ThermalModel:
    return ThermalModel(package, Resolution(lateral=16))


POWERS = {"a": 60.0, "b": 25.0}


def test_what_is_left_is_that_of_the_nonlinear_equations(model: ThermalModel) -> None:
    found = model.steady(POWERS)
    operator = assemble(model.mesh, found.field_c)
    heat = model.blocks.source(np.array([60.0, 25.0])) + operator.outside_w
    left = heat - operator.apply(found.field_c - operator.reference_c)
    residual = float(np.linalg.norm(left) / np.linalg.norm(heat))
    assert found.residual <= 1e-8
    assert residual <= 1e-8 + SINGLE  # conductances at this very field are rounded anew
    gone = operator.outside_w_k * (found.field_c - operator.reference_c) - operator.outside_w
    assert float(gone.sum()) == pytest.approx(85.0, rel=1e-6)


def test_any_solver_finds_the_same_field_in_few_iterations(
    model: ThermalModel, package: Package
) -> None:
    found = model.steady(POWERS)
    direct = ThermalModel(
        package, Resolution(lateral=16), solver=lambda operator, _: DirectSolver(operator)
    ).steady(POWERS)
    np.testing.assert_allclose(found.field_c, direct.field_c, rtol=0, atol=1e-4)
    constant = ThermalModel(package, Resolution(lateral=16), nonlinear=False).steady(POWERS)
    assert found.max_c > constant.max_c + 1.0
    # Measured 12 against 8.
    assert constant.iterations < found.iterations <= 2 * constant.iterations


def test_a_start_at_the_solution_stays_there(model: ThermalModel) -> None:
    """One iteration at most, for conductances that are rounded anew."""
    found = model.steady(POWERS)
    again = model.steady(POWERS, start=found)
    assert again.iterations <= 1
    np.testing.assert_allclose(again.field_c, found.field_c, rtol=SINGLE)


def test_the_frozen_model_is_linear_and_agrees_where_it_was_frozen(model: ThermalModel) -> None:
    found = model.steady(POWERS)
    frozen = model.frozen(found)
    assert not frozen.nonlinear
    assert model.nonlinear
    again = frozen.steady(POWERS)
    np.testing.assert_allclose(again.field_c, found.field_c, rtol=0, atol=1e-4)
    none, double = frozen.steady({}), frozen.steady({"a": 120.0, "b": 50.0})
    twice = 2.0 * (again.field_c - none.field_c)
    np.testing.assert_allclose(double.field_c - none.field_c, twice, rtol=0, atol=1e-3)
    coarse = ThermalModel(model.package, Resolution(lateral=4))
    with pytest.raises(InputError, match="take one that was solved at the same resolution"):
        model.frozen(coarse.steady(POWERS))


def test_a_model_is_reduced_at_a_temperature(model: ThermalModel) -> None:
    message = (
        "model: its conductivities follow the temperature; allowed: a linear model; take "
        "model.frozen(model.steady(powers)), or nonlinear=False"
    )
    with pytest.raises(InputError, match=re.escape(message)):
        ReducedModel.of(model, POWERS)
    steady = model.steady(POWERS)
    reduced = ReducedModel.of(model.frozen(steady), POWERS, tolerance_k=0.1)
    found = reduced.march(np.tile([60.0, 25.0], (3, 1)), 1e4)
    np.testing.assert_allclose(found.block_mean_c.iloc[-1], steady.block_mean_c, atol=0.1)


def test_without_a_temperature_nothing_changes(package: Package, solid: Solid) -> None:
    """At the reference temperature, and for materials without exponent, as ever."""
    mesh = ThermalModel(package, Resolution(lateral=6)).mesh
    plain, even = assemble(mesh), assemble(mesh, np.full(mesh.shape, 25.0))
    for name in ("gx", "gy", "gz", "outside_w_k", "outside_w", "capacity_j_k"):
        np.testing.assert_allclose(getattr(plain, name), getattr(even, name), rtol=1e-14)
    plate = box(0, 0, 1000, 1000)
    layer = Layer("die", 100.0, plate, solid(120.0), (Region("r", plate, solid(120.0), "r"),))
    constant = Package("c", (layer,), solid(1.0), Face(1e4), Face(), Face(), 25.0)
    assert not ThermalModel(constant, Resolution(lateral=2)).nonlinear


def test_conductances_follow_the_cells_on_both_sides(stack: Stack, solid: Solid) -> None:
    package = stack([(100.0, solid((10.0, 20.0, 30.0), exponent=2.0))])
    mesh = ThermalModel(package, Resolution(lateral=2, cells_per_layer=2)).mesh
    kelvin = REFERENCE_K * np.array([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]).reshape(2, 2, 2)
    hot, cold = assemble(mesh, kelvin - zero_Celsius), assemble(mesh)
    factor = (kelvin / REFERENCE_K) ** -2.0
    for axis, name in enumerate(("gz", "gy", "gx")):
        a, b = np.take(factor, 0, axis), np.take(factor, 1, axis)
        ratio = np.squeeze(getattr(hot, name) / getattr(cold, name), axis)
        np.testing.assert_allclose(ratio, 2.0 * a * b / (a + b), rtol=SINGLE)


def test_a_mixed_cell_follows_its_materials_to_first_order(solid: Solid) -> None:
    """Against mixing anew at the temperature: what is off grows with the square of the change."""
    one, other = solid((100.0, 50.0, 80.0), exponent=1.3), solid(5.0, exponent=-0.4)
    whole, part = box(0, 0, 1000, 1000), box(0, 0, 370, 700)
    lines = np.array([0.0, 1000.0])

    def fill(change_k: float) -> LayerFill:
        layer = Layer("mix", 10.0, whole, other, (Region("p", part, one),))
        package = Package("p", (layer,), other, Face(1e4), Face(), Face(), 25.0)
        return LayerFill.of(layer, package, lines, lines, 25.0 + change_k)

    errors = []
    for change_k in (10.0, 20.0):
        ratio = np.full((1, 1), math.log1p(change_k / REFERENCE_K))
        followed, anew = fill(0.0).conductivity_w_mk(ratio), fill(change_k).conductivity_w_mk(None)
        errors.append([np.abs(a / b - 1.0).max() for a, b in zip(followed, anew, strict=True)])
    assert np.max(errors[0]) < 1e-3
    np.testing.assert_allclose(np.divide(errors[1], errors[0]), 4.0, atol=0.6)


class TestTransient:
    """Conductivities are assembled afresh when they have changed by a per cent."""

    def test_long_steps_end_in_the_steady_state(self, model: ThermalModel) -> None:
        found = model.transient(np.tile([60.0, 25.0], (6, 1)), np.arange(7) * 1e4)
        np.testing.assert_allclose(found.final.field_c, model.steady(POWERS).field_c, atol=0.01)

    def test_a_start_in_the_steady_state_stays_there(self, model: ThermalModel) -> None:
        steady = model.steady(POWERS)
        found = model.transient(np.tile([60.0, 25.0], (5, 1)), np.arange(6) * 1e-3, steady)
        np.testing.assert_allclose(found.final.field_c, steady.field_c, atol=1e-5)
        assert found.iterations == 0

    def test_heat_is_conserved_while_conductivities_change(self, model: ThermalModel) -> None:
        rng = np.random.default_rng(3)
        found = model.transient(rng.uniform(0.0, 200.0, (20, 2)), np.arange(21) * 2e-2)
        assert found.energy_balance < 1e-8

    def test_it_lies_within_a_tenth_of_a_kelvin_of_following_at_every_step(
        self, model: ThermalModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        powers = np.tile([[90.0, 10.0], [20.0, 60.0]], (10, 1)).repeat(4, axis=0)
        edges = np.arange(81) * 2e-3
        found = model.transient(powers, edges)
        monkeypatch.setattr("thermal.varying._STALE", 0.0)
        always = model.transient(powers, edges)
        difference = (found.block_max_c - always.block_max_c).abs().to_numpy()
        assert 0.0 < difference.max() < 0.1


def test_leakage_and_conductivity_agree_with_each_other(model: ThermalModel) -> None:
    found = model.steady_with_feedback(
        lambda mean_c: 30.0 + 0.1 * mean_c, tolerance_k=1e-4, maximum_iterations=60
    )
    np.testing.assert_allclose(found.power_w, 30.0 + 0.1 * found.block_mean_c, atol=1e-4)
    alone = model.steady(found.power_w)
    np.testing.assert_allclose(alone.block_mean_c, found.block_mean_c, atol=1e-4)


def test_runaway_is_still_named(model: ThermalModel) -> None:
    with pytest.raises(ConvergenceError, match="thermal runaway: block"):
        model.steady_with_feedback(lambda t: 20.0 + 30.0 * np.maximum(t - 25.0, 0.0))


def test_rounds_that_do_not_converge_say_so(
    model: ThermalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thermal.varying._MOST_ROUNDS", 3)
    message = r"stopped after \d+ iterations at a residual of .* (allowed: 1e-08); look for"
    pattern = message.replace("(allowed", r"\(allowed").replace("08)", r"08\)")
    with pytest.raises(ConvergenceError, match=pattern):
        model.steady(POWERS)


def test_silicon_of_the_library_follows_the_temperature() -> None:
    stock, plate = materials(), box(0, 0, 5000, 5000)
    layer = Layer(
        "die", 700.0, plate, stock["silicon"], (Region("c", plate, stock["silicon"], "c"),)
    )
    package = Package("die", (layer,), stock["air"], Face(2e4, 40.0), Face(), Face(), 40.0)
    model = ThermalModel(package, Resolution(lateral=4))
    assert model.nonlinear
    assert model.mesh.reference_c == 27.0
    assert re.match(r"4\d", f"{model.steady({'c': 1.0}).max_c:.1f}")


def test_a_tighter_tolerance_follows_the_temperature_more_closely(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conductivities lag behind by less where less error is allowed."""
    silicon, copper = materials()["silicon"], materials()["copper"]
    package = stack(
        [(500.0, silicon), (1500.0, copper)],
        {"hot": box(1000.0, 1000.0, 5000.0, 5000.0)},
        top=Face(8e3, 30.0),
    )
    model = ThermalModel(package, Resolution(lateral=12))
    powers = np.random.default_rng(2).uniform(0.0, 150.0, (12, 1))
    edges = np.arange(13) * 0.01
    found = {t: model.transient(powers, edges, tolerance_k=t) for t in (0.1, 0.01)}
    with monkeypatch.context() as patched:
        patched.setattr("thermal.varying._STALE_AT_K", 1e-9)
        loose = model.transient(powers, edges, tolerance_k=0.01)
    monkeypatch.setattr("thermal.varying._STALE", 1e-6)
    exact = model.transient(powers, edges, substeps=64)
    assert exact.max_c > 60.0  # conductivities change by an eighth

    def off_k(history: TemperatureHistory) -> float:
        return float((history.block_mean_c - exact.block_mean_c).abs().max().max())

    assert off_k(found[0.01]) < 0.5 * off_k(found[0.1])
    assert off_k(found[0.01]) < 0.8 * off_k(loose)
