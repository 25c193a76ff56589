"""Steps in time, against exact solutions of lumped and of one-dimensional problems."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from shapely import box

from package import Face, Layer, Package, Region, read_case
from techlib import InputError, Material
from thermal import Resolution, ThermalModel

Array = NDArray[np.float64]
Solid = Callable[..., Material]
Stack = Callable[..., Package]

GAMMA = 1.0 - math.sqrt(0.5)


@pytest.fixture(scope="module")
def lump(stack: Stack, solid: Solid) -> ThermalModel:
    """One cell of 10 x 10 x 0.5 mm under a film: a resistance and a capacity."""
    package = stack([(500.0, solid(400.0, 2e6))], top=Face(1e4, 25.0))
    return ThermalModel(package, Resolution(lateral=1, finest_um=1e3))


RESISTANCE = (2.5e-4 / 400.0 + 1e-4) / 1e-4
CAPACITY = 2e6 * 5e-8
TAU = RESISTANCE * CAPACITY


def test_lumped_package_follows_the_exponential_with_second_order(lump: ThermalModel) -> None:
    exact = 25.0 + 10.0 * RESISTANCE * (1.0 - math.exp(-1.0))
    errors = []
    for steps in (4, 8, 16, 32):
        found = lump.transient(np.full((steps, 1), 10.0), np.linspace(0.0, TAU, steps + 1))
        errors.append(abs(found.block_mean_c["all"].iloc[-1] - exact))
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert orders[-1] == pytest.approx(2.0, abs=0.1)
    assert errors[-1] < 1e-3 * 10.0 * RESISTANCE


@pytest.mark.parametrize("length", [0.1, 1.0, 30.0, 1e5])
def test_one_step_is_the_stability_function_of_the_method(
    lump: ThermalModel, length: float
) -> None:
    r"""``R(z) = (1 + (1 - 2 gamma) z) / (1 - gamma z)^2``, which fades for long steps."""
    found = lump.transient([[0.0]], [0.0, length * TAU], 125.0)
    fades = (1.0 - (1.0 - 2.0 * GAMMA) * length) / (1.0 + GAMMA * length) ** 2
    assert found.block_mean_c["all"].iloc[0] - 25.0 == pytest.approx(100.0 * fades, rel=1e-7)


def test_eigenmode_of_a_bar_decays_at_its_rate(solid: Solid) -> None:
    """``cos(pi x / L)`` in an insulated bar under a weak film: rate of the discrete operator."""
    cells, length_m, k, c, film = 32, 1e-2, 100.0, 1.6e6, 10.0
    plate = box(0, 0, 1e4, 1e3)
    bar = Layer("bar", 500.0, plate, solid(k, c), (Region("all", plate, solid(k, c), "all"),))
    package = Package("bar", (bar,), solid(k, c), Face(film, 0.0), Face(), Face(), 0.0)
    model = ThermalModel(package, Resolution(lateral=cells, finest_um=1e4))
    centres = (np.arange(cells) + 0.5) * length_m / cells
    mode = np.cos(math.pi * centres / length_m)
    at_rest = model.steady({})
    start = dataclasses.replace(at_rest, field_c=np.broadcast_to(mode, model.mesh.shape).copy())
    wave = 2.0 * cells / length_m * math.sin(math.pi / (2 * cells))
    rate = (k * wave**2 + 1.0 / (2.5e-4 / k + 1.0 / film) / 5e-4) / c
    # The discrete wave number itself is that of the continuum to second order.
    assert wave == pytest.approx(math.pi / length_m, rel=5e-4)
    duration = 1.0 / rate
    errors = []
    for steps in (4, 8, 16):
        end = model.transient(np.zeros((steps, 1)), np.linspace(0, duration, steps + 1), start)
        errors.append(float(np.abs(end.final.field_c[0, 0] - mode * math.exp(-1.0)).max()))
    assert math.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.15)
    assert errors[-1] < 1e-3


@pytest.fixture(scope="module")
def model(solid: Solid) -> ThermalModel:
    """Two blocks on silicon under a lid."""
    silicon, copper = solid(120.0, 1.65e6), solid(390.0, 3.45e6)
    whole = box(0, 0, 12_000, 8000)
    regions = (
        Region("a", box(1000, 1000, 5000, 7000), silicon, "a"),
        Region("b", box(6000, 1000, 11_000, 4000), silicon, "b"),
    )
    layers = (
        Layer("active", 10.0, whole, silicon, regions),
        Layer("bulk", 500.0, whole, silicon),
        Layer("lid", 1000.0, whole, copper),
    )
    package = Package("two", layers, silicon, Face(2e4, 40.0), Face(100.0, 30.0), Face(), 35.0)
    return ThermalModel(package, Resolution(lateral=12))


def powers(steps: int) -> Array:
    return 20.0 + 15.0 * np.random.default_rng(7).uniform(-1.0, 1.0, (steps, 2))


def test_heat_is_conserved_over_the_march(model: ThermalModel) -> None:
    found = model.transient(powers(20), np.arange(21) * 1e-3)
    assert found.energy_balance < 1e-8
    assert found.residual <= 1e-4
    stored = (model.operator.capacity_j_k * (found.final.field_c - 35.0)).sum()
    assert 0.0 < stored < powers(20).sum() * 1e-3 + 1e-3 * 100.0 * 12e-3 * 8e-3 * 2e4


def test_long_steps_end_in_the_steady_state(model: ThermalModel) -> None:
    found = model.transient(np.tile([30.0, 10.0], (4, 1)), np.arange(5) * 1e4)
    steady = model.steady([30.0, 10.0])
    np.testing.assert_allclose(found.final.field_c, steady.field_c, atol=1e-3)


def test_a_start_in_the_steady_state_stays_there(model: ThermalModel) -> None:
    steady = model.steady([30.0, 10.0])
    found = model.transient(np.tile([30.0, 10.0], (5, 1)), np.arange(6) * 1e-3, steady)
    np.testing.assert_allclose(found.final.field_c, steady.field_c, atol=1e-5)
    assert found.iterations == 0


def test_ambient_is_the_start_unless_given(model: ThermalModel) -> None:
    short = [0.0, 1e-9]
    assert model.transient([[0, 0]], short).final.max_c == pytest.approx(35.0, abs=1e-3)
    assert model.transient([[0, 0]], short, 70.0).final.max_c == pytest.approx(70.0, abs=1e-3)


def test_substeps_are_steps_of_the_same_power(model: ThermalModel) -> None:
    coarse = model.transient(powers(4), np.arange(5) * 2e-3, substeps=4)
    fine = model.transient(np.repeat(powers(4), 4, axis=0), np.arange(17) * 5e-4)
    np.testing.assert_allclose(coarse.block_mean_c, fine.block_mean_c.iloc[3::4], atol=1e-6)
    once = model.transient(powers(4), np.arange(5) * 2e-3)
    many = model.transient(powers(4), np.arange(5) * 2e-3, substeps=32)
    error_of_once, error_of_coarse = (
        float(np.abs(found.block_mean_c - many.block_mean_c).to_numpy().max())
        for found in (once, coarse)
    )
    assert error_of_coarse < 0.35 * error_of_once


def test_uneven_steps_agree_with_even_ones(model: ThermalModel) -> None:
    even = model.transient(np.tile([30.0, 10.0], (40, 1)), np.linspace(0.0, 0.04, 41))
    edges = np.array([0.0, 0.001, 0.002, 0.004, 0.006, 0.010, 0.015, 0.02, 0.03, 0.04])
    uneven = model.transient(np.tile([30.0, 10.0], (9, 1)), edges)
    np.testing.assert_allclose(uneven.block_mean_c.iloc[-1], even.block_mean_c.iloc[-1], atol=0.02)
    assert uneven.times_s.tolist() == edges[1:].tolist()


def test_leakage_follows_the_temperature_one_step_behind(model: ThermalModel) -> None:
    seen: list[Array] = []

    def leaking(step: int, mean_c: Array) -> Array:
        seen.append(mean_c)
        return powers(6)[step] + 0.05 * mean_c

    found = model.transient(leaking, np.arange(7) * 1e-3)
    assert seen[0] == pytest.approx([35.0, 35.0])
    np.testing.assert_array_equal(np.array(seen[1:]), found.block_mean_c.to_numpy()[:-1])
    np.testing.assert_allclose(found.power_w, powers(6) + 0.05 * np.array(seen))
    again = model.transient(found.power_w.to_numpy(), np.arange(7) * 1e-3)
    np.testing.assert_array_equal(again.block_mean_c, found.block_mean_c)


def test_hottest_step_is_kept_with_its_field(model: ThermalModel) -> None:
    pulse = np.array([[5.0, 5.0], [60.0, 5.0], [60.0, 5.0], [0.0, 0.0], [0.0, 0.0]])
    ticks: list[tuple[int, int]] = []
    found = model.transient(
        pulse, np.arange(6) * 5e-3, 40.0, progress=lambda done, of: ticks.append((done, of))
    )
    assert found.hottest_step == 2
    assert found.max_c == found.block_max_c["a"].iloc[2] == found.hottest.block_max_c["a"]
    assert found.hottest.power_w["a"] == 60.0
    assert found.final.block_max_c["a"] == found.block_max_c["a"].iloc[-1] < found.max_c
    assert ticks == [(i, 5) for i in range(1, 6)]


def test_table_of_powers_by_block_in_any_order(model: ThermalModel) -> None:
    table = pd.DataFrame(powers(3), columns=["a", "b"])
    edges = np.arange(4) * 1e-3
    expected = model.transient(powers(3), edges).block_mean_c
    pd.testing.assert_frame_equal(model.transient(table[["b", "a"]], edges).block_mean_c, expected)
    with pytest.raises(InputError, match="power: column 'c' is no block; allowed: names of blocks"):
        model.transient(table.rename(columns={"a": "c"}), edges)


@pytest.mark.parametrize(
    ("power", "edges", "start", "message"),
    [
        ([[1.0, 1.0]], [0.0], None, "edges_s: an array of shape (1,); allowed: (steps + 1,)"),
        ([[1.0, 1.0]] * 2, [0.0, 2.0, 1.0], None, "edges_s: step 1 goes from 2 s to 1 s"),
        ([[1.0, 1.0]], [0.0, math.nan], None, "edges_s: step 0 goes from 0 s to nan s"),
        ([[1.0, 1.0]], [0.0, 1.0, 2.0], None, "power: an array of shape (1, 2); allowed: (2, 2)"),
        (
            [[1, 1], [1, -2]],
            [0.0, 1.0, 2.0],
            None,
            "power of step 1: b: -2 W; allowed: 0 W",
        ),
        ([[1.0, 1.0]], [0.0, 1.0], math.inf, "start: inf degC; allowed: a finite temperature"),
    ],
)
def test_wrong_input_is_explained(
    model: ThermalModel, power: object, edges: list[float], start: float | None, message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        model.transient(power, edges, start)


def test_a_start_of_another_mesh_is_refused(model: ThermalModel, lump: ThermalModel) -> None:
    with pytest.raises(InputError, match="take one that was solved at the same resolution"):
        model.transient([[1.0, 1.0]], [0.0, 1.0], lump.steady({"all": 1.0}))
    with pytest.raises(InputError, match="substeps: 0; allowed: a whole number, 1 or more"):
        model.transient([[1.0, 1.0]], [0.0, 1.0], substeps=0)


def test_die_and_eight_stacks_over_time(shared_cases: Path) -> None:
    """Against an independent code at a quarter of the step, with one cell a layer as it has."""
    case = read_case(shared_cases / "pkg25d" / "case.json")
    assert case.trace is not None
    file = shared_cases / "pkg25d" / "reference_transient_0.5mm.csv"
    with file.open() as lines:
        names = lines.readline().split(": ")[1].strip().split(",")
    steps = 10  # with two jumps of the power
    reference = pd.read_csv(file, skiprows=1, names=names, nrows=steps) - 273.15
    model = ThermalModel(case.package, Resolution(lateral=128, finest_um=1e4))
    assert model.mesh.shape == (8, 128, 128)
    found = model.transient(
        case.trace.power_w.iloc[:steps], case.trace.edges_s[: steps + 1], case.initial_c, substeps=4
    )
    blocks = list(found.block_mean_c.columns)
    error = found.block_mean_c.to_numpy() - reference[blocks].to_numpy()
    # Measured 0.02 K: the reference is first order in time.
    assert np.abs(error).max() < 0.04
    hottest = found.block_max_c.max(axis=1).to_numpy()
    assert np.abs(hottest - reference["TMAX"].to_numpy()).max() < 0.04
