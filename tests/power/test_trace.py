from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import power
from techlib import InputError


def test_statistics_of_a_trace_known_by_hand() -> None:
    table = power.Trace("t", [1.0, 2.0, 4.0, 5.0], [10, 20, 30, 40], [1, 1, 1, 5]).statistics()
    assert table["requests"] == 4
    assert table["span_s"] == 4.0
    assert table["rate_per_s"] == pytest.approx(0.75)
    assert table["arrival_cv"] == pytest.approx(np.std([1, 2, 1]) / (4 / 3))
    assert table["prompt_tokens_mean"] == 25.0
    assert table["prompt_tokens_p50"] == 25.0
    assert table["output_tokens_max"] == 5.0


def test_statistics_of_one_request_are_finite() -> None:
    table = power.Trace("one", [3.0], [7], [2]).statistics()
    assert table["rate_per_s"] == 0.0
    assert all(np.isfinite(value) for value in table.values())


def test_a_window_counts_from_its_start() -> None:
    trace = power.Trace("t", [0.0, 1.0, 2.0, 3.0], [1, 2, 3, 4], [1, 1, 1, 1])
    part = trace.window(0.5, 2.0)
    assert part.arrival_s.tolist() == [0.5, 1.5]
    assert part.prompt_tokens.tolist() == [2, 3]
    with pytest.raises(InputError, match="no request arrives from 5 s to 6 s"):
        trace.window(5.0, 1.0)
    with pytest.raises(InputError, match="duration 0 s; allowed: above 0 s"):
        trace.window(0.0, 0.0)


def test_twice_the_rate_halves_the_time() -> None:
    trace = power.Trace("t", [0.0, 1.0], [1, 2], [1, 1])
    assert trace.scaled(2.0).arrival_s.tolist() == [0.0, 0.5]
    with pytest.raises(InputError, match="a factor above 0"):
        trace.scaled(0.0)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e9), st.integers(1, 100_000_000), st.integers(1, 100_000_000)),
        min_size=1,
        max_size=20,
    )
)
def test_csv_gives_the_trace_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, int, int]]
) -> None:
    rows.sort(key=lambda row: row[0])
    trace = power.Trace("t", *(list(column) for column in zip(*rows, strict=True)))
    path = tmp_path_factory.mktemp("trace") / "t.csv"
    trace.to_csv(path)
    again = power.read_trace(path)
    assert np.array_equal(again.arrival_s, trace.arrival_s)
    assert np.array_equal(again.prompt_tokens, trace.prompt_tokens)
    assert np.array_equal(again.output_tokens, trace.output_tokens)


def test_arrays_cannot_be_written_to() -> None:
    trace = power.Trace("t", [0.0], [1], [1])
    with pytest.raises(ValueError, match="read-only"):
        trace.arrival_s[0] = 1.0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([], [], []), "trace t: holds no request"),
        (([0.0], [1, 2], [1]), "columns of different length"),
        (([[0.0]], [1], [1]), r"arrival_s: has shape \(1, 1\)"),
        ((["a"], [1], [1]), "arrival_s: is not an array of numbers"),
        (([np.nan], [1], [1]), "request 1: arrival_s is nan; allowed: from 0 s to 1e"),
        (([0.0], [0], [1]), "request 1: prompt_tokens is 0; allowed: a whole number from 1"),
        (([0.0], [1], [1.5]), "request 1: output_tokens is 1.5"),
        (([0.0], [1], [1e18]), "request 1: output_tokens is 1e[+]18"),
        (([2.0, 1.0], [1, 1], [1, 1]), "request 2: arrival_s is 1, before the one above it"),
    ],
)
def test_every_bad_array_is_named(columns: tuple[list[float], ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        power.Trace("t", *columns)


def test_the_path_may_be_text(tmp_path: Path) -> None:
    trace = power.Trace("t", [0.0], [1], [1])
    trace.to_csv(str(tmp_path / "a.csv"))
    assert power.read_trace(str(tmp_path / "a.csv")).name == "a"


def test_replicas_share_a_trace_in_turn() -> None:
    trace = power.Trace("t", np.arange(7.0), np.arange(1, 8), np.ones(7))
    shares = [trace.replica(3, index).prompt_tokens.tolist() for index in range(3)]
    assert shares == [[1, 4, 7], [2, 5], [3, 6]]
    with pytest.raises(InputError, match="replicas: 8; allowed: from 1 to 7, a request each"):
        trace.replica(8)
    with pytest.raises(InputError, match="replicas: group 3; allowed: from 0 to 2"):
        trace.replica(3, 3)
