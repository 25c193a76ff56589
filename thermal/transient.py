"""The march through steps of constant power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from techlib import ConvergenceError, Faults, InputError
from thermal.blocks import BlockCells
from thermal.operator import Operator
from thermal.solver import Solver
from thermal.stepping import Sdirk2

__all__ = ["March", "StepPower", "march", "read_edges", "read_power", "read_table"]

Array = NDArray[np.float64]
PowerOf = Callable[[int, Array], Array]
StepPower = ArrayLike | pd.DataFrame | Callable[[int, Array], ArrayLike]

_BALANCE = 1e-6  #: heat in against heat out and heat stored, over the whole march


@dataclass(frozen=True, eq=False)
class March:
    """What a march left behind, as arrays.

    Parameters
    ----------
    mean_c, max_c, power_w : array (steps, keys)
        Block means and maxima at the end of each step [degC], and powers during it [W].
    final_k, hottest_k : array (nz, ny, nx)
        Rise over the reference at the end, and after the step with the hottest block [K].
    hottest_step : int
        That step.
    residual, energy_balance : float
        Largest residual of a solve; heat that is unaccounted for, relative to the heat in
        (without power: relative to the heat that moves).
    iterations : int
        Of the linear solver.
    """

    mean_c: Array
    max_c: Array
    power_w: Array
    final_k: Array
    hottest_k: Array
    hottest_step: int
    residual: float
    energy_balance: float
    iterations: int


def read_edges(edges_s: ArrayLike) -> Array:
    """Return the ends of the steps as an array, or say what is wrong with them."""
    edges = np.asarray(edges_s, dtype=np.float64)
    if edges.ndim != 1 or len(edges) < 2:
        raise InputError.of("edges_s", f"an array of shape {edges.shape}", "(steps + 1,)")
    if not np.isfinite(edges).all() or not (np.diff(edges) > 0.0).all():
        bad = int(np.argmin(np.nan_to_num(np.diff(edges), nan=-1.0)))
        what = f"step {bad} goes from {edges[bad]:g} s to {edges[bad + 1]:g} s"
        raise InputError.of("edges_s", what, "finite times in increasing order")
    return edges


def read_power(power_w: StepPower, blocks: BlockCells, steps: int) -> PowerOf:
    """Return powers as a callable of step and block temperatures that checks what it returns."""
    if callable(power_w):
        given = power_w
        return lambda step, mean_c: blocks.power_vector(
            np.asarray(given(step, mean_c)), f"power of step {step}"
        )
    table = read_table(power_w, blocks, steps)
    return lambda step, _: table[step]


def read_table(power_w: ArrayLike | pd.DataFrame, blocks: BlockCells, steps: int) -> Array:
    """Return powers as an array (steps, keys), or say what is wrong with them."""
    if isinstance(power_w, pd.DataFrame):
        faults = Faults()
        for column in power_w.columns[~power_w.columns.isin(blocks.keys)]:
            faults.add("power", f"column {column!r} is no block", "names of blocks")
        faults.raise_if_any()
        power_w = power_w.reindex(columns=list(blocks.keys), fill_value=0.0).to_numpy()
    table = np.asarray(power_w, dtype=np.float64)
    if table.shape != (steps, len(blocks.keys)):
        allowed = f"({steps}, {len(blocks.keys)}): steps, blocks"
        raise InputError.of("power", f"an array of shape {table.shape}", allowed)
    if not (table.min(initial=0.0) >= 0.0 and table.max(initial=0.0) < np.inf):
        wrong = ~(np.isfinite(table) & (table >= 0.0))
        step = int(np.argmax(wrong.any(axis=1)))
        blocks.power_vector(table[step], f"power of step {step}")
    return table


def march(
    operator: Operator,
    solver: Solver,
    blocks: BlockCells,
    power_of: PowerOf,
    edges_s: Array,
    start_k: Array,
    *,
    substeps: int = 1,
    follow: Callable[[Array], tuple[Operator, Solver] | None] = lambda _rise_k: None,
    progress: Callable[[int, int], None] | None = None,
) -> March:
    """March from the first edge to the last.

    Parameters
    ----------
    operator, solver : Operator, Solver
        Without shift.
    blocks : BlockCells
        Between cells and blocks.
    power_of : callable
        Powers (keys,) [W] of a step, from its number and the block means at its start [degC].
    edges_s : array (steps + 1,)
        Ends of the steps [s].
    start_k : array (nz, ny, nx)
        Rise over the reference at the first edge [K].
    substeps : int
        Equal parts that each step is marched in.
    follow : callable, optional
        Called with the rise after each step; returns operator and solver to go on with where the
        conductivities have changed.
    progress : callable, optional
        Called after each step with the number of steps done and of all steps.

    Raises
    ------
    ConvergenceError
        A linear solve failed, or heat is unaccounted for.
    """
    if substeps < 1:
        raise InputError.of("substeps", f"{substeps}", "1 or more")
    steps, keys = len(edges_s) - 1, len(blocks.keys)
    mean_c, max_c, power_w = (np.zeros((steps, keys)) for _ in range(3))
    stepper = Sdirk2(operator, solver)
    rise_k, reference_c = start_k, operator.reference_c
    hottest_k, hottest_step, hottest_c = start_k, -1, -np.inf
    residual, iterations = 0.0, 0
    heat_in_j = moved_j = unaccounted_j = 0.0
    now_c = blocks.means(rise_k) + reference_c
    for step, duration_s in enumerate(np.diff(edges_s) / substeps):
        power_w[step] = power_of(step, now_c)
        heat_w = blocks.source(power_w[step]) + operator.outside_w
        in_j = float(power_w[step].sum()) * duration_s
        for _ in range(substeps):
            done = stepper.advance(rise_k, heat_w, duration_s)
            rise_k = done.rise_k
            residual, iterations = max(residual, done.residual), iterations + done.iterations
            heat_in_j += in_j
            moved_j += abs(done.heat_out_j) + done.moved_j
            unaccounted_j += in_j - done.heat_out_j - done.stored_j
        changed = follow(rise_k)
        if changed is not None:
            operator, solver = changed
            stepper.use(operator, solver)
        now_c = blocks.means(rise_k) + reference_c
        mean_c[step], max_c[step] = now_c, blocks.maxima(rise_k) + reference_c
        peak_c = float(max_c[step].max(initial=-np.inf))
        if peak_c > hottest_c or hottest_step < 0:
            hottest_k, hottest_step, hottest_c = rise_k, step, peak_c
        if progress is not None:
            progress(step + 1, steps)
    scale_j = heat_in_j or moved_j  # without power: what flows between cells and fluids
    balance = abs(unaccounted_j) / scale_j if scale_j else 0.0
    if not balance <= _BALANCE:
        raise ConvergenceError(
            f"{balance:.1e} of the heat of the transient is unaccounted for (allowed: "
            f"{_BALANCE:.0e}); try shorter steps"
        )
    return March(
        mean_c,
        max_c,
        power_w,
        rise_k,
        hottest_k,
        hottest_step,
        residual,
        balance,
        iterations,
    )
