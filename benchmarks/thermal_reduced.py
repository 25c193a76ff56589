"""The reduced model on a 2.5-D package: time to build, size, error, and steps a second.

    python benchmarks/thermal_reduced.py [--grid 256] [--tolerance 0.1] [--full-steps 50]

The case is ``../shared/data/thermal/pkg25d`` unless another one is given. The error is taken
against the full model over the first steps of the trace, each cut into `--substeps` second-order
steps, whose own error is told by doubling them.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more than the free cores are far slower

import numpy as np
import pandas as pd

from package import read_case
from thermal import ReducedModel, Resolution, ThermalModel

CASE = Path(__file__).resolve().parents[2] / "shared" / "data" / "thermal" / "pkg25d" / "case.json"


def main() -> None:
    options = _options()
    case = read_case(options.case)
    if case.trace is None:
        raise SystemExit(f"{options.case}: has no transient")
    model = ThermalModel(case.package, Resolution(lateral=options.grid))
    power = case.trace.power_w[list(model.keys)].to_numpy()
    print(f"mesh            {' x '.join(map(str, model.mesh.shape))}, {len(model.keys)} blocks")
    print(f"BLAS threads    {os.environ['OPENBLAS_NUM_THREADS']}")
    reduced = _build(model, power.max(axis=0), options.tolerance)
    _steady(model, reduced, power.mean(axis=0))
    if options.full_steps:
        _transient(model, reduced, power[: options.full_steps], case.initial_c, options.substeps)
    _speed(reduced, power, case.initial_c, options.steps)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--case", default=str(CASE), help="a thermal-case/1 file with a trace")
    parser.add_argument("--grid", type=int, default=256, help="cells along x and y")
    parser.add_argument("--tolerance", type=float, default=0.1, help="of block means [K]")
    parser.add_argument("--full-steps", type=int, default=50, help="steps of the full model")
    parser.add_argument("--substeps", type=int, default=8, help="parts of each of them")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps of the long march")
    return parser.parse_args()


def _build(model: ThermalModel, nominal_w: np.ndarray, tolerance_k: float) -> ReducedModel:
    begun = time.process_time()
    reduced = ReducedModel.of(model, nominal_w, tolerance_k=tolerance_k)
    spent = time.process_time() - begun
    report = reduced.report
    with pd.option_context("display.width", 120):
        print(report.to_dataframe().round(4).to_string(index=False))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"build           {report.seconds['build']:.1f} s ({spent:.1f} s of processor time), "
        f"{report.iterations} iterations, peak memory {memory:.1f} GB"
    )
    rates = reduced.system.rates_per_s
    print(f"modes           {reduced.modes}, rates {rates[0]:.3g} to {rates[-1]:.3g} 1/s")
    print(f"estimated error {report.mean_error_k:.3f} K means, {report.max_error_k:.3f} K maxima")
    return reduced


def _steady(model: ThermalModel, reduced: ReducedModel, power_w: np.ndarray) -> None:
    full, state = model.steady(power_w), reduced.steady(power_w)
    means = np.abs(reduced.mean_c(state) - full.block_mean_c).max()
    maxima = np.abs(reduced.max_c(state) - full.block_max_c).max()
    print(f"steady error    {means:.1e} K means, {maxima:.1e} K maxima")
    begun = time.perf_counter()
    field = reduced.field(state)
    seconds = time.perf_counter() - begun
    print(f"field           {seconds:.2f} s, residual {field.residual:.1e}")


def _transient(
    model: ThermalModel, reduced: ReducedModel, power_w: np.ndarray, start_c: float, substeps: int
) -> None:
    edges = np.arange(len(power_w) + 1) * 1e-3
    found = reduced.march(power_w, edges, start_c, maxima=True)
    runs = []
    for parts in (substeps // 2, substeps):
        begun = time.perf_counter()
        runs.append(model.transient(power_w, edges, start_c, substeps=parts))
        seconds = time.perf_counter() - begun
    for name in ("block_mean_c", "block_max_c"):
        coarse, fine = (getattr(run, name).to_numpy() for run in runs)
        error = np.abs(getattr(found, name).to_numpy() - fine).max()
        own = np.abs(fine - coarse).max() / 3.0
        print(f"{name:15} {error:.3f} K off the full model, which is good to {own:.3f} K")
    print(f"full model      {len(power_w) * substeps / seconds:.1f} steps/s")


def _speed(reduced: ReducedModel, power_w: np.ndarray, start_c: float, steps: int) -> None:
    table = np.tile(power_w, (-(-steps // len(power_w)), 1))[:steps]
    reduced.march(table[:1000], 1e-3, start_c)
    for name, part in (("first", table), ("again", table)):
        begun = time.perf_counter()
        history = reduced.march(part, 1e-3, start_c)
        seconds = time.perf_counter() - begun
        rate = len(part) / seconds
        print(f"march, {name:8} {len(part)} steps in {seconds:.2f} s: {rate:.2e} steps/s")
    leaky = 0.002 * power_w.mean(axis=0)
    feedback = 2000

    def power_of(step: int, mean_c: np.ndarray) -> np.ndarray:
        return power_w[step % len(power_w)] + leaky * np.maximum(mean_c - start_c, 0.0)

    begun = time.perf_counter()
    reduced.march(power_of, np.arange(feedback + 1) * 1e-3, start_c)
    print(f"with feedback   {feedback / (time.perf_counter() - begun):.2e} steps/s")
    peak_s = history.times_s[history.hottest_step]
    print(f"hottest cell    {history.max_c:.2f} degC after {peak_s:g} s")


if __name__ == "__main__":
    main()
