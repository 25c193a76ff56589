"""The thermal engine against the clock: the targets, peers on the same system, and scaling.

    python benchmarks/thermal.py [--quick] [--write]

Every measurement runs in a process of its own (`benchmarks.thermal_tasks`), so that a cold start
and the peak of memory are its own; `--write` puts the tables into docs/benchmarks/thermal.md. The
limit is the time that the bytes which each iteration must move take at the memory bandwidth of
as many cores, as measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "benchmarks" / "thermal.md"
SHARED_CASE = ROOT.parent / "shared" / "data" / "thermal" / "pkg25d" / "case.json"
BYTE_PER_CELL = 154
"""An iteration moves, a cell: conjugate gradients 60, the finest level 64, coarser levels 21, the
second visit to some of these 9."""

HEAD = (
    "Written by `python benchmarks/thermal.py --write`. The package is that of "
    "`benchmarks/thermal_package.py`: 64 x 64 mm, nine dies in mould between substrate and lid, "
    "940 W in 72 blocks; relative residual 1e-8 unless said otherwise."
)
LIMIT = (
    f"An iteration moves {BYTE_PER_CELL} bytes a cell: *times limit* compares the solve with the "
    "time that this takes. Wall clock, with processor time in brackets, of the best of a few runs "
    "but for builds and starts; a figure in seconds tells as much of what else the machine was "
    "doing, a ratio does not."
)

Row = dict[str, Any]


class Session:
    """Runs tasks, remembers what they measured, and says what it is doing."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self._found: dict[str, Row] = {}

    def run(self, task: str, environment: dict[str, str] | None = None, **options: object) -> Row:
        """Return what a task measured; the same one is measured once."""
        key = json.dumps([task, options, environment])
        if key not in self._found:
            print(f"... {task} {json.dumps(options)}", file=sys.stderr, flush=True)
            command = [sys.executable, "-m", "benchmarks.thermal_tasks", task, json.dumps(options)]
            ended = subprocess.run(
                command,
                cwd=ROOT,
                env={"OPENBLAS_NUM_THREADS": "1"} | os.environ | (environment or {}),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            self._found[key] = json.loads(ended.stdout)
        return self._found[key]

    def steady(self, cells: int, threads: int) -> Row:
        """Return the steady solve of the package on `cells` x `cells` x 24 cells."""
        return self.run("steady", cells=cells, threads=threads, repeat=2 if cells > 512 else 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="small grids only, about a minute")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/thermal.md")
    asked = parser.parse_args()
    session = Session(quick=asked.quick)
    text = document(session)
    print(text)
    if asked.write:
        DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
        DOCUMENT.write_text(text + "\n", encoding="utf-8")


def document(session: Session) -> str:
    """Return all tables as Markdown."""
    sections = {"Targets": targets, "Peers": peers, "Scaling": scaling}
    found = session.run("machine")
    one, two = found["gb_s"]
    machine = f"memory bandwidth of one core {one:.0f} GB/s, of two together {two:.0f} GB/s"
    parts = ["# Speed of the thermal engine", HEAD, f"{found['cores']} cores; {machine}. {LIMIT}"]
    for title, section in sections.items():
        parts += [f"## {title}", section(session)]
    return "\n\n".join(parts)


def targets(session: Session) -> str:
    """Return the table of what is to be reached, and what is."""
    large = 128 if session.quick else 512
    rows = [["work", "reach", "measured", "remarks"]]
    for threads, reach in ((1, "0.5 s"), (2, "0.3 s")):
        found = session.steady(large, threads)
        times = f"{found['solve_s']:.2f} s ({found['solve_processor_s']:.2f} s)"
        remarks = f"{found['iterations']} iterations, {limit(session, found, threads)} times limit"
        work = f"steady {grid(found)}, solve alone, {threads} thread{'s' * (threads > 1)}"
        rows.append([work, reach, times, remarks])
    found = session.steady(large, 2)
    parts = "rasterising {mesh:.2f}, assembly {assembly:.2f}, set-up {setup:.2f}, solve {solve:.2f}"
    for state, reach in (("warm", "0.8 s"), ("cold", "1.5 s")):
        seconds = found[f"{state}_s"]
        total = f"{sum(seconds.values()):.2f} s"
        work = f"the same with all before it, {state} process"
        rows.append([work, reach, total, parts.format(**seconds)])
    if not session.quick:
        found = session.steady(1024, 2)
        times = f"{found['solve_s']:.2f} s ({found['solve_processor_s']:.2f} s)"
        remarks = f"{found['iterations']} iterations, {found['peak_gb']:.1f} GB in all"
        rows.append([f"steady {grid(found)}, 2 threads", "1.5 s, 2.5 GB", times, remarks])
    for cells, reach in ((256, "50 ms"), (512, "250 ms")):
        found = session.steady(min(cells, large), 2)
        times = f"{1e3 * found['further_s']:.0f} ms"
        remarks = f"{1e3 * found['several_s']:.0f} ms each of four at once"
        rows.append([f"further power map, {grid(found)}, 1e-6", reach, times, remarks])
    rows += [*transient(session), *reduced(session), pkg25d(session)]
    graded = session.run("grading", cells=96 if session.quick else 256, ratio=100.0)
    rows.append(["iterations on a mesh graded 100:1", "12", str(graded["iterations"]), ""])
    return table(rows + starts(session))


def transient(session: Session) -> list[list[str]]:
    rows = []
    for jumps, what in ((True, "powers jump by half each time"), (False, "powers jump once")):
        cells, steps = (64, 10) if session.quick else (256, 40 if jumps else 200)
        found = session.run("transient", cells=cells, steps=steps, jumps=jumps)
        times = [1000 / steps * found[key] for key in ("wall_s", "processor_s")]
        remarks = f"from {steps} steps; {what}: {found['iterations']:.1f} iterations each"
        work = f"1,000 second-order steps, {grid(found)}"
        rows.append([work, "40 s", f"{times[0]:.0f} s ({times[1]:.0f} s)", remarks])
    return rows


def reduced(session: Session) -> list[list[str]]:
    if session.quick:
        found = session.run("reduced", cells=64, tolerance_k=0.3, steps=100_000)
    else:
        found = session.run("reduced", cells=256, tolerance_k=0.1, steps=1_000_000)
    times = f"{found['wall_s']:.0f} s ({found['processor_s']:.0f} s)"
    error = f"{found['modes']} modes, error within {found['bound_k']:.2f} K"
    keys = found["keys"]
    return [
        [f"reduced model, {grid(found)}, build", "40 s", times, error],
        [f"its march, {keys} in, {keys} out", "1e6 steps/s", f"{found['steps_per_s']:.1e}", ""],
    ]


def pkg25d(session: Session) -> list[str]:
    work = "`pkg25d`, steady, 128 x 128"
    if not SHARED_CASE.exists():
        return [work, "0.1 s", "-", "the reference cases are not here"]
    found = session.run("pkg25d", cells=128, repeat=5)
    remarks = f"{found['before_s']:.2f} s before; HotSpot 22 s, 3D-ICE 8.6 s on one grid"
    return [work, "0.1 s", f"{found['wall_s']:.3f} s", remarks]


def starts(session: Session) -> list[list[str]]:
    """Return rows of what a process waits for: once compiling, then loading the loops."""
    session.run("first")  # so that the loops are kept
    with tempfile.TemporaryDirectory() as empty:
        compiling = session.run("first", {"NUMBA_CACHE_DIR": empty})
    loading = session.run("first", {"PYTHONHASHSEED": "0"})
    rows = []
    for name, reach, found in (
        ("first solve ever: compiling", "8 s", compiling),
        ("first solve of a process: loading", "1 s", loading),
    ):
        times = f"{found['wall_s']:.2f} s ({found['processor_s']:.2f} s)"
        rows.append([name, reach, times, f"after {found['import_s']:.2f} s of imports"])
    whole = session.run("command", cells=32)
    work = "`scoville thermal CASE --grid 32`, whole process"
    return [*rows, [work, "2 s", f"{whole['wall_s']:.2f} s", "kernels compiled before"]]


def peers(session: Session) -> str:
    """Return the table of other solvers on the same system."""
    rows = [["solver", "cells", "iterations", "set-up", "solve", "times ours"]]
    for cells, direct in ((32, True), (32, False), (64, False), (128, False)):
        if session.quick and cells > 64:
            continue
        ours, found = session.steady(cells, 1), session.run("peers", cells=cells, direct=direct)
        own_s = ours["warm_s"]["setup"] + ours["solve_s"]
        mine = [grid(ours), str(ours["iterations"]), f"{ours['warm_s']['setup']:.3f} s"]
        if direct or cells != 32:
            rows.append(["multigrid, 1 thread", *mine, f"{ours['solve_s']:.3f} s", "1"])
        for name, row in found["peers"].items():
            total_s = row["setup_s"] + row["solve_s"]
            count = str(row["iterations"] or "-")
            times = [f"{row['setup_s']:.2f} s", f"{row['solve_s']:.2f} s"]
            rows.append([name, grid(found), count, *times, f"{total_s / own_s:.0f}"])
    return table(rows)


def scaling(session: Session) -> str:
    """Return time and memory over grids."""
    head = ["cells", "iterations", "set-up", "solve, 1 thread", "2 threads"]
    rows = [[*head, "ns a cell and iteration", "times limit", "memory, bytes a cell"]]
    for cells in (64, 128) if session.quick else (64, 128, 256, 512, 1024):
        one, two = session.steady(cells, 1), session.steady(cells, 2)
        each_ns = 1e9 * one["solve_s"] / one["iterations"] / one["cells"]
        times = [f"{one['warm_s']['setup']:.3f} s", f"{one['solve_s']:.3f} s"]
        rows.append(
            [
                grid(one),
                str(one["iterations"]),
                *times,
                f"{two['solve_s']:.3f} s",
                f"{each_ns:.1f}",
                limit(session, one, 1),
                f"{1e9 * one['memory_gb'] / one['cells']:.0f}",
            ]
        )
    return table(rows) + "\n\nMemory is that of mesh, operator, solver and fields together."


def limit(session: Session, found: Row, threads: int) -> str:
    """Return a solve in units of the time to move its bytes."""
    byte = found["iterations"] * BYTE_PER_CELL * found["cells"]
    limit_s = byte / session.run("machine")["gb_s"][threads - 1] / 1e9
    return f"{found['solve_s'] / limit_s:.1f}"


def grid(found: Row) -> str:
    """Return the cells along x, y and z in words."""
    nz, ny, nx = found["shape"]
    return f"{nx} x {ny} x {nz}"


def table(rows: list[list[str]]) -> str:
    """Return rows, the head first, as a Markdown table."""
    line: Callable[[list[str]], str] = lambda row: f"| {' | '.join(row)} |"  # noqa: E731
    return "\n".join([line(rows[0]), line(["---"] * len(rows[0])), *map(line, rows[1:])])


if __name__ == "__main__":
    main()
