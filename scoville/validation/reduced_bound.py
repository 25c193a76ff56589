"""Error bounds of reduced models against the exact solution of small random packages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg

from scoville.validation.random_stacks import random_stack
from scoville.validation.section import Check, Section, Table
from thermal import ReducedModel, Resolution, ThermalModel, sparse_matrix

__all__ = ["reduced_bound"]

Array = NDArray[np.float64]

TYPICAL = 6.0  #: bound over error, in the median, for the bound to be of use

_CASES, _FEW = 20, 5
_CONTRAST = 1e4
_RESOLUTION = Resolution(lateral=7, finest_um=1000.0, growth=1.0)
_CELLS = 1000  # of a package, at most; the first ones of so few are taken
_RISE_K = 60.0  # that all blocks give together
_TOLERANCE_K = (0.02, 0.3)  # log-uniform
_SHORTEST_S = (1e-4, 1e-2)  # log-uniform
_STEP_S = 1e-3  # of a random trace, or the shortest time where that is more
_STEPS = 200
_TIMES = 64
_END = 4.0  # in time constants of the slowest mode


def reduced_bound(*, quick: bool) -> Section:
    """Hold reduced models of random packages, and what they say of their error, to the truth."""
    rows = [_hold(*case) for case in itertools.islice(_cases(), _FEW if quick else _CASES)]
    ratios = pd.DataFrame([row["ratios"] for row in rows])
    held = int((ratios >= 1.0).all(axis=1).sum())
    ranges = {
        name: (ratios[name].min(), ratios[name].median(), ratios[name].max()) for name in ratios
    }
    text = f"""
        {len(rows)} seeded packages (`scoville.validation.random_stacks`, contrast
        {_CONTRAST:.0e}) of so few cells that the eigenvectors of the full heat equation give its
        exact solution. The error of a reduced model is the greatest of two: all blocks jump to
        nominal power, up or down, whichever signs are worst, at any time from the shortest one
        on; and a trace of {_STEPS} steps in which each block is idle or at nominal power by
        chance. Maxima are the hottest cells of blocks: in the jumps those that are hottest at
        nominal power, in the trace the maxima themselves.

        Bounds are `ReducedReport.mean_bound_k` and `max_bound_k`. All errors of {held} of
        {len(rows)} models are within them. Bound over error is {_shown(ranges["means"])} for
        block means and {_shown(ranges["maxima"])} for maxima.
    """
    checks = (
        Check("reduced models with an error above its bound", len(rows) - held, 0),
        *(
            Check(f"reduced models: bound over error, {name}, median", middle, TYPICAL)
            for name, (_, middle, _) in ranges.items()
        ),
    )
    table = pd.DataFrame([row["shown"] for row in rows])
    tables = (Table("Reduced models against the exact solution", table),)
    return Section("reduced_bound", "Error bounds of reduced models", text, checks, tables)


def _shown(span: tuple[float, float, float]) -> str:
    least, middle, most = span
    return f"{least:.1f} to {most:.1f} (median {middle:.1f})"


def _cases() -> Iterator[tuple[int, ThermalModel, Array]]:
    """Yield seeds, models of few cells, and nominal powers [W]."""
    for seed in itertools.count():
        package, power_w = random_stack(seed, _CONTRAST)
        model = ThermalModel(package, _RESOLUTION)
        if model.mesh.cells <= _CELLS:
            nominal_w = np.array([power_w[key] for key in model.keys])
            rise_k = model.steady(nominal_w).max_c - package.ambient_c
            yield seed, model, nominal_w * (_RISE_K / rise_k)


def _hold(seed: int, model: ThermalModel, nominal_w: Array) -> dict[str, Any]:
    """Return the row of a package, and its bounds over its errors."""
    random = np.random.default_rng(seed)
    tolerance_k, shortest_s = (
        float(np.exp(random.uniform(*np.log(span)))) for span in (_TOLERANCE_K, _SHORTEST_S)
    )
    reduced = ReducedModel.of(model, nominal_w, tolerance_k=tolerance_k, shortest_s=shortest_s)
    full = _Full.of(model)
    jump_k = _jump_errors(reduced, full, nominal_w)
    power = nominal_w * random.choice([0.0, 1.0], (_STEPS, len(nominal_w)))
    trace_k = _trace_errors(reduced, full, power, max(_STEP_S, shortest_s))
    errors_k = np.maximum(jump_k, trace_k)
    bounds_k = np.array([reduced.report.mean_bound_k, reduced.report.max_bound_k])
    shown = {
        "seed": seed,
        "cells": model.mesh.cells,
        "blocks": len(nominal_w),
        "tolerance K": tolerance_k,
        "shortest s": shortest_s,
        "modes": reduced.modes,
        "means, error K": errors_k[0],
        "means, bound K": bounds_k[0],
        "maxima, error K": errors_k[1],
        "maxima, bound K": bounds_k[1],
    }
    return {
        "shown": shown,
        "ratios": dict(zip(("means", "maxima"), bounds_k / errors_k, strict=True)),
    }


@dataclass(frozen=True, eq=False)
class _Full:
    """The full heat equation by its eigenvectors.

    Parameters
    ----------
    model : ThermalModel
    rates_per_s : array (cells,)
    fields : array (cells, cells)
        Eigenvectors as columns, orthonormal by heat capacity.
    """

    model: ThermalModel
    rates_per_s: Array
    fields: Array

    @classmethod
    def of(cls, model: ThermalModel) -> _Full:
        root = np.sqrt(model.operator.capacity_j_k.ravel())
        matrix = sparse_matrix(model.operator).toarray()
        rates, vectors = linalg.eigh(matrix / root / root[:, None], overwrite_a=True)
        return cls(model, rates, vectors / root[:, None])

    def march(self, power_w: Array, step_s: float) -> tuple[Array, Array]:
        """Return block means and maxima after each step (steps, keys) [degC]."""
        operator, mesh = self.model.operator, self.model.mesh
        members, starts = self.model.blocks.members
        decay = np.exp(-self.rates_per_s * step_s)
        drive = (mesh.heat.T @ self.fields).T
        outside = self.fields.T @ operator.outside_w.ravel()
        start_k = self.model.package.ambient_c - operator.reference_c
        x = start_k * (operator.capacity_j_k.ravel() @ self.fields)
        states = np.empty((len(power_w), len(x)))
        for step, power in enumerate(power_w):
            x = decay * x + (1.0 - decay) / self.rates_per_s * (drive @ power + outside)
            states[step] = x
        means = states @ (mesh.averaging @ self.fields).T
        maxima = np.maximum.reduceat(states @ self.fields[members].T, starts, axis=1)
        return means + operator.reference_c, maxima + operator.reference_c


def _jump_errors(reduced: ReducedModel, full: _Full, nominal_w: Array) -> Array:
    """Return the greatest errors of means and of the hottest cells when all blocks jump [K]."""
    mesh = full.model.mesh
    members, starts = full.model.blocks.members
    rise = full.model.steady(nominal_w).field_c.ravel()[members]
    ends = [*starts[1:].tolist(), len(members)]
    hottest = [a + int(np.argmax(rise[a:b])) for a, b in zip(starts, ends, strict=True)]
    system, worst = reduced.system, np.zeros(2)
    drive = (mesh.heat.T @ full.fields).T
    exact_rows = mesh.averaging @ full.fields, full.fields[members[hottest]]
    rows = system.means, reduced.shapes.at_blocks[hottest].astype(np.float64)
    shortest_s = reduced.report.shortest_s
    end_s = max(shortest_s, _END / full.rates_per_s[0])
    for time_s in np.geomspace(shortest_s, end_s, _TIMES):
        exact = _grown(full.rates_per_s, drive * nominal_w, time_s)
        found = _grown(system.rates_per_s, system.drive * nominal_w, time_s)
        for index in range(2):
            off = np.abs(rows[index] @ found - exact_rows[index] @ exact)
            worst[index] = max(worst[index], off.sum(axis=1).max())
    return worst


def _grown(rates_per_s: Array, drive: Array, time_s: float) -> Array:
    """Return the amplitudes after a jump of each block (modes, keys)."""
    return np.asarray((-np.expm1(-rates_per_s * time_s) / rates_per_s)[:, None] * drive)


def _trace_errors(reduced: ReducedModel, full: _Full, power_w: Array, step_s: float) -> Array:
    """Return the greatest errors of means and maxima over a trace [K]."""
    march = reduced.march(power_w, step_s, maxima=True)
    exact = full.march(power_w, step_s)
    found = march.block_mean_c, march.block_max_c
    return np.array([np.abs(np.asarray(f) - e).max() for f, e in zip(found, exact, strict=True)])
