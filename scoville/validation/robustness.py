"""Iterations of the solver on random packages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from package import Package
from scoville.validation.figures import histogram
from scoville.validation.random_stacks import random_stack
from scoville.validation.runs import BALANCE
from scoville.validation.section import Check, Picture, Section, Table
from techlib import ConvergenceError
from thermal import Resolution, Temperatures, ThermalModel

__all__ = ["robustness"]

LIMIT = 40  #: iterations that a usual package stays under
BLAMED = 0.75  #: of the iterations, or less, are left without the islands that are to blame
WITHIN = 0.85  #: share of packages of the highest contrast within the limit

_LATERAL = 48
_WORST = 1e5  #: contrast that the target is set for
_PACKAGES = {1e3: 50, 1e4: 50, _WORST: 200}  #: by contrast
_FEW = {1e3: 5, 1e4: 5, _WORST: 15}


def robustness(*, quick: bool) -> Section:
    """Solve random packages of three contrasts; follow up on the slow ones."""
    packages = _FEW if quick else _PACKAGES
    iterations: dict[str, list[int]] = {}
    rows, slow, failed, worst_balance = [], [], [], 0.0
    for contrast, count in packages.items():
        taken: list[int] = []
        for seed in range(count):
            package, power_w = random_stack(seed, contrast)
            try:
                found = _solve(package, power_w)
            except ConvergenceError as error:
                failed.append({"seed": seed, "contrast": contrast, "reason": str(error)})
                continue
            taken.append(found.iterations)
            worst_balance = max(worst_balance, found.energy_balance)
            if found.iterations >= LIMIT and contrast == _WORST:
                slow.append(_why(seed, package, power_w, found))
        iterations[f"contrast {contrast:.0e}"] = taken
        rows.append(_row(contrast, taken, count))
    name = f"random packages of contrast {_WORST:.0e}: share under {LIMIT} iterations"
    checks = (
        Check("random packages that did not converge", len(failed), 0),
        Check(name, rows[-1][f"under {LIMIT}"] / packages[_WORST], WITHIN, at_least=True),
        Check("random packages: energy balance", worst_balance, BALANCE),
    )
    blamed = sum(row["without islands"] <= BLAMED * row["iterations"] for row in slow)
    text = f"""
        {packages[_WORST]} seeded packages (`scoville.validation.random_stacks`): three to eight
        layers of 0.5 um to 10 mm, every layer with islands, gaps and anisotropic materials, some
        layers smaller than the package. The first of them at lower contrasts of conductivity too.

        Those at {LIMIT} iterations or more are solved again without the islands of each layer in
        turn; the table has the layer where that helps most. In {blamed} of {len(slow)} it takes a
        quarter of the iterations or more: islands that conduct well in a layer that hardly does.
        The coarse levels merge whole grid lines by the mean conductance across each, so that
        islands beside a thin gap become one there although they are apart. In the others no
        single layer is to blame.
    """
    tables = [Table("Iterations", pd.DataFrame(rows))]
    if slow:
        tables.append(Table(f"Packages at or above {LIMIT} iterations", pd.DataFrame(slow)))
    if failed:
        tables.append(Table("Packages that did not converge", pd.DataFrame(failed)))
    picture = Picture("iterations.png", "Iterations", lambda: histogram(iterations, LIMIT))
    return Section("robustness", "Random packages", text, checks, tuple(tables), (picture,))


def _solve(package: Package, power_w: dict[str, float]) -> Temperatures:
    return ThermalModel(package, Resolution(lateral=_LATERAL)).steady(power_w)


def _row(contrast: float, taken: list[int], count: int) -> dict[str, Any]:
    return {
        "contrast": contrast,
        "packages": count,
        "converged": len(taken),
        "median": float(np.median(taken)),
        "90 %": float(np.percentile(taken, 90)),
        "most": max(taken),
        f"under {LIMIT}": sum(n < LIMIT for n in taken),
    }


def _why(
    seed: int, package: Package, power_w: dict[str, float], found: Temperatures
) -> dict[str, Any]:
    """Take the islands out of each layer in turn; tell where that helps most."""
    least, helps = found.iterations, 0
    for index in range(len(package.layers)):
        try:
            taken = _solve(_without_islands(package, index), power_w).iterations
        except ConvergenceError:
            continue
        if taken < least:
            least, helps = taken, index
    layer = package.layers[helps]
    return {
        "seed": seed,
        "cells": found.cells,
        "iterations": found.iterations,
        "without islands": least,
        "in layer": layer.name,
        "thickness um": layer.thickness_um,
        "background W/(m K)": min(layer.background.conductivity_w_mk),
        "best island W/(m K)": max(max(r.material.conductivity_w_mk) for r in layer.regions),
    }


def _without_islands(package: Package, index: int) -> Package:
    layer = package.layers[index]
    plain = tuple(replace(region, material=layer.background) for region in layer.regions)
    layers = list(package.layers)
    layers[index] = replace(layer, regions=plain)
    return replace(package, layers=tuple(layers))
