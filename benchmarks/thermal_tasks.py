"""One measurement of the thermal benchmark, in a process of its own; prints a JSON object.

python -m benchmarks.thermal_tasks steady '{"cells": 128, "threads": 1}'
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import thermal_package as bench
from benchmarks.machine import bandwidth_gb_s, best, peak_memory_gb
from package import Case, read_case, write_case
from thermal import Mesh, Multigrid, ReducedModel, Resolution, ThermalModel, assemble, sparse_matrix

__all__ = ["CASE"]

CASE = Path(__file__).resolve().parents[2] / "shared" / "data" / "thermal" / "pkg25d" / "case.json"

AT_ONCE = 4
"""Power maps that are solved for together."""

Row = dict[str, Any]


def machine() -> Row:
    """Measure the memory bandwidth, of one core and of two."""
    found = [bandwidth_gb_s(threads) for threads in (1, 2)]
    return {"gb_s": found, "cores": len(os.sched_getaffinity(0))}


def first() -> Row:
    """Import and solve something tiny: what a process waits for before its first cell."""
    imported_s = time.process_time()
    operator, x, y, heat = bench.graded(6, 2.0)
    start = time.perf_counter(), time.process_time()
    Multigrid(operator, x_m=x, y_m=y).solve(heat)
    wall, processor = time.perf_counter() - start[0], time.process_time() - start[1]
    return {"import_s": imported_s, "wall_s": wall, "processor_s": processor}


def steady(cells: int, threads: int, repeat: int) -> Row:
    """Solve the package in a cold process and again; alone, and with all that comes before."""
    base_gb = peak_memory_gb()
    package, resolution = bench.package(), bench.resolution(cells, 24)
    runs, solver, heat_w, found = [], None, np.empty(0), None
    for _ in range(2 if repeat > 1 else 1):
        del solver, heat_w, found
        start = time.perf_counter()
        mesh = Mesh.of(package, resolution, nonlinear=False)
        meshed = time.perf_counter()
        operator = assemble(mesh)
        power = np.array([bench.power_w()[key] for key in mesh.keys])
        heat_w = np.asarray(mesh.heat @ power).reshape(mesh.shape) + operator.outside_w
        assembled = time.perf_counter()
        solver = Multigrid(operator, x_m=mesh.x_m, y_m=mesh.y_m, threads=threads)
        prepared = time.perf_counter()
        found = solver.solve(heat_w)
        solved = time.perf_counter()
        times = (meshed - start, assembled - meshed, prepared - assembled, solved - prepared)
        runs.append(dict(zip(("mesh", "assembly", "setup", "solve"), times, strict=True)))
    memory_gb = peak_memory_gb()
    again = best(lambda: solver.solve(heat_w), repeat)
    shifted = heat_w * (1.0 + 0.3 * np.sin(np.arange(mesh.shape[2])))
    further = best(lambda: solver.solve(shifted, tolerance=1e-6), repeat)
    several_s = math.nan
    if repeat > 2:  # where the work space of two fits
        maps = [shifted * (1.0 + 0.2 * number) for number in range(AT_ONCE)]
        several_s = best(lambda: list(solver.solve_each(maps, tolerance=1e-6)), repeat).wall
    return {
        "cells": mesh.cells,
        "shape": mesh.shape,
        "iterations": found.iterations,
        "residual": found.residual,
        "cold_s": runs[0],
        "warm_s": runs[-1],
        "solve_s": again.wall,
        "solve_processor_s": again.processor,
        "further_s": further.wall,
        "several_s": several_s / AT_ONCE,
        "memory_gb": memory_gb - base_gb,
        "peak_gb": memory_gb,
    }


def peers(cells: int, direct: bool) -> Row:
    """Solve the same system by algebraic multigrid of pyamg, and by SuperLU."""
    import pyamg
    from scipy.sparse.linalg import splu

    mesh = Mesh.of(bench.package(), bench.resolution(cells, 24), nonlinear=False)
    operator = assemble(mesh)
    power = np.array([bench.power_w()[key] for key in mesh.keys])
    heat_w = np.asarray(mesh.heat @ power).reshape(mesh.shape) + operator.outside_w
    matrix = sparse_matrix(operator)
    row: Row = {"cells": mesh.cells, "shape": mesh.shape, "peers": {}}
    if direct:
        start = time.perf_counter()
        factors = splu(matrix)
        setup_s = time.perf_counter() - start
        solve_s = best(lambda: factors.solve(heat_w.ravel()), 1).wall
        row["peers"]["SuperLU (scipy)"] = {"setup_s": setup_s, "solve_s": solve_s, "iterations": 0}
        return row
    start = time.perf_counter()
    algebraic = pyamg.ruge_stuben_solver(matrix.tocsr())
    setup_s = time.perf_counter() - start
    residuals: list[float] = []
    start = time.perf_counter()
    algebraic.solve(heat_w.ravel(), tol=1e-8, accel="cg", residuals=residuals)
    solve_s = time.perf_counter() - start
    row["peers"]["Ruge-Stueben (pyamg)"] = {
        "setup_s": setup_s,
        "solve_s": solve_s,
        "iterations": len(residuals) - 1,
    }
    return row


def transient(cells: int, steps: int, jumps: bool) -> Row:
    """March the package through steps of 1 ms, with powers that jump each time or only at first."""
    model = ThermalModel(bench.package(), bench.resolution(cells, 20), nonlinear=False)
    nominal = np.array([bench.power_w()[key] for key in model.keys])
    seed = np.random.default_rng(7)
    power = nominal * seed.uniform(0.5, 1.5, (steps + 2, nominal.size))
    if not jumps:
        power[2:] = power[2]
    model.transient(power[:2], np.arange(3) * 1e-3)
    edges_s, histories = np.arange(steps + 1) * 1e-3, []
    least = best(lambda: histories.append(model.transient(power[2:], edges_s)), 3)
    return {
        "shape": model.mesh.shape,
        "wall_s": least.wall,
        "processor_s": least.processor,
        "iterations": histories[0].iterations / steps,
    }


def reduced(cells: int, tolerance_k: float, steps: int) -> Row:
    """Build the reduced model of the package and march it."""
    model = ThermalModel(bench.package(), bench.resolution(cells, 20), nonlinear=False)
    nominal = np.array([bench.power_w()[key] for key in model.keys])
    start = time.perf_counter(), time.process_time()
    found = ReducedModel.of(model, nominal, tolerance_k=tolerance_k)
    built_s, processor_s = time.perf_counter() - start[0], time.process_time() - start[1]
    power = nominal * np.random.default_rng(7).uniform(0.5, 1.5, (steps, nominal.size))
    march = best(lambda: found.march(power, 1e-3, 40.0), 5)
    return {
        "shape": model.mesh.shape,
        "keys": nominal.size,
        "modes": found.modes,
        "wall_s": built_s,
        "processor_s": processor_s,
        "steps_per_s": steps / march.wall,
        "bound_k": found.report.mean_bound_k,
        "peak_gb": peak_memory_gb(),
    }


def pkg25d(cells: int, repeat: int) -> Row:
    """Solve the 2.5-D package of the shared reference cases."""
    case = read_case(CASE)
    model = ThermalModel(case.package, Resolution(lateral=cells))
    found = model.steady(case.power_w)
    seconds = best(lambda: model.steady(case.power_w), repeat)
    return {
        "shape": model.mesh.shape,
        "iterations": found.iterations,
        "wall_s": seconds.wall,
        "before_s": sum(model.seconds.values()),
    }


def command(cells: int) -> Row:
    """Run the command line on the package, from start to end of its process."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.json"
        write_case(Case(bench.package(), bench.power_w(), initial_c=40.0), case)
        words = ["-m", "scoville", "thermal", str(case), f"--grid={cells}", "--json"]
        run = [sys.executable, *words]
        seconds = best(lambda: subprocess.run(run, check=True, stdout=subprocess.DEVNULL), 3)
    return {"wall_s": seconds.wall}


def grading(cells: int, ratio: float) -> Row:
    """Count iterations on lines whose spacing spans a ratio."""
    operator, x, y, heat = bench.graded(cells, ratio)
    return {"iterations": Multigrid(operator, x_m=x, y_m=y).solve(heat).iterations}


TASKS = {
    task.__name__: task
    for task in (machine, first, command, steady, peers, transient, reduced, pkg25d, grading)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
