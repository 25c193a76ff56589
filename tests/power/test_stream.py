import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import power
from floorplan import Floorplan
from power.histogram import LogHistogram, TokenHistogram
from power.run_power import RunPower
from techlib import InputError, LanguageModel


def cut(trace: power.Trace, size: int) -> Iterator[power.Trace]:
    for first in range(0, len(trace), size):
        rows = slice(first, first + size)
        columns = (trace.arrival_s[rows], trace.prompt_tokens[rows], trace.output_tokens[rows])
        yield power.Trace(trace.name, *columns)


@pytest.fixture(scope="module")
def trace() -> power.Trace:
    """Ninety seconds with a pause of half a minute."""
    first = power.generate(power.workloads()["chat"], seed=4, duration_s=20.0, rate_per_s=20.0)
    late = first.arrival_s + 60.0
    return power.Trace(
        "t",
        np.concatenate([first.arrival_s, late]),
        np.tile(first.prompt_tokens, 2),
        np.tile(first.output_tokens, 2),
    )


def test_bins_widen_and_lose_nothing(
    trace: power.Trace, machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    activity = power.serve_stream(cut(trace, 90), machine, gpt_oss, temperature_c=75.0)
    whole = power.Activity.of(power.Schedule.of(trace, machine, gpt_oss))
    width = activity.bin_s[0]
    assert width == pytest.approx(1e-3 * 2.0 ** round(np.log2(width / 1e-3)))
    assert 600 < len(activity.counts) <= 1200
    for name, total in whole.totals.items():
        assert activity.totals[name] == pytest.approx(total, rel=1e-12)
        assert activity.counts[name].sum() == pytest.approx(total, rel=1e-9)
    # The same counts at the same times: both read at the edges of the wider bins.
    same = power.Activity.of(power.Schedule.of(trace, machine, gpt_oss), float(width))
    np.testing.assert_allclose(
        activity.counts["hbm_read_bytes"], same.counts["hbm_read_bytes"], rtol=1e-6, atol=1e3
    )


def test_stretches_keep_the_cap_as_the_whole_does(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    """Prompts of an agent slow the clock down; seams within them must not show."""
    asked = power.generate(power.workloads()["long-context-agent"], seed=1, duration_s=8.0)
    whole = power.Schedule.of(asked, machine, gpt_oss)
    activity = power.serve_stream(cut(asked, 7), machine, gpt_oss, temperature_c=75.0, bin_s=0.1)
    found = activity.schedule
    assert isinstance(found, power.StreamedSchedule)
    assert whole.slowed_share > 0.05
    expected_tally = dataclasses.asdict(whole.summary.tally)
    assert dataclasses.asdict(found.summary.tally) == pytest.approx(expected_tally, rel=1e-9)
    expected = power.Activity.of(whole, 0.1).counts
    np.testing.assert_allclose(activity.counts, expected, rtol=1e-9, atol=1e-3)
    for name in ("mean", "max"):
        np.testing.assert_allclose(
            found.summary.latency[name], whole.summary.latency[name], rtol=1e-9
        )


def test_power_run_by_run_adds_up(
    trace: power.Trace, machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    schedule = power.Schedule.of(trace, machine, gpt_oss)
    runs = schedule.iterations
    by_run = power.Activity.by_run(schedule, runs)
    watts = power.BlockPower.of(by_run).package_w(75.0)
    found = schedule.run_power(75.0)
    assert found.total_j == pytest.approx(float(watts @ by_run.bin_s), rel=1e-12)
    pauses = by_run.counts["engine_s"] == 0.0
    assert found.idle_j == pytest.approx(float((watts * by_run.bin_s)[pauses].sum()), rel=1e-12)
    assert found.step_up_w == np.diff(watts).max()
    assert found.step_down_w == -np.diff(watts).min()
    # A seam within the runs changes nothing, wherever it lies.
    for seam in (1, len(runs) // 3, len(runs) - 1):
        parts = RunPower(schedule, 75.0)
        parts.add(runs.iloc[:seam])
        parts.add(runs.iloc[seam:])
        assert parts.prompt_j == pytest.approx(found.prompt_j, rel=1e-12)
        assert parts.output_j == pytest.approx(found.output_j, rel=1e-12)
        assert (parts.step_up_w, parts.step_down_w) == (found.step_up_w, found.step_down_w)


def test_energy_of_requests_adds_up_to_the_group(
    trace: power.Trace, machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    schedule = power.Schedule.of(trace, machine, gpt_oss)
    watts = power.BlockPower.of(power.Activity.of(schedule))
    report = power.PowerReport(schedule, watts, 75.0)
    split, each = report.energy_split(), report.request_energy()
    total = (
        split["joule_per_prompt_token"] * trace.prompt_tokens.sum()
        + split["joule_per_output_token"] * (trace.output_tokens - 1).sum()
        + split["idle_joule_per_request"] * len(trace)
    )
    assert total == pytest.approx(watts.energy_j(75.0), rel=1e-12)
    assert each["mean"] * len(trace) == pytest.approx(total, rel=1e-12)
    assert split["joule_per_output_token"] > 5.0 * split["joule_per_prompt_token"]
    assert each["p50"] < each["p90"] < each["p99"] < each["max"]


def test_histograms_hold_their_promise() -> None:
    values = np.random.default_rng(1).lognormal(-3.0, 2.0, 200_000)
    histogram = LogHistogram()
    for part in np.array_split(values, 7):
        histogram.add(part)
    mean, *percentiles, most = histogram.figures()
    assert (mean, most) == (pytest.approx(values.mean()), values.max())
    assert percentiles == pytest.approx(np.percentile(values, (50, 90, 99)), rel=0.006)
    assert np.isnan(LogHistogram().figures()).all()
    read, written = (values * 1e3).astype(np.int64), (values[::-1] * 1e2).astype(np.int64)
    tokens = TokenHistogram()
    tokens.add(read, written)
    cost = 2.0 * read + 30.0 * written + 5.0
    _, *percentiles, _ = tokens.figures(2.0, 30.0, 5.0)
    assert percentiles == pytest.approx(np.percentile(cost, (50, 90, 99)), rel=0.04)


def test_what_cannot_be_streamed_is_refused(
    toy_plan: Floorplan, operation: Callable[..., power.Operation], small_model: LanguageModel
) -> None:
    def stream(*parts: power.Trace) -> power.Activity:
        run = operation(max_batch=4, chunk_tokens=16)
        machine = power.Machine.of(toy_plan, run)
        return power.serve_stream(parts, machine, small_model, temperature_c=60.0)

    part = power.Trace("t", [0.0], [5], [5])
    with pytest.raises(InputError, match="holds no request"):
        stream()
    with pytest.raises(InputError, match="is not that of the stream"):
        stream(part).schedule.run_power(61.0)  # type: ignore[attr-defined]


def test_memory_stays_bounded(toy: power.Machine, small_model: LanguageModel) -> None:
    """Ten times the requests take hardly more memory: what is kept are bins and histograms."""
    import tracemalloc

    def peak(stretches: int) -> int:
        def parts() -> Iterator[power.Trace]:
            for number in range(stretches):
                at = 0.5 * number + np.linspace(0.0, 0.4, 80)
                yield power.Trace("t", at, np.full(80, 20), np.full(80, 5))

        tracemalloc.start()
        power.serve_stream(parts(), toy, small_model, temperature_c=60.0)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)  # loads and compiles
    few, many = peak(2), peak(12)
    assert many < 1.5 * few
