"""Small packages to solve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from shapely import Polygon, box

from package import Face, Layer, Package, Region
from techlib import Material

Solid = Callable[..., Material]


@pytest.fixture(scope="session")
def solid() -> Solid:
    """Make a material from its numbers."""

    def make(
        conductivity: float | tuple[float, float, float],
        capacity: float = 1.6e6,
        name: str = "",
        *,
        exponent: float = 0.0,
    ) -> Material:
        k = conductivity if isinstance(conductivity, tuple) else (conductivity,) * 3
        title = name or f"k{conductivity}"
        return Material(
            title,
            title,
            {},
            conductivity_w_mk=k,
            heat_capacity_j_m3k=capacity,
            conductivity_exponent=(exponent,) * 3,
        )

    return make


@pytest.fixture(scope="session")
def stack(solid: Solid) -> Callable[..., Package]:
    """Make a package of plain layers with the blocks in its first one."""

    def make(
        layers: list[tuple[float, Material]],
        blocks: dict[str, Polygon] | None = None,
        *,
        width_um: float = 10_000.0,
        depth_um: float = 10_000.0,
        top: Face | None = None,
        bottom: Face | None = None,
        sides: Face | None = None,
        ambient_c: float = 25.0,
    ) -> Package:
        plate = box(0.0, 0.0, width_um, depth_um)
        blocks = {"all": plate} if blocks is None else blocks
        made = []
        for index, (thickness_um, material) in enumerate(layers):
            regions = tuple(Region(k, o, material, k) for k, o in blocks.items() if index == 0)
            made.append(Layer(f"layer{index}", thickness_um, plate, material, regions))
        return Package(
            name="test",
            layers=tuple(made),
            filler=solid(0.026, 1200.0, "air"),
            top=top or Face(1e4, 25.0),
            bottom=bottom or Face(),
            sides=sides or Face(),
            ambient_c=ambient_c,
        )

    return make


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Reference cases that are not shipped."""
    for root in Path(__file__).resolve().parents:
        found = root / "shared" / "data" / "thermal"
        if found.is_dir():
            return found
    pytest.skip("the reference cases of ../shared/data/thermal are not here")
