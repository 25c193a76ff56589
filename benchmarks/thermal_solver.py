"""Time and iterations of the multigrid solver over grids, beside pyamg and the memory limit.

    python benchmarks/thermal_solver.py [--full] [--peer] [--threads 1 2] [--repeat 3]

The system is a 60 x 55 mm package of 24 layers: nine dies with mould between them on an
interposer, under TIM, lid and cold plate; 940 W; relative residual 1e-8. The limit is the time
that the bytes each iteration must move take at the measured memory bandwidth.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import NamedTuple

import numba as nb
import numpy as np
import pyamg
from numpy.typing import NDArray

from thermal import Operator, sparse_matrix
from thermal.multigrid import Multigrid

Array = NDArray[np.float64]

BYTES = 165  # a cell and iteration: one fused pass down and up, and the conjugate gradients
LAYERS = (  # cells, thickness of each [m], conductivity along and across [W/(m K)], beside dies?
    (4, 2.5e-4, 30.0, 0.5, False),
    (1, 8e-5, 0.4, 20.0, False),
    (2, 5e-5, 120.0, 120.0, False),
    (1, 3e-5, 0.9, 15.0, True),
    (1, 1e-6, 120.0, 120.0, True),
    (1, 4e-6, 5.0, 2.0, True),
    (4, 1.9e-4, 130.0, 130.0, True),
    (1, 5e-5, 60.0, 60.0, True),
    (4, 5e-4, 390.0, 390.0, False),
    (1, 1e-4, 4.0, 4.0, False),
    (4, 1e-3, 390.0, 390.0, False),
)
MOULD_W_MK = 0.9
HEATED = 8
POWER_W = 940.0
FILM_TOP_W_M2K, FILM_BOTTOM_W_M2K = 1e4, 100.0


class Problem(NamedTuple):
    operator: Operator
    x_m: Array
    y_m: Array
    power_w: Array


def package(cells: int) -> Problem:
    """Return the package on `cells` x `cells` x 24 cells."""
    x, y = np.linspace(0.0, 0.060, cells + 1), np.linspace(0.0, 0.055, cells + 1)
    die = dies((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)
    rows = [row[1:] for row in LAYERS for _ in range(row[0])]
    dz = np.array([row[0] for row in rows])[:, None, None]
    along = np.array([np.where(die | (not mould), k, MOULD_W_MK) for _, k, _, mould in rows])
    across = np.array([np.where(die | (not mould), k, MOULD_W_MK) for _, _, k, mould in rows])
    dx, dy = x[1] - x[0], y[1] - y[0]
    half_z = dz / (2 * across * dx * dy)
    outside = np.zeros(along.shape)
    outside[-1] = 1 / (1 / (FILM_TOP_W_M2K * dx * dy) + half_z[-1])
    outside[0] = 1 / (1 / (FILM_BOTTOM_W_M2K * dx * dy) + half_z[0])
    power = np.zeros(along.shape)
    power[HEATED] = die * POWER_W / die.sum()
    operator = Operator(
        gx=2 * dz * dy / dx / (1 / along[:, :, 1:] + 1 / along[:, :, :-1]),
        gy=2 * dz * dx / dy / (1 / along[:, 1:] + 1 / along[:, :-1]),
        gz=1 / (half_z[1:] + half_z[:-1]),
        outside_w_k=outside,
        outside_w=np.zeros(along.shape),
        capacity_j_k=np.broadcast_to(1.6e6 * dz * dx * dy, along.shape).copy(),
        reference_c=40.0,
    )
    return Problem(operator, x, y, power)


def dies(x: Array, y: Array) -> NDArray[np.bool_]:
    """Return which cells lie in the compute die or in one of eight memory stacks."""
    inside = (np.abs(y[:, None] - 0.0275) < 0.0165) & (np.abs(x - 0.030) < 0.013)
    for centre_x in (0.011, 0.049):
        for centre_y in (0.011, 0.022, 0.033, 0.044):
            inside |= (np.abs(y[:, None] - centre_y) < 0.005) & (np.abs(x - centre_x) < 0.0055)
    return np.asarray(inside)


@nb.njit(fastmath=True)
def triad(a: Array, b: Array, c: Array) -> None:
    for i in range(a.size):
        a[i] = b[i] + 0.5 * c[i]


def bandwidth_gb_s() -> float:
    """Return the memory bandwidth of one core: two reads, one write with its fetch."""
    a, b, c = np.zeros((3, 20_000_000))
    triad(a, b, c)
    return 32 * a.size / best(lambda: triad(a, b, c), 5)[0] / 1e9


def best(work: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Return the least wall and the least processor time of `repeat` runs [s]."""
    wall, processor = [], []
    for _ in range(repeat):
        start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return min(wall), min(processor)


def row(
    name: str,
    cells: int,
    iterations: int,
    setup_s: float,
    solve_s: float,
    processor_s: float,
    ratio: str,
) -> None:
    print(
        f"{name:>22} {f'{cells} x {cells} x 24':>17} {iterations:>10} {setup_s:>9.3f} "
        f"{solve_s:>9.3f} {processor_s:>13.3f} {ratio:>11} {peak_memory_gb():>11.2f}",
        flush=True,
    )


def peak_memory_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def multigrid(problem: Problem, threads: int, repeat: int, gb_s: float) -> None:
    operator, x, y, power = problem
    start = time.perf_counter()
    solver = Multigrid(operator, x_m=x, y_m=y, threads=threads)
    setup_s = time.perf_counter() - start
    found = solver.solve(power)
    solve_s, processor_s = best(lambda: solver.solve(power), repeat)
    limit_s = found.iterations * BYTES * power.size / gb_s / 1e9
    name = f"multigrid, {threads} thread" + "s" * (threads > 1)
    cells, ratio = operator.shape[1], f"{solve_s / limit_s:.1f}"
    row(name, cells, found.iterations, setup_s, solve_s, processor_s, ratio)


def ruge_stueben(problem: Problem) -> None:
    operator, _, _, power = problem
    matrix = sparse_matrix(operator).tocsr()
    start = time.perf_counter()
    solver = pyamg.ruge_stuben_solver(matrix)
    setup_s = time.perf_counter() - start
    residuals: list[float] = []
    solve_s, processor_s = best(
        lambda: solver.solve(power.ravel(), tol=1e-8, accel="cg", residuals=residuals), 1
    )
    cells, iterations = operator.shape[1], len(residuals) - 1
    row("pyamg Ruge-Stueben", cells, iterations, setup_s, solve_s, processor_s, "")


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    arguments.add_argument("--full", action="store_true", help="up to 1024 x 1024 x 24")
    arguments.add_argument("--peer", action="store_true", help="pyamg at 128 x 128 too")
    arguments.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--repeat", type=int, default=3)
    asked = arguments.parse_args()
    start = time.perf_counter()
    tiny = package(8)
    Multigrid(tiny.operator).solve(tiny.power_w)
    print(f"first solve, with compiling or loading the loops: {time.perf_counter() - start:.2f} s")
    gb_s = bandwidth_gb_s()
    print(f"memory bandwidth of one core: {gb_s:.1f} GB/s; {BYTES} bytes a cell and iteration\n")
    print(
        f"{'solver':>22} {'cells':>17} {'iterations':>10} {'setup [s]':>9} {'solve [s]':>9} "
        f"{'processor [s]':>13} {'times limit':>11} {'memory [GB]':>11}"
    )
    for cells in (64, 128, 256, 512, *([1024] if asked.full else [])):
        problem = package(cells)
        for threads in asked.threads:
            multigrid(problem, threads, asked.repeat, gb_s)
        if cells == 64 or (cells == 128 and asked.peer):
            ruge_stueben(problem)


if __name__ == "__main__":
    main()
