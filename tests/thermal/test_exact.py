"""Against exact solutions in one dimension: the discretisation has no error there."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from shapely import box

from package import Face, Layer, Package, Region
from techlib import Material
from thermal import DirectSolver, Resolution, ThermalModel

AREA_M2 = 1e-4
Solid = Callable[..., Material]
Stack = Callable[..., Package]

SINGLE = 2.0**-23
"""Conductances are rounded to single precision, by 2^-24 each: two of them in a ratio."""


def direct(operator: object, _mesh: object) -> DirectSolver:
    return DirectSolver(operator)


def test_slab_between_two_fluids_is_exact(stack: Stack, solid: Solid) -> None:
    """Heat enters at the centre of the one heated cell; both ways out are series of layers."""
    layers = [(10.0, solid(120.0)), (50.0, solid(5.0)), (2000.0, solid(390.0))]
    package = stack(layers, top=Face(2e4, 40.0), bottom=Face(500.0, 20.0))
    model = ThermalModel(package, Resolution(lateral=3, finest_um=1e3, growth=0.1), solver=direct)
    up = (5e-6 / 120.0 + 50e-6 / 5.0 + 2e-3 / 390.0 + 1 / 2e4) / AREA_M2
    down = (5e-6 / 120.0 + 1 / 500.0) / AREA_M2
    expected = (50.0 + 40.0 / up + 20.0 / down) / (1 / up + 1 / down)
    found = model.steady({"all": 50.0})
    assert found.block_mean_c["all"] == pytest.approx(expected, rel=SINGLE)
    assert found.energy_balance < 1e-10


def test_drop_across_unheated_layers_does_not_depend_on_their_cells(
    stack: Stack, solid: Solid
) -> None:
    layers = [(10.0, solid(120.0)), (300.0, solid(5.0)), (2000.0, solid(390.0))]
    found = [
        ThermalModel(
            stack(layers), Resolution(lateral=2, finest_um=finest, growth=growth), solver=direct
        ).steady({"all": 50.0})
        for finest, growth in ((1e4, 0.0), (40.0, 0.1))
    ]
    assert found[0].cells < found[1].cells
    # The heated layer has one cell in both.
    assert found[0].block_mean_c["all"] == pytest.approx(found[1].block_mean_c["all"], rel=SINGLE)


def test_anisotropic_layer_conducts_along_z_by_its_third_value(stack: Stack, solid: Solid) -> None:
    layers = [(10.0, solid(120.0)), (100.0, solid((50.0, 7.0, 2.0)))]
    found = ThermalModel(stack(layers), Resolution(lateral=2), solver=direct).steady({"all": 10.0})
    expected = 25.0 + 10.0 * (5e-6 / 120.0 + 1e-4 / 2.0 + 1e-4) / AREA_M2
    assert found.block_mean_c["all"] == pytest.approx(expected, rel=SINGLE)


@pytest.mark.parametrize("edge_um", [4000.0, 4321.0, 4875.0, 5000.0])
@pytest.mark.parametrize("axis", [0, 1])
def test_flow_across_a_material_edge_inside_a_cell_is_exact(
    solid: Solid, edge_um: float, axis: int
) -> None:
    """The resistance between two centres is the integral of 1/k between them."""
    good, poor = solid(120.0), solid(0.9)

    def part(low: float, high: float) -> object:
        return box(low, 0, high, 1000) if axis == 0 else box(0, low, 1000, high)

    whole = part(0.0, 10_000.0)
    regions = (
        Region("source", part(0, 1000), good, "source"),
        Region("poor", part(edge_um, 1e4), poor),
    )
    package = Package(
        "bar",
        (Layer("bar", 100.0, whole, good, regions),),
        poor,
        Face(),
        Face(),
        Face(1e3, 25.0),
        25.0,
    )
    model = ThermalModel(package, Resolution(lateral=10, kind="uniform"), solver=direct)
    operator = model.operator
    g = operator.gx[0].sum(axis=0) if axis == 0 else operator.gy[0].sum(axis=1)
    edge, section_m2 = edge_um * 1e-6, 1e-3 * 1e-4
    centres = (np.arange(10) + 0.5) * 1e-3
    expected = [
        section_m2 / ((np.clip(edge, a, b) - a) / 120.0 + (b - np.clip(edge, a, b)) / 0.9)
        for a, b in itertools.pairwise(centres)
    ]
    np.testing.assert_allclose(g, expected, rtol=SINGLE)


def test_film_on_the_sides_alone_carries_all_heat(stack: Stack, solid: Solid) -> None:
    package = stack([(500.0, solid(400.0))], top=Face(), sides=Face(1e3, 30.0))
    found = ThermalModel(package, Resolution(lateral=1), solver=direct).steady({"all": 8.0})
    each = 1.0 / (5e-3 / 400.0 + 1e-3) * 1e-2 * 5e-4
    assert found.block_mean_c["all"] == pytest.approx(30.0 + 8.0 / (4 * each), rel=1e-10)


def test_filler_lies_outside_of_a_smaller_layer(solid: Solid) -> None:
    die, air = solid(120.0), solid(0.03, 1200.0)
    wide, small = box(0, 0, 10_000, 10_000), box(2500, 2500, 7500, 7500)
    layers = (
        Layer("die", 100.0, small, die, (Region("core", small, die, "core"),)),
        Layer("lid", 1000.0, wide, die),
    )
    package = Package("lidded", layers, air, Face(1e4, 25.0), Face(), Face(), 25.0)
    mesh = ThermalModel(package, Resolution(lateral=8)).mesh
    kz = mesh.conductivity_w_mk[2][0]
    assert kz[0, 0] == 0.03
    assert kz[4, 4] == 120.0
    assert (kz == 120.0).sum() == 16
