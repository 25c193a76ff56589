"""Against exact Fourier solutions: a laterally uniform stack, and sources on cooled plates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.constants import zero_Celsius
from shapely import box

from package import Case, Face, Layer, Package, Region, read_case
from scoville.validation.figures import convergence
from scoville.validation.runs import BALANCE, run_row, solve
from scoville.validation.section import Check, Picture, Section, Table
from techlib import Material
from thermal import Resolution
from thermal.exact import exact_block_means

__all__ = ["analytic_stack", "spreading_plate"]

MEANS_K = 0.02  #: block means at the finest grid
ORDER = 1.8  #: of block means, between the two finest meshes that are refined in all directions
SERIES_K = 1e-3  #: our series against the published figures, which have six decimals
SPREADING = 2e-3  #: relative, of the spreading resistance; measured at most 1.0e-3

_SHEET_UM = 0.1  #: stands for the heated face of a plate
_SOLID = 1e6  # heat capacity [J/(m^3 K)]; a steady field does not depend on it


def analytic_stack(data: Path | None, *, quick: bool) -> Section:
    """Hold the five-layer stack with 64 blocks against its Fourier solution."""
    folder = None if data is None else data / "analytic_stack"
    case = _stack() if folder is None else read_case(folder / "case.json")
    exact = exact_block_means(case.package, case.power_w)
    grids = (64, 128) if quick else (64, 128, 256)
    errors: dict[str, list[float]] = {"corrected means": [], "sums over cells": []}
    rows, solves = [], []
    for series, steps in (("default", grids), ("refined", grids)):
        for lateral in steps:
            resolution = _refined(lateral) if series == "refined" else Resolution(lateral=lateral)
            found, plain = solve(case.package, case.power_w, resolution)
            ours = float((found.block_mean_c - exact).abs().max())
            sums = float((plain - exact).abs().max())
            solves.append(run_row(f"{lateral}, {series} in z", found))
            rows.append({"run": solves[-1]["run"], "corrected K": ours, "sums over cells K": sums})
            if series == "refined":
                errors["corrected means"].append(ours)
                errors["sums over cells"].append(sums)
    order = math.log2(errors["corrected means"][-2] / errors["corrected means"][-1])
    at_default = rows[len(grids) - 1]["corrected K"]
    checks = [
        Check(f"analytic stack: block means, default mesh, {grids[-1]}", at_default, MEANS_K, "K"),
        Check("analytic stack: order of block means", order, ORDER, at_least=True),
        _balance("analytic stack", solves),
    ]
    if folder is not None:
        published = _published(folder / "blocks_analytic.csv")
        apart = float((published - exact).abs().max())
        checks.append(Check("analytic stack: our series and the table", apart, SERIES_K, "K"))
    text = """
        Five layers of 32 x 32 mm, 64 blocks with 700 W in a sheet of 10 um, a film on top. The
        exact block means come from our own Fourier series (`thermal.exact`). *Default* meshes are
        what `--grid` gives; *refined* ones halve the cells in all three directions together.

        Sums over cells, as other codes report them, have an error of second order times the
        logarithm of the cell, most of it from the edges of the sources. The corrected means
        (`thermal.averaging`) are free of that term. What is left of them on the default mesh is the
        growth of the cells along z, which does not shrink with the lateral cells.
    """
    tables = (
        Table("Greatest error of a block mean", pd.DataFrame(rows)),
        Table("Solves", pd.DataFrame(solves)),
    )
    picture = Picture(
        "analytic_stack.png",
        "Errors of block means on meshes refined in all directions",
        lambda: convergence(grids, errors, MEANS_K),
    )
    return Section(
        "analytic_stack", "Laterally uniform stack", text, tuple(checks), tables, (picture,)
    )


def spreading_plate(data: Path | None, *, quick: bool) -> Section:
    """Hold the spreading resistance of rectangles on cooled plates against the series."""
    published = None
    if data is not None:
        published = pd.read_csv(data / "spreading_plate" / "spreading.csv", index_col="case")
    lateral = 128 if quick else 256
    rows, solves, worst, apart = [], [], 0.0, 0.0
    for name, package in _plates().items():
        exact = float(exact_block_means(package, {"source": 1.0}, modes=1500)["source"])
        found, plain = solve(package, {"source": 1.0}, Resolution(lateral=lateral))
        ours = float(found.block_mean_c["source"])
        worst = max(worst, abs(ours / exact - 1.0))
        row: dict[str, object] = {"case": name, "exact K/W": exact}
        if published is not None:
            table = float(published["R_total_source_average_K_per_W"][name])
            apart = max(apart, abs(exact / table - 1.0))
            row["published K/W"] = table
        row |= {
            "ours K/W": ours,
            "relative error": ours / exact - 1.0,
            "of sums over cells": float(plain["source"]) / exact - 1.0,
        }
        rows.append(row)
        solves.append(run_row(name, found))
    checks = [
        Check(f"spreading plates: relative error, {lateral}", worst, SPREADING),
        _balance("spreading plates", solves),
    ]
    if published is not None:
        checks.append(Check("spreading plates: our series and the table, relative", apart, 1e-4))
    text = """
        One watt in a sheet of 0.1 um under a rectangle on a plate that is cooled on its other side;
        the mean over the rectangle. No grid line is placed on the rectangles.
    """
    tables = (
        Table(f"Resistance at {lateral} cells a side", pd.DataFrame(rows)),
        Table("Solves", pd.DataFrame(solves)),
    )
    return Section("spreading_plate", "Spreading resistance", text, tuple(checks), tables)


def _balance(case: str, solves: list[dict[str, Any]]) -> Check:
    worst = max(row["energy balance"] for row in solves)
    return Check(f"{case}: energy balance", worst, BALANCE)


def _refined(lateral: int) -> Resolution:
    """Return meshes whose cells shrink alike in all directions."""
    return Resolution(lateral=lateral, finest_um=8.0 * 64 / lateral, growth=0.25 * 64 / lateral)


def _published(path: Path) -> pd.Series[float]:
    """Return the mean over the height of the layer: Simpson's rule, exact for its parabola."""
    table = pd.read_csv(path, index_col="block")
    kelvin = (table.avg_bottom_K + 4.0 * table.avg_mid_K + table.avg_top_K) / 6.0
    return kelvin - zero_Celsius


def _solid(name: str, conductivity_w_mk: float) -> Material:
    k = (conductivity_w_mk,) * 3
    return Material(name, name, {}, conductivity_w_mk=k, heat_capacity_j_m3k=_SOLID)


def _slabs(side_um: float, layers: Mapping[str, tuple[float, float]]) -> list[Layer]:
    """Return layers from name, thickness [um] and conductivity [W/(m K)]."""
    whole = box(0.0, 0.0, side_um, side_um)
    return [Layer(name, t_um, whole, _solid(name, k)) for name, (t_um, k) in layers.items()]


def _stack() -> Case:
    """Return the stack with 700 W in a pattern of its own."""
    side_um, blocks = 32e3, 8
    step = side_um / blocks
    silicon = _solid("silicon", 120.0)
    places = [(j, i) for j in range(blocks) for i in range(blocks)]
    shares = {f"C{j}{i}": 1.0 + 0.5 * ((5 * i + 3 * j) % 4) for j, i in places}
    regions = tuple(
        Region(key, box(i * step, j * step, (i + 1) * step, (j + 1) * step), silicon, key)
        for key, (j, i) in zip(shares, places, strict=True)
    )
    active = Layer("active", 10.0, box(0.0, 0.0, side_um, side_um), silicon, regions)
    above = {
        "bulk": (765.0, 120.0),
        "tim1": (50.0, 10.0),
        "lid": (2e3, 390.0),
        "tim2": (100.0, 8.0),
    }
    layers = (active, *_slabs(side_um, above))
    package = Package("stack", layers, silicon, Face(2e4, 40.0), Face(), Face(), 40.0)
    total = sum(shares.values())
    power_w = {key: 700.0 * share / total for key, share in shares.items()}
    return Case(package, power_w, initial_c=40.0)


def _plates() -> dict[str, Package]:
    """Return the four plates, named as in the published table."""
    copper, thick = {"plate": (2000.0, 390.0)}, {"plate": (3000.0, 390.0)}
    die = {"die": (775.0, 120.0), "tim": (50.0, 10.0), "lid": (2000.0, 390.0)}
    wide, tall = 26e3, 33e3
    return {
        "Cu 64x64x2, src 26x33 centred, h=2e4": _plate(
            (64e3, 64e3), copper, (19e3, 15.5e3, 45e3, 48.5e3), 2e4
        ),
        "Cu 64x64x2, src 11x11 at (7,8)": _plate((64e3, 64e3), copper, (7e3, 8e3, 18e3, 19e3), 2e4),
        "Cu 40x40x3, src 10x10 centred, h=1e4": _plate(
            (40e3, 40e3), thick, (15e3, 15e3, 25e3, 25e3), 1e4
        ),
        "Si 775um 26x33 + TIM 50um k=10 + Cu 2mm, src 3.5x4.5 centred, h=2e4": _plate(
            (wide, tall),
            die,
            (wide / 2 - 1750.0, tall / 2 - 2250.0, wide / 2 + 1750.0, tall / 2 + 2250.0),
            2e4,
        ),
    }


def _plate(
    size_um: tuple[float, float],
    layers: Mapping[str, tuple[float, float]],
    source_um: tuple[float, float, float, float],
    film_w_m2k: float,
) -> Package:
    whole = box(0.0, 0.0, *size_um)
    made = [Layer(name, t, whole, _solid(name, k)) for name, (t, k) in layers.items()]
    first = made[0].background
    sheet = Layer(
        "sheet", _SHEET_UM, whole, first, (Region("source", box(*source_um), first, "source"),)
    )
    top = Face(film_w_m2k, 0.0)
    return Package("plate", (sheet, *made), first, top, Face(), Face(), 0.0)
