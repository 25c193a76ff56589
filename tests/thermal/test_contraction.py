"""Whether a second visit to a level of the cycle makes its error smaller."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from scoville.validation.random_stacks import random_stack
from thermal import Operator, Resolution, assemble, contraction
from thermal.contraction import visited_twice
from thermal.cycle import Cycle, packed
from thermal.hierarchy import hierarchy
from thermal.iteration import iterate
from thermal.mesh import Mesh
from thermal.multigrid import Multigrid
from thermal.operator import single
from thermal.plan import Plan
from thermal.relaxation import LEAD
from thermal.workers import hired

Array = NDArray[np.float64]


def plates(nz: int, n: int, contrast: float) -> Operator:
    """Layers whose lateral conductances differ, with islands, under a weak film."""
    rng = np.random.default_rng(5)
    layer = contrast ** rng.uniform(0.0, 1.0, (nz, 1, 1))
    k = layer * np.where(rng.uniform(size=(nz, n, n)) < 0.2, 1.0 / contrast, 1.0)
    halves = 0.5 / k
    gx = 1.0 / (halves[:, :, 1:] + halves[:, :, :-1])
    gy = 1.0 / (halves[:, 1:] + halves[:, :-1])
    gz = 3.0 / (halves[1:] + halves[:-1])
    outside = np.zeros((nz, n, n))
    outside[-1] = 0.1
    return Operator(
        single(gx), single(gy), single(gz), outside, 0.0 * outside, 1.0 + outside, reference_c=25.0
    )


def cycle_of(operator: Operator, x: Array, y: Array) -> Cycle:
    workers = hired(1, operator.shape)
    return Cycle.of(workers, hierarchy(operator, operator.outside_w_k, x, y))


def unpacked(field: NDArray[np.float32], shape: tuple[int, int, int], stride: int) -> Array:
    nz, ny, nx = shape
    stored = field[1:-1, :, LEAD:-LEAD].reshape(ny, 2, nz, stride)
    out = np.empty(shape)
    out[:, :, 0::2] = stored[:, 0, :, : (nx + 1) // 2].transpose(1, 0, 2)
    out[:, :, 1::2] = stored[:, 1, :, : nx // 2].transpose(1, 0, 2)
    return out


@pytest.mark.parametrize("contrast", [1.0, 1e3])
def test_it_is_that_of_the_matrix(contrast: float) -> None:
    """The greatest eigenvalue of what a visit makes of each of 108 errors."""
    operator, lines = plates(3, 6, contrast), np.arange(7.0)
    cycle, workers = cycle_of(operator, lines, lines), hired(1, operator.shape)
    level = cycle.level(0)
    kept, idle = np.zeros_like(level.rise), np.zeros((1, 1, 1))
    plan = Plan.of_error(cycle.shapes, 0, kept)
    columns = []
    for error in np.eye(108).reshape(108, *operator.shape):
        packed(workers, single(error), operator.shape, level.rise)
        level.source.fill(0.0)
        iterate(cycle.levels, level, kept, idle, 1.0, True, 0.0, 0, np.zeros(4), plan, 0)
        columns.append(unpacked(level.rise, operator.shape, level.stride).ravel())
    exact = np.abs(np.linalg.eigvals(np.array(columns).T)).max()
    found = contraction.contraction(workers, cycle, 0)
    # Five rounds from a random start come near it from below.
    assert 0.8 * exact < found < 1.001 * exact


def stack(seed: int) -> tuple[Multigrid, Array]:
    package, power_w = random_stack(seed)
    mesh = Mesh.of(package, Resolution(lateral=48), nonlinear=False)
    operator = assemble(mesh)
    watts = np.array([power_w.get(key, 0.0) for key in mesh.keys])
    heat_w = np.asarray(mesh.heat @ watts).reshape(mesh.shape) + operator.outside_w
    return Multigrid(operator, x_m=mesh.x_m, y_m=mesh.y_m), heat_w


def test_a_second_visit_saves_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    twice, heat_w = stack(33)
    monkeypatch.setattr(contraction, "_ENOUGH", 0.0)
    once, _ = stack(33)
    assert twice.solve(heat_w).iterations < once.solve(heat_w).iterations


def test_what_overshoots_is_visited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Islands with a contrast of 1e5: the cycle would be indefinite, and is told by that too."""
    monkeypatch.setattr(contraction, "_COARSE", 8)
    once, heat_w = stack(4)
    plain = once.solve(heat_w)
    monkeypatch.setattr(contraction, "_ENOUGH", np.inf)
    twice, _ = stack(4)
    indefinite = twice.solve(heat_w)
    assert plain.converged
    assert indefinite.converged
    assert plain.iterations < indefinite.iterations
    np.testing.assert_allclose(plain.rise_k, indefinite.rise_k, rtol=1e-5)


def test_short_steps_in_time_visit_each_level_once() -> None:
    operator, lines = plates(3, 32, 1.0), np.arange(33.0)
    cycle, workers = cycle_of(operator, lines, lines), hired(1, operator.shape)
    number = visited_twice(workers, cycle)
    assert number > 0
    ended = cycle.visiting_twice(number).grounded(workers, operator.outside_w_k + 100.0)
    assert len(ended.shapes) < len(cycle.shapes)
    assert ended.again == 0
