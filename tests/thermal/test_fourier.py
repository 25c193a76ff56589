"""Against Fourier series, computed here, and against tables of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from shapely import box

from package import Face, Layer, Package, Region, read_case
from techlib import Material
from thermal import Resolution, ThermalModel

Array = NDArray[np.float64]
Solid = Callable[..., Material]


def plate(
    side_mm: float, layers: list[tuple[float, Material]], source: tuple[float, ...], film: float
) -> Package:
    """A square plate, heated in a sheet of 1 um at its bottom and cooled on top."""
    whole = box(0, 0, side_mm * 1e3, side_mm * 1e3)
    patch = box(*(1e3 * value for value in source))
    first = layers[0][1]
    sheet = Layer("sheet", 1.0, whole, first, (Region("source", patch, first, "source"),))
    rest = [Layer(f"l{i}", t, whole, m) for i, (t, m) in enumerate(layers)]
    return Package("plate", (sheet, *rest), first, Face(film, 0.0), Face(), Face(), 0.0)


def mean_resistance(
    side: float, thick: float, k: float, h: float, source: tuple[float, ...]
) -> float:
    """Mean over a rectangular source of the rise per watt, heat at z = 0, film at z = `thick`.

    Separation of variables on ``[0, side]^2``: mode (m, n) sees
    ``(k b + h tanh(b t)) / (k b (k b tanh(b t) + h))`` with ``b^2 = (m^2 + n^2) pi^2 / side^2``.
    """
    x0, y0, x1, y1 = source
    orders = np.arange(400)

    def mean_of_cosines(low: float, high: float) -> Array:
        waves = orders[1:] * np.pi / side
        means = (np.sin(waves * high) - np.sin(waves * low)) / (waves * (high - low))
        return np.concatenate([[1.0], means])

    b = np.pi / side * np.hypot(*np.meshgrid(orders, orders))
    b[0, 0] = 1.0
    tanh = np.tanh(b * thick)
    mode = (k * b + h * tanh) / (k * b * (k * b * tanh + h))
    mode[0, 0] = thick / k + 1.0 / h
    weight = np.where(orders > 0, 2.0, 1.0)
    fx = weight * mean_of_cosines(x0, x1) ** 2
    fy = weight * mean_of_cosines(y0, y1) ** 2
    return float(fy @ mode @ fx) / side**2


def test_off_centre_source_on_a_cooled_plate(solid: Solid) -> None:
    source = (3.1, 5.0, 9.7, 12.3)
    package = plate(20.0, [(2000.0, solid(390.0))], source, 2e4)
    exact = mean_resistance(0.02, 2e-3, 390.0, 2e4, tuple(1e-3 * v for v in source))
    errors = []
    for lateral in (24, 48, 96):
        found = ThermalModel(
            package, Resolution(lateral=lateral, finest_um=2400 / lateral, growth=6.0 / lateral)
        ).steady({"source": 1.0})
        errors.append(abs(found.block_mean_c["source"] / exact - 1.0))
    # The edge of the source cuts through cells; measured 5.6e-3, 1.4e-3, 4.0e-4.
    assert errors[-1] < 1e-3
    order = math.log2(errors[0] / errors[-1]) / 2.0
    assert order > 1.5


CASES = {
    "Cu 64x64x2, src 26x33 centred, h=2e4": (64.0, [(2000.0, 390.0)], (19, 15.5, 45, 48.5), 2e4),
    "Cu 64x64x2, src 11x11 at (7,8)": (64.0, [(2000.0, 390.0)], (7, 8, 18, 19), 2e4),
    "Cu 40x40x3, src 10x10 centred, h=1e4": (40.0, [(3000.0, 390.0)], (15, 15, 25, 25), 1e4),
}


@pytest.mark.parametrize("name", CASES)
def test_spreading_resistance_of_the_reference_table(
    name: str, solid: Solid, shared_cases: Path
) -> None:
    table = pd.read_csv(shared_cases / "spreading_plate" / "spreading.csv").set_index("case")
    side, layers, source, film = CASES[name]
    package = plate(side, [(t, solid(k)) for t, k in layers], source, film)
    exact = float(table.loc[name, "R_total_source_average_K_per_W"])
    found = ThermalModel(package, Resolution(lateral=256, growth=0.1)).steady({"source": 1.0})
    # Measured 2e-4 to 6e-4, nearly all of it from the lateral cells.
    assert found.block_mean_c["source"] == pytest.approx(exact, rel=1e-3)


def test_blocks_of_the_analytic_stack(shared_cases: Path) -> None:
    case = read_case(shared_cases / "analytic_stack" / "case.json")
    table = pd.read_csv(shared_cases / "analytic_stack" / "blocks_analytic.csv", index_col="block")
    # Mean over the height of the layer, where the profile is a parabola: Simpson's rule.
    exact = (table.avg_bottom_K + 4.0 * table.avg_mid_K + table.avg_top_K) / 6.0 - 273.15
    found = ThermalModel(case.package, Resolution(lateral=128)).steady(case.power_w)
    # Measured 0.07 K; the lateral grid gives 0.06 K of it, its second-order part.
    assert (found.block_mean_c - exact).abs().max() < 0.1
