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
from power.term import COMPONENTS
from techlib import InputError, LanguageModel

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


@pytest.fixture(scope="module")
def decode(busy_decode: power.Schedule) -> power.BlockPower:
    return power.BlockPower.of(power.Activity.of(busy_decode))


@pytest.mark.parametrize("shape", ["number", "blocks", "time and blocks"])
def test_block_watts_sum_to_the_package(decode: power.BlockPower, shape: str) -> None:
    generator = np.random.default_rng(1)
    size = {
        "number": (),
        "blocks": (len(decode.keys),),
        "time and blocks": (len(decode.bin_s), len(decode.keys)),
    }[shape]
    temperature = generator.uniform(40.0, 110.0, size)
    watts = decode.watts(temperature)
    assert watts.shape == (len(decode.bin_s), len(decode.keys))
    assert (watts >= 0.0).all()
    package = decode.package_w(temperature)
    assert np.abs(watts.sum(axis=1) / package - 1.0).max() < 1e-9
    assert np.abs(decode.components(temperature).sum(axis=1) / package - 1.0).max() < 1e-9


def test_mean_watts_are_the_mean_of_the_watts(decode: power.BlockPower) -> None:
    temperature = np.random.default_rng(2).uniform(40.0, 110.0, len(decode.keys))
    mean = decode.bin_s @ decode.watts(temperature) / decode.bin_s.sum()
    assert decode.mean_watts(temperature) == pytest.approx(mean, rel=1e-12)


def test_power_stays_finite_at_any_temperature(decode: power.BlockPower) -> None:
    boundless = decode.watts(1e300)
    assert np.isfinite(boundless).all()
    assert boundless.sum() > 1e70 * decode.watts(100.0).sum()
    assert (decode.watts(-273.0) <= decode.watts(20.0)).all()


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


def test_energy_and_mean_power_do_not_hang_on_the_bins(
    toy: power.Machine, small_model: LanguageModel
) -> None:
    """The mean is energy over the time from the first arrival to the last step's end."""

    @settings(max_examples=25, deadline=None)
    @given(
        bin_s=st.floats(1e-3, 10.0),
        gaps=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=6),
        cut=st.integers(1, 6),
    )
    def check(bin_s: float, gaps: list[float], cut: int) -> None:
        trace = power.Trace("any", np.cumsum(gaps), [30] * len(gaps), [20] * len(gaps))
        schedule = power.Schedule.of(trace, toy, small_model)
        activity = power.Activity.of(schedule, bin_s)
        watts, steps = power.BlockPower.of(activity), schedule.run_power(80.0)
        report = power.PowerReport(schedule, watts, 80.0)
        span_s = schedule.end_s - trace.arrival_s[0]
        assert watts.energy_j(80.0) == pytest.approx(steps.total_j, rel=1e-9)
        assert report.throughput()["mean_w"] == pytest.approx(steps.total_j / span_s, rel=1e-9)
        assert report.power_figures()["peak_w"] <= steps.highest_w * (1.0 + 1e-9)
        parts = [trace.rows(slice(i, i + cut)) for i in range(0, len(trace), cut)]
        streamed = power.serve_stream(parts, toy, small_model, temperature_c=80.0, bin_s=bin_s)
        mean_w = power.BlockPower.of(streamed).package_w(80.0) @ streamed.bin_s / span_s
        assert mean_w == pytest.approx(steps.total_j / span_s, rel=1e-9)

    check()


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


def test_leakage_doubles_as_its_node_says(decode: power.BlockPower, machine: power.Machine) -> None:
    node = machine.node
    reference = node.reference_temperature_c
    cool, hot = (
        decode.components(reference + rise)["leakage"] for rise in (0.0, node.leakage_doubling_k)
    )
    assert hot.to_numpy() == pytest.approx(2.0 * cool.to_numpy(), rel=1e-12)
    at = decode.watts(reference) - decode.dynamic_w - decode.refresh_at_base_w
    assert np.abs(at - decode.leakage_at_reference_w).max() < 1e-12


def test_refresh_doubles_above_its_threshold(decode: power.BlockPower) -> None:
    def refresh(temperature_c: float) -> float:
        return float(decode.components(temperature_c)["refresh"].iloc[0])

    base = refresh(25.0)
    assert refresh(85.0) == pytest.approx(base)
    assert refresh(86.0) == pytest.approx(base * 2.0**0.5)  # half of the ramp of 2 K
    assert refresh(87.0) == pytest.approx(2.0 * base)
    assert refresh(95.0) == pytest.approx(2.0 * base)
    assert refresh(98.0) == pytest.approx(4.0 * base)


def test_refresh_heats_the_dram_and_not_the_base(decode: power.BlockPower) -> None:
    change = (decode.watts(98.0) - decode.watts(80.0))[0]
    by_key = dict(zip(decode.keys, change, strict=True))
    assert by_key["hbm_w0/base"] == pytest.approx(0.0, abs=1e-12)
    assert by_key["hbm_w0/dram"] > 1.0


def test_hbm_power_is_split_by_the_base_share(
    decode: power.BlockPower, machine: power.Machine
) -> None:
    share = machine.floorplan.stacks[0].generation.base_share
    keys = list(decode.keys)
    base, dram = (decode.dynamic_w[3, keys.index(f"hbm_e1/{part}")] for part in ("base", "dram"))
    assert base / (base + dram) == pytest.approx(share)


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


def test_the_mean_over_time(decode: power.BlockPower) -> None:
    temperature = np.linspace(50.0, 100.0, len(decode.keys))
    weight = decode.bin_s / decode.bin_s.sum()
    assert decode.mean_watts(temperature) == pytest.approx(weight @ decode.watts(temperature))
    assert decode.bin_watts(7, temperature) == pytest.approx(decode.watts(temperature)[7])


def test_energy_integrates_to_the_total(decode: power.BlockPower) -> None:
    by_block = float(decode.watts(80.0).sum(axis=1) @ decode.bin_s)
    assert decode.energy_j(80.0) == pytest.approx(by_block, rel=1e-9)
    tokens = 256 * 2000
    assert decode.joule_per_token(80.0) == pytest.approx(by_block / tokens, rel=1e-9)
    assert decode.tokens_per_s_per_w(80.0) * decode.joule_per_token(80.0) == pytest.approx(1.0)


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


def test_windows(decode: power.BlockPower) -> None:
    part = decode.window(1.0, 2.0)
    bin_s = decode.bin_s[0]
    assert part.edges_s[0] == pytest.approx(1.0)
    assert part.edges_s[-1] == pytest.approx(2.0)
    first = round(1.0 / bin_s)
    assert part.watts(70.0) == pytest.approx(decode.watts(70.0)[first : first + len(part.bin_s)])
    with pytest.raises(InputError, match=r"window: no bin from 1e\+06 s to 1e\+06 s"):
        decode.window(1e6, 1e6)


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


def test_tables(decode: power.BlockPower) -> None:
    table = decode.to_dataframe(80.0)
    assert tuple(table.columns) == decode.keys
    assert table.index.name == "start_s"
    assert tuple(decode.components(80.0).columns) == tuple(COMPONENTS)
    assert {source.key for source in decode.sources} >= {"scoville", "gpt-oss", "vllm"}


def test_temperatures_that_cannot_be(decode: power.BlockPower) -> None:
    with pytest.raises(InputError, match=r"temperature_c: shape \(3,\); allowed: a number, or"):
        decode.watts(np.zeros(3))
    with pytest.raises(InputError, match="temperature_c: is not finite everywhere"):
        decode.mean_watts(float("nan"))


def test_accesses_of_a_stack_by_part(decode: power.BlockPower, machine: power.Machine) -> None:
    """Rows cost in the DRAM, I/O on the base die, and both together the base die's share."""
    generation = machine.floorplan.stacks[0].generation
    parts = decode.components(60.0).sum()
    device = parts[["hbm_activate", "hbm_device", "hbm_io"]].sum()
    assert parts["hbm_activate"] == pytest.approx(generation.activate_share * device)
    assert parts["hbm_io"] == pytest.approx(generation.io_share * device)
    keys = np.array(decode.keys)
    for component, share in (("hbm_activate", 0.0), ("hbm_io", 1.0)):
        found = sum(t.watts.sum() * t.share for t in decode.terms if t.component == component)
        on_base = found[np.char.endswith(keys, "/base")].sum()
        assert on_base == pytest.approx(share * found.sum()), component


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
