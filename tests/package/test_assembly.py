from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

import pytest
from shapely import box

import floorplan
import package
from floorplan import Block, BlockKind, Floorplan
from package import Package
from techlib import InputError, coolants, materials


def build(
    plan: Floorplan, changes: dict[str, Any] | None = None, base: str = "lidded-2.5d"
) -> Package:
    stackup = package.stackups().derive(base, changes or {}, name="mine", where="package")
    return package.assemble(plan, stackup)


def heated_volumes(built: Package) -> dict[str, float]:
    volumes: dict[str, float] = defaultdict(float)
    for layer in built.layers:
        for region in layer.regions:
            if region.heats:
                volumes[region.heats] += region.outline.area * layer.thickness_um
    return dict(volumes)


def thickness(built: Package, name: str) -> float:
    return sum(layer.thickness_um for layer in built.layers if layer.name == name)


@pytest.mark.parametrize("base", ["lidded-2.5d", "cold-plate-direct", "lidded-air"])
@pytest.mark.parametrize("detail", ["dies", "lumped"])
def test_heat_keys_are_those_of_the_floorplan(plan: Floorplan, base: str, detail: str) -> None:
    built = build(plan, {"hbm": {"detail": detail}}, base)
    assert len(built.heat_keys) == len(plan.heat_keys)
    assert set(built.heat_keys) == set(plan.heat_keys)
    assert min(heated_volumes(built).values()) > 0.0


@pytest.mark.parametrize("design", ["jalapeno", "jalapeno-hc26"])
def test_built_in_designs_can_be_packed(design: str) -> None:
    plan = floorplan.build(floorplan.recipes()[design])
    built = build(plan)
    assert set(built.heat_keys) == set(plan.heat_keys)
    assert min(heated_volumes(built).values()) > 0.0


def test_heated_volumes_are_exact(plan: Floorplan) -> None:
    volumes = heated_volumes(build(plan))
    stackup, stack = package.stackups()["lidded-2.5d"], plan.stacks[0]
    generation, body_um2 = stack.generation, stack.placed_outline.area
    for key, _, outline in plan.placed_blocks():
        assert volumes[key] == pytest.approx(outline.area * stackup.die_active_thickness_um)
    assert volumes["hbm_w0/base"] == pytest.approx(body_um2 * generation.base_die_um)
    dram_um = generation.dram_dies * generation.dram_die_um
    assert volumes["hbm_w0/dram"] == pytest.approx(body_um2 * dram_um)


def test_dies_and_stacks_are_filled_to_one_plane(plan: Floorplan) -> None:
    built = build(plan)
    bodies = [d.placed_outline for d in plan.dies] + [s.placed_outline for s in plan.stacks]
    names = [layer.name for layer in built.layers]
    zone = built.layers[names.index("microbump") + 1 : names.index("tim1")]
    assert sum(layer.thickness_um for layer in zone) == pytest.approx(
        plan.stacks[0].generation.height_um, rel=1e-12
    )
    for layer in zone:
        assert layer.background.name == "mould"
        for body in bodies:
            inside = sum(region.outline.intersection(body).area for region in layer.regions)
            assert inside == pytest.approx(body.area, rel=1e-12)


def test_what_blocks_leave_of_a_die_is_plain_silicon(plan: Floorplan) -> None:
    active = next(layer for layer in build(plan).layers if layer.name == "active")
    die = plan.dies[0]
    rest = [region for region in active.regions if region.name.startswith("compute/unused")]
    blocks_um2 = sum(block.area_um2 for block in die.blocks)
    assert sum(r.outline.area for r in rest) == pytest.approx(die.area_um2 - blocks_um2, rel=1e-9)
    assert not any(region.heats for region in rest)


def test_tim1_covers_dies_and_stacks_alone(plan: Floorplan) -> None:
    tim1 = next(layer for layer in build(plan).layers if layer.name == "tim1")
    assert tim1.background.name == "air"
    assert sorted(r.outline.area for r in tim1.regions) == sorted(
        [plan.dies[0].area_um2, *(s.placed_outline.area for s in plan.stacks)]
    )


def column_resistance(built: Package, x_um: float, y_um: float) -> float:
    """Resistance per area of the die zone below a point [um/(W/(m K))]."""
    point, total = box(x_um - 1, y_um - 1, x_um + 1, y_um + 1), 0.0
    for layer in built.layers:
        material = next(
            (r.material for r in layer.regions if r.outline.covers(point)), layer.background
        )
        total += layer.thickness_um / material.conductivity_w_mk[2]
    return total


def test_lumped_stack_has_the_resistance_of_its_dies(plan: Floorplan) -> None:
    x_um, y_um = plan.stacks[0].placed_outline.centroid.coords[0]
    dies = build(plan)
    lumped = build(plan, {"hbm": {"detail": "lumped"}})
    assert len(lumped.layers) < len(dies.layers)
    assert lumped.thickness_um == pytest.approx(dies.thickness_um, rel=1e-12)
    assert column_resistance(lumped, x_um, y_um) == pytest.approx(
        column_resistance(dies, x_um, y_um), rel=1e-12
    )


def test_layers_of_zero_thickness_are_left_out(plan: Floorplan) -> None:
    changes = {"die": {"beol_thickness": "0 um"}, "substrate": {"thickness": "0 um"}}
    names = [layer.name for layer in build(plan, changes, "cold-plate-direct").layers]
    assert names[0] == "c4"
    assert {"lid", "tim2", "beol", "substrate"}.isdisjoint(names)
    assert names[-1] == "sink"


def test_heights_of_the_interposer_technology_can_be_overridden(plan: Floorplan) -> None:
    built = build(plan)
    assert thickness(built, "interposer") == plan.technology.thickness_um
    assert thickness(built, "c4") == plan.technology.c4_height_um
    assert thickness(built, "microbump") == plan.technology.microbump_height_um
    changes = {
        "interposer": {"thickness": "55 um"},
        "c4": {"height": "44 um"},
        "microbump": {"height": "33 um"},
    }
    built = build(plan, changes)
    assert [thickness(built, n) for n in ("interposer", "c4", "microbump")] == [55.0, 44.0, 33.0]


def test_over_a_lower_die_the_tim1_is_thicker(plan: Floorplan) -> None:
    built = build(plan, {"die": {"height": "700 um"}})
    step = next(layer for layer in built.layers if layer.name == "step")
    assert step.thickness_um == pytest.approx(20.0)
    filled = {region.name: region.material.name for region in step.regions}
    assert filled["compute/step"] == "indium"
    assert filled["hbm_w0/cap"] == "silicon"


def test_sizes_count_before_margins_and_are_centred(plan: Floorplan) -> None:
    built = build(plan, {"lid": {"width": "50 mm"}})
    lid = next(layer for layer in built.layers if layer.name == "lid")
    margin_um = package.stackups()["lidded-2.5d"].lid_margin_um
    x0, y0, x1, y1 = lid.outline.bounds
    assert (x0, x1) == (-6_000.0, 44_000.0)
    assert (y0, y1) == (-margin_um, plan.height_um + margin_um)


def test_resistance_becomes_a_film_over_the_top_face(plan: Floorplan) -> None:
    built = build(plan, {"top": {"resistance": "0.025 K/W", "temperature": "30 degC"}})
    area_m2 = built.layers[-1].outline.area * 1e-12
    assert built.top.film_w_m2k * area_m2 * 0.025 == pytest.approx(1.0, rel=1e-12)
    assert built.top.temperature_c == 30.0


def test_own_film_and_temperature_count_before_those_of_the_coolant(plan: Floorplan) -> None:
    water = coolants()["water_cold_plate"]
    built = build(plan, {"top": {"temperature": "22 degC"}})
    assert (built.top.film_w_m2k, built.top.temperature_c) == (water.film_w_m2k, 22.0)
    built = build(plan, {"top": {"film": "5000 W/(m^2 K)"}})
    assert (built.top.film_w_m2k, built.top.temperature_c) == (5000.0, water.temperature_c)


def test_users_own_materials_and_coolants(plan: Floorplan) -> None:
    mine = materials().extended(
        {"gel": {"conductivity": "7 W/(m K)", "heat_capacity": "2e6 J/(m^3 K)"}}, where="x.toml"
    )
    cold = coolants().extended(
        {"brine": {"film": "1e4 W/(m^2 K)", "temperature": "5 degC"}}, where="x.toml"
    )
    stackup = package.stackups().derive(
        "lidded-2.5d",
        {"tim1": {"material": "gel"}, "top": {"coolant": "brine"}},
        name="mine",
        where="package",
    )
    built = package.assemble(plan, stackup, materials=mine, coolants=cold)
    tim1 = next(layer for layer in built.layers if layer.name == "tim1")
    assert {region.material.conductivity_w_mk for region in tim1.regions} == {(7.0, 7.0, 7.0)}
    assert built.top.temperature_c == 5.0
    assert "user" in {source.key for source in built.sources}


def test_unknown_material_and_coolant_are_both_reported(plan: Floorplan) -> None:
    stackup = package.stackups().derive(
        "lidded-2.5d",
        {"tim1": {"material": "indum"}, "top": {"coolant": "water_coldplate"}},
        name="mine",
        where="package",
    )
    with pytest.raises(InputError) as caught:
        package.assemble(plan, stackup, where="x.toml: package")
    first, second = map(str, caught.value.faults)
    assert first == (
        "x.toml: package.tim1.material: unknown material 'indum'; did you mean 'indium'?"
    )
    assert second.startswith(
        "x.toml: package.top.coolant: unknown coolant 'water_coldplate'; "
        "did you mean 'water_cold_plate'"
    )


def faults_of(plan: Floorplan, changes: dict[str, Any], base: str = "lidded-2.5d") -> str:
    with pytest.raises(InputError) as caught:
        build(plan, changes, base)
    return str(caught.value)


def test_film_and_resistance_contradict(plan: Floorplan) -> None:
    given = {"top": {"film": "1e4 W/(m^2 K)", "resistance": "0.03 K/W", "temperature": "40 degC"}}
    assert faults_of(plan, given) == (
        "package.top: film 10000 W/(m^2 K) and resistance 0.03 K/W are both given; "
        "allowed: one of them; remove one"
    )


def test_film_without_temperature_and_temperature_without_film(plan: Floorplan) -> None:
    text = faults_of(
        plan,
        {"sides": {"film": "10 W/(m^2 K)"}, "tim2": {"thickness": "30 um"}},
        "cold-plate-direct",
    )
    assert "package.sides.temperature: is missing; allowed: a quantity in degC; e.g." in text
    assert "package.tim2.thickness: TIM2 without a lid below it; set tim2.thickness" in text
    assert faults_of(plan, {"sides": {"temperature": "10 degC"}}) == (
        "package.sides: temperature without a film; "
        "allowed: a coolant, a film or a resistance beside the temperature"
    )


def moved(plan: Floorplan, x_um: float) -> Floorplan:
    west, east = plan.stacks
    return dataclasses.replace(plan, stacks=(dataclasses.replace(west, x_um=x_um), east))


def test_hbm_outside_the_interposer(plan: Floorplan) -> None:
    assert faults_of(moved(plan, -250.0), {}) == (
        "small: hbm_w0: reaches 250 um beyond the west edge of the interposer; "
        "allowed: inside 38000 x 14000 um; move 'hbm_w0', or widen the interposer"
    )


def test_hbm_on_the_die(plan: Floorplan) -> None:
    assert "small: compute: overlaps 'hbm_w0' on 10 mm2; allowed: no overlap" in faults_of(
        moved(plan, 3_000.0), {}
    )


def test_block_outside_its_die(plan: Floorplan) -> None:
    stray = Block("stray", BlockKind.SRAM, box(11_900.0, 0.0, 12_400.0, 90.0))
    die = dataclasses.replace(plan.dies[0], blocks=(*plan.dies[0].blocks, stray))
    assert faults_of(dataclasses.replace(plan, dies=(die,)), {}) == (
        "small: compute/stray: 0.036 mm2 lie outside the die; allowed: inside its die; "
        "move or shrink the block"
    )


def test_overlapping_blocks(plan: Floorplan) -> None:
    twin = dataclasses.replace(plan.dies[0].blocks[0], name="twin")
    die = dataclasses.replace(plan.dies[0], blocks=(*plan.dies[0].blocks, twin))
    assert faults_of(dataclasses.replace(plan, dies=(die,)), {}) == (
        "small: layer active: compute/slice00/tensor: overlaps 'compute/twin' on 28.9 mm2; "
        "allowed: no overlap; move one of the two"
    )


def test_two_blocks_of_one_name(plan: Floorplan) -> None:
    die = plan.dies[0]
    double = dataclasses.replace(die, blocks=(*die.blocks, die.blocks[0]))
    text = faults_of(dataclasses.replace(plan, dies=(double,)), {})
    assert "small: compute/slice00/tensor: 2 blocks or stacks have this name" in text


def test_heights_that_do_not_fit(plan: Floorplan) -> None:
    text = faults_of(plan, {"die": {"height": "11 um"}})
    assert "package.die.active_thickness: BEOL and active layer are 12 um, not below" in text
    thick = dataclasses.replace(plan.stacks[0].generation, dram_die_um=60.0)
    stacks = tuple(dataclasses.replace(stack, generation=thick) for stack in plan.stacks)
    text = faults_of(dataclasses.replace(plan, stacks=stacks), {})
    assert text.count("HBM generation HBM3E: base die, 12 DRAM dies and bonds are 878 um") == 1
    half = dataclasses.replace(plan.stacks[0].generation, dram_dies=8.5)
    stacks = tuple(dataclasses.replace(stack, generation=half) for stack in plan.stacks)
    text = faults_of(dataclasses.replace(plan, stacks=stacks), {})
    assert text == "HBM generation HBM3E: dram_dies: 8.5 dies; allowed: a whole number"
    text = faults_of(dataclasses.replace(plan, stacks=()), {})
    assert (
        "package.die.height: is missing; allowed: a quantity in um; there is no HBM stack" in text
    )


def test_without_stacks_a_given_height_is_enough(plan: Floorplan) -> None:
    built = build(dataclasses.replace(plan, stacks=()), {"die": {"height": "775 um"}})
    assert thickness(built, "bulk") == pytest.approx(763.0)


def test_lid_that_leaves_a_die_uncovered(plan: Floorplan) -> None:
    text = faults_of(plan, {"lid": {"width": "30 mm"}, "substrate": {"height": "9 mm"}})
    assert (
        "package.lid: leaves 33 mm2 of 'hbm_w0' uncovered; widen the lid, or move 'hbm_w0'" in text
    )
    assert "package.substrate: leaves" in text
    assert "package.lid.margin: -7500 um leaves 23000 x -1000 um" in faults_of(
        plan, {"lid": {"margin": "-7.5 mm"}}
    )


def test_same_input_same_package(plan: Floorplan) -> None:
    assert build(plan) == build(plan)
