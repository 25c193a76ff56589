"""A trace cut into stretches is served as the whole is: prefix cache, roles of groups."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import power
from floorplan import Floorplan
from power.disaggregation import first_group
from power.prefix import PrefixBlocks
from power.prefix_cache import PrefixCache
from power.rows import ROW
from power.server import Server
from techlib import InputError, LanguageModel

BLOCK = 8


def cut(trace: power.Trace, size: int) -> Iterator[power.Trace]:
    for first in range(0, len(trace), size):
        yield trace.rows(slice(first, first + size))


def talk(requests: int, seed: int, tokens: int = 60) -> power.Trace:
    """Sessions that come back with their earlier prompt; some answers are one token."""
    rng = np.random.default_rng(seed)
    prompt = rng.integers(1, tokens, requests)
    sessions = rng.integers(0, 6, requests)
    lists = [
        [int(session * 100 + place) for place in range(size // BLOCK + 1)]
        for session, size in zip(sessions, prompt, strict=True)
    ]
    arrival = np.cumsum(rng.exponential(2e-5, requests))
    return power.Trace(
        "talk", arrival, prompt, rng.integers(1, 30, requests), PrefixBlocks.of(BLOCK, lists)
    )


@pytest.fixture(scope="module")
def machine_of(
    toy_plan: Floorplan, operation: Callable[..., power.Operation]
) -> Callable[..., power.Machine]:
    """A toy whose memory leaves KV cache for a few hundred tokens of the small model."""
    generation = dataclasses.replace(toy_plan.stacks[0].generation, capacity_byte=150e3)
    stacks = tuple(dataclasses.replace(s, generation=generation) for s in toy_plan.stacks)
    plan = dataclasses.replace(toy_plan, stacks=stacks)
    return lambda **changes: power.Machine.of(
        plan, operation(**{"max_batch": 4, "chunk_tokens": 16, **changes})
    )


CASES: dict[str, dict[str, Any]] = {
    "prefixes": {"prefix_caching": "on"},
    "grow": {"prefix_caching": "on", "kv_admission": "grow"},
    "prefill": {"role": "prefill", "prefill_groups": 3, "prefix_caching": "on"},
    "decode": {"role": "decode", "prefill_groups": 3, "decode_groups": 2},
    "all": {
        "role": "decode", "prefill_groups": 2, "decode_groups": 3, "kv_admission": "grow",
        "prefix_caching": "on", "draft_tokens": 2, "draft_acceptance": 0.7,
    },
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("size", [1, 7, 50])
def test_stretches_give_the_schedule_of_the_whole(
    machine_of: Callable[..., power.Machine], small_model: LanguageModel, case: str, size: int
) -> None:
    machine, trace = machine_of(**CASES[case]), talk(120, seed=3)
    whole = power.Schedule.of(trace, machine, small_model, seed=2)
    run = machine.operation
    assert whole.cached_tokens.any() == (run.caches_prefixes and run.role != "decode")
    work, capacity = whole.work, whole.kv_capacity_byte
    server, rows, ends = Server.of_role(work, capacity, seed=2), [], {}
    parts = list(cut(trace, size))
    asked = ((part, part is parts[-1]) for part in parts)
    came = list(first_group(asked, work, capacity, seed=2))
    for part in came:
        served = server.serve(part.trace, last=part is came[-1])
        rows.append(served.rows)
        ends |= dict(zip(served.number, served.finish_s, strict=True))
    runs = pd.DataFrame(np.concatenate(rows), columns=list(ROW))
    columns = [name for name in ROW if name in whole.iterations]
    pd.testing.assert_frame_equal(runs[columns], whole.iterations[columns], check_exact=True)
    assert [ends[number] for number in range(len(ends))] == whole.finish_s.tolist()
    assert len(came) > 1


@pytest.mark.parametrize("case", ["prefill", "all"])
def test_a_stream_tells_what_the_whole_tells(
    machine_of: Callable[..., power.Machine], small_model: LanguageModel, case: str
) -> None:
    machine, trace = machine_of(**CASES[case]), talk(120, seed=4)
    whole = power.Activity.of(power.Schedule.of(trace, machine, small_model))
    found = power.serve_stream(cut(trace, 9), machine, small_model, temperature_c=60.0)
    told, expected = found.schedule.summary, whole.schedule.summary
    assert found.totals == pytest.approx(whole.totals, rel=1e-12)
    assert dataclasses.asdict(told.tally) == pytest.approx(
        dataclasses.asdict(expected.tally), rel=1e-12
    )
    for name in ("requests", "prompt_tokens", "cached_tokens", "evictions", "written_tokens"):
        assert getattr(told, name) == getattr(expected, name), name
    np.testing.assert_allclose(
        told.latency[["mean", "max"]], expected.latency[["mean", "max"]], rtol=1e-12
    )


def test_places_of_a_prefix_cache_stay_bounded(
    machine_of: Callable[..., power.Machine], small_model: LanguageModel
) -> None:
    """New blocks all the time: there are places for what the memory holds and who waits."""
    machine = machine_of(prefix_caching="on")
    capacity = machine.kv_capacity_byte(small_model)
    work = power.Work(machine, small_model)
    server, most = Server(work, capacity), 0
    for number in range(30):
        lists = [[1000 * number + 10 * row + n for n in range(4)] for row in range(40)]
        part = power.Trace("t", number + np.linspace(0.0, 0.9, 40), np.full(40, 30),
                           np.full(40, 3), PrefixBlocks.of(BLOCK, lists))  # fmt: skip
        server.serve(part, last=False)
        assert isinstance(server.cache, PrefixCache)
        most = max(most, server.cache.places)
    full, windowed = work.kv_byte_per_token
    held = capacity / (BLOCK * (full + windowed))
    assert 160 < most <= 160 + held + 4 * server.waiting  # 160 blocks come with a stretch


def test_groups_without_requests_are_refused(
    machine_of: Callable[..., power.Machine], small_model: LanguageModel
) -> None:
    few = talk(2, seed=1)
    for role in ("prefill", "decode"):
        machine = machine_of(role=role, prefill_groups=3)
        with pytest.raises(InputError, match=r"power\.prefill_groups: 3; allowed: from 1 to 2"):
            power.serve_stream(cut(few, 1), machine, small_model, temperature_c=60.0)
