"""The multigrid solver against direct solves, and how its iterations depend on the problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.linalg import spsolve

from techlib import InputError
from thermal.multigrid import Multigrid
from thermal.operator import Operator

Array = NDArray[np.float64]


def operator_of(
    k: tuple[Array, Array, Array],
    lines_m: tuple[Array, Array, Array],
    film_top: float = 1e4,
    film_bottom: float = 100.0,
) -> Operator:
    """Finite volumes with conductivities `k` along (x, y, z) and grid lines (x, y, z)."""
    dx, dy, dz = (np.diff(lines) for lines in lines_m)
    volume = dz[:, None, None] * dy[:, None] * dx
    rx, ry, rz = (
        d**2 / (2 * conductivity * volume)
        for d, conductivity in zip((dx, dy[:, None], dz[:, None, None]), k, strict=True)
    )
    outside = np.zeros(volume.shape)
    area = dy[:, None] * dx
    outside[-1] += 1 / (1 / (film_top * area) + rz[-1]) if film_top else 0.0
    outside[0] += 1 / (1 / (film_bottom * area) + rz[0]) if film_bottom else 0.0
    return Operator(
        1 / (rx[:, :, 1:] + rx[:, :, :-1]),
        1 / (ry[:, 1:] + ry[:, :-1]),
        1 / (rz[1:] + rz[:-1]),
        outside,
        np.zeros(volume.shape),
        1.7e6 * volume,
        reference_c=25.0,
    )


def matrix_of(operator: Operator) -> sparse.csc_array:
    cells = np.arange(np.prod(operator.shape)).reshape(operator.shape)
    n = cells.size
    matrix = sparse.diags_array(operator.diagonal.ravel())
    for axis, g in enumerate((operator.gz, operator.gy, operator.gx)):
        size = operator.shape[axis]
        low = np.take(cells, np.arange(size - 1), axis).ravel()
        high = np.take(cells, np.arange(1, size), axis).ravel()
        half = sparse.coo_array((-g.ravel(), (low, high)), (n, n))
        matrix = matrix + half + half.T
    return sparse.csc_array(matrix)


def lines(rng: np.random.Generator, cells: int, length: float, grading: float) -> Array:
    steps = grading ** rng.uniform(0, 1, cells)
    return np.concatenate(([0.0], np.cumsum(steps))) * length / steps.sum()


def random_problem(
    seed: int, shape: tuple[int, int, int], contrast: float, grading: float
) -> tuple[Operator, Array, Array, Array]:
    """Layers with random islands, random anisotropy and random grid lines; and a random source."""
    rng = np.random.default_rng(seed)
    nz, ny, nx = shape
    layer = contrast ** rng.uniform(0, 1, (nz, 1, 1))
    k = np.broadcast_to(layer, shape).copy()
    for _ in range(4):
        x0, y0 = rng.integers(0, nx), rng.integers(0, ny)
        here = (slice(None), slice(y0, y0 + 1 + ny // 3), slice(x0, x0 + 1 + nx // 3))
        k[here] = contrast ** rng.uniform(0, 1, (nz, 1, 1))
    k *= 0.005
    x, y = lines(rng, nx, 0.05, grading), lines(rng, ny, 0.04, grading)
    z = np.concatenate(([0.0], np.cumsum(10 ** rng.uniform(-6, -3, nz))))
    anisotropic = (k, k * rng.uniform(0.2, 1), k * rng.uniform(0.05, 1))
    return operator_of(anisotropic, (x, y, z)), x, y, rng.random(shape)


def package(
    n: int, m: int | None = None, grading: float = 1.0
) -> tuple[Operator, Array, Array, Array]:
    """Dies with gaps of mould between them, on an interposer, under TIM and lid."""
    m = m or n
    layers = [(2.5e-4, 30, 0.5)] * 3 + [(8e-5, 0.4, 20), (5e-5, 120, 120), (3e-5, 0.9, 15)]
    layers += [(1e-6, 120, 120), (2e-4, 130, 130), (2e-4, 130, 130), (5e-5, 20, 20)]
    layers += [(1e-3, 390, 390)] * 3
    steps = [grading ** np.abs(np.linspace(-1, 1, count)) for count in (n, m)]
    x, y = (np.concatenate(([0.0], np.cumsum(s))) * 0.06 / s.sum() for s in steps)
    z = np.concatenate(([0.0], np.cumsum([thickness for thickness, _, _ in layers])))
    cx, cy = (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    die = (np.abs(cy[:, None] - 0.03) < 0.016) & (np.abs(cx - 0.03) < 0.013)
    for edge in (0.010, 0.050):
        for centre in (0.015, 0.025, 0.035, 0.045):
            die |= (np.abs(cy[:, None] - centre) < 0.0045) & (np.abs(cx - edge) < 0.0055)
    lateral, vertical = (np.empty((len(layers), m, n)) for _ in range(2))
    for k, (_, along, across) in enumerate(layers):
        moulded = 5 <= k <= 9
        lateral[k] = np.where(die, along, 0.9) if moulded else along
        vertical[k] = np.where(die, across, 0.9) if moulded else across
    operator = operator_of((lateral, lateral, vertical), (x, y, z))
    power = np.zeros(operator.shape)
    power[6] = die * np.diff(y)[:, None] * np.diff(x)
    return operator, x, y, power * 900 / power.sum()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 13), st.integers(1, 13)),
    decades=st.floats(0, 5),
    grading=st.sampled_from([1.0, 10.0, 100.0]),
)
def test_equals_a_direct_solve(
    seed: int, shape: tuple[int, int, int], decades: float, grading: float
) -> None:
    operator, x, y, rhs = random_problem(seed, shape, 10**decades, grading)
    exact = spsolve(matrix_of(operator), rhs.ravel()).reshape(shape)
    found = Multigrid(operator, x_m=x, y_m=y).solve(rhs, tolerance=1e-10)
    assert found.converged
    # The energy norm of the error is bound by the residual; both solvers round at ~1e-9 for
    # layers of 1 um beside films of 100 W/(m2 K).
    np.testing.assert_allclose(found.rise_k, exact, rtol=1e-6, atol=1e-7 * exact.max())


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 1, 17), (2, 23, 1), (1, 12, 13), (60, 5, 7)])
def test_thin_and_odd_shapes(shape: tuple[int, int, int]) -> None:
    operator, x, y, rhs = random_problem(3, shape, 1e3, 10.0)
    exact = spsolve(matrix_of(operator), rhs.ravel()).reshape(shape)
    found = Multigrid(operator, x_m=x, y_m=y).solve(rhs, tolerance=1e-10)
    assert found.converged
    np.testing.assert_allclose(found.rise_k, exact, rtol=1e-6)


def test_one_column_needs_hardly_any_iteration() -> None:
    """Relaxation of columns is exact for a single one, up to single precision."""
    operator, x, y, rhs = random_problem(5, (30, 1, 1), 1e4, 1.0)
    assert Multigrid(operator, x_m=x, y_m=y).solve(rhs, tolerance=1e-10).iterations <= 3


def test_layers_without_lateral_conductance() -> None:
    operator, x, y, rhs = random_problem(7, (5, 11, 14), 1e3, 1.0)
    gx, gy = operator.gx.copy(), operator.gy.copy()
    gx[1:3], gy[1:3] = 0.0, 0.0
    cut = replace(operator, gx=gx, gy=gy)
    found = Multigrid(cut, x_m=x, y_m=y).solve(rhs, tolerance=1e-10)
    exact = spsolve(matrix_of(cut), rhs.ravel()).reshape(rhs.shape)
    np.testing.assert_allclose(found.rise_k, exact, rtol=1e-6)
    assert found.iterations <= 20


@pytest.mark.parametrize("grading", [1.0, 100.0])
def test_the_cycle_is_symmetric_and_positive(grading: float) -> None:
    operator, x, y, _ = package(45, 38, grading)
    solver = Multigrid(operator, x_m=x, y_m=y)
    u, v = np.random.default_rng(11).standard_normal((2, *operator.shape))
    mu, mv = solver.precondition(u), solver.precondition(v)
    scale = np.sqrt((u * mu).sum() * (v * mv).sum())
    assert (u * mu).sum() > 0.0
    assert (v * mv).sum() > 0.0
    # Single precision rounds at 6e-8; an unsymmetric order of colours shows at 1e-2.
    assert abs((u * mv).sum() - (v * mu).sum()) < 1e-5 * scale


def test_iterations_hardly_depend_on_the_grid() -> None:
    counts = {}
    for n in (32, 64, 128, 192):
        operator, x, y, power = package(n)
        found = Multigrid(operator, x_m=x, y_m=y).solve(power)
        assert found.converged
        counts[n] = found.iterations
    assert max(counts.values()) <= 10, counts
    assert max(counts.values()) - min(counts.values()) <= 2, counts


@pytest.mark.parametrize("grading", [10.0, 100.0])
def test_iterations_on_graded_grids(grading: float) -> None:
    operator, x, y, power = package(72, 80, grading)
    assert Multigrid(operator, x_m=x, y_m=y).solve(power).iterations <= 12


def test_iterations_where_a_board_reaches_beyond_the_lid() -> None:
    """Lines out there cross no copper, and are no weaker for it: cells must not become slivers."""
    for n in (64, 128):
        lines_m = np.linspace(0.0, 0.06, n + 1)
        far = np.abs((lines_m[1:] + lines_m[:-1]) / 2 - 0.03)
        far = np.maximum(far[:, None], far)
        k = np.full((7, n, n), 25.0)
        k[3:5] = np.where(far < 0.015, 120.0, 0.03)
        k[5:] = np.where(far < 0.026, 400.0, 0.03)
        heights_m = np.cumsum([0.0, 4e-4, 4e-4, 4e-4, 3e-4, 3e-4, 1e-3, 1e-3])
        operator = operator_of((k, k, k), (lines_m, lines_m, heights_m))
        power = np.zeros(operator.shape)
        power[3] = far < 0.015
        assert Multigrid(operator, x_m=lines_m, y_m=lines_m).solve(power).iterations <= 10


@pytest.mark.parametrize("seed", range(12))
def test_iterations_on_random_stacks(seed: int) -> None:
    operator, x, y, rhs = random_problem(seed, (12, 50, 60), 1e5, 30.0)
    found = Multigrid(operator, x_m=x, y_m=y).solve(rhs, maximum_iterations=40)
    assert found.converged


def test_one_direction_without_conductance() -> None:
    operator, x, y, rhs = random_problem(9, (4, 40, 37), 1e3, 10.0)
    for cut in (
        replace(operator, gx=0.0 * operator.gx),
        replace(operator, gy=0.0 * operator.gy),
    ):
        assert Multigrid(cut, x_m=x, y_m=y).solve(rhs).iterations <= 12


def test_rounding_of_temperatures_is_no_failure() -> None:
    """Half a micrometre of silicon under a film of 1 W/(m2 K): 1e-16 of the rise is heat enough."""
    lines_m, heights_m = np.linspace(0, 0.05, 25), np.cumsum([0.0, 5e-7, 5e-7, 5e-7, 1e-3])
    k = np.full((4, 24, 24), 1000.0)
    operator = operator_of((k, k, k), (lines_m, lines_m, heights_m), 1.0, 0.0)
    rhs = np.ones(operator.shape)
    found = Multigrid(operator, x_m=lines_m, y_m=lines_m).solve(rhs, tolerance=1e-12)
    assert found.residual > 1e-12
    assert found.converged
    out = (operator.outside_w_k * found.rise_k).sum()
    assert out == pytest.approx(rhs.sum(), rel=1e-7)


def test_strong_anisotropy_and_weak_films() -> None:
    operator, x, y, power = package(64)
    for changed in (
        replace(operator, gy=1e-4 * operator.gy),
        replace(operator, gx=1e-4 * operator.gx),
        replace(operator, outside_w_k=1e-4 * operator.outside_w_k),
    ):
        assert Multigrid(changed, x_m=x, y_m=y).solve(power).iterations <= 12


def test_slivers_between_wide_cells() -> None:
    """Lines of fitted meshes may lie 1 um apart; 95 rows are cut at an odd row by two threads."""
    wide = np.linspace(0.0, 0.06, 49)
    fitted = np.sort(np.concatenate((wide, wide[1:-1] + 1e-6)))
    k = np.full((13, 95, 95), 5.0)
    k[5:9, 20:60, 30:70] = 130.0
    operator = operator_of((k, k, k), (fitted, fitted, np.linspace(0, 2e-3, 14)))
    rhs = np.zeros(operator.shape)
    rhs[6] = np.diff(fitted)[:, None] * np.diff(fitted)
    for threads in (1, 2):
        solver = Multigrid(operator, x_m=fitted, y_m=fitted, threads=threads)
        assert solver.solve(rhs).iterations <= 12


@pytest.mark.parametrize(("ny", "nx"), [(130, 64), (127, 70), (131, 61)])
def test_same_bytes_for_any_number_of_threads(
    ny: int, nx: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thermal.workers.LEAST_CELLS", 1000)
    operator, x, y, power = package(nx, ny)
    one, *others = (
        Multigrid(operator, x_m=x, y_m=y, threads=threads).solve(power) for threads in (1, 2, 3, 4)
    )
    for other in others:
        assert other.rise_k.tobytes() == one.rise_k.tobytes()
        assert other.residual == one.residual


def test_solves_of_one_set_up_do_not_disturb_each_other() -> None:
    operator, x, y, power = package(40)
    solver = Multigrid(operator, x_m=x, y_m=y)
    first = solver.solve(power)
    kept = first.rise_k.copy()
    mirrored = solver.solve(power[:, :, ::-1])
    assert first.rise_k.tobytes() == kept.tobytes()
    assert solver.solve(power).rise_k.tobytes() == kept.tobytes()
    np.testing.assert_allclose(mirrored.rise_k[:, :, ::-1], kept, rtol=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_several_at_once_are_as_one_after_the_other(threads: int) -> None:
    operator, x, y, power = package(40)
    sources = [power * (1.0 + 0.5 * np.sin(seed + np.arange(40))) for seed in range(5)]
    base = Multigrid(operator, x_m=x, y_m=y, threads=threads)
    steady = base.solve(power).rise_k
    for solver in (base, base.shifted(30.0), base.updated(replace(operator, gx=1.1 * operator.gx))):
        alone = [solver.solve(source, steady, tolerance=1e-7) for source in sources]
        at_once = solver.solve_each(iter(sources), [steady] * 5, tolerance=1e-7)
        for one, other in zip(alone, at_once, strict=True):
            assert other.rise_k.tobytes() == one.rise_k.tobytes()
            assert (other.residual, other.iterations) == (one.residual, one.iterations)


def test_a_fault_among_several_is_raised() -> None:
    operator, x, y, power = package(12)
    solver = Multigrid(operator, x_m=x, y_m=y, threads=2)
    with pytest.raises(InputError, match="rhs_w: holds values that are not finite"):
        list(solver.solve_each([power, power * np.nan, power]))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    decades=st.floats(0, 5),
    tolerance=st.sampled_from([0.3, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8]),
    cold=st.booleans(),
)
def test_the_residual_is_the_true_one(
    seed: int, decades: float, tolerance: float, cold: bool
) -> None:
    operator, x, y, rhs = random_problem(seed, (5, 12, 13), 10.0**decades, 10.0)
    solver = Multigrid(operator, x_m=x, y_m=y)
    start = None if cold else solver.solve(rhs, tolerance=0.1).rise_k
    found = solver.solve(rhs, start, tolerance=tolerance)
    left = np.linalg.norm(rhs - operator.apply(found.rise_k)) / np.linalg.norm(rhs)
    assert left <= found.residual + 1e-14
    assert found.residual <= left + (1.1e-6 if tolerance >= 1e-6 else 1e-14)


def test_without_iterations_the_rise_is_zero() -> None:
    """Also in memory that a solution was in before."""
    operator, x, y, rhs = random_problem(5, (12, 130, 120), 1e2, 1.0)
    solver = Multigrid(operator, x_m=x, y_m=y)
    assert solver.solve(rhs, tolerance=1e-3).rise_k.any()
    for options in ({"tolerance": 2.0}, {"maximum_iterations": 0}):
        found = solver.solve(rhs, **options)
        assert found.iterations == 0
        assert not found.rise_k.any()


def test_shifted_solves() -> None:
    operator, x, y, rhs = random_problem(13, (4, 11, 12), 1e4, 10.0)
    steady = Multigrid(operator, x_m=x, y_m=y)
    before = steady.solve(rhs, tolerance=1e-10).rise_k
    for shift in (0.3, 40.0, 1e4):
        stepping = steady.shifted(shift)
        found = stepping.solve(rhs, tolerance=1e-10)
        matrix = matrix_of(replace(operator, shift_per_s=shift))
        exact = spsolve(matrix, rhs.ravel()).reshape(rhs.shape)
        assert found.converged
        np.testing.assert_allclose(found.rise_k, exact, rtol=1e-6, atol=1e-9 * exact.max())
        fresh = Multigrid(replace(operator, shift_per_s=shift), x_m=x, y_m=y)
        assert abs(fresh.solve(rhs, tolerance=1e-10).iterations - found.iterations) <= 1
    assert steady.solve(rhs, tolerance=1e-10).rise_k.tobytes() == before.tobytes()


def test_a_shift_grounds_an_insulated_body() -> None:
    """All of the heat is stored: ``shift * sum(C T) = sum(P)``."""
    operator, x, y, rhs = random_problem(17, (3, 9, 8), 1e3, 1.0)
    insulated = replace(operator, outside_w_k=np.zeros(operator.shape), shift_per_s=2.0)
    rise = Multigrid(insulated, x_m=x, y_m=y).solve(rhs, tolerance=1e-12).rise_k
    stored = 2.0 * (operator.capacity_j_k * rise).sum()
    assert stored == pytest.approx(rhs.sum(), rel=1e-9)


def test_warm_start() -> None:
    operator, x, y, power = package(48)
    solver = Multigrid(operator, x_m=x, y_m=y)
    cold = solver.solve(power)
    again = solver.solve(power, cold.rise_k)
    assert again.iterations == 0
    assert again.converged
    near = solver.solve(1.001 * power, cold.rise_k)
    assert 0 < near.iterations < cold.iterations
    np.testing.assert_allclose(near.rise_k, 1.001 * cold.rise_k, rtol=1e-6)


def test_scale_of_the_source_is_free() -> None:
    """Sources beyond the range of single precision solve alike."""
    operator, x, y, power = package(24)
    solver = Multigrid(operator, x_m=x, y_m=y)
    one = solver.solve(power).rise_k
    for scale in (1e-60, 1e60):
        scaled = solver.solve(scale * power)
        assert scaled.converged
        np.testing.assert_allclose(scaled.rise_k / scale, one, rtol=1e-6)


def test_scale_of_a_preconditioned_residual_is_free() -> None:
    operator, x, y, power = package(24)
    solver = Multigrid(operator, x_m=x, y_m=y)
    one = solver.precondition(power)
    np.testing.assert_allclose(solver.precondition(1e-60 * power) * 1e60, one, rtol=1e-5)
    assert not solver.precondition(0.0 * power).any()


def test_updated_solves_are_of_the_new_operator() -> None:
    operator, x, y, rhs = random_problem(21, (4, 12, 11), 1e3, 10.0)
    solver = Multigrid(operator, x_m=x, y_m=y)
    before = solver.solve(rhs, tolerance=1e-10).rise_k
    warmer = replace(operator, gx=0.7 * operator.gx, gz=0.8 * operator.gz)
    found = solver.updated(warmer).solve(rhs, tolerance=1e-10)
    exact = spsolve(matrix_of(warmer), rhs.ravel()).reshape(rhs.shape)
    assert found.converged
    np.testing.assert_allclose(found.rise_k, exact, rtol=1e-6)
    shifted = solver.updated(warmer).shifted(3.0).solve(rhs, tolerance=1e-10)
    matrix = matrix_of(replace(warmer, shift_per_s=3.0))
    exact = spsolve(matrix, rhs.ravel()).reshape(rhs.shape)
    np.testing.assert_allclose(shifted.rise_k, exact, rtol=1e-6)
    assert solver.solve(rhs, tolerance=1e-10).rise_k.tobytes() == before.tobytes()


def test_no_heat_no_rise() -> None:
    operator, x, y, power = package(16)
    found = Multigrid(operator, x_m=x, y_m=y).solve(0.0 * power, power)
    assert (found.iterations, found.residual, found.converged) == (0, 0.0, True)
    assert not found.rise_k.any()


def test_stopping_short_is_reported_not_raised() -> None:
    operator, x, y, power = package(32)
    found = Multigrid(operator, x_m=x, y_m=y).solve(power, maximum_iterations=2)
    true = np.linalg.norm(power - operator.apply(found.rise_k)) / np.linalg.norm(power)
    assert not found.converged
    assert found.iterations == 2
    assert found.residual == pytest.approx(true, rel=1e-9)
    assert 1e-8 < found.residual < 0.1


def test_heat_in_equals_heat_out() -> None:
    operator, x, y, power = package(64)
    found = Multigrid(operator, x_m=x, y_m=y).solve(power, tolerance=1e-10)
    out = (operator.outside_w_k * found.rise_k).sum()
    assert out == pytest.approx(900.0, rel=1e-8)
