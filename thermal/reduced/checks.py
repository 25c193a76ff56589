"""What is checked before a reduced model is made or marched, and what is said afterwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from techlib import Faults, InputError
from thermal.blocks import Power
from thermal.model import ThermalModel
from thermal.numbers import is_number, numbers, shown
from thermal.reduced.inputs import Inputs
from thermal.reduced.report import ReducedReport
from thermal.transient import StepPower, read_edges
from thermal.workers import shared

__all__ = ["check_settings", "march_warnings", "step_edges"]

Array = NDArray[np.float64]

_ALIKE = 1e-6  #: relative difference of times or powers that is none


def step_edges(edges_s: ArrayLike, power_w: StepPower) -> Array:
    """Return the ends of steps, from them or from the length of all."""
    if np.ndim(edges_s) > 0:
        return read_edges(edges_s)
    length_s = float(numbers(edges_s, "edges_s"))
    if callable(power_w) or not 0.0 < length_s < np.inf:
        what = "a power that is a callable" if callable(power_w) else f"steps of {length_s:g} s"
        raise InputError.of("edges_s", what, "steps above 0 s, or an array (steps + 1,)")
    shape = np.shape(power_w)
    if len(shape) != 2:
        raise InputError.of("power", f"an array of shape {shape}", "(steps, keys): steps, blocks")
    return read_edges(np.arange(shape[0] + 1) * length_s)


def check_settings(
    model: ThermalModel, power_w: Power, tolerance_k: float, shortest_s: float
) -> Array:
    """Return the nominal powers, or report every fault of the settings."""
    faults = Faults()
    if not (is_number(tolerance_k) and 0.0 < tolerance_k < np.inf):
        faults.add("tolerance_k", f"{shown(tolerance_k)} K", "above 0 K")
    if not (is_number(shortest_s) and 0.0 < shortest_s < np.inf):
        faults.add("shortest_s", f"{shown(shortest_s)} s", "above 0 s")
    if model.nonlinear:
        cure = "take model.frozen(model.steady(powers)), or nonlinear=False"
        what = "its conductivities follow the temperature"
        faults.add("model", what, "a linear model", cure)
    if not model.keys:
        faults.add("model", "no block is heated", "one or more")
    if not (model.operator.capacity_j_k > 0.0).all():
        faults.add("model", "a material without heat capacity", "above 0 J/(m^3 K)")
    nominal_w = np.zeros(0)
    try:
        nominal_w = model.blocks.power_vector(power_w)
    except InputError as error:
        faults.take(error)
    faults.raise_if_any()
    return nominal_w


def _greatest(table: Array) -> Array:
    """Return the greatest value of each column; each core looks through some of the rows."""
    found: list[Array] = []
    shared(lambda low, high: found.append(table[low:high].max(axis=0)), len(table))
    return np.asarray(np.max(found, axis=0))


def march_warnings(
    report: ReducedReport,
    inputs: Inputs,
    durations_s: Array,
    power_w: Array,
    start_error_k: float,
    input_error_k: float,
) -> tuple[str, ...]:
    """Return what limits the trust in a march."""
    allowed_k = report.tolerance_k
    shortest_s = float(durations_s.min())
    excess = float((_greatest(power_w) / inputs.nominal_w).max())
    found = []
    if shortest_s < report.shortest_s * (1.0 - _ALIKE):
        found.append(
            f"steps of {shortest_s:g} s are shorter than the {report.shortest_s:g} s that the "
            "reduced model was made for: set shortest_s"
        )
    if excess > 1.0 + _ALIKE:
        found.append(
            f"power reaches {excess:.2f} times what the reduced model was made for; its error "
            "may grow as much"
        )
    if start_error_k > allowed_k:
        found.append(
            f"the reduced model misses up to {start_error_k:.2g} K of the start: take a state "
            "of its own"
        )
    if input_error_k > allowed_k:
        found.append(
            f"power that the inputs cannot form may be worth {input_error_k:.2g} K: join "
            "fewer blocks"
        )
    return tuple(found)
