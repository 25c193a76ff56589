import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import power
import techlib
from floorplan import BlockKind, Floorplan
from techlib import InputError, UnknownNameError

Make = Callable[..., power.Operation]


def test_jalapeno_has_its_published_rates(machine: power.Machine) -> None:
    # 64 slices x 15 enabled arrays x 64 x 64 at 1.7 GHz: 13.4 PFLOP/s fp4 as disclosed.
    assert machine.macs == 64 * 15 * 64 * 64
    assert 2.0 * machine.peak_macs_s("fp4") == pytest.approx(13.4e15, rel=5e-3)
    assert machine.peak_macs_s("fp8") == 0.5 * machine.peak_macs_s("fp4")
    assert (machine.array_rows, machine.array_columns) == (64, 64)
    assert machine.hbm_bandwidth_byte_s == pytest.approx(8 * 1.18e12)
    assert machine.blocks.keys == machine.floorplan.heat_keys


def test_the_toy_is_read_off_its_floorplan(toy: power.Machine) -> None:
    assert toy.macs == 4 * 64  # the spare does not count
    assert (toy.array_rows, toy.array_columns) == (8, 8)
    assert toy.sram_byte == 2048
    assert toy.serdes_lanes == 4
    assert toy.vector_units == 2
    assert toy.blocks.slice_count == 2


def test_distances_by_hand(toy: power.Machine) -> None:
    # Each slice is four 2 x 1 mm strips; the west one also counts its spare of 1 x 1 mm.
    # PHY centres lie at (0.5, 2) and (7.5, 2) mm.
    west_x, west_y = (8 * 2.0 + 1 * 3.5) / 9, (8 * 2.0 + 1 * 0.5) / 9
    east_x, east_y = 6.0, 2.0
    ways = (abs(west_x - 0.5) + abs(west_y - 2.0), abs(7.5 - east_x) + abs(east_y - 2.0))
    assert toy.hbm_distance_mm == pytest.approx(np.mean(ways), rel=1e-12)
    apart = abs(east_x - west_x) + abs(east_y - west_y)
    assert toy.tree_mm == pytest.approx(apart, rel=1e-12)


def test_slices_without_a_stack_are_fed_by_all(toy_plan: Floorplan, operation: Make) -> None:
    die = toy_plan.dies[0]
    loose = tuple(
        b if b.kind == BlockKind.HBM_PHY else dataclasses.replace(b, stack="") for b in die.blocks
    )
    plan = dataclasses.replace(toy_plan, dies=(dataclasses.replace(die, blocks=loose),))
    west = np.array([(8 * 2.0 + 3.5) / 9, (8 * 2.0 + 0.5) / 9])
    ways = [
        np.abs(place - phy).sum()
        for place in (west, np.array([6.0, 2.0]))
        for phy in ([0.5, 2.0], [7.5, 2.0])
    ]
    machine = power.Machine.of(plan, operation())
    assert machine.hbm_distance_mm == pytest.approx(np.mean(ways), rel=1e-12)


def test_formats_follow_what_is_stored(toy_plan: Floorplan, operation: Make) -> None:
    models = techlib.language_models()
    machine = power.Machine.of(toy_plan, operation())
    assert machine.linear_format(models["gpt-oss-120b"]) == "fp4"
    assert machine.linear_format(models["deepseek-r1"]) == "fp8"
    assert machine.linear_format(models["llama-3.1-8b"]) == "bf16"
    assert machine.attention_format(models["llama-3.1-8b"]) == "bf16"
    given = power.Machine.of(
        toy_plan, operation(weight_bits=4.25, kv_bits=8, attention_format="bf16")
    )
    assert given.linear_format(models["llama-3.1-8b"]) == "fp4"
    assert given.attention_format(models["llama-3.1-8b"]) == "bf16"


def test_a_model_too_large_says_how_many_chips(jalapeno: Floorplan, operation: Make) -> None:
    big = techlib.language_models()["llama-3.1-405b"]
    machine = power.Machine.of(jalapeno, operation())
    with pytest.raises(
        InputError, match=r"of weights; .*set power.chips = 3, or power.weight_bits below 16"
    ):
        machine.kv_capacity_byte(big)
    with pytest.raises(InputError):
        power.Machine.of(jalapeno, operation(chips=2)).kv_capacity_byte(big)
    three = power.Machine.of(jalapeno, operation(chips=3))
    room = 3 * 0.9 * machine.hbm_capacity_byte - 2.0 * big.total_parameters
    assert three.kv_capacity_byte(big) == pytest.approx(room)


def test_a_small_model_leaves_slices_idle(
    machine: power.Machine, gpt_oss: techlib.LanguageModel, small_model: techlib.LanguageModel
) -> None:
    assert machine.slices_used(gpt_oss) == 64
    # (50,000 + 2 x 10,000) weights in 4 layers are 4.3 tiles of 64 x 64: one slice of 15 does.
    assert machine.slices_used(small_model) == 1


def test_what_is_missing_is_listed(toy_plan: Floorplan, operation: Make) -> None:
    die = toy_plan.dies[0]
    plain = tuple(b for b in die.blocks if b.kind != BlockKind.TENSOR)
    plan = dataclasses.replace(toy_plan, dies=(dataclasses.replace(die, blocks=plain),), stacks=())
    with pytest.raises(InputError) as caught:
        power.Machine.of(plan, operation())
    assert str(caught.value).splitlines() == [
        "floorplan toy: has no enabled systolic array; give a block of kind 'tensor' its macs",
        "floorplan toy: has no HBM stack; add at least one stack",
    ]
    with pytest.raises(InputError, match=r"toy.voltage: 1.3 V on N3; allowed: 0.55 V to 0.95 V"):
        power.Machine.of(toy_plan, operation(voltage="1.3 V"))
    with pytest.raises(InputError, match="floorplan toy: has no die"):
        power.Machine.of(dataclasses.replace(toy_plan, dies=()), operation())
    with pytest.raises(UnknownNameError, match=r"unknown energy table 'N33'; did you mean 'N3'"):
        power.Machine.of(toy_plan, operation(energy_table="N33"))


def test_operation_faults_are_listed_together(operation: Make) -> None:
    with pytest.raises(InputError) as caught:
        operation(hbm_efficiency=1.2, power_gating="of", chips=1e9)
    assert str(caught.value).splitlines() == [
        "test.power_gating: 'of'; allowed: one of on, off; did you mean 'off'?",
        "test.chips: 1e+09; allowed: at most 65536",
        "test.hbm_efficiency: 1.2; allowed: at most 1",
    ]
    with pytest.raises(InputError) as caught:
        operation(chunk_tokens=8, max_batch=9, refresh_ramp="20 K")
    assert str(caught.value).splitlines() == [
        (
            "toy.chunk_tokens: 8 is below max_batch 9; allowed: a token for each sequence of a "
            "full batch; raise chunk_tokens or lower max_batch"
        ),
        "toy.refresh_ramp: 20 K; allowed: at most refresh_step, 10 K",
    ]
    with pytest.raises(InputError, match=r"frequency: 1700 has no unit"):
        operation(frequency=1700)
    with pytest.raises(InputError, match=r"compute_format: 'fp5'; .*did you mean 'fp8' or 'fp4'"):
        operation(compute_format="fp5")
