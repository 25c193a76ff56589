"""How a trace is cut to size: window, rate, replicas, faulty rows."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import power
from scoville import load_design
from scoville.cli import app
from scoville.workload_choice import TraceCut
from techlib import InputError

HEAD = "arrival_s,prompt_tokens,output_tokens\n"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def cut_of(*overrides):
    return load_design("jalapeno", [f"workload.{text}" for text in overrides]).choice.cut


def test_entries_of_a_design():
    assert cut_of() == TraceCut()
    given = cut_of('window=["10 s", "1 min"]', "scale=2.5", "replicas=4", "skip_bad=true")
    assert given == TraceCut((10.0, 60.0), 2.5, None, 4, True)
    assert cut_of("window=10 s, 1 min", "scale=120 1/min").rate_per_s == pytest.approx(2.0)
    assert cut_of("scale=2x").factor == 2.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scale=0", "allowed: a factor above 0"),
        ("scale=fast", "workload.scale"),
        ("scale=3 kg", "workload.scale"),
        ("window=5 s", "start and duration"),
        ("window=5 s, 0 s", "a duration above 0 s"),
        ("window=5, 5 s", "did you leave out the unit"),
        ("replicas=2.5", "a whole number, 1 or more"),
        ("skip_bad=1", "true or false"),
    ],
)
def test_bad_entries_say_what_is_allowed(text, message):
    with pytest.raises(InputError, match=message) as caught:
        cut_of(text)
    assert str(caught.value).startswith("--set: workload.")


def test_window_then_rate_then_share():
    trace = power.Trace("t", np.arange(100.0), np.arange(1, 101), np.ones(100))
    part = TraceCut((10.0, 40.0), 2.0, None, 4).apply(trace)
    assert part.prompt_tokens.tolist() == list(range(11, 51, 4))
    assert part.arrival_s.tolist() == [2.0 * n for n in range(10)]
    assert TraceCut(rate_per_s=5.0).apply(trace).statistics()["rate_per_s"] == pytest.approx(5.0)
    at_once = power.Trace("t", [0.0, 0.0], [1, 1], [1, 1])
    with pytest.raises(InputError, match="all requests arrive at once; give a factor"):
        TraceCut(rate_per_s=5.0).apply(at_once)


@pytest.mark.parametrize(
    "cut",
    [
        {"scale": 2, "replicas": 3},
        {"window": '"1.2 s, 2.5 s"', "replicas": 2},
        {"scale": '"7 1/s"'},
        {"window": '"1.2 s, 2.5 s"', "scale": '"7 1/s"', "replicas": 3},
    ],
)
def test_chunks_are_the_trace(tmp_path, monkeypatch, cut):
    from power import trace_files
    from power.trace_text import line_blocks

    path = tmp_path / "t.csv"
    trace = power.generate(power.workloads()["chat"], seed=2, duration_s=5.0)
    trace.to_csv(path)
    monkeypatch.setattr(trace_files, "line_blocks", lambda p: line_blocks(p, 200))
    cuts = [f"workload.{key}={value}" for key, value in cut.items()]
    choice = load_design("jalapeno", [f"workload.trace='{path}'", *cuts]).choice
    whole, chunks = choice.read(), list(choice.chunks())
    assert len(chunks) > 2
    for name in ("arrival_s", "prompt_tokens", "output_tokens"):
        parts = np.concatenate([getattr(chunk, name) for chunk in chunks])
        assert np.array_equal(parts, getattr(whole, name))


def test_a_stream_finds_no_window_where_the_whole_has_none(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "0,50,5\n1,50,5\n9,60,6\nx,1,1\n", encoding="utf-8")
    told = []
    for more in ((), ("--stream",)):
        done = run(
            "power", "jalapeno", "--trace", path, "--skip-bad", "--window", "3 s, 2 s", *more
        )
        assert done.exit_code == 2
        told.append(done.stderr)
    assert told[0] == told[1]
    assert "no request arrives from 3 s to 5 s; allowed: a window that meets 0 s to 9 s" in told[0]
    left = [
        json.loads(run("power", "jalapeno", "--trace", path, "--skip-bad", "--window", "0 s, 2 s",
                       "--json", *more).stdout)["left_out"]
        for more in ((), ("--stream",))
    ]  # fmt: skip
    assert left == [1, 1]


def test_the_command_takes_and_reports_them(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "0,50,5\n1,50,5\nx,1,1\n2,60,6\n3,70,7\n4,80,8\n")
    refused = run("power", "jalapeno", "--trace", path)
    assert refused.exit_code == 2
    assert "line 4: arrival_s is 'x'" in refused.stderr
    done = run("power", "jalapeno", "--trace", path, "--skip-bad", "--window", "1 s, 3 s",
               "--rate", "2", "--replicas", "2", "--json")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["throughput"]["prompt_tokens"] == 50 + 70
    assert content["left_out"] == 1


def test_generated_statistics_stand_beside_published_ones():
    content = json.loads(run("list", "workloads", "--json").stdout)
    assert content["statistics"]["azure-2023-code"]["prompt_tokens_p50"] == 1469
    chat = content["statistics"]["chat"]
    expected = power.workloads()["chat"].expected()
    assert chat["output_tokens_mean"] == pytest.approx(expected["output_tokens_mean"], rel=0.05)
    shown = run("show", "chat").stdout
    assert "mooncake-synthetic" in shown
    assert "published" in run("list", "traces").stdout
