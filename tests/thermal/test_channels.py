"""Coolant through a layer, against exact solutions in one dimension."""

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
from techlib import InputError, Material, materials
from thermal import (
    DirectSolver,
    Mesh,
    Multigrid,
    ReducedModel,
    Resolution,
    StreamSolver,
    ThermalModel,
    assemble,
    sparse_matrix,
)
from thermal.stream import Stream

Array = NDArray[np.float64]
Solid = Callable[..., Material]

SINGLE = 2.0**-23
"""Conductances are rounded to single precision, by 2^-24 each: two of them in a ratio."""

LENGTH_UM, WIDTH_UM = 20_000.0, 6000.0
AREA_M2 = LENGTH_UM * WIDTH_UM * 1e-12
PLATE = box(0, 0, LENGTH_UM, WIDTH_UM)
WATER = Flow("x", 2e-6, 4.17e6, 30.0, 2e4, 0.0)
FINE = Resolution(lateral=20, finest_um=1e6)


def cooled(
    solid: Material, flow: Flow = WATER, *, bottom: Face | None = None, cover: bool = False
) -> Package:
    """A heated plate below a channel, and perhaps another plate above it."""
    plate = Layer("plate", 500.0, PLATE, solid, (Region("all", PLATE, solid, "all"),))
    channel = Layer("channel", 200.0, PLATE, solid, flow=flow)
    layers = (plate, channel, *([Layer("cover", 300.0, PLATE, solid)] if cover else []))
    return Package("cooled", layers, solid, Face(), bottom or Face(), Face(), 30.0)


def uneven(package: Package) -> Mesh:
    """A mesh whose cells along the flow grow from 0.2 to 3 mm."""
    mesh = Mesh.of(package, FINE)
    x = LENGTH_UM * 1e-6 * np.linspace(0.1, 1.0, len(mesh.x_m)) ** 2
    x = (x - x[0]) / (x[-1] - x[0]) * LENGTH_UM * 1e-6
    fills = tuple(
        dataclasses.replace(fill, kx_w_mk=fill.kx_w_mk * 0.0 + 1e-12) for fill in mesh.fills
    )
    return dataclasses.replace(mesh, x_m=x, fills=fills)


@pytest.mark.parametrize("spacing", ["even", "uneven"])
def test_even_heat_warms_the_coolant_in_a_straight_line(solid: Solid, spacing: str) -> None:
    """Plates that do not conduct in their plane: exact at every cell."""
    package = cooled(solid((1e-12, 1e-12, 50.0)))
    mesh = Mesh.of(package, FINE) if spacing == "even" else uneven(package)
    operator = assemble(mesh)
    shares = mesh.volume_m3[0] / mesh.volume_m3[0].sum()
    heat = np.zeros(mesh.shape)
    heat[0] = 80.0 * shares
    found = DirectSolver(operator).solve(heat + operator.outside_w).rise_k + operator.reference_c
    x = 0.5 * (mesh.x_m[1:] + mesh.x_m[:-1]) / (LENGTH_UM * 1e-6)
    coolant = 30.0 + 80.0 / WATER.capacity_rate_w_k * x
    np.testing.assert_allclose(found[1], np.broadcast_to(coolant, found[1].shape), rtol=SINGLE)
    wall = coolant + 80.0 / AREA_M2 * (1.0 / 2e4 + 250e-6 / 50.0)
    np.testing.assert_allclose(found[0], np.broadcast_to(wall, found[0].shape), rtol=SINGLE)


@pytest.mark.parametrize("units", [0.3, 3.0, 12.0])
def test_held_plate_warms_the_coolant_exponentially(solid: Solid, units: float) -> None:
    """Second order for any number of transfer units, also where a cell has more than one."""
    k, film = 50.0, 2e4
    per_area = 1.0 / (500e-6 / k + 1.0 / film)
    rate = per_area * AREA_M2 / units
    flow = dataclasses.replace(WATER, volume_m3_s=rate / WATER.heat_capacity_j_m3k)
    package = cooled(solid((1e-12, 1e-12, k)), flow, bottom=Face(math.inf, 90.0))
    errors = []
    for lateral in (20, 40, 80):
        mesh = Mesh.of(package, Resolution(lateral=lateral, finest_um=1e6))
        operator = assemble(mesh)
        found = DirectSolver(operator).solve(operator.outside_w).rise_k + operator.reference_c
        x = 0.5 * (mesh.x_m[1:] + mesh.x_m[:-1]) / (LENGTH_UM * 1e-6)
        exact = 90.0 - 60.0 * np.exp(-units * x)
        errors.append(abs(float((found[1, 0] - exact).mean())))
        assert np.abs(found[1, 0] - exact).max() < 60.0 * (units / lateral) ** 2
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert min(orders) == pytest.approx(2.0, abs=0.05)


@pytest.fixture(scope="module")
def package() -> Package:
    """A hot spot under silicon, a channel, and a cover that is cooled a little."""
    silicon, air = materials()["silicon"], materials()["air"]
    spot, rest = box(2000, 1000, 6000, 4000), box(9000, 1000, 19_000, 5000)
    regions = (Region("spot", spot, silicon, "spot"), Region("rest", rest, silicon, "rest"))
    inner = box(1000, 500, 19_500, 5500)
    layers = (
        Layer("active", 20.0, PLATE, silicon, regions),
        Layer("bulk", 300.0, PLATE, silicon),
        Layer(
            "channel",
            200.0,
            inner,
            silicon,
            flow=dataclasses.replace(WATER, ceiling_film_w_m2k=1e4),
        ),
        Layer("cover", 500.0, PLATE, silicon),
    )
    return Package("hot", layers, air, Face(50.0, 25.0), Face(), Face(), 30.0)


@pytest.fixture(scope="module")
def model(package: Package) -> ThermalModel:
    return ThermalModel(package, Resolution(lateral=24), nonlinear=False)


POWERS = {"spot": 40.0, "rest": 30.0}


def outlet_k(model: ThermalModel, field_c: Array) -> float:
    """Return by how much the coolant warms up, mean over the outlet."""
    (stream,) = model.operator.streams
    taken = np.zeros(field_c.shape)
    stream.add_to(field_c - 30.0, taken)
    return float(taken.sum() / stream.rate_w_k.sum())


def test_the_coolant_takes_what_the_faces_leave(model: ThermalModel) -> None:
    found = model.steady(POWERS)
    assert model.operator.reference_c == 30.0
    film_w = float((model.operator.outside_w_k * (found.field_c - 30.0)).sum())
    film_w -= float(model.operator.outside_w.sum())
    warmed = outlet_k(model, found.field_c)
    assert warmed * WATER.capacity_rate_w_k == pytest.approx(70.0 - film_w, rel=1e-6)
    assert 0.0 < film_w < 2.0
    assert found.energy_balance < 1e-6
    assert found.residual <= 1e-8


def test_coolant_that_comes_in_warmer_than_the_air(package: Package) -> None:
    channel = package.layers[2]
    assert channel.flow is not None
    for inlet_c in (15.0, 60.0):
        warm = dataclasses.replace(channel, flow=dataclasses.replace(channel.flow, inlet_c=inlet_c))
        top = Face(1e5, 25.0)  # takes more than the coolant, so its fluid is the reference
        layers = (*package.layers[:2], warm, package.layers[3])
        built = dataclasses.replace(package, layers=layers, top=top)
        model = ThermalModel(built, Resolution(lateral=12), nonlinear=False)
        assert model.operator.reference_c == 25.0
        found = model.steady(POWERS)
        assert found.energy_balance < 1e-6
        film_w = float((model.operator.outside_w_k * (found.field_c - 25.0)).sum())
        drained = model.operator.drain_w_k - model.operator.outside_w_k
        out_w = float((drained * (found.field_c - inlet_c)).sum())
        assert film_w + out_w == pytest.approx(70.0, rel=1e-6)


def test_matrix_apply_and_drain_agree(model: ThermalModel) -> None:
    operator = dataclasses.replace(model.operator, shift_per_s=3.0)
    field = np.random.default_rng(5).uniform(size=operator.shape)
    matrix = sparse_matrix(operator)
    np.testing.assert_allclose(
        (matrix @ field.ravel()).reshape(field.shape), operator.apply(field), atol=1e-12
    )
    sums = np.asarray(matrix.sum(axis=0)).reshape(field.shape)
    np.testing.assert_allclose(sums, operator.drain_w_k + 3.0 * operator.capacity_j_k, atol=1e-12)
    assert abs(matrix - matrix.T).max() > 0.01


@pytest.mark.parametrize("cells", [1, 2, 7])
def test_a_march_along_the_flow_solves_its_lines_exactly(cells: int) -> None:
    random = np.random.default_rng(cells)
    weight = Stream.weights(random.uniform(0.5, 2.0, cells))
    stream = Stream(0, 2, True, (0, 0), (3, cells), random.uniform(0.1, 2.0, 3), weight)
    ground, heat = random.uniform(0.1, 2.0, (2, 1, 3, cells))
    rise = np.zeros((1, 3, cells))
    stream.lines(rise)[:] = stream.march(stream.lines(ground), stream.lines(heat))
    taken = ground * rise
    stream.add_to(rise, taken)
    np.testing.assert_allclose(taken, heat, rtol=1e-12)


def test_iterative_and_direct_solver_agree(model: ThermalModel, package: Package) -> None:
    assert isinstance(model.solver, StreamSolver)
    direct = ThermalModel(
        package,
        Resolution(lateral=24),
        solver=lambda operator, _: DirectSolver(operator),
        nonlinear=False,
    )
    one, other = model.steady(POWERS), direct.steady(POWERS)
    np.testing.assert_allclose(one.field_c, other.field_c, rtol=0, atol=1e-4)


@pytest.mark.parametrize("litres_per_minute", [0.02, 0.5, 5.0])
def test_iterations_do_not_grow_with_the_grid(package: Package, litres_per_minute: float) -> None:
    channel = package.layers[2]
    assert channel.flow is not None
    flow = dataclasses.replace(channel.flow, volume_m3_s=litres_per_minute / 60e3)
    layers = (*package.layers[:2], dataclasses.replace(channel, flow=flow), package.layers[3])
    built = dataclasses.replace(package, layers=layers)
    counts = [
        ThermalModel(built, Resolution(lateral=n), nonlinear=False).steady(POWERS).iterations
        for n in (16, 32, 64)
    ]
    # Measured at 64: 14, 5 and 4.
    assert max(counts) <= 18
    assert counts[-1] <= counts[0] + 5


def test_turning_the_flow_turns_the_field(solid: Solid) -> None:
    """Backward is the mirror image; along y on a turned package is the transpose."""
    part = box(0, 0, 4000, 6000)

    def field(plate: object, spot: object, flow: Flow) -> Array:
        layers = (
            Layer("die", 100.0, plate, solid(100.0), (Region("s", spot, solid(100.0), "s"),)),
            Layer("channel", 200.0, plate, solid(100.0), flow=flow),
        )
        built = Package("t", layers, solid(1.0), Face(), Face(), Face(), 30.0)
        model = ThermalModel(
            built,
            Resolution(lateral=12, kind="uniform", finest_um=200.0),
            solver=lambda operator, _: DirectSolver(operator),
        )
        return model.steady({"s": 30.0}).field_c

    square = box(0, 0, 6000, 6000)
    forward = field(square, part, WATER)
    back = dataclasses.replace(WATER, backward=True)
    mirrored = field(square, box(2000, 0, 6000, 6000), back)
    np.testing.assert_allclose(mirrored[:, :, ::-1], forward, rtol=1e-9)
    up = dataclasses.replace(WATER, axis="y")
    turned = field(square, box(0, 0, 6000, 4000), up)
    np.testing.assert_allclose(turned.transpose(0, 2, 1), forward, rtol=1e-9)
    down = dataclasses.replace(up, backward=True)
    both = field(square, box(0, 2000, 6000, 6000), down)
    np.testing.assert_allclose(both[:, ::-1].transpose(0, 2, 1), forward, rtol=1e-9)
    assert not np.allclose(forward, forward[:, :, ::-1])


def test_counterflow_in_two_layers_evens_out(solid: Solid) -> None:
    """Two channels about one plate, against each other: the field turns into itself."""
    silicon = solid(100.0)
    back = dataclasses.replace(WATER, backward=True, floor_film_w_m2k=2e4)
    layers = (
        Layer(
            "low",
            200.0,
            PLATE,
            silicon,
            flow=dataclasses.replace(WATER, floor_film_w_m2k=0.0, ceiling_film_w_m2k=2e4),
        ),
        Layer("die", 300.0, PLATE, silicon, (Region("all", PLATE, silicon, "all"),)),
        Layer("high", 200.0, PLATE, silicon, flow=back),
    )
    built = Package("counter", layers, silicon, Face(), Face(), Face(), 30.0)
    resolution = Resolution(lateral=16, finest_um=50.0, growth=0.0)
    found = ThermalModel(built, resolution).steady({"all": 100.0})
    np.testing.assert_allclose(found.field_c, found.field_c[::-1, :, ::-1], atol=1e-5)
    assert found.energy_balance < 1e-6


class TestTransient:
    def test_it_ends_in_the_steady_state_and_conserves_heat(self, model: ThermalModel) -> None:
        found = model.transient(np.tile([40.0, 30.0], (30, 1)), np.linspace(0.0, 3.0, 31))
        assert found.energy_balance < 1e-8
        steady = model.steady(POWERS)
        np.testing.assert_allclose(found.final.field_c, steady.field_c, atol=0.02)

    def test_a_front_of_cold_coolant_passes_in_the_time_of_its_volume(self, solid: Solid) -> None:
        """An adiabatic channel of warm coolant, half of which is replaced."""
        stored = solid(1.0, WATER.heat_capacity_j_m3k)
        flow = dataclasses.replace(WATER, floor_film_w_m2k=0.0)
        channel = Layer("channel", 200.0, PLATE, stored, flow=flow)
        base = Layer("base", 50.0, PLATE, stored, (Region("all", PLATE, stored, "all"),))
        built = Package("tube", (base, channel), stored, Face(), Face(1.0, 50.0), Face(), 50.0)
        model = ThermalModel(built, Resolution(lateral=50, finest_um=1e6))
        passing_s = AREA_M2 * 200e-6 / flow.volume_m3_s
        found = model.transient(np.zeros((40, 1)), np.linspace(0.0, 0.5 * passing_s, 41), 50.0)
        channel_c = found.final.field_c[1, 0]
        x = 0.5 * (found.final.mesh.x_m[1:] + found.final.mesh.x_m[:-1])
        assert channel_c.mean() == pytest.approx(40.0, abs=0.02)  # half of it has been replaced
        assert x[np.argmin(np.abs(channel_c - 40.0))] == pytest.approx(
            0.5 * LENGTH_UM * 1e-6, rel=0.05
        )
        assert channel_c[0] == pytest.approx(30.0, abs=0.01)
        assert channel_c[-1] == pytest.approx(50.0, abs=0.01)
        assert found.energy_balance < 1e-8


def test_silicon_follows_the_temperature_beside_coolant(
    model: ThermalModel, package: Package
) -> None:
    follows = ThermalModel(package, Resolution(lateral=24))
    assert follows.nonlinear
    found, constant = follows.steady(POWERS), model.steady(POWERS)
    assert found.max_c > constant.max_c + 0.2
    assert found.energy_balance < 1e-6


def test_what_needs_a_symmetric_operator_says_so(model: ThermalModel) -> None:
    message = "operator: has 1 streams of coolant; allowed: none: it must be symmetric; solve it by"
    with pytest.raises(InputError, match=re.escape(message)):
        Multigrid(model.operator)
    message = "hot: coolant flows through a layer; allowed: a package that is cooled at its faces"
    with pytest.raises(InputError, match=re.escape(message)):
        ReducedModel.of(model, POWERS)


def test_a_flow_narrower_than_a_cell_is_refused(solid: Solid) -> None:
    layers = (
        Layer("die", 100.0, PLATE, solid(100.0), (Region("a", PLATE, solid(100.0), "a"),)),
        Layer("slit", 100.0, box(100, 100, 400, 5900), solid(100.0), flow=WATER),
    )
    built = Package("slit", layers, solid(1.0), Face(), Face(), Face(), 30.0)
    with pytest.raises(InputError, match="package slit: layer slit: its flow is narrower than a"):
        assemble(Mesh.of(built, Resolution(lateral=4, kind="uniform")))


def test_a_channel_has_one_cell_over_its_height_and_lines_on_its_edges(model: ThermalModel) -> None:
    mesh = model.mesh
    assert len(mesh.layer_cells("channel")) == 1
    for edge_m, lines in (
        (1e-3, mesh.x_m),
        (19.5e-3, mesh.x_m),
        (5e-4, mesh.y_m),
        (5.5e-3, mesh.y_m),
    ):
        assert np.abs(lines - edge_m).min() < 1e-9
