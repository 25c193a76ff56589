"""Demand of steady decoding, and what a board makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import floorplan
import power
import techlib
from power.serving import ENERGIES, TIMES


@pytest.fixture(scope="module")
def h100() -> power.Machine:
    return power.Machine.of(
        floorplan.build(floorplan.recipes()["h100-sxm"]), power.operations()["h100-sxm"]
    )


@pytest.fixture(scope="module")
def served() -> power.ServingModel:
    return power.ServingModel.of("H100-SXM", "H100-SXM")


def work_of(
    machine: power.Machine, name: str, chips: int = 1, groups: int = 1, bits: float | None = None
) -> power.Work:
    run = replace(
        machine.operation, chips=float(chips), expert_parallel=float(groups), weight_bits=bits
    )
    return power.Work(replace(machine, operation=run), techlib.language_models()[name])


def demand(machine: power.Machine, name: str, chips: int = 1, **changes: float) -> power.Demand:
    asked = {"batch": 32.0, "prompt_tokens": 200.0, "output_tokens": 400.0} | changes
    return power.Demand.of(work_of(machine, name, chips), **asked)


def test_a_dense_model_by_hand(h100: power.Machine) -> None:
    model = techlib.language_models()["llama-3.1-8b"]
    found = demand(h100, "llama-3.1-8b")
    table = 128256 * 4096
    weights = model.total_parameters - table  # the input's embedding is looked up, not streamed
    assert found.stream_byte == pytest.approx(2 * weights)
    context = 200 + 400 / 2
    kept = 2 * 8 * 128 * 32 * 2  # keys and values of 8 heads x 128 in 32 layers, bf16
    assert found.kv_byte == pytest.approx(32 * context * kept)
    attention = 2 * 32 * 128 * 32 * context
    assert found.flop == pytest.approx(2 * 32 * (weights + attention))
    assert found.prompt_flop == pytest.approx(
        2 * 32 / 400 * 200 * (weights - table + 2 * 32 * 128 * 32 * 100)
    )
    assert found.hops == found.routed_values == found.padding_flop == found.input_s == 0.0
    assert found.busiest_stream_byte == found.stream_byte


def test_a_group_shares_all_but_heads_that_are_too_few(h100: power.Machine) -> None:
    one, eight = (demand(h100, "qwen3-235b-a22b", chips) for chips in (1, 8))
    assert eight.stream_byte == pytest.approx(one.stream_byte / 8)
    assert eight.flop == pytest.approx(one.flop / 8)
    assert eight.kv_byte == pytest.approx(one.kv_byte / 4)  # four heads: two copies of each
    assert eight.hops == 94 * 3
    assert eight.routed_values == one.routed_values == 32 * 94 * 4096  # every package routes all


def test_states_of_fixed_size_do_not_grow_with_the_context(h100: power.Machine) -> None:
    short, long = (
        demand(h100, "nemotron-nano-9b-v2", output_tokens=tokens) for tokens in (400.0, 8000.0)
    )
    assert short.stream_byte == long.stream_byte
    state = 27 * 128 * 80 * 128 * 2
    model = techlib.language_models()["nemotron-nano-9b-v2"]
    weights = model.total_parameters - 131072 * 4480
    assert short.stream_byte == pytest.approx(2 * weights + 2 * 32 * 2 * state)  # states in fp32
    assert long.kv_byte > 5 * short.kv_byte


def test_a_latent_lies_on_every_package_and_is_read_by_all_heads(h100: power.Machine) -> None:
    one, eight = (demand(h100, "deepseek-r1", chips) for chips in (1, 8))
    assert one.kv_byte == pytest.approx(32 * 400 * 61 * 576 * 2)
    assert eight.kv_byte == pytest.approx(one.kv_byte)
    longer = demand(h100, "deepseek-r1", output_tokens=402.0)
    assert longer.flop - one.flop == pytest.approx(2 * 32 * 61 * 128 * 2 * 576)


def test_the_busiest_of_groups_meets_what_drawn_tokens_meet(h100: power.Machine) -> None:
    work = work_of(h100, "qwen3-235b-a22b", 8, groups=8)
    rng = np.random.default_rng(1)
    for batch in (4, 16):
        found = power.ExpertLoad.of(work, batch)
        chosen = rng.random((3000, batch, 128)).argsort(axis=-1)[..., :8]
        met = np.zeros((3000, 128), dtype=bool)
        np.put_along_axis(met, chosen.reshape(3000, -1), values=True, axis=1)
        counts = met.reshape(3000, 8, 16).sum(axis=2)
        each = work.model.expert_parameters * 2
        assert found.met_byte == pytest.approx(counts.mean() * each, rel=0.01)
        assert found.busiest_met_byte == pytest.approx(counts.max(axis=1).mean() * each, rel=0.05)
    all_met = power.ExpertLoad.of(work, 4096)
    assert all_met.busiest_met_byte == pytest.approx(16 * each)


def test_tiles_of_experts_are_filled_up(h100: power.Machine, served: power.ServingModel) -> None:
    board = served.board
    work = work_of(h100, "qwen3-30b-a3b")
    each = 2 * work.model.expert_parameters

    def padding(work: power.Work, batch: float) -> float:
        return power.ExpertLoad.of(work, batch, board).padding_flop / each

    def met(batch: float) -> float:
        return 128 * (1 - (1 - 8 / 128) ** batch)

    assert padding(work, 16) == pytest.approx(16 * met(16) - 16 * 8)
    assert padding(work, 129) == pytest.approx(64 * met(129) - 129 * 8)  # more than there are
    assert padding(work, 4096) == 0.0
    by_block = work_of(h100, "qwen3-30b-a3b", bits=8.0)
    assert padding(by_block, 16) == pytest.approx(128 * 128 - 16 * 8)  # whether met or not
    by_channel = replace(by_block, model=replace(work.model, scale_block=0.0))
    assert padding(by_channel, 256) == 0.0
    assert power.ExpertLoad.of(work, 16).padding_flop == 0.0


def test_power_is_linear_up_to_the_limit(h100: power.Machine, served: power.ServingModel) -> None:
    asked = demand(h100, "llama-3.1-70b", 4)
    idle, slow, fast = (served.power_w(asked, rate) for rate in (0.0, 5.0, 10.0))
    assert idle == served.board.idle_w
    assert fast - slow == pytest.approx(slow - idle)
    assert served.power_w(asked, 1e6) == served.accelerator.power_w


def test_more_work_at_a_rate_never_takes_less_power_or_time(
    h100: power.Machine, served: power.ServingModel
) -> None:
    for name in ("llama-3.1-8b", "gpt-oss-20b", "qwen3-30b-a3b", "nemotron-nano-9b-v2"):
        demands = [demand(h100, name, batch=batch) for batch in (1.0, 2.0, 4.0, 64.0, 512.0)]
        watts = [served.power_w(one, 5.0) for one in demands]
        times = [served.step_s(one) for one in demands]
        assert watts == sorted(watts)
        assert times == sorted(times)


def test_another_chip_follows_its_data_sheet(
    h100: power.Machine, served: power.ServingModel
) -> None:
    asked = demand(h100, "llama-3.1-8b")
    twice = replace(
        served.accelerator,
        power_w=2 * served.accelerator.power_w,
        bandwidth_byte_s=2 * served.accelerator.bandwidth_byte_s,
        peak_flop_s=2 * served.accelerator.peak_flop_s,
        peak_fp8_flop_s=None,
    )
    other = replace(served, accelerator=twice)
    assert other.power_terms(asked, 3.0)[0] == 2.0
    assert other.power_terms(asked, 3.0)[1:] == pytest.approx(served.power_terms(asked, 3.0)[1:])
    hotter = replace(served, accelerator=replace(twice, peak_flop_s=served.accelerator.peak_flop_s))
    grown = hotter.power_terms(asked, 3.0) / other.power_terms(asked, 3.0).clip(1e-300)
    assert grown[:6] == pytest.approx([1.0, 1.0, 1.0, 2.0, 0.0, 1.0])  # no tiles in a dense model
    halves = other.time_terms(asked) / served.time_terms(asked).clip(1e-300)
    assert halves[:2] == pytest.approx([0.5, 0.5])
    assert halves[2:4] == pytest.approx([1.0, 1.0])


def test_the_same_die_spends_the_same_on_a_bit_from_another_memory(h100: power.Machine) -> None:
    asked = demand(h100, "llama-3.1-70b", 4)
    one, other = (power.ServingModel.of("H100-SXM", chip) for chip in ("H100-SXM", "H200-SXM"))
    assert other.power_w(asked, 5.0) == one.power_w(asked, 5.0)
    assert other.step_s(asked) < one.step_s(asked)


def test_narrow_weights_run_at_the_rate_of_a_format_that_is_there() -> None:
    h100, b200 = (power.ServingModel.of("H100-SXM", chip) for chip in ("H100-SXM", "B200"))
    assert h100.peak_flop_s(8.0) == pytest.approx(2 * h100.peak_flop_s(16.0), rel=1e-3)
    assert h100.peak_flop_s(4.25) == h100.peak_flop_s(16.0)  # no fp4: widened
    assert b200.peak_flop_s(4.25) == 4 * b200.peak_flop_s(16.0)


def test_an_unknown_chip_is_named() -> None:
    with pytest.raises(techlib.InputError, match=r"H100-SXN.*did you mean 'H100-SXM'"):
        power.ServingModel.of("H100-SXM", "H100-SXN")


def test_energy_per_token_is_power_over_rate(
    h100: power.Machine, served: power.ServingModel
) -> None:
    asked = demand(h100, "llama-3.1-70b", 4)
    rate = served.steps_per_s(asked)
    assert 1.0 / rate == pytest.approx(served.step_s(asked) + served.prompt_s(asked))
    joule = 4 * served.power_w(asked, rate) / (32 * rate)
    assert served.joule_per_token(asked) == pytest.approx(joule)
    with_images = demand(h100, "llama-3.1-70b", 4, input_s=0.1)
    waiting = served.prompt_s(with_images) - served.prompt_s(asked)
    assert waiting == pytest.approx(32 / 400 * 0.1)


def test_every_coefficient_counts(h100: power.Machine, served: power.ServingModel) -> None:
    work = work_of(h100, "qwen3-30b-a3b", 2, bits=8.0)
    asked = power.Demand.of(work, batch=8, prompt_tokens=9, output_tokens=9, board=served.board)
    for name in ENERGIES:
        more = replace(served.board, **{name: 2.0 * getattr(served.board, name)})
        assert replace(served, board=more).power_w(asked, 1.0) > served.power_w(asked, 1.0), name
    for name in TIMES:
        change = {name: 1.01 * getattr(served.board, name)}
        other = replace(served, board=replace(served.board, **change))
        assert other.step_s(asked) != served.step_s(asked), name


def test_a_board_at_its_limit_slows_down_until_its_joules_suffice(
    h100: power.Machine, served: power.ServingModel
) -> None:
    limit_w, slowed = served.accelerator.power_w, []
    coefficients = np.array([getattr(served.board, name) for name in ENERGIES])
    for batch in (8.0, 32.0, 256.0, 2048.0):
        work = work_of(h100, "llama-3.1-405b", chips=4, bits=8.0)
        asked = power.Demand.of(work, batch=batch, prompt_tokens=200.0, output_tokens=400.0)
        rate = served.steps_per_s(asked)
        assert served.power_terms(asked, rate) @ coefficients <= limit_w * (1.0 + 1e-9)
        each_j = served.power_w(asked, rate) / rate * 4
        assert served.joule_per_token(asked) == pytest.approx(each_j / batch)
        assert served.step_s(asked) + served.prompt_s(asked) == pytest.approx(1.0 / rate)
        slowed.append(served.power_w(asked, rate) == pytest.approx(limit_w))
    assert slowed == [False, False, True, True]
