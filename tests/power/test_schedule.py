import dataclasses
import importlib.util
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import power
import techlib
from floorplan import Floorplan
from power import PrefixBlocks
from power.rows import GROWTH, ROW
from power.server import Server
from power.work import SUMS
from techlib import InputError, LanguageModel

TRACES = Path(__file__).parents[3] / "shared" / "data" / "traces"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    path = Path(__file__).with_name("reference_batching.py")
    spec = importlib.util.spec_from_file_location("reference_batching", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look a class's module up
    spec.loader.exec_module(module)
    return module


def traces(
    most: int = 12, *, least_output: int = 1, blocks: bool = True
) -> st.SearchStrategy[power.Trace]:
    """Requests that meet, queue and pause: a step of the toy takes about 0.1 ms.

    Prompts begin with one of three stems of 8-token blocks, which they share for a while.
    """
    gap = st.one_of(st.just(0.0), st.floats(0.0, 1e-3), st.just(0.1))
    stem = st.tuples(st.integers(0, 2), st.integers(0, 7))
    row = st.tuples(gap, st.integers(1, 60), st.integers(least_output, 40), stem)

    def build(rows: list[tuple[float, int, int, tuple[int, int]]]) -> power.Trace:
        gaps, prompts, outputs, stems = zip(*rows, strict=True)
        lists = [
            [100 * stem + n if n < shared else 1000 * (number + 1) + n
             for n in range(-(-prompt // 8))]
            for number, (prompt, (stem, shared)) in enumerate(zip(prompts, stems, strict=True))
        ]  # fmt: skip
        kept = PrefixBlocks.of(8, lists) if blocks else None
        return power.Trace("any", np.cumsum(gaps), prompts, outputs, kept)

    return st.lists(row, min_size=1, max_size=most).map(build)


@pytest.fixture(scope="module")
def tight(toy_plan: Floorplan, operation: Callable[..., power.Operation]) -> power.Machine:
    """A toy whose memory leaves KV cache for about 105 tokens of the small model."""
    generation = dataclasses.replace(toy_plan.stacks[0].generation, capacity_byte=95e3)
    stacks = tuple(dataclasses.replace(s, generation=generation) for s in toy_plan.stacks)
    plan = dataclasses.replace(toy_plan, stacks=stacks)
    return power.Machine.of(plan, operation(max_batch=4, chunk_tokens=16))


OPTIONS: dict[str, dict[str, Any]] = {
    "reserve": {},
    "grow": {"kv_admission": "grow"},
    "drafts": {"draft_tokens": 3, "draft_acceptance": 0.6, "draft_cost": 0.1},
    "prefixes": {"prefix_caching": "on"},
    "all": {
        "kv_admission": "grow", "draft_tokens": 2, "draft_acceptance": 0.7,
        "prefix_caching": "on",
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=list(OPTIONS))
def optional(
    request: pytest.FixtureRequest,
    tight: power.Machine,
    operation: Callable[..., power.Operation],
) -> power.Machine:
    run = operation(max_batch=4, chunk_tokens=16, **OPTIONS[request.param])
    return power.Machine.of(tight.floorplan, dataclasses.replace(run, cap_w=None))


@pytest.mark.parametrize("handed", [False, True])
def test_the_schedule_is_that_of_the_reference(
    optional: power.Machine, small_model: LanguageModel, reference: ModuleType, handed: bool
) -> None:
    work = power.Work(optional, small_model)
    capacity = optional.kv_capacity_byte(small_model)

    @settings(max_examples=15, deadline=None)
    @given(trace=traces(14, least_output=2 if handed else 1))
    def check(trace: power.Trace) -> None:
        sides = {"handed": handed, "hands_over": not handed}
        served = Server(work, capacity, seed=5, **sides).serve(trace)
        told = reference.Reference(trace, work, capacity, seed=5, **sides)
        expected = told.serve()
        runs = pd.DataFrame(served.rows, columns=list(ROW))
        assert runs["steps"].sum() == len(expected)
        at = np.concatenate([[0], np.cumsum(runs["steps"])]).astype(int)
        for row, (first, last) in enumerate(itertools.pairwise(at)):
            part = expected[first:last]
            run = runs.iloc[row]
            assert run["start_s"] == pytest.approx(part[0].start_s, rel=1e-12)
            assert run["end_s"] == pytest.approx(part[-1].end_s, rel=1e-12)
            assert {len(step.decoded) for step in part} == {int(run["decode_sequences"])}
            assert {step.tokens for step in part} == {int(run["decode_tokens"])}
            total = sum(step.sums for step in part)
            assert run[list(SUMS)].to_numpy() == pytest.approx(total)
            assert run["output_tokens"] == sum(step.output for step in part)
            most = max(step.in_use_byte for step in part)
            assert run["kv_reserved_byte"] == pytest.approx(most)
        assert served.evictions.tolist() == [r.evictions for r in told.requests]
        assert served.cached_tokens.tolist() == [r.cached for r in told.requests]
        if not handed:
            ends = {}
            for step in expected:
                for number, _, last in step.chunks:
                    if last == trace.prompt_tokens[number]:
                        ends.setdefault(number, step.end_s)
            firsts = [ends[r] for r in range(len(trace))]
            assert served.first_token_s == pytest.approx(firsts, rel=1e-12)

    check()


def test_the_options_bite(optional: power.Machine, small_model: LanguageModel) -> None:
    """The cases above would prove little if nothing was evicted, drafted or found."""
    trace = power.Trace(
        "t", np.zeros(12), np.full(12, 30), np.full(12, 40),
        PrefixBlocks.of(8, [[1, 2, 3, 10 + n] for n in range(12)]),
    )  # fmt: skip
    served = Server(power.Work(optional, small_model), optional.kv_capacity_byte(small_model))
    result, run = served.serve(trace), optional.operation
    runs = pd.DataFrame(result.rows, columns=list(ROW))
    assert result.evictions.any() == (run.kv_admission == "grow")
    assert result.cached_tokens.any() == run.caches_prefixes
    drafted = (runs["decode_tokens"] > runs["decode_sequences"]).any()
    assert drafted == (run.draft_tokens > 0)


@pytest.mark.parametrize("drafts", [1, 3])
def test_certain_drafts_take_the_fewest_steps(
    toy_plan: Floorplan,
    operation: Callable[..., power.Operation],
    small_model: LanguageModel,
    drafts: int,
) -> None:
    def steps(acceptance: float, output: int) -> pd.DataFrame:
        run = operation(max_batch=4, chunk_tokens=16, draft_tokens=drafts,
                        draft_acceptance=acceptance, draft_cost=0.0)  # fmt: skip
        trace = power.Trace("one", [0.0], [10], [output])
        machine = power.Machine.of(toy_plan, run)
        return power.Schedule.of(trace, machine, small_model).iterations

    for output in (1, 2, 5, 9, 12):
        sure = steps(1.0, output)["steps"].sum()
        assert sure == 1 + -(-(output - 1) // (drafts + 1))
        never = steps(0.0, output)
        assert never["steps"].sum() == output
        assert never["output_tokens"].sum() == output
    # Half of the drafts: 1 + p + ... + p^k tokens a step in the mean, four standard errors.
    found = steps(0.5, 40_000)
    mean = sum(0.5**n for n in range(drafts + 1))
    assert 39_999 / (found["steps"].sum() - 1) == pytest.approx(mean, rel=4.0 / 15_000**0.5)


def test_groups_that_read_hand_over_to_groups_that_decode(
    toy_plan: Floorplan, operation: Callable[..., power.Operation], small_model: LanguageModel
) -> None:
    trace = power.Trace("t", np.arange(6) * 1e-4, np.full(6, 40), [1, 9, 9, 9, 9, 9])
    shared = {"prefill_groups": 2, "decode_groups": 2, "max_batch": 4, "chunk_tokens": 16}
    prefill, decode = (
        power.Schedule.of(
            trace, power.Machine.of(toy_plan, operation(role=role, **shared)), small_model
        )
        for role in ("prefill", "decode")
    )
    # Groups take turns: prompts 0, 2, 4 here, of which each hands its KV cache over.
    assert prefill.trace.arrival_s.tolist() == trace.arrival_s[::2].tolist()
    assert prefill.iterations["output_tokens"].sum() == 3
    work = decode.work
    full, windowed = work.kv_byte_per_token
    each = 40 * full + 10 * windowed
    assert prefill.handover_byte == 3 * each
    bits = power.work.ACTIONS.index("serdes_bits")
    assert prefill.actions[:, bits].sum() == pytest.approx(8.0 * 3 * each)
    # Five answers are longer than a token; this group gets those that are there 1st, 3rd, 5th.
    assert len(decode.trace) == 3
    assert decode.iterations["step_prompt_tokens"].sum() == 0
    assert decode.iterations["output_tokens"].sum() == 3 * 8
    sent_s = each / work.machine.operation.link_bandwidth_byte_s
    assert decode.trace.arrival_s == pytest.approx(decode.first_token_s + sent_s, rel=1e-12)
    assert set(decode.asked_s) <= set(trace.arrival_s)
    assert (decode.ttft_s > 0.0).all()
    assert (decode.finish_s > decode.trace.arrival_s).all()
    with pytest.raises(InputError, match=r"no answer is longer than one token; set power\.role"):
        power.Schedule.of(
            power.Trace("t", [0.0, 0.0], [40, 40], [1, 1]), decode.work.machine, small_model
        )


@pytest.mark.parametrize("size", [1, 7])
def test_stretches_give_the_schedule_of_the_whole(
    optional: power.Machine, small_model: LanguageModel, size: int
) -> None:
    work = power.Work(optional, small_model)
    capacity = optional.kv_capacity_byte(small_model)

    @settings(max_examples=10, deadline=None)
    @given(trace=traces(20, blocks=False))
    def check(trace: power.Trace) -> None:
        whole = Server(work, capacity, seed=2).serve(trace)
        server, parts = Server(work, capacity, seed=2), []
        for first in range(0, len(trace), size):
            rows = slice(first, first + size)
            part = power.Trace("p", trace.arrival_s[rows], trace.prompt_tokens[rows],
                               trace.output_tokens[rows])  # fmt: skip
            parts.append(server.serve(part, last=first + size >= len(trace)))
        order = np.argsort(np.concatenate([part.number for part in parts]))
        for name in ("arrival_s", "admitted_s", "first_token_s", "finish_s", "evictions"):
            found = np.concatenate([getattr(part, name) for part in parts])[order]
            assert np.array_equal(found, getattr(whole, name)), name
        assert np.array_equal(np.concatenate([part.rows for part in parts]), whole.rows)
        assert server.waiting == 0

    check()


def test_invariants(optional: power.Machine, small_model: LanguageModel) -> None:
    @settings(max_examples=40, deadline=None)
    @given(trace=traces(40))
    def check(trace: power.Trace) -> None:
        schedule = power.Schedule.of(trace, optional, small_model)
        runs, run = schedule.iterations, optional.operation
        # Every token is served once; what was evicted is read again, what was found is not.
        assert runs["output_tokens"].sum() == trace.output_tokens.sum()
        read = (runs["steps"] * runs["step_prompt_tokens"]).sum()
        evicted, cached = schedule.evictions.sum(), schedule.cached_tokens.sum()
        if not evicted:
            assert read == trace.prompt_tokens.sum() - cached
        if not run.caches_prefixes:
            assert read >= trace.prompt_tokens.sum()
        if run.draft_tokens == 0:
            decoded = (runs["steps"] * runs["decode_sequences"]).sum()
            first = (trace.output_tokens - 1).sum()
            assert decoded <= first if evicted else decoded == first
            assert (runs["decode_tokens"] == runs["decode_sequences"]).all()
            assert runs["logits"].sum() == trace.output_tokens.sum()
        # Nothing beyond the limits.
        assert (runs["kv_reserved_byte"] <= schedule.kv_capacity_byte).all()
        assert (runs["decode_sequences"] <= run.max_batch).all()
        assert (schedule.step_tokens <= run.chunk_tokens).all()
        # No request before its arrival, and each one in order.
        assert (schedule.admitted_s >= trace.arrival_s).all()
        assert (schedule.first_token_s > schedule.admitted_s).all()
        assert (schedule.finish_s >= schedule.first_token_s).all()
        assert (np.diff(schedule.admitted_s) >= 0.0).all()
        if not evicted:
            assert (np.diff(schedule.first_token_s) >= 0.0).all()
        # Time runs forward, and each step takes at least its slowest part.
        assert (runs["end_s"] > runs["start_s"]).all()
        assert (runs["start_s"].to_numpy()[1:] >= runs["end_s"].to_numpy()[:-1]).all()
        slowest = runs[["tensor_s", "vector_s", "hbm_s"]].max(axis=1) + runs["serial_s"]
        lasting = (runs["end_s"] - runs["start_s"]).to_numpy()
        assert (lasting >= slowest.to_numpy() * (1.0 - 1e-9) - 1e-12).all()

    check()


def test_one_request_alone_by_hand(toy: power.Machine, small_model: LanguageModel) -> None:
    schedule = power.Schedule.of(power.Trace("one", [2.0], [20], [3]), toy, small_model)
    runs = schedule.iterations
    assert runs["step_prompt_tokens"].tolist() == [16, 4, 0]
    assert runs["steps"].tolist() == [1, 1, 2]
    assert runs["logits"].tolist() == [0, 1, 2]
    assert runs["kv_tokens"].tolist() == [16, 20, 21 + 22]  # 22 is within 5 % of 21
    assert runs["products"].tolist() == [16 * 17 / 2, 17 + 18 + 19 + 20, 21 + 22]
    assert runs["products_windowed"].tolist() == [55 + 6 * 10, 4 * 10, 2 * 10]
    assert runs["kv_tokens_windowed"].tolist() == [16, 4 + 9, 2 * 10]
    assert schedule.admitted_s.tolist() == [2.0]
    assert runs["end_s"].tolist()[1] == schedule.first_token_s[0]
    assert schedule.end_s == schedule.finish_s[0]


def test_steps_alike_share_a_row(machine: power.Machine, gpt_oss: LanguageModel) -> None:
    schedule = power.Schedule.of(power.Trace("one", [0.0], [1000], [5000]), machine, gpt_oss)
    runs = schedule.iterations
    assert runs["steps"].sum() == 5000
    assert len(runs) < 1 + 1.1 * np.log(6.0) / np.log1p(GROWTH) + 2
    # Context grows by one each step: 1001 + ... + 5999, and 1000 of the prompt.
    assert runs["kv_tokens"].sum() == 1000 + sum(range(1001, 6000))
    window, prompt = 128, 1000
    triangle = window * (window + 1) // 2 + (prompt - window) * window
    assert runs["products_windowed"].sum() == triangle + 4999 * window


def test_decode_is_bandwidth_bound_and_prefill_compute_bound(
    machine: power.Machine, gpt_oss: LanguageModel, busy_decode: power.Schedule
) -> None:
    runs = busy_decode.iterations
    decode = runs[runs["step_prompt_tokens"] == 0]
    assert (decode["hbm_s"] > decode[["tensor_s", "vector_s"]].max(axis=1)).all()
    full = np.full(50, 1)
    prefill = power.Schedule.of(
        power.Trace("prefill", np.zeros(50), 8192 * full, full), machine, gpt_oss
    ).iterations
    assert (prefill["tensor_s"] > prefill[["hbm_s", "vector_s"]].max(axis=1)).all()


@pytest.mark.parametrize("name", list(techlib.language_models()))
def test_every_shipped_model_is_served_by_enough_chips(
    name: str, jalapeno: Floorplan, operation: Callable[..., power.Operation]
) -> None:
    model = techlib.language_models()[name]
    machine = power.Machine.of(jalapeno, operation(chips=16))
    trace = power.Trace("few", [0.0, 0.0, 0.01], [900, 20, 5000], [20, 1, 7])
    schedule = power.Schedule.of(trace, machine, model)
    watts = power.BlockPower.of(power.Activity.of(schedule)).package_w(75.0)
    # No step is faster than the weights that one token meets can be streamed.
    work = schedule.work
    stream_s = (work.per_step([1]) @ work.seconds_per_action)[0, 2] + float(work.serial_s([1])[0])
    assert (schedule.tpot_s[[0, 2]] > stream_s).all()
    assert (schedule.tpot_s[[0, 2]] < 0.05).all()
    assert ((watts > 60.0) & (watts < 1000.0)).all()


def test_waiting_and_latency(toy: power.Machine, small_model: LanguageModel) -> None:
    trace = power.Trace("burst", np.zeros(9), np.full(9, 10), [5, 5, 5, 5, 5, 5, 5, 5, 1])
    schedule = power.Schedule.of(trace, toy, small_model)
    assert (schedule.waiting_s[:4] == 0.0).all()
    assert (schedule.waiting_s[4:] > 0.0).all()  # four at a time
    assert np.isnan(schedule.tpot_s[8])  # a single token has no time between tokens
    assert schedule.load == pytest.approx(1.0)
    table = schedule.to_dataframe()
    assert (table["ttft_s"] == table["first_token_s"] - table["arrival_s"]).all()


def test_a_full_kv_cache_holds_requests_back(
    tight: power.Machine, small_model: LanguageModel
) -> None:
    trace = power.Trace("full", np.zeros(3), [50, 50, 50], [10, 10, 10])  # one fits, two do not
    schedule = power.Schedule.of(trace, tight, small_model)
    assert schedule.admitted_s[1] == schedule.finish_s[0]
    assert schedule.admitted_s[2] == schedule.finish_s[1]
    assert schedule.iterations["waiting"].tolist()[0] == 2
    each = 60 * 64 * 2 * 3 + 10 * 64 * 2
    assert set(schedule.iterations["kv_reserved_byte"]) == {each}


def test_requests_too_long_are_listed(tight: power.Machine, small_model: LanguageModel) -> None:
    trace = power.Trace("long", np.zeros(30), np.full(30, 5000), np.full(30, 1))
    with pytest.raises(InputError) as caught:
        power.Schedule.of(trace, tight, small_model)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("trace long: request 1: 5001 tokens need 0.0 GB of KV cache")
    assert "chips would hold it: set power.chips = " in lines[0]
    assert lines[-1] == "trace long: and 10 more faulty rows"
    assert len(lines) == 21


def test_the_azure_and_mooncake_traces_differ_by_their_prompts(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    names = ("azure2023_code.csv", "mooncake_synthetic_trace.jsonl")
    if not all((TRACES / name).exists() for name in names):
        pytest.skip("the traces are not shipped; see ../shared/data")
    azure, mooncake = (
        power.Schedule.of(power.read_trace(TRACES / name), machine, gpt_oss) for name in names
    )
    # Prompts seven times as long arrive 1.5 times as often: ten times the load on the arrays.
    assert mooncake.load > 5.0 * azure.load
    shares = [
        s.iterations["tensor_s"].sum() / s.iterations["hbm_s"].sum() for s in (azure, mooncake)
    ]
    assert shares[1] > 1.5 * shares[0]
