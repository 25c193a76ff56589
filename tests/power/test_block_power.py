import dataclasses
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import floorplan
import power
import techlib
from floorplan import BlockKind, Floorplan
from techlib import LanguageModel

Make = Callable[..., power.Operation]


def block_power(
    trace: power.Trace,
    machine: power.Machine,
    model: LanguageModel,
    bin_s: float | None = None,
) -> power.BlockPower:
    return power.BlockPower.of(power.Activity.of(power.Schedule.of(trace, machine, model), bin_s))


def requests(number: int, prompt: int, output: int, gap_s: float = 0.0) -> power.Trace:
    return power.Trace(
        "t", gap_s * np.arange(number), np.full(number, prompt), np.full(number, output)
    )


def test_the_package_from_counts_and_records_alone(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    """Everything once more by hand, at the reference temperature and nominal voltage."""
    machine = replace(machine, operation=replace(machine.operation, cap_w=None))
    schedule = power.Schedule.of(requests(40, 3000, 60, 0.003), machine, gpt_oss)
    activity = power.Activity.by_run(schedule, schedule.iterations)
    count, bin_s, table = activity.counts, activity.bin_s, machine.energy
    node, stack = machine.node, machine.floorplan.stacks[0].generation
    pj = (
        count["mac_fp4"] * table.mac_fp4_pj
        + count["mac_bf16"] * table.mac_bf16_pj
        + count["vector_ops"] * table.vector_op_pj
        + count["sram_read_bits"] * table.sram_read_pj_bit
        + count["sram_write_bits"] * table.sram_write_pj_bit
        + (count["noc_bit_mm"] + count["collective_bit_mm"]) * table.wire_pj_bit_mm
        + count["router_bits"] * table.router_pj_bit
        + count["host_bits"] * table.host_pj_bit
        + 8.0
        * (count["hbm_read_bytes"] + count["hbm_write_bytes"])
        * (stack.device_energy_pj_bit + stack.phy_energy_pj_bit)
    )
    watts = pj.to_numpy() * 1e-12 / bin_s
    watts += 8 * (stack.idle_power_w + stack.refresh_power_w)
    watts += machine.serdes_lanes * table.serdes_idle_w_lane
    watts += table.host_idle_w + table.management_w
    engine, tensor, hbm = (activity.busy(name) for name in ("engine", "tensor", "hbm"))
    for block in machine.floorplan.dies[0].blocks:
        mm2 = block.area_um2 / 1e6
        sram = block.kind == BlockKind.SRAM
        leak = mm2 * (node.leakage_sram_w_mm2 if sram else node.leakage_logic_w_mm2)
        clock = mm2 * node.clock_w_mm2_ghz * machine.operation.frequency_hz / 1e9
        gate, leak_gate = node.gated_clock_share, node.gated_leakage_share
        match block.kind:
            case BlockKind.FILLER:
                continue
            case BlockKind.TENSOR | BlockKind.VECTOR | BlockKind.COLLECTIVE:
                if not block.enabled:
                    watts += leak * leak_gate
                    continue
                busy = activity.busy("vector") if block.kind == BlockKind.VECTOR else tensor
                watts += leak * (engine + (1.0 - engine) * leak_gate)
                watts += clock * (busy + (engine - busy) * gate)
            case BlockKind.SRAM | BlockKind.ROUTER | BlockKind.NOC:
                busy = np.maximum(tensor, hbm) if sram else hbm
                watts += leak + clock * (busy + (1.0 - busy) * gate)
            case BlockKind.MANAGEMENT:
                watts += leak + clock * (engine + (1.0 - engine) * gate)
            case _:
                watts += leak
    found = power.BlockPower.of(activity).package_w(node.reference_temperature_c)
    assert found == pytest.approx(watts, rel=1e-9)


def test_what_has_no_block_of_its_own_lies_on_all_of_them_by_area(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    table = techlib.energy_tables().derive("N3", {"undrawn": "42 W"}, name="N3", where="test")
    more = replace(machine, energy=table)
    trace = requests(4, 100, 10)
    found, usual = (block_power(trace, each, gpt_oss) for each in (more, machine))
    extra = (found.watts(75.0) - usual.watts(75.0)).mean(axis=0)
    drawn = (machine.blocks.die >= 0) & (machine.blocks.kind != "filler") & machine.blocks.enabled
    assert extra.sum() == pytest.approx(42.0, rel=1e-9)
    area = machine.blocks.area_mm2[drawn]
    assert extra[drawn] == pytest.approx(42.0 * area / area.sum(), rel=1e-6)
    assert found.components(75.0)["undrawn"].to_numpy() == pytest.approx(42.0)


def test_delivery_of_operands_lies_on_what_bits_from_memory_pass(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    machine = replace(machine, operation=replace(machine.operation, cap_w=None))
    given = {"delivery": "5 pJ/bit"}
    table = techlib.energy_tables().derive("N3", given, name="N3", where="test")
    trace = power.Trace("t", [0.0], [100], [10])
    schedule = power.Schedule.of(trace, machine, gpt_oss)
    activity = power.Activity.of(schedule)
    usual = power.BlockPower.of(activity)
    more = power.Activity.of(power.Schedule.of(trace, replace(machine, energy=table), gpt_oss))
    found = power.BlockPower.of(more)
    bits = activity.counts["router_bits"].sum()
    spent_j = found.energy_j(75.0) - usual.energy_j(75.0)
    assert spent_j == pytest.approx(5e-12 * bits, rel=1e-6)
    extra = found.mean_watts(75.0) - usual.mean_watts(75.0)
    passed = machine.blocks.of_kind("sram", "vector", "router", "noc")
    assert np.abs(extra[~passed]).max() < 1e-9 * extra.sum()
    density = extra[passed] / machine.blocks.area_mm2[passed]
    assert density == pytest.approx(density.mean(), rel=1e-6)


def test_operands_take_their_share_out_of_the_arrays(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    given = {"operand_share": 0.25}
    table = techlib.energy_tables().derive("N3", given, name="N3", where="test")
    trace = requests(4, 2000, 10)
    usual = block_power(trace, machine, gpt_oss)
    found = block_power(trace, replace(machine, energy=table), gpt_oss)
    assert found.package_w(75.0) == pytest.approx(usual.package_w(75.0), rel=1e-9)
    parts, before = found.components(75.0), usual.components(75.0)["tensor"]
    assert parts["tensor"].to_numpy() == pytest.approx(0.75 * before.to_numpy(), rel=1e-9)
    assert parts["delivery"].to_numpy() == pytest.approx(0.25 * before.to_numpy(), rel=1e-9)
    moved = found.mean_watts(75.0) - usual.mean_watts(75.0)
    fed = machine.blocks.of_kind("sram", "vector")
    assert moved[fed].sum() == pytest.approx(-moved[machine.blocks.arrays].sum(), rel=1e-9)


@pytest.mark.parametrize("name", sorted(power.operations()))
def test_an_idle_package_is_nowhere_dense(name: str) -> None:
    """Nothing works, so no block is near what it may dissipate: below half of it."""
    machine = power.Machine.of(floorplan.build(floorplan.recipes()[name]), power.operations()[name])
    trace = power.Trace("far apart", [0.0, 100.0], [8, 8], [1, 1])
    watts = block_power(trace, machine, techlib.language_models()["llama-3.1-8b"], 1.0)
    density = watts.bin_watts(50, np.full(len(watts.keys), 85.0)) / machine.blocks.area_mm2
    assert density.max() < 0.5 * machine.node.power_density_limit_w_mm2


def test_busy_decode_is_near_the_published_power(decode: power.BlockPower) -> None:
    # Published: TDP 700 W, never above 550 W in tested workloads.
    steady = decode.window(1.0, decode.edges_s[-1] - 2.0)
    mean = steady.package_w(75.0).mean()
    assert 250.0 < mean < 700.0
    low, high = steady.band(75.0)
    assert low.mean() < 550.0 < high.mean()


def test_idle_takes_far_less(machine: power.Machine, gpt_oss: LanguageModel) -> None:
    trace = power.Trace("apart", [0.0, 10.0], [1000, 1000], [50, 50])
    watts = block_power(trace, machine, gpt_oss, 1.0).package_w(75.0)
    assert watts[5] < 100.0
    assert watts[5] == watts[6]


def test_twice_the_work_in_the_same_time_takes_no_less(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    @settings(max_examples=12, deadline=None)
    @given(number=st.integers(1, 30), prompt=st.integers(1, 4000), output=st.integers(1, 200))
    def check(number: int, prompt: int, output: int) -> None:
        energies = [
            block_power(requests(n, prompt, output), machine, gpt_oss, 60.0).energy_j(75.0)
            for n in (number, 2 * number)
        ]
        assert energies[1] > energies[0]

    check()


def test_voltage_acts_on_the_compute_die_alone(
    toy_plan: Floorplan, operation: Make, small_model: LanguageModel
) -> None:
    trace = requests(4, 30, 20)
    low, high = (
        block_power(trace, power.Machine.of(toy_plan, operation(voltage=v)), small_model)
        .components(85.0)
        .sum()
        for v in ("0.75 V", "0.9 V")
    )
    square, leak = (0.9 / 0.75) ** 2, (0.9 / 0.75) ** 3
    for name in ("tensor", "vector", "sram", "noc", "collective", "clock"):
        assert high[name] / low[name] == pytest.approx(square), name
    assert high["leakage"] / low["leakage"] == pytest.approx(leak)
    for name in (
        "hbm_phy",
        "hbm_activate",
        "hbm_device",
        "hbm_io",
        "hbm_background",
        "refresh",
        "serdes",
        "host",
    ):
        assert high[name] == pytest.approx(low[name]), name


def test_power_gating_cuts_idle_leakage(
    toy_plan: Floorplan, operation: Make, small_model: LanguageModel
) -> None:
    trace = power.Trace("apart", [0.0, 10.0], [30, 30], [5, 5])
    on, off = (
        block_power(trace, power.Machine.of(toy_plan, operation(power_gating=g)), small_model, 1.0)
        for g in ("on", "off")
    )
    node = toy_plan.dies[0].node
    keys = list(on.keys)
    array, sram, spare = (
        keys.index(f"compute/slice0/{name}") for name in ("tensor0", "sram", "tensor2")
    )
    gated, full = on.leakage_at_reference_w[5], off.leakage_at_reference_w[5]
    assert gated[array] / full[array] == pytest.approx(node.gated_leakage_share)
    assert gated[sram] == full[sram]
    assert gated[spare] / full[spare] == pytest.approx(node.gated_leakage_share)
    assert on.dynamic_w[5, array] == 0.0
    assert off.dynamic_w[5, array] > 0.0  # its clock runs on, gated


def test_idle_slices_stay_dark(machine: power.Machine, small_model: LanguageModel) -> None:
    watts = block_power(requests(4, 100, 50), machine, small_model)
    sums = watts.dynamic_w.sum(axis=0)
    by_slice = [sums[machine.blocks.core_slice == n].sum() for n in range(64)]
    assert by_slice[0] > 0.0
    assert max(by_slice[1:]) == 0.0


def test_slices_share_alike(decode: power.BlockPower, machine: power.Machine) -> None:
    sums = decode.dynamic_w.sum(axis=0)
    arrays = sums[machine.blocks.arrays]
    assert arrays.max() / arrays.min() == pytest.approx(1.0, rel=1e-6)
    spares = machine.blocks.of_kind(BlockKind.TENSOR) & ~machine.blocks.enabled
    assert spares.sum() == 64
    assert sums[spares].max() == 0.0


def test_a_floorplan_without_some_kinds_loses_no_power(
    toy_plan: Floorplan, toy: power.Machine, operation: Make, small_model: LanguageModel
) -> None:
    die = toy_plan.dies[0]
    kinds = (BlockKind.TENSOR, BlockKind.FILLER)
    bare = tuple(block for block in die.blocks if block.kind in kinds)
    plan = dataclasses.replace(toy_plan, dies=(dataclasses.replace(die, blocks=bare),))
    machine = power.Machine.of(plan, operation())
    watts = block_power(requests(4, 30, 20), machine, small_model)
    parts = watts.components(85.0).sum()
    for name in ("tensor", "vector", "sram", "noc", "collective", "hbm_phy", "management"):
        assert parts[name] > 0.0, name
    package = watts.package_w(85.0)
    assert watts.watts(85.0).sum(axis=1) == pytest.approx(package, rel=1e-9)
    filler = list(watts.keys).index("compute/filler")
    assert watts.watts(85.0)[:, filler].max() == 0.0


def test_an_io_die_carries_the_links(gpt_oss: LanguageModel) -> None:
    plan = floorplan.build(floorplan.recipes()["jalapeno-hc26"])
    two = power.operations().derive("jalapeno", {"chips": 2}, name="two", where="test")
    machine = power.Machine.of(plan, two)
    watts = block_power(requests(16, 200, 100), machine, gpt_oss)
    assert machine.energy.name == "N3P"
    assert watts.components(80.0)["die_to_die"].max() > 0.0
    assert watts.watts(80.0).sum(axis=1) == pytest.approx(watts.package_w(80.0), rel=1e-9)
    names = {key.split("/")[1] for key in watts.keys if key.startswith("io/serdes")}
    assert names


def test_no_token_has_no_price(machine: power.Machine, gpt_oss: LanguageModel) -> None:
    trace = power.Trace("apart", [0.0, 10.0], [1000, 1000], [50, 50])
    idle = block_power(trace, machine, gpt_oss, 1.0).window(4.0, 6.0)
    assert idle.energy_j(75.0) > 0.0
    assert idle.tokens_per_s_per_w(75.0) == 0.0
    assert idle.joule_per_token(75.0) == float("inf")


def test_a_group_counts_all_its_chips(
    jalapeno: Floorplan, operation: Make, gpt_oss: LanguageModel
) -> None:
    pair = block_power(
        requests(32, 500, 200), power.Machine.of(jalapeno, operation(chips=2)), gpt_oss
    )
    assert pair.joule_per_token(80.0) == pytest.approx(2 * pair.energy_j(80.0) / (32 * 200))
    assert pair.components(80.0)["serdes"].max() > 32 * 0.4


def test_the_band_by_hand_for_one_number(
    toy_plan: Floorplan, small_model: LanguageModel, operation: Make
) -> None:
    wide = {"value": "5 W", "low": "2 W", "high": "9 W", "source": "user", "trust": "W"}
    base = techlib.energy_tables()
    table = base.derive("N3", {"management": {**wide, "valid": "test"}}, name="N3", where="test")
    machine = dataclasses.replace(power.Machine.of(toy_plan, operation()), energy=table)
    watts = block_power(requests(2, 20, 5), machine, small_model)
    only = dataclasses.replace(
        watts, terms=tuple(t for t in watts.terms if t.quantity == "management_w")
    )
    low, high = only.band(85.0)
    assert low == pytest.approx(2.0)
    assert high == pytest.approx(9.0)
    both = dataclasses.replace(only, terms=only.terms * 2)  # the same number twice: they move alike
    assert both.band(85.0)[1] == pytest.approx(18.0)


def test_the_band_adds_squares_and_holds_the_value(decode: power.BlockPower) -> None:
    low, high = decode.band(85.0)
    middle = decode.package_w(85.0)
    assert (low < middle).all()
    assert (middle < high).all()
    causes = {term.cause for term in decode.terms}
    ups = {cause: np.zeros(len(middle)) for cause in causes}
    for term in decode.terms:  # at the reference temperature, where the doubling has no say
        ups[term.cause] = ups[term.cause] + term.watts * term.relative_band[1]
    up = np.sqrt(sum(np.square(move) for move in ups.values()))
    assert high - middle == pytest.approx(up, rel=1e-9)
    cold_low, cold_high = decode.band(40.0)
    assert (cold_high - decode.package_w(40.0) > 0.0).all()
    assert (cold_low > 0.0).all()


def test_the_hottest_window_by_trying_all(machine: power.Machine, gpt_oss: LanguageModel) -> None:
    chat = power.generate(power.workloads()["coding-agent"], seed=2, duration_s=5.0)
    watts = block_power(chat, machine, gpt_oss)
    package, bin_s = watts.package_w(70.0), watts.bin_s[0]
    number = 17
    start, end = watts.hottest_window(number * bin_s, 70.0)
    means = [package[i : i + number].mean() for i in range(len(package) - number + 1)]
    assert start == pytest.approx(watts.edges_s[int(np.argmax(means))])
    assert end - start == pytest.approx(number * bin_s)
    assert watts.hottest_window(1e9, 70.0) == (watts.edges_s[0], watts.edges_s[-1])


def test_two_workloads_give_two_maps(
    machine: power.Machine, gpt_oss: LanguageModel, small_model: LanguageModel
) -> None:
    """Prompts heat the arrays, decoding the interfaces; a small model leaves slices dark."""
    maps = {}
    for name, model, prompt, output in (
        ("prompts", gpt_oss, 8000, 1), ("decode", gpt_oss, 10, 400), ("small", small_model, 10, 400)
    ):  # fmt: skip
        schedule = power.Schedule.of(requests(20, prompt, output, 1e-3), machine, model)
        watts = power.BlockPower.of(power.Activity.of(schedule)).mean_watts(60.0)
        maps[name] = watts / watts.sum()
    blocks = machine.blocks
    arrays, interfaces = blocks.arrays, blocks.of_kind("hbm_phy")
    assert maps["prompts"][arrays].sum() > 2.0 * maps["decode"][arrays].sum()
    assert maps["decode"][interfaces].sum() > 2.0 * maps["prompts"][interfaces].sum()
    first, last = (maps["small"][arrays & (blocks.core_slice == n)].sum() for n in (0, 63))
    assert first > 2.0 * last
