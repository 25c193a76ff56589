"""The reduced model against the exact solution of the full one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import linalg
from shapely import box

from package import Face, Package
from techlib import InputError, Material
from thermal import DirectSolver, ReducedModel, Resolution, ThermalModel, sparse_matrix
from thermal.reduced.krylov import apply_shifted

POWER_W = np.array([8.0, 5.0, 2.0])
TOLERANCE_K = 0.02
SHORTEST_S = 1e-3


@pytest.fixture(scope="module")
def package(
    stack: Callable[..., Package], solid: Callable[..., Material]
) -> Callable[..., Package]:
    blocks = {
        "hot": box(1000, 1000, 4000, 5000),
        "warm": box(4000, 1000, 9000, 5000),
        "cool": box(1000, 6000, 9000, 9000),
    }
    layers = [(50.0, solid(120.0)), (40.0, solid(4.0, 2e6)), (1000.0, solid(390.0, 3.4e6))]

    def make(**faces: object) -> Package:
        return stack(layers, blocks, **{"top": Face(2e4, 25.0), **faces})

    return make


def direct(operator: object, _mesh: object) -> DirectSolver:
    return DirectSolver(operator)


@pytest.fixture(scope="module")
def model(package: Callable[..., Package]) -> ThermalModel:
    return ThermalModel(package(), Resolution(lateral=10, finest_um=200.0), solver=direct)


@pytest.fixture(scope="module")
def reduced(model: ThermalModel) -> ReducedModel:
    return ReducedModel.of(model, POWER_W, tolerance_k=TOLERANCE_K, shortest_s=SHORTEST_S)


class Exact:
    """The full heat equation by its dense eigenvectors."""

    def __init__(self, model: ThermalModel) -> None:
        self.model = model
        operator = model.operator
        self.root = np.sqrt(operator.capacity_j_k.ravel())
        matrix = sparse_matrix(operator).toarray()
        self.rates, self.vectors = linalg.eigh(matrix / self.root / self.root[:, None])

    def march(
        self, power_w: np.ndarray, edges_s: np.ndarray, start_c: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        operator, blocks = self.model.operator, self.model.blocks
        rise = np.full(len(self.root), start_c - operator.reference_c)
        x = self.vectors.T @ (self.root * rise)
        means, maxima = [], []
        for power, duration in zip(power_w, np.diff(edges_s), strict=True):
            heat = (blocks.source(power) + operator.outside_w).ravel()
            forced = self.vectors.T @ (heat / self.root)
            decay = np.exp(-self.rates * duration)
            x = decay * x + (1.0 - decay) / self.rates * forced
            field = (self.vectors @ x / self.root).reshape(operator.shape) + operator.reference_c
            means.append(blocks.means(field))
            maxima.append(blocks.maxima(field))
        return np.array(means), np.array(maxima), field


@pytest.fixture(scope="module")
def exact(model: ThermalModel) -> Exact:
    return Exact(model)


def jumps(steps: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Powers that jump between idle and nominal, in steps of 1 to 30 ms."""
    random = np.random.default_rng(seed)
    power = POWER_W * random.integers(0, 2, (steps, len(POWER_W)))
    return power, np.cumsum(np.append(0.0, random.uniform(SHORTEST_S, 0.03, steps)))


def test_the_dense_solution_is_the_matrix_exponential(model: ThermalModel, exact: Exact) -> None:
    """The yardstick itself, against scipy's expm."""
    operator = model.operator
    capacity = operator.capacity_j_k.ravel()
    matrix = sparse_matrix(operator).toarray() / capacity[:, None]
    heat = model.blocks.source(POWER_W).ravel() / capacity
    steady = np.linalg.solve(matrix, heat)
    expected = steady - linalg.expm(-0.004 * matrix) @ steady
    _, _, field = exact.march(POWER_W[None], np.array([0.0, 0.004]), operator.reference_c)
    np.testing.assert_allclose(field.ravel() - operator.reference_c, expected, rtol=1e-8)


def test_random_jumps_stay_within_the_tolerance(reduced: ReducedModel, exact: Exact) -> None:
    power, edges = jumps(200)
    found = reduced.march(power, edges, 25.0, maxima=True)
    means, maxima, _ = exact.march(power, edges, 25.0)
    assert found.block_max_c is not None
    assert np.abs(found.block_mean_c.to_numpy() - means).max() <= TOLERANCE_K
    assert np.abs(found.block_max_c.to_numpy() - maxima).max() <= 3.0 * TOLERANCE_K
    assert means.max() - means.min() > 100.0 * TOLERANCE_K
    assert found.warnings == ()


def test_error_follows_the_tolerance(model: ThermalModel, exact: Exact) -> None:
    """The error is kept, and below its bound."""
    power, edges = jumps(60)
    means, maxima, _ = exact.march(power, edges, 25.0)
    errors, modes = [], []
    for tolerance_k in (1.0, 0.1, 0.02, 1e-4):
        reduced = ReducedModel.of(model, POWER_W, tolerance_k=tolerance_k, shortest_s=SHORTEST_S)
        found = reduced.march(power, edges, 25.0, maxima=True)
        assert found.block_max_c is not None
        errors.append(np.abs(found.block_mean_c.to_numpy() - means).max())
        max_error = np.abs(found.block_max_c.to_numpy() - maxima).max()
        modes.append(reduced.modes)
        # Amplitudes become temperatures in single precision: 1e-5 K here.
        assert errors[-1] < tolerance_k + 1e-5
        assert errors[-1] < reduced.report.mean_bound_k + 1e-5
        assert max_error < reduced.report.max_bound_k + 1e-5
        assert reduced.report.mean_bound_k < 2.0 * tolerance_k
    assert modes == sorted(set(modes))
    assert modes[-1] < model.mesh.cells / 8
    assert errors[-1] < errors[0] / 100.0


def test_uniform_start_cools_as_the_full_model_does(reduced: ReducedModel, exact: Exact) -> None:
    power, edges = np.zeros((80, 3)), np.linspace(0.0, 0.8, 81)
    found = reduced.march(power, edges, 60.0).block_mean_c.to_numpy()
    means, _, _ = exact.march(power, edges, 60.0)
    # The tolerance is for a start 1 K off the fluid, and this one is 35 K off.
    assert np.abs(found - means).max() < 0.1 * TOLERANCE_K * 35.0
    assert found[0].min() > 55.0
    assert found[-1].max() < 26.0


def test_two_fluids_and_an_ambient_that_is_neither(package: Callable[..., Package]) -> None:
    made = package(top=Face(2e4, 45.0), bottom=Face(3e3, 20.0), ambient_c=30.0)
    model = ThermalModel(made, Resolution(lateral=6, finest_um=200.0), solver=direct)
    reduced = ReducedModel.of(model, POWER_W, tolerance_k=TOLERANCE_K, shortest_s=SHORTEST_S)
    power, edges = jumps(80)
    means, _, _ = Exact(model).march(power, edges, 30.0)
    found = reduced.march(power, edges).block_mean_c.to_numpy()
    assert np.abs(found - means).max() <= TOLERANCE_K
    idle = model.steady({}).block_mean_c
    np.testing.assert_allclose(reduced.mean_c(reduced.steady({})), idle, rtol=1e-7)


def test_steady_states_are_those_of_the_full_model(
    model: ThermalModel, reduced: ReducedModel
) -> None:
    full = model.steady({"hot": 7.0, "cool": 3.0})
    state = reduced.steady({"hot": 7.0, "cool": 3.0})
    rise = full.block_mean_c - 25.0
    np.testing.assert_allclose(reduced.mean_c(state) - 25.0, rise, rtol=1e-6)
    np.testing.assert_allclose(reduced.max_c(state), full.block_max_c, rtol=1e-6)
    field = reduced.field(state)
    np.testing.assert_allclose(field.field_c, full.field_c, rtol=1e-6)
    assert field.residual < 2e-5  # of fields in single precision
    assert field.energy_balance < 1e-9
    np.testing.assert_allclose(field.block_max_c, full.block_max_c, rtol=1e-6)


def test_multigrid_gives_the_same_model_as_a_direct_solver(
    model: ThermalModel, reduced: ReducedModel
) -> None:
    iterated = ThermalModel(model.package, model.mesh.resolution)
    other = ReducedModel.of(iterated, POWER_W, tolerance_k=TOLERANCE_K, shortest_s=SHORTEST_S)
    np.testing.assert_allclose(other.resistance_k_w, reduced.resistance_k_w, rtol=1e-6)
    power, edges = jumps(50)
    found, expected = (r.march(power, edges).block_mean_c for r in (other, reduced))
    assert np.abs(found - expected).to_numpy().max() < TOLERANCE_K
    assert other.report.iterations > 0


def test_rates_are_positive_and_never_below_the_slowest_of_the_full_model(
    reduced: ReducedModel, exact: Exact
) -> None:
    """Ritz values interlace: the i-th one is not below the i-th rate of the full model."""
    rates = reduced.system.rates_per_s
    assert (rates > 0.0).all()
    assert (rates >= exact.rates[: len(rates)] * (1.0 - 1e-5)).all()  # sums of single precision
    assert rates[0] == pytest.approx(exact.rates[0], rel=1e-3)


def test_corrected_means_stay_corrected(
    package: Callable[..., Package], tmp_path: Path, model: ThermalModel
) -> None:
    """Those of the reduced model are those of the model that it was made from."""
    full = ThermalModel(
        package(), Resolution(lateral=10, finest_um=200.0), solver=direct, means="corrected"
    )
    reduced = ReducedModel.of(full, POWER_W, tolerance_k=TOLERANCE_K, shortest_s=SHORTEST_S)
    steady_c = full.steady(POWER_W).block_mean_c
    assert (reduced.mean_c(reduced.steady(POWER_W)) - steady_c).abs().max() < 1e-3
    assert (model.steady(POWER_W).block_mean_c - steady_c).abs().max() > 0.1  # plain ones
    power, edges = jumps(20)
    means, _, _ = Exact(full).march(power, edges, 25.0)
    found = reduced.march(power, edges, 25.0)
    assert np.abs(found.block_mean_c.to_numpy() - means).max() <= TOLERANCE_K
    for key in full.keys:
        rise = full.steady({key: 1.0}).block_mean_c - 25.0
        np.testing.assert_allclose(reduced.resistance_k_w[key], rise, rtol=1e-5)
    reduced.save(tmp_path / "corrected.npz")
    with pytest.raises(InputError, match="was made for another mesh"):
        ReducedModel.load(tmp_path / "corrected.npz", model)


def test_resistances_are_symmetric_and_positive(model: ThermalModel, reduced: ReducedModel) -> None:
    resistance = reduced.resistance_k_w
    np.testing.assert_allclose(resistance, resistance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(resistance.to_numpy()).min() > 0.0
    assert (resistance.to_numpy() > 0.0).all()
    for key in model.keys:
        rise = model.steady({key: 1.0}).block_mean_c - 25.0
        np.testing.assert_allclose(resistance[key], rise, rtol=1e-6)


def test_modes_are_orthonormal_by_heat_capacity(model: ThermalModel, reduced: ReducedModel) -> None:
    shapes = reduced.shapes.whole(np.eye(reduced.modes))
    gram = shapes * model.operator.capacity_j_k.ravel() @ shapes.T
    np.testing.assert_allclose(gram, np.eye(reduced.modes), atol=1e-5)  # sums of single precision


def test_products_are_added_up_again_where_modes_are_far_apart(
    model: ThermalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In double precision, of the fields that are there and of those that follow."""
    monkeypatch.setattr("thermal.reduced.krylov._APART", 10.0)
    reduced = ReducedModel.of(model, POWER_W, tolerance_k=TOLERANCE_K, shortest_s=SHORTEST_S)
    shapes = reduced.shapes.whole(np.eye(reduced.modes))
    gram = shapes * model.operator.capacity_j_k.ravel() @ shapes.T
    np.testing.assert_allclose(gram, np.eye(reduced.modes), atol=1e-9)


def test_powers_superpose(reduced: ReducedModel) -> None:
    (first, edges), (second, _) = jumps(60, seed=2), jumps(60, seed=3)
    alone = [reduced.march(p, edges, 25.0).block_mean_c - 25.0 for p in (first, second)]
    both = reduced.march(first + second, edges, 25.0).block_mean_c - 25.0
    np.testing.assert_allclose(both, alone[0] + alone[1], atol=2e-5)


def test_steps_can_be_cut_and_marches_continued(reduced: ReducedModel) -> None:
    power, edges = jumps(600)
    whole = reduced.march(power, edges, 30.0)
    first = reduced.march(power[:250], edges[:251], 30.0)
    rest = reduced.march(power[250:], edges[250:], first.final)
    np.testing.assert_allclose(rest.block_mean_c, whole.block_mean_c[250:], atol=2e-5)
    middle = 0.5 * (edges[:-1] + edges[1:])
    cut = np.sort(np.concatenate([edges, middle]))
    halves = reduced.march(np.repeat(power, 2, axis=0), cut, 30.0)
    np.testing.assert_allclose(halves.block_mean_c[1::2], whole.block_mean_c, atol=2e-5)
    np.testing.assert_allclose(
        halves.final.amplitudes, whole.final.amplitudes, rtol=1e-4, atol=1e-4
    )


def test_one_length_of_step_is_the_same_as_its_edges(reduced: ReducedModel) -> None:
    power, _ = jumps(700)
    even = reduced.march(power, 2e-3, 25.0)
    # Lengths that differ in the sixth digit take the other path.
    edges = np.arange(701) * 2e-3 * (1.0 + 1e-7 * np.arange(701))
    np.testing.assert_allclose(even.times_s, np.arange(1, 701) * 2e-3, rtol=1e-12)
    other = reduced.march(power, edges, 25.0)
    np.testing.assert_allclose(even.block_mean_c, other.block_mean_c, atol=2e-2)
    assert (even.block_mean_c.to_numpy() != other.block_mean_c.to_numpy()).any()


def test_same_bytes_for_any_number_of_threads(
    model: ThermalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    power, edges = jumps(4200)  # more than one round and chunk
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr("thermal.workers.available_threads", lambda threads=threads: threads)
        made = ReducedModel.of(model, POWER_W, tolerance_k=TOLERANCE_K, shortest_s=SHORTEST_S)
        found.append(made.march(power, edges, 25.0, maxima=True))
    for other in found[1:]:
        assert other.block_mean_c.equals(found[0].block_mean_c)
        assert other.block_max_c.equals(found[0].block_max_c)
        assert other.block_peak_s.equals(found[0].block_peak_s)
        assert np.array_equal(other.final.amplitudes, found[0].final.amplitudes)
        assert np.array_equal(other.hottest.amplitudes, found[0].hottest.amplitudes)


def test_images_of_fields_are_those_of_the_operator(model: ThermalModel) -> None:
    operator = model.operator
    fields = np.random.default_rng(3).normal(size=(3, np.prod(operator.shape))).astype(np.float32)
    shifted = replace(operator, shift_per_s=20.0)
    images = apply_shifted(operator, 20.0, fields, np.empty_like(fields))
    for field, image in zip(fields, images, strict=True):
        whole = shifted.apply(field.reshape(operator.shape).astype(np.float64)).ravel()
        size = (shifted.diagonal.ravel() * np.abs(field)).max()
        assert np.abs(image - whole).max() <= 4.0 * np.finfo(np.float32).eps * size


def test_start_from_a_full_field_goes_on_from_there(
    model: ThermalModel, reduced: ReducedModel
) -> None:
    steady = model.steady(POWER_W)
    found = reduced.march(np.tile(POWER_W, (5, 1)), 1e-3, steady)
    assert found.start_error_k < 1e-4
    np.testing.assert_allclose(found.block_mean_c, np.tile(steady.block_mean_c, (5, 1)), atol=1e-4)


def test_a_start_that_modes_cannot_form_is_reported(
    model: ThermalModel, reduced: ReducedModel
) -> None:
    steady = model.steady(POWER_W)
    speckled = steady.field_c.copy()
    speckled[:, ::2, ::2] += 10.0
    odd = type(steady)(**{**vars(steady), "field_c": speckled})
    found = reduced.march(POWER_W[None], 1e-3, odd)
    assert 1.0 < found.start_error_k < 10.0
    assert any("of the start: take a state of its own" in w for w in found.warnings)


def test_peaks_are_maxima_at_the_time_of_the_highest_mean(reduced: ReducedModel) -> None:
    power, edges = jumps(150)
    found = reduced.march(power, edges, 25.0, maxima=True)
    assert found.block_max_c is not None
    for key in reduced.keys:
        time_s = found.block_mean_c[key].idxmax()
        assert found.block_peak_s[key] == time_s
        assert found.block_peak_c[key] == pytest.approx(found.block_max_c[key][time_s], abs=1e-4)
    assert found.max_c == found.block_peak_c.max()
    field = reduced.field(found.hottest)
    assert field.block_max_c.max() == pytest.approx(found.max_c, abs=1e-4)
    np.testing.assert_allclose(
        field.block_mean_c, found.block_mean_c.iloc[found.hottest_step], atol=1e-4
    )
    assert field.energy_balance < 1e-9
    assert 0.0 < field.residual < 0.1


def test_callable_gets_the_means_at_the_start_of_each_step(reduced: ReducedModel) -> None:
    seen = []

    def leaky(step: int, mean_c: np.ndarray) -> np.ndarray:
        seen.append(mean_c.copy())
        return POWER_W * (1.0 + 0.002 * (mean_c - 25.0))

    edges = np.linspace(0.0, 0.6, 601)
    found = reduced.march(leaky, edges, 25.0)
    np.testing.assert_allclose(seen[0], 25.0, rtol=1e-6)
    np.testing.assert_allclose(seen[1:], found.block_mean_c[:-1], atol=2e-5)
    again = reduced.march(found.power_w.to_numpy(), edges, 25.0)
    np.testing.assert_allclose(found.block_mean_c, again.block_mean_c, atol=2e-5)
    assert found.power_w.iloc[-1].sum() > POWER_W.sum()


def test_progress_reaches_the_end(model: ThermalModel, reduced: ReducedModel) -> None:
    seen: list[tuple[int, int]] = []
    power, edges = jumps(4200)
    reduced.march(power, edges, progress=lambda done, steps: seen.append((done, steps)))
    assert seen == [(2048, 4200), (4096, 4200), (4200, 4200)]
    stages: list[str] = []
    shares: list[float] = []
    ReducedModel.of(
        model, POWER_W, progress=lambda name, share: (stages.append(name), shares.append(share))
    )
    assert stages[0] == "steady fields"
    assert "shift 1e+03 1/s" in stages
    assert all(0.0 <= share < 1.0 for share in shares)


def test_warns_of_short_steps_and_of_more_than_nominal_power(reduced: ReducedModel) -> None:
    found = reduced.march(2.0 * POWER_W[None], 1e-5)
    assert found.warnings == (
        (
            "steps of 1e-05 s are shorter than the 0.001 s that the reduced model was made for: "
            "set shortest_s"
        ),
        "power reaches 2.00 times what the reduced model was made for; its error may grow as much",
    )


def test_faults_of_the_settings_come_together(model: ThermalModel) -> None:
    with pytest.raises(InputError) as caught:
        ReducedModel.of(model, {"hott": 1.0}, tolerance_k=0.0, shortest_s=-1.0)
    assert str(caught.value).splitlines() == [
        "tolerance_k: 0 K; allowed: above 0 K",
        "shortest_s: -1 s; allowed: above 0 s",
        "power: hott: no block of that name; did you mean 'hot'?",
    ]
    with pytest.raises(InputError, match="no block has any power; allowed: above 0 W"):
        ReducedModel.of(model, {})


def test_faults_of_a_march(model: ThermalModel, reduced: ReducedModel) -> None:
    with pytest.raises(InputError, match=r"edges_s: steps of -1 s; allowed: steps above 0 s"):
        reduced.march(POWER_W[None], -1.0)
    with pytest.raises(InputError, match=r"edges_s: a power that is a callable; allowed"):
        reduced.march(lambda step, mean_c: POWER_W, 1.0)
    with pytest.raises(InputError, match=r"power: an array of shape \(1, 2\)"):
        reduced.march([[1.0, 2.0]], 1.0)
    with pytest.raises(InputError, match=r"power of step 1: warm: -5 W; allowed: 0 W or more"):
        reduced.march([POWER_W, [8.0, -5.0, 2.0]], 1.0)
    with pytest.raises(InputError, match=r"start: nan degC; allowed: a finite temperature"):
        reduced.march(POWER_W[None], 1.0, float("nan"))
    other = ThermalModel(model.package, Resolution(lateral=4)).steady(POWER_W)
    with pytest.raises(InputError, match="take one of the same resolution"):
        reduced.march(POWER_W[None], 1.0, other)
    state = reduced.steady(POWER_W)
    short = type(state)(state.amplitudes[:-1], state.power_w, 0.0)
    with pytest.raises(InputError, match=r"modes; allowed: .*; take one of this model"):
        reduced.march(POWER_W[None], 1.0, short)
