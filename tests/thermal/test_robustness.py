"""The solver on random packages: contrasts to 1e5, 0.5 um to 10 mm, gaps, islands, anisotropy."""

from __future__ import annotations

import numpy as np
import pytest

from package import Layer, Package, Region
from scoville.validation.random_stacks import random_stack
from thermal import Resolution, ThermalModel
from thermal.effort import effort_warnings

SEEDS = range(100, 125)


def solved(seed: int) -> tuple[int, float, float, bool]:
    package, power_w = random_stack(seed)
    resolution = Resolution(lateral=24, finest_um=200.0, growth=0.5)
    found = ThermalModel(package, resolution).steady(power_w)
    told = any("iterations, where 10 are usual" in text for text in found.warnings)
    return found.iterations, found.residual, found.energy_balance, told


def test_random_packages_converge() -> None:
    iterations, residuals, balances, told = zip(*map(solved, SEEDS), strict=True)
    assert max(residuals) <= 1e-8
    assert max(balances) <= 1e-8
    # Measured on these: a median of 10, one above 40.
    assert np.median(iterations) <= 20
    assert sum(n < 40 for n in iterations) >= 22
    assert max(iterations) < 150
    assert list(told) == [n >= 40 for n in iterations]


def test_many_iterations_are_explained() -> None:
    package, _ = random_stack(6)
    assert effort_warnings(package, 39) == ()
    (told,) = effort_warnings(package, 74)
    assert told.startswith("the solve took 74 iterations, where 10 are usual; along layer l0 ")
    assert "differ by a factor of 1e+05, and islands" in told
    even, _ = random_stack(6, contrast=10.0)
    assert "far enough apart" in effort_warnings(even, 40)[0]


def test_edges_that_differ_by_rounding_are_one() -> None:
    """Seed 79 has islands that end 3e-13 um outside of their layer."""
    package, power_w = random_stack(79)
    found = ThermalModel(package, Resolution(lateral=24)).steady(power_w)
    assert found.energy_balance < 1e-8


def test_a_seed_names_a_package() -> None:
    def outlines(package: Package) -> list[tuple[float, ...]]:
        regions: list[Region | Layer] = [r for layer in package.layers for r in layer.regions]
        return [piece.outline.bounds for piece in [*package.layers, *regions]]

    first, power_w = random_stack(5)
    again, power_again_w = random_stack(5)
    assert outlines(first) == outlines(again)
    assert power_w == power_again_w
    assert outlines(first) != outlines(random_stack(6)[0])


def test_contrast_and_thickness_stay_within_what_was_asked() -> None:
    for seed in range(20):
        package, _ = random_stack(seed, contrast=1e4)
        k = np.array([m.conductivity_w_mk for m in package.materials])
        assert k.max() / k.min() <= 1e4 * (1 + 1e-12)
        assert all(0.5 <= layer.thickness_um <= 1e4 for layer in package.layers)


@pytest.mark.parametrize("seed", [0, 18])
def test_the_solution_is_that_of_a_direct_solver(seed: int) -> None:
    from thermal import DirectSolver

    package, power_w = random_stack(seed)
    resolution = Resolution(lateral=10, finest_um=500.0, growth=1.0)
    ours = ThermalModel(package, resolution).steady(power_w)
    direct = ThermalModel(package, resolution, solver=lambda o, _: DirectSolver(o)).steady(power_w)
    rise = direct.field_c - 25.0
    assert np.abs(ours.field_c - direct.field_c).max() < 1e-5 * np.abs(rise).max()
