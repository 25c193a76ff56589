from __future__ import annotations

import dataclasses
import math

import pytest
from shapely import box

import package
from floorplan import Floorplan
from package import Face, Flow, Layer, Package, Patch, Region
from techlib import InputError, materials
from thermal import Resolution, ThermalModel

SQUARE = box(0.0, 0.0, 10_000.0, 10_000.0)
AREA_M2 = 1e-4


def slab(*layers: Layer, top: Face | None = None) -> Package:
    return Package(
        "slab",
        layers,
        filler=materials()["air"],
        top=top or Face(2e4, 40.0),
        bottom=Face(),
        sides=Face(),
        ambient_c=40.0,
    )


def test_layers_in_series_with_the_film() -> None:
    silicon, copper = materials()["silicon"], materials()["copper"]
    heater = Layer("die", 300.0, SQUARE, silicon, (Region("hot", SQUARE, silicon, "hot"),))
    built = slab(Layer("below", 50.0, SQUARE, silicon), heater, Layer("lid", 2e3, SQUARE, copper))
    # uniform generation, adiabatic below: the mean of the heated slab is t / 3k over its top
    by_hand = (
        300e-6 / 3 / silicon.conductivity_w_mk[2] + 2e-3 / copper.conductivity_w_mk[2] + 1 / 2e4
    ) / AREA_M2
    assert built.resistance_1d({"hot": 7.0}) == pytest.approx(by_hand, rel=1e-12)
    assert built.resistance_1d() == pytest.approx(by_hand, rel=1e-12)


def test_contacts_lie_in_series_and_patches_in_parallel() -> None:
    silicon = materials()["silicon"]
    k = silicon.conductivity_w_mk[2]
    die = Layer("die", 300.0, SQUARE, silicon, (Region("hot", SQUARE, silicon, "hot"),))
    die = dataclasses.replace(die, contact_resistance_k_m2_w=5e-6)
    below = Layer("below", 10.0, SQUARE, silicon, contact_resistance_k_m2_w=1.0)
    x0, y0, x1, y1 = SQUARE.bounds
    west = Patch(box(x0, y0, 0.5 * (x0 + x1), y1), 8e3, 40.0)
    built = slab(below, die, Layer("lid", 1e3, SQUARE, silicon), top=Face(2e4, 40.0, (west,)))
    by_hand = (300e-6 / 3 / k + 5e-6 + 1e-3 / k + 2.0 / (8e3 + 2e4)) / AREA_M2
    assert built.resistance_1d() == pytest.approx(by_hand, rel=1e-12)
    held = slab(die, top=Face(math.inf, 40.0))
    assert held.resistance_1d() == pytest.approx((300e-6 / 3 / k + 5e-6) / AREA_M2, rel=1e-12)


def test_two_heaters_one_above_the_other() -> None:
    silicon = materials()["silicon"]
    low = Layer("low", 100.0, SQUARE, silicon, (Region("low", SQUARE, silicon, "low"),))
    high = Layer("high", 200.0, SQUARE, silicon, (Region("high", SQUARE, silicon, "high"),))
    k, share = silicon.conductivity_w_mk[2], 0.25
    square = (share**2 + share + 1.0) / 3.0
    by_hand = (100e-6 / 3 * share**2 / k + 200e-6 * square / k + 1 / 2e4) / AREA_M2
    assert slab(low, high).resistance_1d({"low": 1.0, "high": 3.0}) == pytest.approx(by_hand)


def test_regions_and_background_conduct_in_parallel() -> None:
    stock = materials()
    half = Region("half", box(0, 0, 5_000, 10_000), stock["copper"])
    hot = Layer("die", 1e-3, SQUARE, stock["silicon"], (Region("h", SQUARE, stock["copper"], "h"),))
    built = slab(hot, Layer("mixed", 1e3, SQUARE, stock["air"], (half,)))
    across = 0.5 * stock["copper"].conductivity_w_mk[2] + 0.5 * stock["air"].conductivity_w_mk[2]
    by_hand = (1e-3 / across + 1 / 2e4) / AREA_M2
    assert built.resistance_1d() == pytest.approx(by_hand, rel=1e-6)


def test_agrees_with_a_solve_where_nothing_varies_laterally() -> None:
    stock = materials()
    heater = Region("hot", SQUARE, stock["silicon"], "hot")
    built = slab(
        Layer("die", 700.0, SQUARE, stock["silicon"], (heater,)),
        Layer("tim1", 50.0, SQUARE, stock["polymer_tim"]),
        Layer("lid", 2e3, SQUARE, stock["copper"]),
    )
    resolution = Resolution(lateral=4, finest_um=10.0)
    solved = ThermalModel(built, resolution, nonlinear=False).steady({"hot": 50.0})
    rise_k = float(solved.block_mean_c["hot"]) - 40.0
    # cells of 10 um or more: second order in the cell height over the 700 um of generation
    assert rise_k / 50.0 == pytest.approx(built.resistance_1d(), rel=2e-4)


def test_is_a_lower_bound_of_a_solve(plan: Floorplan) -> None:
    stackup = package.stackups().derive(
        "lidded-2.5d",
        {"bottom": {"film": "0 W/(m^2 K)"}, "hbm": {"detail": "lumped"}},
        name="mine",
        where="package",
    )
    built = package.assemble(plan, stackup)
    power_w = dict.fromkeys(built.heat_keys, 5.0) | {"compute/slice00/tensor": 60.0}
    mean_c = ThermalModel(built, Resolution(lateral=24)).steady(power_w).block_mean_c
    total_w = sum(power_w.values())
    rise_k = sum(w * (float(mean_c[k]) - built.top.temperature_c) for k, w in power_w.items())
    bound = built.resistance_1d(power_w)
    assert bound < rise_k / total_w**2 < 5.0 * bound


def test_what_cannot_be_estimated() -> None:
    silicon = materials()["silicon"]
    die = Layer("die", 100.0, SQUARE, silicon, (Region("hot", SQUARE, silicon, "hot"),))
    with pytest.raises(InputError, match=r"power: 'hut' heats no region; did you mean 'hot'\?"):
        slab(die).resistance_1d({"hut": 1.0})
    with pytest.raises(InputError, match=r"power: 0 W in all; allowed: above 0 W"):
        slab(die).resistance_1d({"hot": 0.0})
    bottom_cooled = Package(
        "slab", (die,), materials()["air"], Face(), Face(1e3, 20.0), Face(), ambient_c=20.0
    )
    with pytest.raises(InputError, match="top: has no film"):
        bottom_cooled.resistance_1d()
    water = Flow("x", 1e-6, 4.2e6, 30.0, 1e4, 1e4)
    channel = Layer("channel", 100.0, SQUARE, silicon, flow=water)
    with pytest.raises(InputError, match="layer channel: coolant flows; allowed: layers that all"):
        slab(die, channel).resistance_1d()
