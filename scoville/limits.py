"""The limits that sign-off holds a design against."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Library, Record, quantity

__all__ = ["Limits", "limits"]


@dataclass(frozen=True, eq=False)
class Limits(Record):
    """Targets of a sign-off; one that is not given follows from the technology in use.

    Junction temperature and power density default to the process node of the hottest block's die,
    the HBM temperature to the stack's generation, the frequency to the clock of the operation.
    """

    package_power_w: float = quantity("package_power", "W", above=0.0)  #: sustained
    peak_power_w: float = quantity("peak_power", "W", above=0.0)
    frequency_hz: float | None = quantity("frequency", "Hz", default=None, above=0.0)
    junction_c: float | None = quantity("junction", "degC", default=None)
    hbm_c: float | None = quantity("hbm", "degC", default=None)
    #: share of the hottest window with the clock throttled, and of the busy time below the clock
    throttle_residency: float = quantity("throttle_residency", "", at_least=0.0, at_most=1.0)
    cap_residency: float = quantity("cap_residency", "", at_least=0.0, at_most=1.0)
    power_density_w_mm2: float | None = quantity("power_density", "W/mm^2", default=None, above=0.0)


@functools.cache
def limits() -> Library[Limits]:
    """Return the sets of limits that ship with the toolkit."""
    return Library.load("set of targets", Limits, "targets.toml", room="scoville")
