"""Faces held at a temperature, patches, and contact resistances, against exact solutions."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from shapely import Point, box

from package import Face, Layer, Package, Patch, Region
from techlib import Material
from thermal import Mesh, Resolution, ThermalModel, assemble
from thermal.resolution import lateral_lines

AREA_M2 = 1e-4
Solid = Callable[..., Material]
Stack = Callable[..., Package]


def test_slab_between_two_held_faces_is_a_straight_line(stack: Stack, solid: Solid) -> None:
    layers = [(300.0, solid(120.0)), (100.0, solid(5.0))]
    package = stack(layers, top=Face(math.inf, 90.0), bottom=Face(math.inf, 30.0))
    resolution = Resolution(lateral=3, finest_um=1e6, cells_per_layer=4)
    found = ThermalModel(package, resolution).steady({})
    flux = 60.0 / (300e-6 / 120.0 + 100e-6 / 5.0)
    z = 0.5 * (found.mesh.z_m[1:] + found.mesh.z_m[:-1])
    exact = 30.0 + flux * np.where(z < 300e-6, z / 120.0, 300e-6 / 120.0 + (z - 300e-6) / 5.0)
    np.testing.assert_allclose(found.field_c[:, 1, 1], exact, atol=1e-5)
    assert found.energy_balance < 1e-6


def test_held_sides_are_of_second_order(stack: Stack, solid: Solid) -> None:
    """A square plate with even heat and held edges: the Fourier series at its centre."""
    k, side_m, thickness_m, power_w = 20.0, 1e-2, 1e-3, 10.0
    source = power_w / (side_m**2 * thickness_m)
    odd = np.arange(1, 400, 2)
    signs = np.where(odd % 4 == 1, 1.0, -1.0)
    terms = signs * (1.0 - 1.0 / np.cosh(np.minimum(odd * math.pi / 2.0, 300.0))) / odd**3
    centre = 4.0 * source * side_m**2 / (math.pi**3 * k) * float(terms.sum())
    errors = []
    for cells in (9, 27, 81):
        package = stack([(thickness_m * 1e6, solid(k))], top=Face(), sides=Face(math.inf, 50.0))
        resolution = Resolution(lateral=cells, finest_um=1e6)
        found = ThermalModel(package, resolution).steady({"all": power_w})
        errors.append(abs(found.field_c[0, cells // 2, cells // 2] - 50.0 - centre))
    orders = [math.log(a / b, 3.0) for a, b in itertools.pairwise(errors)]
    assert min(orders) == pytest.approx(2.0, abs=0.1)
    assert errors[-1] < 1e-3 * centre


def test_contacts_drop_by_flux_times_resistance(stack: Stack, solid: Solid) -> None:
    layers = [(10.0, solid(120.0)), (300.0, solid(5.0)), (500.0, solid(390.0))]
    plain = stack(layers)
    contacts = (3e-6, 8e-6, 2e-5)  # the last one to the fluid
    made = tuple(
        dataclasses.replace(layer, contact_resistance_k_m2_w=contact)
        for layer, contact in zip(plain.layers, contacts, strict=True)
    )
    resolution = Resolution(lateral=2, finest_um=60.0, growth=0.0)
    without = ThermalModel(plain, resolution).steady({"all": 50.0})
    found = ThermalModel(dataclasses.replace(plain, layers=made), resolution).steady({"all": 50.0})
    risen = (found.field_c - without.field_c)[:, 0, 0]
    flux = 50.0 / AREA_M2
    above = [flux * sum(contacts[index:]) for index in range(3)]
    np.testing.assert_allclose(risen, np.take(above, found.mesh.layer_of_cell), atol=2e-5)
    assert found.energy_balance < 1e-6


def test_a_contact_of_a_face_that_is_held(stack: Stack, solid: Solid) -> None:
    package = stack([(10.0, solid(120.0))], top=Face(math.inf, 40.0))
    poor = dataclasses.replace(package.layers[0], contact_resistance_k_m2_w=1e-5)
    package = dataclasses.replace(package, layers=(poor,))
    found = ThermalModel(package, Resolution(lateral=1, finest_um=1e3)).steady({"all": 50.0})
    expected = 40.0 + 50.0 / AREA_M2 * (5e-6 / 120.0 + 1e-5)
    assert found.block_mean_c["all"] == pytest.approx(expected, rel=1e-9)


def test_halves_that_do_not_conduct_to_each_other_have_films_of_their_own(
    stack: Stack, solid: Solid
) -> None:
    """A material that conducts along z alone: each column is a problem in one dimension."""
    upright = solid((1e-12, 1e-12, 50.0))
    patch = Patch(box(0, 0, 4000, 10_000), 5e4, 60.0)
    package = stack([(200.0, upright)], top=Face(1e4, 25.0, (patch,)))
    mesh = Mesh.of(package, Resolution(lateral=5, finest_um=1e6))
    assert 4e-3 in mesh.x_m
    found = ThermalModel(package, Resolution(lateral=5, finest_um=1e6)).steady({"all": 20.0})
    flux = 20.0 / AREA_M2
    west = 60.0 + flux * (100e-6 / 50.0 + 1 / 5e4)
    east = 25.0 + flux * (100e-6 / 50.0 + 1 / 1e4)
    expected = np.where(mesh.x_m[1:] <= 4.0001e-3, west, east)
    np.testing.assert_allclose(found.field_c[0, 2], expected, rtol=1e-6)
    assert found.energy_balance < 1e-6


def test_a_patch_over_a_part_of_a_cell_conducts_in_parallel(stack: Stack, solid: Solid) -> None:
    outline = Point(5000, 5000).buffer(2700)
    patch = Patch(outline, 3e4, 40.0)
    package = stack([(200.0, solid(50.0))], top=Face(2e3, 25.0, (patch,)))
    mesh = Mesh.of(package, Resolution(lateral=3, kind="uniform", finest_um=1e6))
    operator = assemble(mesh)
    assert operator.reference_c == 40.0
    inside = 1.0 / (100e-6 / 50.0 + 1 / 3e4)
    outside = 1.0 / (100e-6 / 50.0 + 1 / 2e3)
    covered_m2 = outline.area * 1e-12
    expected = covered_m2 * inside + (AREA_M2 - covered_m2) * outside
    assert float(operator.outside_w_k.sum()) == pytest.approx(expected, rel=1e-10)
    cold = (AREA_M2 - covered_m2) * outside * (25.0 - 40.0)
    assert float(operator.outside_w.sum()) == pytest.approx(cold, rel=1e-10)


def test_a_sink_on_a_part_of_an_adiabatic_top_takes_all_heat(solid: Solid) -> None:
    plate, sink = box(0, 0, 20_000, 20_000), box(5000, 6000, 12_000, 14_000)
    silicon = solid(120.0)
    layer = Layer("die", 500.0, plate, silicon, (Region("all", plate, silicon, "all"),))
    top = Face(patches=(Patch(sink, 2e4, 30.0),))
    package = Package("p", (layer,), silicon, top, Face(), Face(), 25.0)
    found = ThermalModel(package, Resolution(lateral=20)).steady({"all": 40.0})
    assert found.energy_balance < 1e-6
    coldest = np.unravel_index(np.argmin(found.field_c[-1]), found.field_c.shape[1:])
    x, y = found.mesh.x_m[coldest[1]] * 1e6, found.mesh.y_m[coldest[0]] * 1e6
    assert sink.covers(Point(x + 100, y + 100))
    # All heat crosses the patch: its mean film drop is known.
    operator = assemble(found.mesh)
    gone = operator.outside_w_k * (found.field_c - 30.0)
    assert float(gone.sum()) == pytest.approx(40.0, rel=1e-6)
    assert operator.outside_w_k.sum() < sink.area * 1e-12 * 2e4


def test_lines_are_placed_on_the_edges_of_a_patch(stack: Stack, solid: Solid) -> None:
    patch = Patch(box(1234.0, 2345.0, 7000.0, 8111.0), 5e4, 60.0)
    package = stack([(200.0, solid(50.0))], bottom=Face(0.0, 25.0, (patch,)))
    for axis, edges in ((0, (1234.0, 7000.0)), (1, (2345.0, 8111.0))):
        assert set(edges) <= set(lateral_lines(package, Resolution(lateral=10), axis))
