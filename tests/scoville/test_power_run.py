"""What ``scoville power`` writes and prints: files, report, comparison, streaming."""

import base64
import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import power
from scoville.cli import app

SHORT = ("--set", "workload.duration=1 s")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("power") / "out"
    done = run("power", "jalapeno", *SHORT, "--bin", "20 ms", "--out", place)
    assert done.exit_code == 0, done.output
    return place


@pytest.fixture(scope="module")
def content(folder):
    return json.loads((folder / "power.json").read_text())


def test_the_files_of_a_run(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "power.parquet", "power_summary.csv", "requests.parquet", "power.ptrace", "power.png",
        "power_map.png", "power.json", "operating_points.parquet", "accelergy.yaml",
        "report.html", "run.json", "iterations.parquet", "activity.parquet", "operators.csv",
    }  # fmt: skip


def test_counts_of_bins_runs_and_operators_agree(folder, content):
    activity = pd.read_parquet(folder / "activity.parquet")
    runs = pd.read_parquet(folder / "iterations.parquet")
    operators = pd.read_csv(folder / "operators.csv", index_col="operator")
    tokens = content["throughput"]["output_tokens"]
    assert runs["output_tokens"].sum() == activity["output_tokens"].sum().round(6) == tokens
    for action in ("mac_fp4", "hbm_read_bytes", "noc_bit_mm", "vector_ops"):
        assert operators[action].sum() == pytest.approx(activity[action].sum(), rel=1e-8)
    assert operators["utilisation"].max() < 0.9
    assert {"attention, in", "experts, out", "head", "attention"} <= set(operators.index)
    states = pd.DataFrame(content["residency"]).set_index("kind")
    assert states.sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_energy_integrates_to_the_total(folder, content):
    table = pd.read_parquet(folder / "power.parquet").set_index(["start_s", "end_s"])
    start, end = (table.index.get_level_values(name).to_numpy() for name in table.index.names)
    assert np.diff(start) == pytest.approx(0.02, rel=1e-9)
    assert end[:-1] == pytest.approx(start[1:], rel=1e-12)
    assert end[-1] - start[0] == pytest.approx(content["throughput"]["span_s"], rel=1e-12)
    energy_j = float(table.to_numpy().sum(axis=1) @ (end - start))
    assert energy_j == pytest.approx(content["throughput"]["energy_j"], rel=1e-9)
    summary = pd.read_csv(folder / "power_summary.csv")
    assert summary["energy_j"].sum() == pytest.approx(energy_j, rel=1e-8)  # nine digits printed
    each = content["energy_per_request_j"]["mean"] * content["throughput"]["requests"]
    assert each == pytest.approx(energy_j, rel=1e-9)


def test_the_power_trace_is_that_of_hotspot(folder):
    """Names in the first line, watts in those below, nothing else."""
    lines = (folder / "power.ptrace").read_text().splitlines()
    table = pd.read_parquet(folder / "power.parquet").drop(columns=["start_s", "end_s"])
    assert lines[0].split("\t") == list(table.columns)
    read = np.array([[float(cell) for cell in line.split("\t")] for line in lines[1:]])
    np.testing.assert_allclose(read, table.to_numpy(), rtol=1e-5)  # six digits printed


def test_figures_of_power_are_ordered(content):
    found = content["power"]
    assert found["p50_w"] <= found["p90_w"] <= found["p99_w"] <= found["peak_w"]
    assert found["lowest_w"] < found["mean_w"] < found["highest_w"]
    assert 0.0 < found["step_up_w"] <= found["highest_w"] - found["lowest_w"]
    assert found["ramp_up_w_us"] == pytest.approx(found["step_up_w"])  # in one microsecond
    assert found["ramp_up_w_us_low"] < found["ramp_up_w_us"] < found["ramp_up_w_us_high"]


def test_the_report_needs_nothing_beside_it(folder, content):
    report = (folder / "report.html").read_text()
    assert re.findall(r"<(?:link|script|iframe|object)\b|@import|url\(", report) == []
    sources = re.findall(r'src="([^"]*)"', report)
    assert len(sources) == 2
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
    text = html.unescape(report)
    assert content["input_hash"] in text
    for word in ("HBM DRAM", "ramp up, W/us", "output tokens/s per kW", "prompt p50"):
        assert word in text
    assert all(source["title"] in text for source in content["sources"])


def test_the_same_input_gives_the_same_bytes(folder, tmp_path):
    done = run("power", "jalapeno", *SHORT, "--bin", "20 ms", "--out", tmp_path / "again")
    assert done.exit_code == 0
    for path in folder.iterdir():
        if path.name != "run.json":
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_traces_side_by_side(tmp_path):
    trace = power.generate(power.workloads()["batch-api"], seed=3, duration_s=2.0)
    trace.to_csv(tmp_path / "mine.csv")
    done = run("power", "--compare", tmp_path / "mine.csv", "chat", *SHORT, "--json",
               "--out", tmp_path / "out")  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["traces"]
    assert [entry["trace"] for entry in found] == ["mine", "chat-1"]
    table = pd.read_csv(tmp_path / "out" / "compare.csv")
    for entry in found:
        mine = table[table["trace"] == entry["trace"]]
        assert mine["energy_j"].sum() == pytest.approx(entry["throughput"]["energy_j"], rel=1e-8)
    shown = run("power", "jalapeno", "--compare", "chat", "chat", *SHORT).stdout
    assert "energy per output token, mJ" in shown


def test_a_streamed_trace_gives_the_figures_of_the_whole_one(tmp_path, monkeypatch):
    from power import trace_files
    from power.trace_text import line_blocks

    path = tmp_path / "t.csv"
    power.generate(power.workloads()["chat"], seed=2, duration_s=6.0).to_csv(path)
    monkeypatch.setattr(trace_files, "line_blocks", lambda p: line_blocks(p, 1000))
    given = ("power", "jalapeno", "--trace", path, "--bin", "100 ms", "--json")
    whole, parts = (json.loads(run(*given, *more).stdout) for more in ((), ("--stream",)))
    assert parts["streamed"] is True
    for group, tolerance in (("throughput", 1e-9), ("power", 1e-9), ("energy_split", 1e-6)):
        for name, value in whole[group].items():
            if name not in ("cached_tokens", "evictions"):
                assert parts[group][name] == pytest.approx(value, rel=tolerance), name
    for mine, other in zip(whole["latency"], parts["latency"], strict=True):
        for name in ("mean", "max"):
            assert other[name] == pytest.approx(mine[name], rel=1e-9)
        for name in ("p50", "p90", "p99"):  # half a bin, and the neighbour in a list of 300
            assert other[name] == pytest.approx(mine[name], rel=0.03, abs=2e-6)
    for name, value in whole["energy_per_request_j"].items():
        assert parts["energy_per_request_j"][name] == pytest.approx(value, rel=0.06)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("jalapeno", "a.csv"), "choose a class of workload with --set workload.class=NAME"),
        (("--compare", "chat"), "1 to compare"),
        (("--compare", "chat", "chta"), "did you mean 'chat'"),
        (("--compare", "chat", "none.csv"), "--compare: there is no file none.csv"),
        (("--compare", "chat", "chat", "--trace", "x.csv"), "is given with --compare"),
        (("jalapeno", "--stream"), "give a trace file"),
        (("jalapeno", "--bin", "0 s"), "above 0 s"),
        (("jalapeno", "--format", "xml"), "parquet or csv"),
    ],
)
def test_bad_input(arguments, message):
    done = run("power", *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_streams_refuse_what_the_whole_trace_does(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("arrival_s,prompt_tokens,output_tokens\n0,10,5\n9,10,5\n")
    for more, message in (
        (("--replicas", "3"), "trace t: --replicas: 3; allowed: from 1 to 2, a request each"),
        (("--bin", "1 ns"), "allowed: 10,000,000; e.g."),
    ):
        for stream in ((), ("--stream",)):
            done = run("power", "jalapeno", "--trace", path, *more, *stream)
            assert done.exit_code == 2, (more, stream, done.output)
            assert message in done.stderr
    hot = run("power", "jalapeno", "--trace", path, "--temperature", "400 degC", "--stream",
              "--set", "power.prefix_caching=on")  # fmt: skip
    assert hot.exit_code == 0
    assert "warning: --temperature: 400 degC is above the 105 degC that N3" in hot.stderr
    assert "t: power.prefix_caching is on, but nothing was found in the cache" in hot.stderr


def test_a_cap_that_is_not_kept_is_told():
    told = []
    for more in ((), ("--temperature", "105 degC"), ("--set", "power.cap=50 W")):
        done = run("power", "jalapeno", *SHORT, *more)
        assert done.exit_code == 0
        told.append("W is exceeded by steps of up to" in done.stderr)
    assert told == [False, True, True]
    tight = run("power", "jalapeno", *SHORT, "--set", "power.cap=250 W", "--json")
    assert "is exceeded" not in tight.stderr
    assert json.loads(tight.stdout)["power"]["highest_w"] < 250.0


def test_csv_in_place_of_parquet(tmp_path, folder):
    done = run("power", "jalapeno", *SHORT, "--bin", "20 ms", "--format", "csv",
               "--out", tmp_path / "out")  # fmt: skip
    assert done.exit_code == 0
    table = pd.read_csv(tmp_path / "out" / "power.csv")
    same = pd.read_parquet(folder / "power.parquet")
    np.testing.assert_allclose(table.to_numpy(), same.to_numpy(), rtol=1e-12)


def test_a_trace_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr("power.memory.available_byte", lambda: 1_000_000)
    done = run("power", "jalapeno", *SHORT)
    assert done.exit_code == 1
    assert "serve them stretch by stretch (--stream)" in done.stderr
