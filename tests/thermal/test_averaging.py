"""Block means that are freed of the leading discretisation error."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse
from shapely import Polygon, box

from package import Face, Layer, Package, Region
from techlib import Material
from thermal import DirectSolver, Mesh, Resolution, ThermalModel, assemble
from thermal.averaging import block_averages
from thermal.exact import exact_block_means

Solid = Callable[..., Material]
Stack = Callable[..., Package]

SINGLE = 2.0**-23
"""Conductances are rounded to single precision, by 2^-24 each: two of them in a ratio."""
WHOLE = box(0, 0, 16_000, 16_000)


def plate(solid: Solid, blocks: dict[str, Polygon], thick_um: float = 800.0) -> Package:
    """Blocks in a sheet on a plate that is cooled on its other side."""
    silicon = solid(120.0)
    sheet = tuple(Region(key, outline, silicon, key) for key, outline in blocks.items())
    layers = (Layer("sheet", 1.0, WHOLE, silicon, sheet), Layer("plate", thick_um, WHOLE, silicon))
    return Package("plate", layers, silicon, Face(2e4, 0.0), Face(), Face(), 0.0)


def errors(package: Package, power_w: dict[str, float], **resolution: object) -> tuple[float, ...]:
    """Return the rms error of plain and of corrected means."""
    model = ThermalModel(package, Resolution(**resolution))
    field = model.steady(power_w).field_c.ravel()
    exact = exact_block_means(package, power_w)[list(model.keys)]
    found = (model.mesh.averaging @ field, block_averages(model.mesh, model.operator) @ field)
    return tuple(float(np.sqrt(((mean - exact) ** 2).mean())) for mean in found)


@pytest.mark.parametrize("cells_per_layer", [1, 2, 5])
def test_a_heated_layer_of_any_cells_is_exact_in_one_dimension(
    stack: Stack, solid: Solid, cells_per_layer: int
) -> None:
    package = stack([(700.0, solid(120.0)), (50.0, solid(5.0))])
    exact = exact_block_means(package, {"all": 100.0}, modes=2)["all"]
    resolution = Resolution(lateral=2, finest_um=1e4, cells_per_layer=cells_per_layer)
    model = ThermalModel(package, resolution, solver=lambda operator, _: DirectSolver(operator))
    found = model.steady({"all": 100.0})
    corrected = block_averages(model.mesh, model.operator) @ found.field_c.ravel()
    assert corrected[0] == pytest.approx(exact, rel=SINGLE)
    # Plain means are off by q'' d / (6 k n^2), one degree for one cell.
    off_k = 100.0 / 1e-4 * 700e-6 / (6 * 120.0 * cells_per_layer**2)
    found_k = found.block_mean_c["all"] - exact
    assert found_k == pytest.approx(off_k, rel=1e-6, abs=SINGLE * exact)


@pytest.mark.parametrize("lateral", [32, 36, 40, 44, 48])
def test_a_row_of_blocks_is_better_wherever_their_edges_lie(solid: Solid, lateral: int) -> None:
    blocks = {f"b{i}": box(2000 * i, 4000, 2000 * (i + 1), 9000) for i in range(8)}
    power_w = {key: 2.0 + 5.0 * (index % 3) for index, key in enumerate(blocks)}
    plain, corrected = errors(
        plate(solid, blocks), power_w, lateral=lateral, finest_um=10.0, growth=0.08
    )
    # Measured: 2.5 to 12 times.
    assert corrected < 0.5 * plain


def test_a_block_of_any_size_is_not_made_worse(solid: Solid) -> None:
    generator = np.random.default_rng(7)
    ratios = []
    for size in (0.5, 1.0, 1.5, 2.0, 3.0, 6.0):
        square = []
        for _ in range(6):
            x, y = generator.uniform(1000.0, 10_000.0, 2)
            package = plate(solid, {"b": box(x, y, x + 500.0 * size, y + 500.0 * size)})
            square.append(
                errors(package, {"b": 1.0}, lateral=32, kind="uniform", finest_um=25.0, growth=0.1)
            )
        plain, corrected = np.sqrt((np.array(square) ** 2).mean(axis=0))
        ratios.append(corrected / plain)
    # Measured 0.95, 0.84, 0.66, 0.25, 0.55, 0.45 for blocks of half a cell to six cells.
    assert max(ratios) < 1.0
    assert max(ratios[3:]) < 0.7


def test_weights_sum_to_one_and_stay_near_the_block(solid: Solid) -> None:
    package = plate(solid, {"b": box(3100, 3100, 8300, 9900)})
    mesh = (model := ThermalModel(package, Resolution(lateral=20, kind="uniform"))).mesh
    weights = block_averages(mesh, model.operator)
    assert weights.sum(axis=1) == pytest.approx(1.0, rel=1e-12)
    grown = box(3100 - 1600, 3100 - 1600, 8300 + 1600, 9900 + 1600)
    z, y, x = np.unravel_index(weights.indices, mesh.shape)
    centre_x = 0.5e6 * (mesh.x_m[1:] + mesh.x_m[:-1])[x]
    centre_y = 0.5e6 * (mesh.y_m[1:] + mesh.y_m[:-1])[y]
    assert z.max() <= 1
    x0, y0, x1, y1 = grown.bounds
    assert ((centre_x > x0) & (centre_x < x1) & (centre_y > y0) & (centre_y < y1)).all()


def test_no_flow_leaves_an_insulated_edge(solid: Solid) -> None:
    """Beside a gap that hardly conducts, only the bend along z is left."""
    silicon, gap = solid(120.0), solid(1e-6)
    core = box(4000, 4000, 12_000, 12_000)
    layers = (
        Layer("die", 100.0, WHOLE, gap, (Region("b", core, silicon, "b"),)),
        Layer("bulk", 100.0, WHOLE, gap, (Region("bulk", core, silicon),)),
    )
    package = Package("die", layers, gap, Face(2e4, 0.0), Face(), Face(), 0.0)
    model = ThermalModel(package, Resolution(lateral=16, finest_um=1e3))
    field = model.steady({"b": 10.0}).field_c.ravel()
    weights = block_averages(model.mesh, model.operator)
    along_z_k = 10.0 / 64e-6 * 100e-6 / (6 * 120.0)
    expected = (model.mesh.averaging @ field)[0] - along_z_k
    assert (weights @ field)[0] == pytest.approx(expected, rel=1e-6)


def test_a_cell_at_a_film_is_left_alone(stack: Stack, solid: Solid) -> None:
    package = stack([(100.0, solid(120.0))], top=Face(1e4, 25.0))
    model = ThermalModel(package, Resolution(lateral=3, finest_um=1e3))
    weights = block_averages(model.mesh, model.operator)
    assert abs(weights - model.mesh.averaging).max() < 1e-15


@pytest.mark.parametrize("count", [1, 20])
def test_cells_taken_a_few_at_a_time_need_less_memory(
    stack: Stack, solid: Solid, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    ends = np.linspace(0.0, 10_000.0, count + 1)
    strips = {f"{i}": box(ends[i], 0.0, ends[i + 1], 10_000.0) for i in range(count)}
    mesh = Mesh.of(stack([(500.0, solid(120.0))], strips), Resolution(lateral=60))
    operator = assemble(mesh)

    def weights(cells: int) -> tuple[sparse.csr_array, float]:
        monkeypatch.setattr("thermal.averaging._AT_A_TIME", cells)
        tracemalloc.start()
        found = block_averages(mesh, operator)
        peak_byte = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, peak_byte / mesh.cells

    (alone, little), (together, much) = weights(1), weights(mesh.cells)
    # Flows of neighbours that meet in a cell are added in another order.
    assert abs(alone - together).max() <= 4.0 * np.finfo(float).eps * abs(together).max()
    assert little < 180.0  # byte a cell, all of which are heated; the weights themselves take 12
    assert much > 2.0 * little


@pytest.mark.parametrize("lateral", [24, 32, 34, 40])
def test_a_die_that_ends_inside_of_a_cell(solid: Solid, lateral: int) -> None:
    """Cells that silicon shares with air are left alone: no parabola spans both."""
    whole, die = box(-10e3, -12e3, 38e3, 30e3), box(3e3, 2e3, 21e3, 14e3)
    silicon, copper, paste = solid(130.0), solid(385.0), solid(6.0)
    spots = {"gpu": box(4e3, 3e3, 10.1e3, 9.3e3), "io": box(12e3, 3e3, 20.3e3, 5.1e3)}
    regions = tuple(Region(name, spot, silicon, name) for name, spot in spots.items())
    layers = (
        Layer("active", 20.0, die, silicon, regions),
        Layer("die", 650.0, die, silicon),
        Layer("paste", 60.0, die, paste),
        Layer("lid", 2200.0, whole, copper),
    )
    package = Package("p", layers, solid(0.026), Face(9e3, 30.0), Face(), Face(), 30.0)
    power_w = {"gpu": 62.0, "io": 9.0}
    model = ThermalModel(package, Resolution(lateral=lateral, kind="uniform"), means="corrected")
    found = model.steady(power_w)
    fitted = ThermalModel(package, Resolution(lateral=96), means="corrected").steady(power_w)
    assert (found.block_mean_c - fitted.block_mean_c).abs().max() < 1.0  # of rises of 16 and 40 K
