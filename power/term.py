"""A term of the power: one uncertain number times what was counted, on the blocks it heats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techlib import Record

__all__ = ["COMPONENTS", "CORE", "LOGIC", "Term"]

#: What a report tells apart, with titles for people: compute, memory, links.
COMPONENTS = {
    "tensor": "systolic arrays",
    "vector": "vector units",
    "sram": "SRAM",
    "delivery": "caches and operand delivery",
    "noc": "on-chip network",
    "collective": "collective network",
    "clock": "clock",
    "leakage": "leakage",
    "undrawn": "logic that is not drawn",
    "hbm_phy": "HBM PHY",
    "hbm_activate": "HBM activates",
    "hbm_device": "HBM reads and writes",
    "hbm_io": "HBM I/O",
    "hbm_background": "HBM standby",
    "refresh": "HBM refresh",
    "die_to_die": "die to die",
    "serdes": "SerDes",
    "host": "host interface",
    "management": "management",
}

#: Components whose energy per action follows the supply of the logic.
CORE = ("tensor", "vector", "sram", "delivery", "noc", "collective")

#: What that supply feeds.
LOGIC = (*CORE, "clock", "leakage", "undrawn")


@dataclass(frozen=True, eq=False)
class Term:
    """Watts of one cause over time.

    Parameters
    ----------
    component : str
        One of `COMPONENTS`.
    record : Record
        The technology record whose number it is proportional to.
    quantity : str
        Field of that record; its band is the term's band.
    watts : array, shape (n,)
        Power in each bin [W]; for leakage and refresh at the reference temperature.
    share : array, shape (nk,)
        Where it goes; adds up to one.
    """

    component: str
    record: Record
    quantity: str
    watts: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def cause(self) -> tuple[str, str]:
        """Name of the record and the field: terms of the same cause move together."""
        return f"{type(self.record).__name__} {self.record.name}", self.quantity

    @property
    def relative_band(self) -> tuple[float, float]:
        """Low and high of the number against its value, less one; zeros where it is certain."""
        value = float(getattr(self.record, self.quantity))
        low, high = self.record.band(self.quantity)
        return (low / value - 1.0, high / value - 1.0) if value else (0.0, 0.0)

    @property
    def part(self) -> str:
        """What temperature does to it: ``"leakage"``, ``"refresh"`` or, nothing, ``"dynamic"``."""
        return self.component if self.component in ("leakage", "refresh") else "dynamic"

    def package_w(self, factors: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return what it adds to the package, shape (n,) [W].

        Parameters
        ----------
        factors : mapping of str to array, shape (..., nk)
            What temperature makes of leakage and refresh; see `TemperatureLaw.factors`.
        """
        if self.part == "dynamic":
            return self.watts
        return np.asarray(self.watts * (factors[self.part] @ self.share))
