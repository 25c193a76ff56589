"""Settings of a design's thermal analysis: grid, windows, tolerances."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypedDict

from techlib import Library, Record, quantity, text

__all__ = ["ThermalSettings", "TimeSteps", "thermal_settings"]


class TimeSteps(TypedDict):
    """Equal parts of each step, or the error that a part may have [K]: one of them."""

    substeps: int | None
    tolerance_k: float | None


@dataclass(frozen=True, eq=False)
class ThermalSettings(Record):
    """How finely and how long the temperature is computed.

    The steady analysis takes the mean power of the hottest `sustained_window`. The transient
    resolves the `transient_window` of the highest mean power inside the trace in steps of equal
    length, from the steady state at the mean power of the `sustained_window` before it. Each step
    is marched in parts that keep the `time_tolerance`, or in `substeps` equal ones.
    """

    kind: str = text("kind", choices=("fitted", "uniform", "graded"))
    lateral: float = quantity(
        "lateral", "", at_least=4.0, at_most=4096, whole=True
    )  #: cells a side
    finest_um: float = quantity("finest", "um", at_least=0.1)  #: height of cells at the heat
    growth: float = quantity(
        "growth", "", at_least=0.0, at_most=10.0
    )  #: of the height with distance to heat
    cells_per_layer: float = quantity("cells_per_layer", "", at_least=1.0, at_most=100, whole=True)
    sustained_window_s: float = quantity("sustained_window", "s", above=0.0)
    transient_window_s: float = quantity("transient_window", "s", above=0.0)
    transient_steps: float = quantity(
        "transient_steps", "", at_least=1.0, at_most=10_000, whole=True
    )
    time_tolerance_k: float = quantity(
        "time_tolerance", "K", above=0.0
    )  #: estimated error of a part of a step, felt at the step's end
    substeps: float | None = quantity(
        "substeps", "", default=None, at_least=1.0, at_most=10_000, whole=True
    )  #: equal parts of each step, in place of the tolerance
    tolerance_k: float = quantity("tolerance", "K", above=0.0)  #: of the leakage fixed point
    maximum_iterations: float = quantity(
        "maximum_iterations", "", at_least=1.0, at_most=10_000, whole=True
    )

    @property
    def time_steps(self) -> TimeSteps:
        """How a step is marched: arguments of `thermal.ThermalModel.transient`."""
        if self.substeps is None:
            return {"substeps": None, "tolerance_k": self.time_tolerance_k}
        return {"substeps": int(self.substeps), "tolerance_k": None}


@functools.cache
def thermal_settings() -> Library[ThermalSettings]:
    """Return the thermal settings that ship with the toolkit."""
    return Library.load("thermal setting", ThermalSettings, "thermal.toml", room="scoville")
