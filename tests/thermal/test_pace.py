"""Steps in time that keep an error in kelvin, against exact solutions and tiny steps."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import box

from package import Face, Flow, Layer, Package, Region
from techlib import ConvergenceError, InputError, Material
from thermal import Resolution, TemperatureHistory, ThermalModel
from thermal.pace import ErrorControlled
from thermal.stepping import Sdirk2, Step

Array = NDArray[np.float64]
Solid = Callable[..., Material]
Stack = Callable[..., Package]

GAMMA = 1.0 - math.sqrt(0.5)
TOLERANCES_K = (0.3, 0.03)


@pytest.fixture(scope="module")
def lump(stack: Stack, solid: Solid) -> ThermalModel:
    """One cell under a film: a resistance and a capacity."""
    package = stack([(500.0, solid(400.0, 2e6))], top=Face(1e4, 25.0))
    return ThermalModel(package, Resolution(lateral=1, finest_um=1e3))


RESISTANCE = (2.5e-4 / 400.0 + 1e-4) / 1e-4
TAU = RESISTANCE * 2e6 * 5e-8


@pytest.fixture(scope="module")
def model(solid: Solid) -> ThermalModel:
    """Two blocks in a heated film of 2 um on silicon under a lid: stiff."""
    silicon, copper = solid(120.0, 1.65e6), solid(390.0, 3.45e6)
    whole = box(0, 0, 12_000, 8000)
    regions = (
        Region("a", box(1000, 1000, 5000, 7000), silicon, "a"),
        Region("b", box(6000, 1000, 11_000, 4000), silicon, "b"),
    )
    layers = (
        Layer("active", 2.0, whole, silicon, regions),
        Layer("bulk", 500.0, whole, silicon),
        Layer("tim", 50.0, whole, solid(3.0, 2e6)),
        Layer("lid", 1000.0, whole, copper),
    )
    package = Package("two", layers, silicon, Face(2e4, 40.0), Face(100.0, 30.0), Face(), 35.0)
    return ThermalModel(package, Resolution(lateral=12, kind="uniform"))


@pytest.fixture(scope="module")
def jumps() -> tuple[Array, Array]:
    """Powers that jump every few ms, some to zero, in steps of uneven lengths."""
    rng = np.random.default_rng(3)
    power = 60.0 * rng.uniform(0.0, 1.0, (8, 2)) * (rng.uniform(size=(8, 2)) > 0.25)
    return power, np.concatenate([[0.0], np.cumsum(rng.choice([1e-3, 2e-3, 5e-3], 8))])


@pytest.fixture(scope="module")
def tiny_steps(model: ThermalModel, jumps: tuple[Array, Array]) -> TemperatureHistory:
    return model.transient(*jumps, substeps=64)


def worst(found: TemperatureHistory, reference: TemperatureHistory) -> float:
    means = (found.block_mean_c - reference.block_mean_c).abs().to_numpy().max()
    maxima = (found.block_max_c - reference.block_max_c).abs().to_numpy().max()
    return float(max(means, maxima))


def one_part(model: ThermalModel, start_k: float, length_s: float) -> tuple[float, float]:
    """Return what one part leaves of a start, and its estimated error [K]."""
    stepper = Sdirk2(model.operator, model.solver, tolerance=1e-12)
    start = np.full(model.mesh.shape, start_k)
    step = stepper.advance(start, np.zeros_like(start), length_s, estimate=True)
    return float(step.rise_k[0, 0, 0]), step.error_k


@pytest.mark.parametrize("length", [0.1, 1.0, 3.54, 30.0, 1e4, 1e7])
def test_one_part_is_the_stability_function(lump: ThermalModel, length: float) -> None:
    r"""``R(z) + kappa (gamma z)^3 / (1 - gamma z)^4``: fades for what is faster than the part."""
    kept, error = one_part(lump, 100.0, length * TAU)
    z = -length
    third = 1 / 6 - 1.5 * GAMMA + 3 * GAMMA**2 - GAMMA**3
    second_order = (1 + (1 - 2 * GAMMA) * z) / (1 - GAMMA * z) ** 2
    added = third * z**3 / (1 - GAMMA * z) ** 4
    # The estimate is from solves to 5 % of its size.
    assert kept == pytest.approx(100.0 * (second_order + added), abs=6.0 * abs(added) + 1e-6)
    assert error == pytest.approx(0.4 * 100.0 * abs(added), rel=0.06)
    assert abs(kept - 100.0 * math.exp(z)) <= error * 1.06 + 1e-6
    assert abs(kept) < 100.0


def test_parts_are_third_order(lump: ThermalModel) -> None:
    errors = []
    for parts in (2, 4, 8):
        stepper = Sdirk2(lump.operator, lump.solver, tolerance=1e-13)
        rise = np.full(lump.mesh.shape, 100.0)
        for _ in range(parts):
            rise = stepper.advance(rise, 0.0 * rise, TAU / parts, estimate=True).rise_k
        errors.append(abs(float(rise[0, 0, 0]) - 100.0 / math.e))
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert orders[-1] == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("tolerance_k", [1.0, 0.1, 0.01])
def test_lumped_package_keeps_the_tolerance(lump: ThermalModel, tolerance_k: float) -> None:
    edges = TAU * np.array([0.0, 0.3, 1.0, 4.0, 30.0])
    found = lump.transient(np.full((4, 1), 10.0), edges, tolerance_k=tolerance_k)
    exact = 25.0 + 10.0 * RESISTANCE * (1.0 - np.exp(-edges[1:] / TAU))
    error = np.abs(found.block_mean_c["all"].to_numpy() - exact).max()
    assert error < min(tolerance_k, found.time_error_k)


def test_step_response_of_a_slab(solid: Solid) -> None:
    """Held at its bottom, heated at its top: the eigenfunction series of one dimension."""
    k, c, depth, power = 100.0, 1.6e6, 1e-3, 50.0
    plate = box(0, 0, 1e4, 1e4)
    body = solid(k, c)
    heater = Layer("heater", 1e-2, plate, body, (Region("top", plate, body, "top"),))
    package = Package(
        "slab",
        (Layer("slab", depth * 1e6, plate, body), heater),
        body,
        Face(),
        Face(math.inf, 0.0),
        Face(),
        0.0,
    )
    model = ThermalModel(package, Resolution(lateral=1, finest_um=10.0, growth=0.0))
    edges = np.array([0.0, 1e-3, 3e-3, 1e-2, 0.1])
    found = model.transient(np.full((4, 1), power), edges, tolerance_k=0.02)
    odd = np.arange(1, 4000, 2)
    modes = np.exp(-k / c * np.outer(edges[1:], (odd * math.pi / 2 / depth) ** 2)) / odd**2
    flux = power / 1e-4
    exact = flux * depth / k * (1.0 - 8.0 / math.pi**2 * modes.sum(axis=1))
    # The grid of 10 um alone is 0.002 K off at the first time.
    assert np.abs(found.block_mean_c["top"].to_numpy() - exact).max() < 0.02
    assert found.rejected_parts < found.parts


@pytest.mark.parametrize("tolerance_k", TOLERANCES_K)
def test_error_is_below_tolerance_and_estimate(
    model: ThermalModel,
    jumps: tuple[Array, Array],
    tiny_steps: TemperatureHistory,
    tolerance_k: float,
) -> None:
    found = model.transient(*jumps, tolerance_k=tolerance_k)
    # Measured 0.02 and 0.003 K; the reference is 3e-4 K off.
    assert 1e-5 < worst(found, tiny_steps) < 0.5 * tolerance_k
    assert worst(found, tiny_steps) < found.time_error_k
    assert found.energy_balance < 1e-8
    assert found.times_s.tolist() == jumps[1][1:].tolist()
    assert found.parts >= len(found.times_s)
    assert found.part_error_k.index.tolist() == found.times_s.tolist()


def test_many_steps_are_no_reason_to_warn(tiny_steps: TemperatureHistory) -> None:
    """A solve of 40 iterations is a sign of something; 40 solves of a few are not."""
    assert tiny_steps.iterations > 40
    assert tiny_steps.warnings == tiny_steps.final.warnings == ()


def test_fewer_solves_than_fixed_steps(model: ThermalModel) -> None:
    """After a jump errors fade over decades of time; equal steps must all be as short."""
    edges = np.array([0.0, 1e-3, 0.1, 1.0, 10.0])
    power = np.tile([40.0, 10.0], (4, 1))
    reference = model.transient(power, edges, tolerance_k=1e-3)
    found = model.transient(power, edges, tolerance_k=0.3)
    equal = model.transient(power, edges, substeps=28)
    # Measured 212 solves and 0.0005 K against 224 and 0.002 K.
    assert 4 * (found.parts + found.rejected_parts) < 2 * equal.parts  # solves
    assert worst(found, reference) < 0.4 * worst(equal, reference)


def test_a_stiff_layer_does_not_ring(solid: Solid) -> None:
    """A film of 50 nm follows in nanoseconds; steps of a millisecond go over it smoothly."""
    plate, body = box(0, 0, 1e4, 1e4), solid(120.0, 1.65e6)
    thin = Layer("thin", 0.05, plate, body, (Region("hot", plate, body, "hot"),))
    die = Layer("die", 700.0, plate, body)
    package = Package("stiff", (thin, die), body, Face(2e4, 25.0), Face(), Face(), 25.0)
    model = ThermalModel(package, Resolution(lateral=2))
    power = np.zeros((40, 1))
    power[0] = 100.0
    found = model.transient(power, np.arange(41) * 1e-3, tolerance_k=0.5)
    cooling = found.block_mean_c["hot"].to_numpy()
    assert (np.diff(cooling) < 0.0).all()
    assert cooling.min() > 25.0


def test_leakage_feedback_and_a_settled_state(model: ThermalModel) -> None:
    def leaking(step: int, mean_c: Array) -> Array:
        del step
        return np.array([30.0, 10.0]) + 0.05 * (mean_c - 40.0)

    edges = np.concatenate([np.arange(4) * 1e-3, 10.0 ** np.arange(-2, 3.0)])
    found = model.transient(leaking, edges, tolerance_k=0.05)
    tiny = model.transient(leaking, edges, substeps=64)
    assert worst(found, tiny) < 0.05
    settled = model.steady(found.power_w.iloc[-1].to_numpy())
    assert np.abs(found.final.field_c - settled.field_c).max() < 0.05


def test_few_lengths_of_steps(model: ThermalModel, jumps: tuple[Array, Array]) -> None:
    """Lengths are a step halved so and so often, so that solvers are used again."""
    pace = ErrorControlled(0.1)
    stepper = Sdirk2(model.operator, model.solver)
    rise, lengths = np.zeros(model.mesh.shape), []
    for power in jumps[0]:
        heat = model.blocks.source(power) + model.operator.outside_w
        pace.begin(1e-3, 30.0)
        covered = 0.0
        while not pace.done:
            step, length = pace.take(stepper, rise, heat)
            rise = step.rise_k
            lengths.append(length)
            covered += length
        assert covered == pytest.approx(1e-3, rel=1e-14)
    halvings = np.log2(1e-3 / np.array(lengths))
    assert np.array_equal(halvings, np.round(halvings))
    assert len(set(lengths)) <= 8
    assert pace.taken == len(lengths)


def test_conductivities_follow_between_the_parts(solid: Solid) -> None:
    plate = box(0, 0, 1e4, 1e4)
    varying = dataclasses.replace(
        solid(150.0, 1.65e6), conductivity_exponent=(1.3,) * 3, reference_temperature_c=25.0
    )
    layers = (
        Layer("hot", 10.0, plate, varying, (Region("hot", plate, varying, "hot"),)),
        Layer("die", 2000.0, plate, varying),
    )
    package = Package("varying", layers, varying, Face(2e4, 25.0), Face(), Face(), 25.0)
    model = ThermalModel(package, Resolution(lateral=2))
    once = model.transient([[300.0]], [0.0, 1.0], tolerance_k=0.05)
    steps = model.transient(np.full((400, 1), 300.0), np.linspace(0.0, 1.0, 401))
    # Conductivities lag one part behind, by up to 40 % in a rise of 220 K: measured 0.44 K.
    assert once.final.max_c == pytest.approx(steps.final.max_c, abs=0.6)
    linear = ThermalModel(package, Resolution(lateral=2), nonlinear=False)
    constant = linear.transient([[300.0]], [0.0, 1.0], tolerance_k=0.05)
    assert constant.final.max_c < once.final.max_c - 10.0


def test_coolant_in_channels(solid: Solid) -> None:
    plate, body = box(0, 0, 8000, 4000), solid(120.0, 1.65e6)
    water = Flow("x", 2e-6, 4.17e6, 30.0, 3e4, 0.0)
    layers = (
        Layer("die", 300.0, plate, body, (Region("hot", plate, body, "hot"),)),
        Layer("channel", 200.0, plate, body, flow=water),
    )
    package = Package("cooled", layers, body, Face(), Face(), Face(), 30.0)
    model = ThermalModel(package, Resolution(lateral=8))
    power, edges = [[50.0], [50.0], [0.0]], [0.0, 2e-3, 0.05, 0.06]
    found = model.transient(power, edges, tolerance_k=0.05)
    assert worst(found, model.transient(power, edges, substeps=128)) < 0.05
    assert found.energy_balance < 1e-8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance_k": 0.0}, "tolerance_k: 0 K; allowed: above 0 K, finite"),
        ({"tolerance_k": math.nan}, "tolerance_k: nan K; allowed: above 0 K, finite"),
        ({"substeps": 0, "tolerance_k": 1.0}, "substeps: 0; allowed: a whole number, 1 or more"),
        ({"substeps": 1.5}, "substeps: 1.5; allowed: a whole number, 1 or more"),
        ({"substeps": math.inf}, "substeps: inf; allowed: a whole number, 1 or more"),
        ({"substeps": 2, "tolerance_k": 1.0}, "substeps: fixed sub-steps and a tolerance are both"),
    ],
)
def test_wrong_options_are_explained(
    lump: ThermalModel, options: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        lump.transient([[1.0]], [0.0, 1.0], **options)


@pytest.mark.parametrize("error_k", [1.0, math.nan])
def test_an_error_that_does_not_fall_is_refused(
    lump: ThermalModel, monkeypatch: pytest.MonkeyPatch, error_k: float
) -> None:
    stuck = Step(np.zeros((1, 1, 1)), 0.0, 0.0, 0.0, 0, 0.0, error_k)
    monkeypatch.setattr(Sdirk2, "advance", lambda *_, **__: stuck)
    with pytest.raises(ConvergenceError, match=r"no step in time is short enough .* 0\.1 K"):
        lump.transient([[1.0]], [0.0, 1.0], tolerance_k=0.1)
