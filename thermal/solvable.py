"""What an operator must be like for the multigrid solver."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from techlib import Faults
from thermal.operator import Operator

__all__ = ["check", "shift_faults"]

Array = NDArray[np.float64]

_NOT_NEGATIVE = ("gx", "gy", "gz", "outside_w_k", "capacity")


def check(operator: Operator, x_m: Array, y_m: Array, threads: int | None) -> None:
    """Raise `InputError` with everything that keeps an operator from being solved."""
    faults = shift_faults(operator)
    if operator.streams:
        what = f"has {len(operator.streams)} streams of coolant"
        faults.add("operator", what, "none: it must be symmetric", "solve it by StreamSolver")
    for name in _NOT_NEGATIVE:
        values = getattr(operator, name)
        if callable(values):
            continue  # not made yet, and by what knows materials
        low, high = values.min(initial=0.0), values.max(initial=0.0)
        if not (low >= 0.0 and high < np.inf):
            faults.add(
                f"operator.{name}",
                "holds values below 0 or not finite",
                "finite and not negative",
                "check the conductivities and cell sizes",
            )
    for name, lines, cells in (("x_m", x_m, operator.shape[2]), ("y_m", y_m, operator.shape[1])):
        if lines.shape != (cells + 1,):
            faults.add(name, f"has the shape {lines.shape}", f"({cells + 1},) grid lines")
        elif not (np.diff(lines) > 0.0).all():
            faults.add(name, "does not increase from line to line", "strictly increasing lines")
    if threads is not None and threads < 1:
        faults.add("threads", f"is {threads}", "a whole number of at least 1")
    faults.raise_if_any()


def shift_faults(operator: Operator) -> Faults:
    """Return what is wrong with the shift, and with the way of the heat to the outside."""
    faults = Faults()
    shift = operator.shift_per_s
    if not 0.0 <= shift < np.inf:
        faults.add("operator.shift_per_s", f"is {shift:g} 1/s", "finite and not negative")
    elif not (operator.outside_w_k.any() or (shift > 0.0 and operator.capacity_j_k.any())):
        faults.add(
            "operator",
            "has no path for heat to the outside, so its temperature is undefined",
            "a film or fixed temperature on some face, or a shift above 0 with heat capacity",
            "give the package cooling on at least one side",
        )
    return faults
