import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import power
from techlib import InputError, LanguageModel


def test_bins_add_up_to_the_schedule(toy: power.Machine, small_model: LanguageModel) -> None:
    @settings(max_examples=25, deadline=None)
    @given(
        bin_s=st.floats(1e-3, 10.0),
        gaps=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=6),
        start=st.one_of(st.floats(0.0, 100.0), st.just(1.7e9)),  # logs count from 1970
    )
    def check(bin_s: float, gaps: list[float], start: float) -> None:
        n = len(gaps)
        trace = power.Trace("any", start + np.cumsum(gaps), np.full(n, 30), np.full(n, 20))
        schedule = power.Schedule.of(trace, toy, small_model)
        activity = power.Activity.of(schedule, bin_s)
        for name, total in activity.totals.items():
            assert activity.counts[name].sum() == pytest.approx(total, rel=1e-12, abs=1e-300), name
        assert activity.totals["prompt_tokens"] == 30 * n
        assert activity.totals["output_tokens"] == 20 * n
        assert activity.edges_s[0] == trace.arrival_s[0]
        assert activity.edges_s[-1] == schedule.end_s
        assert (activity.bin_s > 0.0).all()
        assert activity.bin_s.max() <= bin_s * (1.0 + 1e-9)
        assert (activity.counts.to_numpy() >= 0.0).all()

    check()


def test_idle_bins_hold_nothing(toy: power.Machine, small_model: LanguageModel) -> None:
    trace = power.Trace("apart", [0.0, 1.0], [10, 10], [2, 2])
    activity = power.Activity.of(power.Schedule.of(trace, toy, small_model), 0.1)
    assert (activity.counts.iloc[1:10].to_numpy() == 0.0).all()
    assert activity.counts["engine_s"][0] == pytest.approx(activity.counts["engine_s"][10])
    assert activity.busy("engine")[10] == pytest.approx(1.0)  # ends with the last step
    rates = activity.rates["mac_fp4"]
    assert rates[0] == pytest.approx(activity.counts["mac_fp4"][0] / 0.1)


def test_default_bins_are_round_and_few(toy: power.Machine, small_model: LanguageModel) -> None:
    for last in (0.0, 0.01, 1.0, 77.0, 40_000.0):
        trace = power.Trace("t", [0.0, last], [10, 10], [2, 2])
        activity = power.Activity.of(power.Schedule.of(trace, toy, small_model))
        assert len(activity.counts) <= 600
        digits = f"{activity.bin_s[0]:e}".partition("e")[0].rstrip("0").rstrip(".")
        assert digits in ("1", "2", "5")
    table = activity.to_dataframe()
    assert table["start_s"][1] == table["end_s"][0]


@pytest.mark.parametrize(
    ("bin_s", "message"),
    [
        (0.0, "bin: 0 s; allowed: above 0 s"),
        (float("nan"), "bin: nan s; allowed: above 0 s"),
        (1e-12, r"bin: 1e-12 s makes [\d,]+ bins; allowed: 10,000,000; e.g. "),
    ],
)
def test_bins_that_cannot_be(
    toy: power.Machine, small_model: LanguageModel, bin_s: float, message: str
) -> None:
    schedule = power.Schedule.of(power.Trace("t", [0.0], [10], [20]), toy, small_model)
    with pytest.raises(InputError, match=message):
        power.Activity.of(schedule, bin_s)


def test_busy_shares_stay_within_the_engine(busy_decode: power.Schedule) -> None:
    activity = power.Activity.of(busy_decode)
    engine = activity.busy("engine")
    for name in ("tensor", "vector", "hbm"):
        assert (activity.busy(name) <= engine + 1e-12).all()
