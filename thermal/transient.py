"""The march through steps of constant power."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from techlib import ConvergenceError, Faults, InputError
from thermal.blocks import BlockCells
from thermal.numbers import numbers
from thermal.operator import Operator
from thermal.pace import FixedSteps, Pace
from thermal.solver import Solver
from thermal.stepping import Sdirk2, Step
from thermal.workers import shared

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
    taken, rejected : int
        Steps in time, and those that were tried again with a shorter length.
    error_k : array (steps,)
        Sum of the estimated errors of the steps in time within each step, greatest of all cells;
        not a number where steps are fixed [K].
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
    taken: int
    rejected: int
    error_k: Array


def read_edges(edges_s: ArrayLike) -> Array:
    """Return the ends of the steps as an array, or say what is wrong with them."""
    edges = numbers(edges_s, "edges_s")
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
            given(step, mean_c), f"power of step {step}"
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
    table = numbers(power_w, "power")
    if table.shape != (steps, len(blocks.keys)):
        allowed = f"({steps}, {len(blocks.keys)}): steps, blocks"
        raise InputError.of("power", f"an array of shape {table.shape}", allowed)
    if not _powers(table):
        wrong = ~(np.isfinite(table) & (table >= 0.0))
        step = int(np.argmax(wrong.any(axis=1)))
        blocks.power_vector(table[step], f"power of step {step}")
    return table


def _powers(table: Array) -> bool:
    """Return whether all values are powers: finite, and not below zero."""
    found: list[bool] = []

    def loop(low: int, high: int) -> None:
        part = table[low:high]
        found.append(bool(part.min(initial=0.0) >= 0.0 and part.max(initial=0.0) < np.inf))

    shared(loop, len(table))
    return all(found)


def march(
    operator: Operator,
    solver: Solver,
    blocks: BlockCells,
    power_of: PowerOf,
    edges_s: Array,
    start_k: Array,
    *,
    pace: Pace | None = None,
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
    pace : Pace, optional
        How each step is crossed; in one go unless given.
    follow : callable, optional
        Called with the rise after each step of the pace; returns operator and solver to go on with
        where the conductivities have changed.
    progress : callable, optional
        Called after each step with the number of steps done and of all steps.

    Raises
    ------
    ConvergenceError
        A linear solve failed, or heat is unaccounted for.
    """
    pace = FixedSteps(1) if pace is None else pace
    steps, keys = len(edges_s) - 1, len(blocks.keys)
    mean_c, max_c, power_w = (np.zeros((steps, keys)) for _ in range(3))
    error_k = np.zeros(steps)
    stepper = Sdirk2(operator, solver, tolerance=pace.solves_tolerance)
    rise_k, reference_c = start_k, operator.reference_c
    hottest_k, hottest_step, hottest_c = start_k, -1, -np.inf
    ledger = _Ledger()
    now_c, before_w = blocks.means(rise_k) + reference_c, np.zeros(keys)
    heat_w = blocks.source(before_w, operator.outside_w)
    spare_w: Array | None = None
    for step, duration_s in enumerate(np.diff(edges_s)):
        power_w[step] = power_of(step, now_c)
        power_total_w = float(power_w[step].sum())
        if not np.array_equal(power_w[step], before_w):
            spare_w, heat_w = heat_w, blocks.source(power_w[step], operator.outside_w, spare_w)
        pace.begin(float(duration_s), float(np.abs(power_w[step] - before_w).sum()))
        before_w = power_w[step]
        while not pace.done:
            done, length_s = pace.take(stepper, rise_k, heat_w)
            ledger.add(done, power_total_w * length_s)
            rise_k = done.rise_k
            changed = follow(rise_k)
            if changed is not None:
                operator, solver = changed
                stepper.use(operator, solver)
                spare_w, heat_w = None, blocks.source(power_w[step], operator.outside_w)
        error_k[step] = math.nan if pace.error_k is None else pace.error_k
        now_c = blocks.means(rise_k) + reference_c
        mean_c[step], max_c[step] = now_c, blocks.maxima(rise_k) + reference_c
        peak_c = float(max_c[step].max(initial=-np.inf))
        if peak_c > hottest_c or hottest_step < 0:
            hottest_k, hottest_step, hottest_c = rise_k, step, peak_c
        if progress is not None:
            progress(step + 1, steps)
    return March(
        mean_c,
        max_c,
        power_w,
        rise_k,
        hottest_k,
        hottest_step,
        ledger.residual,
        ledger.balance(),
        ledger.iterations,
        pace.taken,
        pace.rejected,
        error_k,
    )


class _Ledger:
    """Adds up the heat of a march, and what its solves took."""

    def __init__(self) -> None:
        self.residual, self.iterations = 0.0, 0
        self._in_j = self._moved_j = self._unaccounted_j = 0.0

    def add(self, done: Step, in_j: float) -> None:
        """Take in a step and the heat that entered during it."""
        self.residual = max(self.residual, done.residual)
        self.iterations += done.iterations
        self._in_j += in_j
        self._moved_j += abs(done.heat_out_j) + done.moved_j
        self._unaccounted_j += in_j - done.heat_out_j - done.stored_j

    def balance(self) -> float:
        """Return what is unaccounted for, relative to the heat in, or else to what moved.

        Raises
        ------
        ConvergenceError
            It is too much.
        """
        scale_j = self._in_j or self._moved_j  # without power: between cells and fluids
        balance = abs(self._unaccounted_j) / scale_j if scale_j else 0.0
        if not balance <= _BALANCE:
            raise ConvergenceError(
                f"{balance:.1e} of the heat of the transient is unaccounted for (allowed: "
                f"{_BALANCE:.0e}); try shorter steps"
            )
        return balance
