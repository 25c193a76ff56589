from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from shapely import box

from floorplan.picture import save_png
from package import Package
from techlib import InputError, Material, UnknownNameError
from thermal import Resolution, Temperatures, ThermalModel
from thermal.picture import temperature_map


@pytest.fixture(scope="module")
def found(stack: Callable[..., Package], solid: Callable[..., Material]) -> Temperatures:
    blocks = {"hot": box(1000, 1000, 3000, 3000), "cold": box(6000, 6000, 9000, 9000)}
    package = stack([(10.0, solid(120.0)), (500.0, solid(120.0))], blocks)
    return ThermalModel(package, Resolution(lateral=16)).steady({"hot": 20.0, "cold": 2.0})


def test_same_field_same_bytes(found: Temperatures, tmp_path: Path) -> None:
    outlines = [region.outline for region in found.mesh.package.layers[0].regions]
    for name in ("one.png", "two.png"):
        save_png(temperature_map(found, "layer0", outlines=outlines), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_hot_block_is_the_bright_part_of_the_picture(
    found: Temperatures, tmp_path: Path
) -> None:
    save_png(temperature_map(found, "layer0"), tmp_path / "map.png")
    pixels = imread(tmp_path / "map.png")[:, :, :3]
    assert min(pixels.shape[:2]) > 600
    left = pixels[:, : int(0.75 * pixels.shape[1])]  # without the colour bar
    coloured = np.ptp(left, axis=2) > 0.3
    bright = coloured & (left.sum(axis=2) > 2.2)
    rows, columns = np.nonzero(bright)
    # Lower left quarter of the map: row numbers run downwards.
    assert rows.mean() > 0.6 * pixels.shape[0]
    assert columns.mean() < 0.45 * pixels.shape[1]


def test_a_part_with_fixed_limits(found: Temperatures, tmp_path: Path) -> None:
    for name, limits in (("own.png", None), ("fixed.png", (20.0, 200.0))):
        figure = temperature_map(found, "layer0", extent_um=(0, 0, 5000, 5000), limits_c=limits)
        save_png(figure, tmp_path / name)
    assert (tmp_path / "own.png").read_bytes() != (tmp_path / "fixed.png").read_bytes()


def test_what_cannot_be_shown_is_said(found: Temperatures) -> None:
    with pytest.raises(InputError, match="shows nothing of the package; allowed: x0, y0, x1, y1"):
        temperature_map(found, "layer0", extent_um=(2e4, 2e4, 3e4, 3e4))
    with pytest.raises(UnknownNameError, match="unknown layer 'lid'"):
        temperature_map(found, "lid")
