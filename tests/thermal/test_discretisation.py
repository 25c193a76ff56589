from __future__ import annotations

from collections.abc import Callable

import pytest
from shapely import box

from package import Package
from techlib import Material
from thermal import Resolution, ThermalModel
from thermal.discretisation import discretisation_error
from thermal.exact import exact_block_means

Solid = Callable[..., Material]
Stack = Callable[..., Package]
BLOCKS = {"a": box(1000, 1000, 5000, 4000), "b": box(5000, 1000, 9000, 9000)}


@pytest.mark.parametrize("means", ["cells", "corrected"])
def test_the_estimate_holds_the_error(
    stack: Stack, solid: Callable[..., Material], means: str
) -> None:
    package = stack([(20.0, solid(120.0)), (700.0, solid(120.0)), (50.0, solid(5.0))], BLOCKS)
    power_w = {"a": 30.0, "b": 5.0}
    exact = exact_block_means(package, power_w)
    for lateral in (20, 40):
        model = ThermalModel(package, Resolution(lateral=lateral), means=means)
        found = model.steady(power_w)
        error = (found.block_mean_c - exact).abs()
        estimate = discretisation_error(found, means=means)
        assert estimate.cells < found.cells / 4
        assert error.max() <= estimate.mean_k.max() <= 40 * error.max()
        assert estimate.max_k.max() > estimate.mean_k.max()
