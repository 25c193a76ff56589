"""The exact solutions themselves: against simple cases, symmetry and what they must refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from shapely import Point, box

from package import Face, Layer, Package, Region
from techlib import InputError, Material
from thermal.exact import exact_block_means

Solid = Callable[..., Material]
Stack = Callable[..., Package]
WHOLE = box(0, 0, 10_000, 10_000)


def test_even_heat_is_a_series_of_resistances(stack: Stack, solid: Solid) -> None:
    layers = [(100.0, solid(120.0)), (50.0, solid(5.0)), (2000.0, solid(390.0))]
    package = stack(layers, top=Face(2e4, 40.0))
    resistance = (1e-4 / (3 * 120.0) + 50e-6 / 5.0 + 2e-3 / 390.0 + 1 / 2e4) / 1e-4
    found = exact_block_means(package, {"all": 50.0}, modes=2)
    assert found["all"] == pytest.approx(40.0 + 50.0 * resistance, rel=1e-12)


def test_two_fluids_share_the_heat(stack: Stack, solid: Solid) -> None:
    package = stack([(1e-3, solid(120.0))], top=Face(2e4, 40.0), bottom=Face(5e3, 20.0))
    balance = (50.0 / 1e-4 + 2e4 * 40.0 + 5e3 * 20.0) / (2e4 + 5e3)
    assert exact_block_means(package, {"all": 50.0}, modes=2)["all"] == pytest.approx(
        balance, rel=1e-6
    )


def test_upside_down_is_the_same(stack: Stack, solid: Solid) -> None:
    blocks = {"a": box(1000, 2000, 4000, 7000), "b": box(6000, 0, 9000, 3000)}
    layers = [(100.0, solid((90.0, 60.0, 120.0))), (800.0, solid(30.0)), (50.0, solid(5.0))]
    package = stack(layers, blocks, top=Face(2e4, 40.0), bottom=Face(3e2, 20.0))
    package = replace(
        package,
        layers=tuple(replace(layer, contact_resistance_k_m2_w=0.0) for layer in package.layers),
    )
    turned = replace(package, layers=package.layers[::-1], top=package.bottom, bottom=package.top)
    power_w = {"a": 10.0, "b": 3.0}
    up, down = (exact_block_means(each, power_w, modes=60) for each in (package, turned))
    assert down.to_numpy() == pytest.approx(up[list(down.index)].to_numpy(), rel=1e-10)


def test_a_contact_is_a_thin_poor_layer(stack: Stack, solid: Solid) -> None:
    blocks = {"a": box(1000, 2000, 4000, 7000)}
    die, lid = (200.0, solid(120.0)), (1000.0, solid(390.0))
    thin = stack([die, (0.01, solid(1e-3)), lid], blocks)
    touching = stack([die, lid], blocks)
    lower = replace(touching.layers[0], contact_resistance_k_m2_w=1e-8 / 1e-3)
    touching = replace(touching, layers=(lower, touching.layers[1]))
    found = [exact_block_means(each, {"a": 20.0}, modes=60)["a"] for each in (thin, touching)]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_heat_flows_both_ways_alike(stack: Stack, solid: Solid) -> None:
    blocks = {"a": box(0, 0, 2500, 2500), "b": box(5000, 2500, 9000, 10_000)}
    package = stack([(10.0, solid(120.0)), (500.0, solid(120.0))], blocks, top=Face(1e4, 0.0))
    by_a, by_b = (exact_block_means(package, {key: 1.0}, modes=200) for key in "ab")
    assert by_a["b"] == pytest.approx(by_b["a"], rel=1e-10)


def test_everything_that_does_not_fit_is_told(stack: Stack, solid: Solid) -> None:
    silicon, mould = solid(120.0), solid(0.9)
    disc = Point(3000, 3000).buffer(1000)
    sheet = Layer("sheet", 10.0, WHOLE, silicon, (Region("disc", disc, mould, "disc"),))
    small = Layer("small", 10.0, box(0, 0, 5000, 10_000), silicon)
    package = Package("odd", (sheet, small), mould, Face(1e4), Face(), Face(10.0), 25.0)
    with pytest.raises(InputError) as caught:
        exact_block_means(package, {"disc": 1.0, "dsic": 1.0})
    told = "\n".join(str(fault) for fault in caught.value.faults)
    for text in (
        "package odd: layer sheet: disc: is of another material",
        "package odd: layer sheet: disc: is not a rectangle",
        "package odd: layer small: does not cover the whole package",
        "package odd: sides: take heat; allowed: adiabatic sides",
        "package odd: power: dsic: no block of that name",
    ):
        assert text in told
