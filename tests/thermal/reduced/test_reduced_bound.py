"""The bound of a reduced model's error against the exact solution of the full model."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import linalg
from shapely import box

from package import Face, Package
from techlib import Material
from thermal import DirectSolver, ReducedModel, Resolution, ThermalModel, sparse_matrix
from thermal.reduced.remainder import trial_shifts

SEEDS = (2, 3, 4, 5, 7)
TIMES = 64


@pytest.fixture(scope="module")
def stacks(
    stack: Callable[..., Package], solid: Callable[..., Material]
) -> Callable[[int], ThermalModel]:
    def make(seed: int) -> ThermalModel:
        """Make a plate of some blocks under layers of any thickness and material."""
        random = np.random.default_rng(seed)
        spread = lambda low, high: float(np.exp(random.uniform(*np.log([low, high]))))  # noqa: E731
        x, y = (np.linspace(1000, 9000, random.integers(3, 6)) for _ in range(2))
        squares = itertools.product(itertools.pairwise(x), itertools.pairwise(y))
        blocks = {f"b{n}": box(a, c, b, d) for n, ((a, b), (c, d)) in enumerate(squares)}
        layers = [
            (spread(2.0, 2000.0), solid(spread(0.04, 400.0), random.uniform(1e6, 4e6)))
            for _ in range(random.integers(3, 6))
        ]
        package = stack(layers, blocks, top=Face(spread(3e2, 1e5), 25.0))
        resolution = Resolution(lateral=10, finest_um=300.0, growth=0.5)
        return ThermalModel(package, resolution, solver=lambda operator, _: DirectSolver(operator))

    return make


def greatest_errors(
    model: ThermalModel, reduced: ReducedModel, nominal_w: np.ndarray
) -> tuple[float, float]:
    """Of means and hottest cells when blocks jump with the worst signs, at any time."""
    root = np.sqrt(model.operator.capacity_j_k.ravel())
    rates, vectors = linalg.eigh(sparse_matrix(model.operator).toarray() / root / root[:, None])
    fields = vectors / root[:, None]
    members, starts = model.blocks.members
    rise = model.steady(nominal_w).field_c.ravel()[members]
    ends = [*starts[1:], len(members)]
    hottest = [a + np.argmax(rise[a:b]) for a, b in zip(starts, ends, strict=True)]
    system, report = reduced.system, reduced.report
    pairs = [
        (model.mesh.averaging @ fields, system.means),
        (fields[members[hottest]], reduced.shapes.at_blocks[hottest].astype(float)),
    ]
    drive = (model.mesh.heat.T @ fields).T
    worst = [0.0, 0.0]
    for time_s in np.geomspace(report.shortest_s, 4.0 / rates[0], TIMES):
        exact, found = (
            (-np.expm1(-r * time_s) / r)[:, None] * d * nominal_w
            for r, d in ((rates, drive), (system.rates_per_s, system.drive))
        )
        for index, (exact_rows, rows) in enumerate(pairs):
            off = np.abs(rows @ found - exact_rows @ exact).sum(axis=1).max()
            worst[index] = max(worst[index], float(off))
    return worst[0], worst[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_errors_are_within_the_bounds(stacks: Callable[[int], ThermalModel], seed: int) -> None:
    """Nor are they far below: the aim is a factor of four where the tolerance is reached."""
    model, random = stacks(seed), np.random.default_rng(seed)
    nominal_w = random.uniform(0.1, 1.0, len(model.keys))
    nominal_w *= 100.0 / (model.steady(nominal_w).max_c - 25.0)
    tolerance_k, shortest_s = float(random.choice([0.1, 0.3, 1.0])), 10.0 ** random.uniform(-4, -2)
    reduced = ReducedModel.of(model, nominal_w, tolerance_k=tolerance_k, shortest_s=shortest_s)
    mean_k, max_k = greatest_errors(model, reduced, nominal_w)
    report = reduced.report
    assert mean_k <= report.mean_bound_k <= 5.0 * max(mean_k, tolerance_k)
    assert max_k <= report.max_bound_k <= 5.0 * max(max_k, 3.0 * tolerance_k)


def test_trials_lie_between_the_shifts() -> None:
    """In the middle of every gap, the one from the slowest rate on too, and above all shifts."""
    assert trial_shifts(1.0, [900.0, 25.0]) == pytest.approx([5.0, 150.0, 1800.0])
    assert trial_shifts(24.0, [900.0, 25.0]) == pytest.approx([150.0, 1800.0])
    assert trial_shifts(50.0, [10.0]) == pytest.approx([np.sqrt(500.0), 100.0])
