"""The hottest point of a block, from what the cells around it say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from shapely import Polygon, box

from package import Face, Package
from techlib import Material
from thermal import Resolution, ThermalModel, exact_block_means
from thermal.peaks import hottest_points

Solid = Callable[..., Material]
Stack = Callable[..., Package]

POINT_UM = 1.0  #: side of what stands for a point in the series


def test_exact_in_one_dimension(stack: Stack, solid: Solid) -> None:
    """Even heat in a plate that is cooled at its top: a parabola, hottest at its bottom."""
    watt, k, d, film = 50.0, 20.0, 1e-3, 1e4
    flux = watt / 1e-4
    for cells in (1, 3):
        model = ThermalModel(
            stack([(1000.0, solid(k))]), Resolution(lateral=2, cells_per_layer=cells)
        )
        found = model.steady({"all": watt})
        exact_c = 25.0 + flux * (1.0 / film + d / (2.0 * k))
        assert found.block_peak_c["all"] == pytest.approx(exact_c, rel=1e-7)
        assert found.block_mean_c["all"] < found.block_peak_c["all"]


def test_hottest_inside_a_cell(stack: Stack, solid: Solid) -> None:
    """Cooled alike from both sides: hottest in its middle, where two cells meet."""
    watt, k, d, film = 50.0, 20.0, 1e-3, 1e4
    package = stack([(1000.0, solid(k))], top=Face(film, 25.0), bottom=Face(film, 25.0))
    found = ThermalModel(package, Resolution(lateral=2, cells_per_layer=2)).steady({"all": watt})
    flux = 0.5 * watt / 1e-4
    exact_c = 25.0 + flux * (1.0 / film + d / (4.0 * k))
    assert found.block_peak_c["all"] == pytest.approx(exact_c, rel=1e-7)


@pytest.mark.parametrize("edge_um", [3000.0, 3170.0])
def test_edge_of_a_block_in_an_even_gradient(stack: Stack, solid: Solid, edge_um: float) -> None:
    """Heat flows from one end to the other: a block is hottest at its edge, on a line or not."""
    blocks = {
        "hot": box(0.0, 0.0, 1000.0, 10_000.0),
        "idle": box(edge_um, 0.0, 8000.0, 10_000.0),
    }
    hold = Face(np.inf, 20.0)
    package = stack([(500.0, solid(100.0))], blocks, top=Face(), sides=hold)
    found = ThermalModel(package, Resolution(lateral=40, kind="uniform")).steady({"hot": 5.0})
    line = found.profile("layer0", "x", 5000.0)
    at_edge_c = float(np.interp(edge_um * 1e-6, line["x"], line))
    assert found.block_peak_c["idle"] == pytest.approx(at_edge_c, abs=0.02)
    assert found.block_max_c["idle"] < found.block_peak_c["idle"]


def test_order_in_the_middle_and_at_a_corner(stack: Stack, solid: Solid) -> None:
    """Against the Fourier series; the exact mean of a tiny block is the temperature of a point.

    A source in the middle of a plate is hottest in its middle, an idle block beside it at its
    corner, half a cell away from its hottest cell, whose error falls with the width alone.
    """
    layers = [(0.1, solid(120.0)), (100.0, solid(120.0)), (1500.0, solid(390.0))]
    source, beside = box(3500.0, 3500.0, 6500.0, 6500.0), box(7500.0, 7500.0, 9500.0, 9500.0)
    exact_c = {}
    for key, at_um in {"source": 5000.0, "beside": 7500.0}.items():
        point = box(*[at_um - POINT_UM] * 2, *[at_um + POINT_UM] * 2)
        point_c = exact_block_means(
            stack(layers, {"source": source, "point": point}), {"source": 40.0}, modes=3000
        )
        exact_c[key] = point_c["point"]
    package = stack(layers, {"source": source, "beside": beside})
    peak_k, cell_k = [], []
    for lateral, growth in ((20, 0.5), (40, 0.25), (80, 0.125)):
        model = ThermalModel(package, Resolution(lateral=lateral, growth=growth))
        found = model.steady({"source": 40.0})
        peak_k.append([abs(found.block_peak_c[key] - exact_c[key]) for key in exact_c])
        cell_k.append(abs(found.block_max_c["beside"] - exact_c["beside"]))
    coarse, middle, fine = np.array(peak_k)
    assert fine.max() < 0.02  # of a rise of 38 and of 58 K
    assert np.log2(middle / fine).min() > 1.5  # second order but for the logarithm of a sheet
    assert np.log2(coarse[1] / fine[1]) / 2.0 > 1.8
    assert np.log2(cell_k[0] / cell_k[-1]) / 2.0 < 1.1


def test_values_on_other_cells(stack: Stack, solid: Solid) -> None:
    """A coarse mesh tells what the hottest cell of a finer one is."""
    layers = [(100.0, solid(120.0)), (1500.0, solid(390.0))]
    blocks = {"source": box(2e3, 2e3, 5e3, 5e3), "beside": box(6e3, 6e3, 9e3, 9e3)}
    package = stack(layers, blocks)
    heights = {"finest_um": 25.0, "growth": 0.25}
    coarse, fine = (
        ThermalModel(package, Resolution(lateral=lateral, **heights)).steady({"source": 40.0})
        for lateral in (40, 160)
    )
    told_c = hottest_points(coarse.mesh, coarse.field_c, cell_um=62.5)
    off_k = np.abs(told_c - fine.block_max_c.to_numpy())
    cells_k = (coarse.block_max_c - fine.block_max_c).abs().to_numpy()
    assert cells_k[1] > 0.3
    assert off_k.max() < 0.05


def test_pieces_and_other_shapes(stack: Stack, solid: Solid) -> None:
    """What is no rectangle counts with the cells that are its own; a tiny block has one."""
    notched = Polygon([(0, 0), (6000, 0), (6000, 3000), (3000, 3000), (3000, 6000), (0, 6000)])
    blocks = {
        "notched": notched,
        "hot": box(3000.0, 3000.0, 6000.0, 6000.0),
        "tiny": box(8000.0, 8000.0, 8020.0, 8020.0),
    }
    package = stack([(300.0, solid(100.0))], blocks)
    found = ThermalModel(package, Resolution(lateral=23, kind="uniform")).steady({"hot": 20.0})
    assert (found.block_peak_c >= found.block_mean_c - 1e-9).all()
    # 23 cells do not end at the notch: a cell of the hot block's must not be the notched one's
    assert found.block_peak_c["notched"] < found.block_peak_c["hot"] - 1.0
    assert found.block_peak_c["tiny"] == pytest.approx(found.block_max_c["tiny"], abs=0.5)


def test_without_blocks_there_is_no_point(stack: Stack, solid: Solid) -> None:
    model = ThermalModel(stack([(300.0, solid(100.0))], {}), Resolution(lateral=4))
    assert model.steady({}).block_peak_c.empty
