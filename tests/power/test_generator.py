import numpy as np
import pytest

import power
from techlib import InputError

CLASSES = ["chat", "coding-agent", "long-context-agent", "batch-api"]


@pytest.mark.parametrize("name", CLASSES)
def test_generated_statistics_are_the_documented_ones(name: str) -> None:
    workload = power.workloads()[name]
    expected = workload.expected()
    trace = power.generate(workload, seed=7, duration_s=20_000 / workload.rate_per_s)
    n = len(trace)
    # Four standard errors each: a false alarm once in 16,000. Of a renewal count, of a mean, and
    # of a coefficient of variation by its fourth moment.
    gaps = np.diff(trace.arrival_s)
    cv = expected["arrival_cv"]
    assert n == pytest.approx(20_000, abs=4.0 * cv * 20_000**0.5)
    relative = (gaps / gaps.mean() - 1.0) ** 2
    error = 4.0 * relative.std() / n**0.5 / (2.0 * cv)
    assert trace.statistics()["arrival_cv"] == pytest.approx(cv, abs=error)
    for part in ("prompt_tokens", "output_tokens"):
        values = getattr(trace, part)
        spread = expected[f"{part}_std"]
        assert values.mean() == pytest.approx(expected[f"{part}_mean"], abs=4.0 * spread / n**0.5)
        squares = ((values - values.mean()) ** 2).std() / n**0.5
        assert values.std() == pytest.approx(spread, abs=4.0 * squares / (2.0 * spread))
        below = (values <= expected[f"{part}_p50"]).mean()
        assert below == pytest.approx(0.5, abs=4.0 * 0.5 / n**0.5 + 0.01)  # whole tokens


def test_expected_moments_without_limits_are_the_lognormal_ones() -> None:
    wide = power.workloads().derive(
        "chat",
        {"prompt_median": 1000, "prompt_sigma": 0.5, "prompt_max": 100_000_000},
        name="wide",
        where="test",
    )
    mean = 1000 * np.exp(0.125)
    assert wide.expected()["prompt_tokens_mean"] == pytest.approx(mean, rel=1e-9)
    std = mean * np.sqrt(np.exp(0.25) - 1.0)
    assert wide.expected()["prompt_tokens_std"] == pytest.approx(std, rel=1e-9)


def test_no_spread_means_one_length() -> None:
    fixed = power.workloads().derive(
        "chat", {"output_sigma": 0.0, "output_median": 50}, name="fixed", where="test"
    )
    assert fixed.expected()["output_tokens_mean"] == 50.0
    assert fixed.expected()["output_tokens_std"] == 0.0
    trace = power.generate(fixed, seed=1, duration_s=2.0)
    assert set(trace.output_tokens.tolist()) == {50}


def test_the_seed_decides() -> None:
    chat = power.workloads()["chat"]
    one, again, other = (power.generate(chat, seed=seed, duration_s=5.0) for seed in (3, 3, 4))
    assert np.array_equal(one.arrival_s, again.arrival_s)
    assert np.array_equal(one.prompt_tokens, again.prompt_tokens)
    assert not np.array_equal(one.prompt_tokens[:20], other.prompt_tokens[:20])


def test_another_rate_brings_the_same_requests() -> None:
    chat = power.workloads()["chat"]
    slow = power.generate(chat, seed=3, duration_s=20.0, rate_per_s=10.0)
    fast = power.generate(chat, seed=3, duration_s=10.0, rate_per_s=20.0)
    n = min(len(slow), len(fast))
    assert np.array_equal(slow.prompt_tokens[:n], fast.prompt_tokens[:n])
    assert slow.arrival_s[:n] == pytest.approx(2.0 * fast.arrival_s[:n])


def test_faults_are_listed_together() -> None:
    chat = power.workloads()["chat"]
    with pytest.raises(InputError) as caught:
        power.generate(chat, seed=-1, duration_s=0.0, rate_per_s=float("nan"))
    assert str(caught.value).splitlines() == [
        "workload chat: duration_s: 0 s; allowed: above 0 s",
        "workload chat: rate_per_s: nan 1/s; allowed: above 0 1/s",
        "workload chat: seed: -1; allowed: 0 or above",
    ]
    with pytest.raises(InputError, match=r"about 5e\+10 requests; allowed: at most 50,000,000"):
        power.generate(chat, seed=1, duration_s=1e9)
    with pytest.raises(InputError, match="no request arrives in 1e-12 s"):
        power.generate(chat, seed=1, duration_s=1e-12)
    with pytest.raises(InputError, match=r"x\.prompt_median: 30 is above prompt_max"):
        power.workloads().derive(
            "chat", {"prompt_median": 30, "prompt_max": 20}, name="x", where="test"
        )
