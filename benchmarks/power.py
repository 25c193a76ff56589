"""How fast a trace is read, served and turned into watts, against its length and its bins.

    python benchmarks/power.py [--most 1e6] [--repeat 3] [--peers FILE.json] [--write | --streaming]

Requests are of the class `chat` at its own rate, on one Jalapeño package with gpt-oss-120b. Times
are those of the processor, the least of some runs, loops compiled before. `--write` puts the tables
into docs/benchmarks/power.md. `--peers` adds what `benchmarks/power_peers.py` measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.remove(str(Path(__file__).parent))  # or this file would stand in for the room `power`

import floorplan
import power
import techlib

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "power.md"
TEMPERATURE_C = 75.0
CLASS = "chat"
OPTIONS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "KV cache that grows": {"kv_admission": "grow"},
    "three drafts": {"draft_tokens": 3},
    "batch of 64": {"max_batch": 64},
}


def machine(**changes: Any) -> power.Machine:
    plan = floorplan.build(floorplan.recipes()["jalapeno"])
    run = power.operations().derive("jalapeno", changes, name="jalapeno", where="benchmark")
    return power.Machine.of(plan, run)


def model() -> techlib.LanguageModel:
    return techlib.language_models()["gpt-oss-120b"]


def trace(requests: int) -> power.Trace:
    """Return a generated trace of about so many requests."""
    workload = power.workloads()[CLASS]
    return power.generate(workload, seed=1, duration_s=requests / workload.rate_per_s)


def best(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """Return the least processor time of some runs [s], and what the last one gave."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times), found


def lengths(most: float) -> list[int]:
    return [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= most]


def serving(most: float, repeat: int) -> Iterator[tuple[str, ...]]:
    """Time schedule, activity and report against the length of the trace."""
    chip, llm = machine(), model()
    for number in lengths(most):
        asked = trace(number)
        repeats = repeat if number < 1_000_000 else 1
        start = time.perf_counter()
        schedule_s, schedule = best(lambda a=asked: power.Schedule.of(a, chip, llm), repeats)
        wall_s = (time.perf_counter() - start) / repeats

        def report(served: power.Schedule = schedule) -> power.PowerReport:
            watts = power.BlockPower.of(power.Activity.of(served))
            found = power.PowerReport(served, watts, TEMPERATURE_C)
            found.throughput(), found.power_figures(), found.request_energy()
            return found

        report_s, _ = best(report, repeats)
        span, both_s = schedule.end_s - schedule.start_s, schedule_s + report_s
        steps = int(schedule.iterations["steps"].sum())
        yield (
            f"{len(asked):,}", f"{span:,.0f}", f"{steps:,}", f"{len(schedule.iterations):,}",
            f"{schedule_s:.3f}", f"{wall_s:.2f}", f"{len(asked) / schedule_s:,.0f}",
            f"{span / schedule_s:,.0f}",
            f"{report_s:.3f}", f"{span / both_s:,.0f}",
        )  # fmt: skip


def binning(repeat: int, requests: int = 100_000) -> Iterator[tuple[str, ...]]:
    """Time activity and watts against the number of bins."""
    served = power.Schedule.of(trace(requests), machine(), model())
    span = served.end_s - served.trace.arrival_s[0]
    for number in (100, 1_000, 10_000, 100_000):
        activity_s, activity = best(lambda n=number: power.Activity.of(served, span / n), repeat)
        watts_s, watts = best(
            lambda a=activity: power.BlockPower.of(a).package_w(TEMPERATURE_C), repeat
        )
        yield (
            f"{len(watts):,}",
            f"{1e3 * span / number:,.3g}",
            f"{activity_s:.3f}",
            f"{watts_s:.3f}",
        )


def options(repeat: int, requests: int = 100_000) -> Iterator[tuple[str, ...]]:
    """Time the schedule under its options."""
    asked, llm = trace(requests), model()
    for title, changes in OPTIONS.items():
        chip = machine(**changes)
        seconds, served = best(lambda c=chip: power.Schedule.of(asked, c, llm), repeat)
        steps = int(served.iterations["steps"].sum())
        yield title, f"{steps:,}", f"{seconds:.3f}", f"{len(asked) / seconds:,.0f}"


def reading(most: float, repeat: int) -> Iterator[tuple[str, ...]]:
    """Time the reading of files of several forms."""
    asked = trace(int(min(most, 1_000_000)))
    with tempfile.TemporaryDirectory() as folder:
        plain, azure, parquet = (Path(folder, name) for name in ("a.csv", "b.csv", "c.parquet"))
        asked.to_csv(plain)
        asked.to_parquet(parquet)
        dates = np.datetime64("2024-05-10") + (asked.arrival_s * 1e9).astype("timedelta64[ns]")
        table = asked.to_dataframe().assign(arrival_s=[f"{d}+00:00" for d in dates])
        table.columns = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
        table.to_csv(azure, index=False)
        for title, path in (("plain CSV", plain), ("Azure 2024, dates", azure),
                            ("Parquet", parquet)):  # fmt: skip
            whole_s, found = best(lambda p=path: power.read_trace(p), repeat)
            parts_s, _ = best(lambda p=path: sum(map(len, power.trace_chunks(p))), repeat)
            size = path.stat().st_size / 1e6
            yield (
                title, f"{len(found):,}", f"{size:.1f}", f"{len(found) / whole_s / 1e6:.2f}",
                f"{len(found) / parts_s / 1e6:.2f}",
            )  # fmt: skip


def streaming(most: float) -> Iterator[tuple[str, ...]]:
    """Time whole and streamed runs, and their memory, each in a process of its own."""
    for number in lengths(most)[2:]:
        for mode in ("whole", "streamed"):
            command = [sys.executable, __file__, "--one", str(number), mode]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            requests, seconds, byte = json.loads(done.stdout)
            yield mode, f"{requests:,}", f"{seconds:.2f}", f"{byte / 1e6:,.0f}"


def one(requests: int, mode: str) -> None:
    """Print requests, seconds and peak memory of one run from a file."""
    chip, llm = machine(), model()
    warm = trace(1000)
    power.Schedule.of(warm, chip, llm)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        trace(requests).to_csv(path)
        command = [sys.executable, __file__, "--file", str(path), mode]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    sys.stdout.write(done.stdout)


def from_file(path: str, mode: str) -> None:
    chip, llm = machine(), model()
    power.Schedule.of(trace(1000), chip, llm)
    start = time.process_time()
    if mode == "whole":
        served: Any = power.Schedule.of(power.read_trace(path), chip, llm)
        activity = power.Activity.of(served)
    else:
        activity = power.serve_stream(
            power.trace_chunks(path), chip, llm, temperature_c=TEMPERATURE_C
        )
        served = activity.schedule
    report = power.PowerReport(served, power.BlockPower.of(activity), TEMPERATURE_C)
    report.throughput(), report.power_figures(), report.request_energy()
    seconds = time.process_time() - start
    byte = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([report.serving.requests, seconds, byte]))


def table(columns: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a table in Markdown; print its rows as they come."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        lines.append("| " + " | ".join(row) + " |")
        print("  ".join(row), flush=True)
    return "\n".join(lines) + "\n"


def peers(path: Path | None) -> str:
    """Return what was measured of other simulators."""
    if path is None:
        return "No other simulator was run beside this one.\n"
    found = json.loads(path.read_text())
    rows = ((row["name"], f"{row['requests']:,}", f"{row['seconds']:.2f}",
             f"{row['requests'] / row['seconds']:,.0f}",
             f"{row['simulated_s'] / row['seconds']:,.1f}") for row in found["rows"])  # fmt: skip
    columns = ("simulator", "requests", "seconds", "requests/s", "simulated s / s")
    return table(columns, rows) + "\n" + "\n\n".join(found["notes"]) + "\n"


def page(most: float, repeat: int, peer_file: Path | None) -> str:
    """Measure everything, and return the page."""
    power.Schedule.of(trace(1000), machine(), model())  # compiles, or loads what is kept
    load = os.getloadavg()[0]
    return f"""# How fast power is

Written by `python benchmarks/power.py --write`; nothing here is typed by hand.

scoville {version("scoville")}, Python {platform.python_version()}, numpy {version("numpy")}, \
numba {version("numba")}, {os.cpu_count()} cores ({platform.machine()}), load {load:.1f} at the \
start. Requests of the class `{
        CLASS
    }` on one Jalapeño package with gpt-oss-120b. Seconds are those \
of the processor, the least of {repeat} runs (one for a million requests), loops compiled before; \
"wall" is what the clock on the wall said, others being at work on the machine.

## Against the length of the trace

The schedule visits every token of every sequence. The report takes activity, watts, percentiles, \
steps and energy per request.

{
        table(
            (
                "requests",
                "simulated s",
                "steps",
                "rows",
                "schedule s",
                "wall s",
                "requests/s",
                "simulated s / s",
                "report s",
                "both: simulated s / s",
            ),
            serving(most, repeat),
        )
    }
## Against the number of bins

Of {min(most, 100_000):,.0f} requests.

{table(("bins", "width ms", "activity s", "watts s"), binning(repeat, int(min(most, 100_000))))}
## Under the options of the schedule

{table(("option", "steps", "seconds", "requests/s"), options(repeat, int(min(most, 100_000))))}
## Reading

{
        table(
            ("form", "requests", "MB", "whole, M requests/s", "in chunks, M requests/s"),
            reading(most, repeat),
        )
    }
## Whole and streamed, from a CSV file to the report

Peak memory of the process; the interpreter and its libraries take some 300 MB of it.

{table(("run", "requests", "seconds", "peak MB"), streaming(most))}
## Beside other simulators

{peers(peer_file)}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=float, default=1e6, help="requests of the longest trace")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="figures of other simulators")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument(
        "--streaming", action="store_true", help="measure and write the section on streams only"
    )
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--file", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(int(given.one[0]), given.one[1])
    elif given.file:
        from_file(*given.file)
    elif given.streaming:
        rows = table(("run", "requests", "seconds", "peak MB"), streaming(given.most))
        before, after = PAGE.read_text("utf-8").split("| run | requests |", 1)
        PAGE.write_text(before + rows + "\n##" + after.split("\n##", 1)[1], encoding="utf-8")
    else:
        text = page(given.most, given.repeat, given.peers)
        if given.write:
            PAGE.parent.mkdir(parents=True, exist_ok=True)
            PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
