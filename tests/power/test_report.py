import dataclasses
import hashlib
import runpy
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import power
from floorplan.picture import save_png
from power.picture import power_picture
from techlib import LanguageModel

EXAMPLE = Path(__file__).parents[2] / "examples" / "power_report.py"


@pytest.fixture(scope="module")
def report(machine: power.Machine, gpt_oss: LanguageModel) -> power.PowerReport:
    trace = power.generate(power.workloads()["chat"], seed=1, duration_s=3.0)
    schedule = power.Schedule.of(trace, machine, gpt_oss)
    return power.PowerReport(schedule, power.BlockPower.of(power.Activity.of(schedule)), 75.0)


def test_components_add_up(report: power.PowerReport) -> None:
    table, figures = report.components(), report.throughput()
    assert table["share"].sum() == pytest.approx(1.0, rel=1e-9)
    assert table["energy_j"].sum() == pytest.approx(figures["energy_j"], rel=1e-9)
    assert table["mean_w"].sum() == pytest.approx(figures["mean_w"], rel=1e-9)
    assert (table["peak_w"] >= table["mean_w"] * (1.0 - 1e-9)).all()
    accesses = ["hbm_activate", "hbm_device", "hbm_io"]
    device = table["energy_j"][accesses].sum()
    assert device > table["energy_j"].drop(accesses).max()  # decode streams the weights
    assert list(table["title"].iloc[[0, -1]]) == ["systolic arrays", "management"]


def test_efficiency_has_the_band_of_the_power(report: power.PowerReport) -> None:
    figures = report.throughput()
    low, high = (figures[f"mean_{end}_w"] / figures["mean_w"] for end in ("low", "high"))
    for end, factor in (("low", low), ("high", high)):
        assert figures[f"joule_per_token_{end}"] == pytest.approx(
            factor * figures["joule_per_token"], rel=1e-12
        )
    product = figures["tokens_per_s_per_w_low"] * figures["joule_per_token_high"]
    assert product == pytest.approx(1.0, rel=1e-9)


def test_throughput_figures_agree(report: power.PowerReport) -> None:
    figures, trace = report.throughput(), report.schedule.trace
    assert figures["output_tokens"] == trace.output_tokens.sum()
    rate = figures["output_tokens_per_s"] / figures["mean_w"]
    assert figures["tokens_per_s_per_w"] == pytest.approx(rate, rel=1e-9)
    assert figures["mean_low_w"] < figures["mean_w"] < figures["mean_high_w"]
    assert figures["mean_w"] < figures["peak_w"]
    assert 0.9 < figures["load"] <= 1.0
    assert 1.0 < figures["mean_decode_batch"] < 256.0


def test_the_rate_is_spread_over_the_bins(machine: power.Machine, gpt_oss: LanguageModel) -> None:
    trace = power.Trace("one", [0.0, 30.0], [100, 100], [4000, 2])  # at work, then hardly
    schedule = power.Schedule.of(trace, machine, gpt_oss)
    watts = power.BlockPower.of(power.Activity.of(schedule, 1.0))
    figures = power.PowerReport(schedule, watts, 75.0).throughput()
    rates = watts.output_tokens / watts.bin_s
    p50, p90, p99, peak = (
        figures[f"output_tokens_per_s_{n}"] for n in ("p50", "p90", "p99", "peak")
    )
    at_work = float((rates > 10.0).mean())
    assert 0.1 < at_work < 0.5
    assert p50 == 0.0
    assert 100.0 < p90 <= p99 <= peak == rates.max()
    assert p90 == pytest.approx(np.percentile(rates, 90, method="inverted_cdf"), rel=0.02)


def test_what_goes_in_is_what_comes_out_and_is_lost(
    machine: power.Machine, gpt_oss: LanguageModel
) -> None:
    trace = power.Trace("two", [0.0, 1.0], [4000, 50], [200, 20])

    def report(**changes: float) -> power.PowerReport:
        run = dataclasses.replace(machine.operation, cap_w=None, **changes)
        mine = dataclasses.replace(machine, operation=run)
        schedule = power.Schedule.of(trace, mine, gpt_oss)
        watts = power.BlockPower.of(power.Activity.of(schedule))
        return power.PowerReport(schedule, watts, 75.0)

    def supply(**changes: float) -> dict[str, float]:
        return report(**changes).supply()

    plain = supply(pdn_resistance_ohm=0.0, regulator_efficiency=0.8)
    assert plain["pdn_w"] == 0.0
    assert plain["input_w"] == pytest.approx(plain["package_w"] / 0.8)
    lossy, twice = (
        supply(pdn_resistance_ohm=ohm, regulator_efficiency=0.8) for ohm in (1e-4, 2e-4)
    )
    assert lossy["package_w"] == plain["package_w"]
    assert twice["pdn_w"] == pytest.approx(2.0 * lossy["pdn_w"])
    assert lossy["input_w"] == pytest.approx((lossy["package_w"] + lossy["pdn_w"]) / 0.8)
    shares = (lossy[name] for name in ("package_w", "pdn_w", "regulator_w"))
    assert sum(shares) == pytest.approx(lossy["input_w"])
    watts = report(pdn_resistance_ohm=1e-4).block_power
    parts = watts.components(75.0)
    outside = ("hbm", "refresh", "serdes", "host", "management", "die_to_die")
    logic_w = parts[[name for name in parts if not str(name).startswith(outside)]].sum(axis=1)
    heat_w = 1e-4 * (logic_w.to_numpy() / machine.operation.voltage_v) ** 2
    assert lossy["pdn_w"] == pytest.approx(float(heat_w @ watts.bin_s / watts.bin_s.sum()))


def test_latency_percentiles(report: power.PowerReport) -> None:
    table = report.latency()
    ttft = report.schedule.ttft_s
    assert table.loc["ttft_s", "p90"] == pytest.approx(np.percentile(ttft, 90))
    assert table.loc["ttft_s", "max"] == ttft.max()
    assert (table[["p50", "p90", "p99", "max"]].diff(axis=1).iloc[:, 1:] >= 0.0).all(axis=None)


def test_latency_without_a_second_token(machine: power.Machine, gpt_oss: LanguageModel) -> None:
    schedule = power.Schedule.of(power.Trace("one", [0.0], [10], [1]), machine, gpt_oss)
    watts = power.BlockPower.of(power.Activity.of(schedule))
    table = power.PowerReport(schedule, watts, 75.0).latency()
    assert np.isnan(table.loc["tpot_s", "mean"])
    assert table.loc["ttft_s", "mean"] > 0.0


def test_the_picture_is_the_same_each_time(report: power.PowerReport, tmp_path: Path) -> None:
    digests = set()
    for name in ("a.png", "b.png"):
        figure = power_picture(report.block_power, 75.0, title="chat", limit_w=700.0)
        save_png(figure, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    pixels = matplotlib.image.imread(tmp_path / "a.png")
    assert pixels.shape[:2] == (598, 1170)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 20


def test_the_picture_stacks_to_the_package(report: power.PowerReport) -> None:
    figure = power_picture(report.block_power, 75.0)
    outline = figure.axes[0].patches
    tops = [patch.get_data().values for patch in outline if hasattr(patch, "get_data")]
    package = report.block_power.package_w(75.0)
    assert any(top == pytest.approx(package) for top in tops)


def test_the_example_prints_consistent_numbers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace = power.generate(power.workloads()["batch-api"], seed=3, duration_s=2.0)
    trace.to_csv(tmp_path / "mine.csv")
    runpy.run_path(str(EXAMPLE))["main"]([str(tmp_path / "mine.csv")])
    out = capsys.readouterr().out
    words = out.replace("(", " ").replace(",", " ").split()

    def number(before: str, after: str = "") -> float:
        at = [i for i, word in enumerate(words) if word == before]
        assert at, f"{before} is not printed"
        value = float(words[at[0] + 1])
        assert not after or words[at[0] + 2] == after
        return value

    energy = number("energy", "J")
    per_token = float(words[words.index("J/token") - 1])
    assert energy / per_token == pytest.approx(trace.output_tokens.sum(), rel=2e-3)
    per_watt = float(words[words.index("token/s/W") - 1])
    assert per_watt * per_token == pytest.approx(1.0, rel=2e-3)
    assert number("mean", "W") < number("peak", "W")
    assert f"mine: {len(trace)} requests" in out


def test_the_example_runs_every_class(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))["main"]([])
    out = capsys.readouterr().out
    for name in power.workloads():
        assert f"{name}-1: " in out
