"""Watts of blocks over time: bins, windows, integrals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import power
from power.term import COMPONENTS
from techlib import InputError, LanguageModel


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


def test_windows(decode: power.BlockPower) -> None:
    part = decode.window(1.0, 2.0)
    bin_s = decode.bin_s[0]
    assert part.edges_s[0] == pytest.approx(1.0)
    assert part.edges_s[-1] == pytest.approx(2.0)
    first = round(1.0 / bin_s)
    assert part.watts(70.0) == pytest.approx(decode.watts(70.0)[first : first + len(part.bin_s)])
    with pytest.raises(InputError, match=r"window: no bin from 1e\+06 s to 1e\+06 s"):
        decode.window(1e6, 1e6)


def test_tables(decode: power.BlockPower) -> None:
    table = decode.to_dataframe(80.0)
    assert tuple(table.columns) == decode.keys
    assert table.index.name == "start_s"
    assert tuple(decode.components(80.0).columns) == tuple(COMPONENTS)
    assert {source.key for source in decode.sources} >= {"scoville", "gpt-oss", "vllm"}
