from collections.abc import Callable

import numpy as np
import pytest

import power
import techlib
from floorplan import Floorplan
from power.parallel import ParallelWork, work_of
from power.step_times import StepTimes
from power.work import ACTIONS
from techlib import InputError, LanguageModel

Make = Callable[..., power.Operation]
MACS = [ACTIONS.index(name) for name in ("mac_fp4", "mac_fp8", "mac_bf16")]
READ, SERDES = ACTIONS.index("hbm_read_bytes"), ACTIONS.index("serdes_bits")


def work(plan: Floorplan, operation: Make, model: LanguageModel, **changes: int) -> power.Work:
    return work_of(power.Machine.of(plan, operation(**changes)), model)


@pytest.fixture(scope="module")
def dense() -> LanguageModel:
    return techlib.language_models()["llama-3.1-70b"]


def test_alone_it_is_plain_work(
    jalapeno: Floorplan, operation: Make, gpt_oss: LanguageModel
) -> None:
    assert type(work(jalapeno, operation, gpt_oss, chips=4)) is power.Work
    tokens = np.arange(1.0, 700.0, 13.0)
    plain = work(jalapeno, operation, gpt_oss, chips=4)
    machine = plain.machine
    same = ParallelWork(machine, gpt_oss)
    assert np.array_equal(same.per_step(tokens), plain.per_step(tokens))
    assert np.array_equal(same.serial_s(tokens), plain.serial_s(tokens))
    assert np.array_equal(same.per_sum, plain.per_sum)


def test_a_pipeline_does_the_same_products(
    jalapeno: Floorplan, operation: Make, dense: LanguageModel
) -> None:
    tokens = np.array([1.0, 2.0, 4.0, 256.0, 8192.0])
    flat = work(jalapeno, operation, dense, chips=4)
    deep = work(jalapeno, operation, dense, chips=4, pipeline_parallel=4)
    np.testing.assert_allclose(
        deep.per_step(tokens)[:, MACS], flat.per_step(tokens)[:, MACS], rtol=1e-12
    )
    np.testing.assert_allclose(deep.per_sum[:, MACS], flat.per_sum[:, MACS], rtol=1e-12)
    # Weights pass once for each part of the step that a stage works on.
    part = np.minimum(tokens, 4.0)
    one = work(jalapeno, operation, dense, chips=1).per_step(tokens / part)[:, READ]
    np.testing.assert_allclose(deep.per_step(tokens)[:, READ], one * part / 4.0, rtol=1e-12)
    # No all-reduces, three hand-overs of 8-bit activations for four packages.
    sent = tokens * dense.hidden * 8.0 * 3.0 / 4.0
    np.testing.assert_allclose(deep.per_step(tokens)[:, SERDES], sent, rtol=1e-12)
    assert flat.per_step(tokens)[-1, SERDES] > 50.0 * sent[-1]


def test_one_sequence_alone_sees_every_stage_in_turn(
    jalapeno: Floorplan, operation: Make, dense: LanguageModel
) -> None:
    run = operation(chips=4, pipeline_parallel=4)
    deep = work_of(power.Machine.of(jalapeno, run), dense)
    single = work(jalapeno, operation, dense, chips=1)
    times = StepTimes.of(deep)
    longest = times.fixed_s[1, :3].max() * times.fixed_s[1, 4]
    alone = (single.per_step([1.0]) @ single.seconds_per_action).max()
    assert longest == pytest.approx(alone, rel=1e-12)
    hops = 3 * (run.step_overhead_s + run.all_reduce_latency_s)
    assert times.fixed_s[1, 3] == pytest.approx(run.step_overhead_s + hops, rel=1e-12)
    assert times.fixed_s[4:, 4] == pytest.approx(1.0)  # four tokens fill four stages


def test_experts_apart_send_tokens_and_wait_for_the_fullest(
    jalapeno: Floorplan, operation: Make
) -> None:
    model = techlib.language_models()["deepseek-r1"]
    tokens = np.array([8.0, 64.0, 512.0, 8192.0])
    cut = work(jalapeno, operation, model, chips=16)
    apart = work(jalapeno, operation, model, chips=16, expert_parallel=16)
    others = [n for n in range(len(ACTIONS)) if n != SERDES]
    np.testing.assert_array_equal(apart.per_step(tokens)[:, others],
                                  cut.per_step(tokens)[:, others])  # fmt: skip
    # Eight experts of a token lie on 16 (1 - (15/16)^8) = 6.45 packages in the mean.
    moved = tokens * model.layers * model.hidden * 8.0
    reached = 16.0 * (1.0 - (15.0 / 16.0) ** model.experts_per_token)
    expected = 2.0 * 15 / 16 * moved + 2.0 * reached * 15 / 16 * moved / 16
    np.testing.assert_allclose(apart.per_step(tokens)[:, SERDES], expected, rtol=1e-12)
    assert (apart.serial_s(tokens) > 0.0).all()
    # Loads even out as tokens grow: 64 tokens miss some of the experts, 512 meet all of them.
    assert isinstance(apart, ParallelWork)
    seconds = (apart.per_step(tokens) @ apart.seconds_per_action).max(axis=1)
    waits = apart._waiting_s(tokens) / seconds
    assert 1.0 > waits[0] > waits[1] > 5.0 * waits[2] > 0.0
    # 8192 x 8 choices over 16 packages: one in 66 spread, times the 2.35 of the fullest one.
    assert waits[3] == pytest.approx(2.35 * (15.0 / 65536.0) ** 0.5, rel=0.5)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("gpt-oss-120b", {"chips": 4, "pipeline_parallel": 3}, r"a divisor of power\.chips = 4"),
        ("gpt-oss-120b", {"chips": 64, "pipeline_parallel": 64}, "at most 36 layers"),
        ("llama-3.1-70b", {"chips": 4, "expert_parallel": 4}, "has no experts; allowed: 1"),
        ("gpt-oss-120b", {"chips": 4, "expert_parallel": 8}, "of the 4 packages of a stage"),
    ],
)
def test_what_cannot_be_shared(
    jalapeno: Floorplan, operation: Make, name: str, changes: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        work(jalapeno, operation, techlib.language_models()[name], **changes)


def test_a_schedule_in_every_way(
    jalapeno: Floorplan, operation: Make, gpt_oss: LanguageModel
) -> None:
    trace = power.generate(power.workloads()["chat"], seed=1, duration_s=2.0)
    for changes in ({}, {"pipeline_parallel": 4}, {"expert_parallel": 4},
                    {"pipeline_parallel": 2, "expert_parallel": 2}):  # fmt: skip
        machine = power.Machine.of(jalapeno, operation(chips=4, **changes))
        schedule = power.Schedule.of(trace, machine, gpt_oss)
        watts = power.BlockPower.of(power.Activity.of(schedule))
        total = watts.watts(70.0).sum(axis=1)
        np.testing.assert_allclose(total, watts.package_w(70.0), rtol=1e-9)
        assert schedule.iterations["output_tokens"].sum() == trace.output_tokens.sum()
        busy = schedule.iterations[["tensor_s", "vector_s", "hbm_s"]].to_numpy()
        lasting = (schedule.iterations["end_s"] - schedule.iterations["start_s"]).to_numpy()
        assert (busy.max(axis=1) <= lasting * (1.0 + 1e-9)).all()
