"""Observed order of convergence on a manufactured solution with a jump in conductivity."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import box

from package import Face, Layer, Package, Region
from techlib import Material
from thermal import Resolution, ThermalModel

Solid = Callable[..., Material]

SIDE_M, THICK_M, FILM = 0.01, 1e-3, 2e3
JUMP_M = 0.6 * SIDE_M
K_LEFT, K_RIGHT, K_Z = 100.0, 2.0, 40.0


def error_of(lateral: int, kind: str, solid: Solid) -> float:
    r"""Return the 2-norm of the error for ``T = X(x) cos(pi y / L)``, with one cell along z.

    ``k X' = sin(pi x / L)`` is continuous over the jump, so that
    ``X = -(L / pi) (cos(pi x / L) - cos(pi x_j / L)) / k``. What the film takes is part of the
    operator; the source balances it and the conduction in the plane.
    """
    left, right = solid((K_LEFT, K_LEFT, K_Z)), solid((K_RIGHT, K_RIGHT, K_Z))
    whole, part = box(0, 0, 1e4, 1e4), box(JUMP_M * 1e6, 0, 1e4, 1e4)
    layer = Layer("plate", THICK_M * 1e6, whole, left, (Region("right", part, right),))
    package = Package("plate", (layer,), left, Face(FILM, 0.0), Face(), Face(), 0.0)
    resolution = Resolution(lateral=lateral, kind=kind, finest_um=1e6)
    model = ThermalModel(package, resolution)
    assert model.mesh.shape[0] == 1
    wave = math.pi / SIDE_M
    x = (0.5 * (model.mesh.x_m[1:] + model.mesh.x_m[:-1]))[None, :]
    y = (0.5 * (model.mesh.y_m[1:] + model.mesh.y_m[:-1]))[:, None]
    k = np.where(x > JUMP_M, K_RIGHT, K_LEFT)
    profile = -(np.cos(wave * x) - math.cos(wave * JUMP_M)) / (wave * k)
    exact = profile * np.cos(wave * y)
    per_area = 1.0 / (THICK_M / 2 / K_Z + 1.0 / FILM)
    source = (-wave * np.cos(wave * x) + k * wave**2 * profile) * np.cos(wave * y)
    source = (source + per_area / THICK_M * exact) * model.mesh.volume_m3[0]
    found = model.solver.solve(source[None], tolerance=1e-11).rise_k[0]
    area = np.outer(np.diff(model.mesh.y_m), np.diff(model.mesh.x_m)) / SIDE_M**2
    return float(np.sqrt((area * (found - exact) ** 2).sum() / (area * exact**2).sum()))


@pytest.mark.parametrize("kind", ["uniform", "fitted"])
def test_second_order_with_the_jump_on_a_grid_line(kind: str, solid: Solid) -> None:
    errors = [error_of(n, kind, solid) for n in (20, 40, 80)]
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert errors[-1] < 2e-3
    assert min(orders) == pytest.approx(2.0, abs=0.15)


def test_the_fitted_grid_finds_the_jump_that_a_uniform_one_cuts(solid: Solid) -> None:
    # 42 cells: the jump lies at 25.2 cells.
    assert error_of(42, "fitted", solid) < 0.5 * error_of(42, "uniform", solid)


def test_a_layer_in_z_converges_with_second_order(solid: Solid) -> None:
    """One column with a source ``cos(pi z / H)``, insulated below, under a film."""
    errors = []
    for cells in (8, 16, 32):
        whole = box(0, 0, 1e4, 1e4)
        layer = Layer("rod", 2000.0, whole, solid(3.0))
        package = Package("rod", (layer,), solid(3.0), Face(500.0, 0.0), Face(), Face(), 0.0)
        resolution = Resolution(lateral=1, finest_um=1e6, cells_per_layer=cells)
        model = ThermalModel(package, resolution)
        z = 0.5 * (model.mesh.z_m[1:] + model.mesh.z_m[:-1])
        wave = math.pi / 2e-3
        exact = np.cos(wave * z) / (3.0 * wave**2) + 1.0 / (3.0 * wave**2)
        source: NDArray[np.float64] = np.cos(wave * z) * model.mesh.volume_m3[:, 0, 0]
        found = model.solver.solve(source[:, None, None], tolerance=1e-12).rise_k[:, 0, 0]
        errors.append(float(np.abs(found - exact).max() / np.abs(exact).max()))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)
    assert math.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.15)


def test_finer_refines_everything(solid: Solid) -> None:
    coarse = Resolution(lateral=20, finest_um=100.0, growth=0.4)
    fine = coarse.finer(2.0)
    assert dataclasses.astuple(fine) == (40, "fitted", 50.0, 0.2, 1, ())
