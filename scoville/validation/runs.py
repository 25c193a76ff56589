"""Solves of a validation, with what every one of them must show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from package import Package
from thermal import Resolution, Temperatures, ThermalModel

__all__ = ["BALANCE", "run_row", "solve"]

BALANCE = 1e-8  #: heat out against heat in that every solve must reach


def solve(
    package: Package, power_w: Mapping[str, float], resolution: Resolution
) -> tuple[Temperatures, pd.Series[float]]:
    """Return the steady solution, with block means as sums over cells beside it.

    The solution's own block means are the corrected ones, see `thermal.averaging`.
    """
    model = ThermalModel(package, resolution, means="corrected")
    found = model.steady(dict(power_w))
    plain = model.mesh.averaging @ found.field_c.ravel()
    return found, pd.Series(plain, index=found.block_mean_c.index, name="plain_mean_c")


def run_row(name: str, found: Temperatures) -> dict[str, Any]:
    """Return the row of a solve in a table of solves."""
    nz, ny, nx = found.mesh.shape
    return {
        "run": name,
        "cells": f"{nx} x {ny} x {nz}",
        "iterations": found.iterations,
        "residual": found.residual,
        "energy balance": found.energy_balance,
        "assembly s": found.seconds["assembly"],
        "set-up s": found.seconds["setup"],
        "solve s": found.seconds["solve"],
    }
