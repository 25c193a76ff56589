from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray
from shapely import box

from package import Face, Layer, Package, Region, read_case
from techlib import ConvergenceError, InputError, Material
from thermal import DirectSolver, Resolution, Solution, ThermalModel

Array = NDArray[np.float64]
Solid = Callable[..., Material]
Stack = Callable[..., Package]


@pytest.fixture(scope="module")
def package(solid: Solid) -> Package:
    """Two dies in mould under a lid, cooled on both faces at different temperatures."""
    silicon, mould, copper = solid(120.0), solid(0.9), solid(390.0)
    wide = box(0, 0, 20_000, 16_000)
    a, b = box(2000, 3000, 9000, 12_000), box(9500, 3000, 17_000, 9000)
    halves = [box(2000, 3000, 5100, 12_000), box(5100, 3000, 9000, 12_000)]
    active = (
        Region("a0", halves[0], silicon, "a0"),
        Region("a1", halves[1], silicon, "a1"),
        Region("b", b, silicon, "b"),
    )
    bulk = (Region("a", a, silicon), Region("b", b, solid(20.0)))
    layers = (
        Layer("board", 300.0, wide, solid((20.0, 20.0, 0.5))),
        Layer("active", 10.0, wide, mould, active),
        Layer("bulk", 500.0, wide, mould, bulk),
        Layer("lid", 1000.0, wide, copper),
    )
    air = solid(0.026, 1200.0)
    return Package("pair", layers, air, Face(1e4, 40.0), Face(50.0, 20.0), Face(), 25.0)


@pytest.fixture(scope="module")
def model(package: Package) -> ThermalModel:
    return ThermalModel(package, Resolution(lateral=24))


def test_heat_in_is_heat_out(model: ThermalModel) -> None:
    found = model.steady({"a0": 30.0, "b": 12.0})
    assert found.energy_balance < 1e-8
    assert found.residual < 1e-8
    flow = model.operator.outside_w_k * (found.field_c - model.operator.reference_c)
    assert float((flow - model.operator.outside_w).sum()) == pytest.approx(42.0, rel=1e-8)


def test_multigrid_and_direct_factorisation_agree(model: ThermalModel, package: Package) -> None:
    direct = ThermalModel(
        package, Resolution(lateral=24), solver=lambda operator, _: DirectSolver(operator)
    )
    powers = {"a0": 30.0, "a1": 3.0, "b": 12.0}
    # Both are within 1e-8 of the right-hand side; the rises are about 50 K.
    np.testing.assert_allclose(
        model.steady(powers).field_c, direct.steady(powers).field_c, rtol=0, atol=1e-5
    )


def test_rises_scale_and_add_up(model: ThermalModel) -> None:
    none = model.steady({}).block_mean_c
    one = model.steady({"a0": 10.0}).block_mean_c - none
    two = model.steady({"b": 20.0}).block_mean_c - none
    both = model.steady({"a0": 30.0, "b": 20.0}).block_mean_c - none
    np.testing.assert_allclose(3.0 * one + two, both, rtol=1e-6)


def test_block_resistances_are_reciprocal(model: ThermalModel) -> None:
    """What 1 W in one block does to the mean of another, the other does to the one."""
    none = model.steady({}).block_mean_c
    table = np.array([model.steady({key: 1.0}).block_mean_c - none for key in model.keys])
    np.testing.assert_allclose(table, table.T, rtol=1e-5)
    assert (np.linalg.eigvalsh(table) > 0.0).all()


def test_no_power_gives_the_field_between_the_fluids(model: ThermalModel) -> None:
    found = model.steady({})
    assert 20.0 < found.field_c.min() < found.field_c.max() < 40.0
    assert found.energy_balance < 1e-6


def test_a_symmetric_package_has_a_symmetric_field(stack: Stack, solid: Solid) -> None:
    blocks = {"w": box(1000, 4000, 3000, 6000), "e": box(7000, 4000, 9000, 6000)}
    layers = [(10.0, solid(120.0)), (500.0, solid(120.0))]
    found = ThermalModel(stack(layers, blocks), Resolution(lateral=20)).steady({"w": 5.0, "e": 5.0})
    np.testing.assert_allclose(found.field_c, found.field_c[:, :, ::-1], atol=1e-6)
    np.testing.assert_allclose(found.field_c, found.field_c[:, ::-1], atol=1e-6)


def test_same_input_same_bytes(model: ThermalModel, package: Package, tmp_path: Path) -> None:
    again = ThermalModel(package, Resolution(lateral=24))
    for name, each in (("one.nc", model), ("two.nc", again)):
        each.steady({"a0": 30.0}).to_netcdf(tmp_path / name)
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()


def test_result_is_labelled(model: ThermalModel, tmp_path: Path) -> None:
    found = model.steady(np.array([30.0, 0.0, 12.0]))
    field = found.field
    assert field["temperature_c"].dims == ("z", "y", "x")
    assert field["temperature_c"].attrs["units"] == "degC"
    assert field["x"].attrs["units"] == "m"
    assert list(dict.fromkeys(field["layer"].to_numpy())) == ["board", "active", "bulk", "lid"]
    assert field.attrs["power_w"] == 42.0
    found.to_netcdf(tmp_path / "field.nc")
    with xr.open_dataset(tmp_path / "field.nc", engine="scipy") as read:
        xr.testing.assert_identical(read.load(), field)
        assert read.attrs["residual"] == found.residual  # in double precision
    active = found.layer_map("active")
    assert float(active.max()) == pytest.approx(found.block_max_c.max())
    lid = found.layer_map("lid")
    cells = found.mesh.layer_cells("lid")
    heights = np.diff(found.mesh.z_m)[cells]
    expected = np.average(found.field_c[cells], axis=0, weights=heights)
    np.testing.assert_allclose(lid, expected, rtol=1e-12)
    assert list(found.to_dataframe().columns) == ["power_w", "mean_c", "max_c", "peak_c"]
    assert found.cells == found.field_c.size
    assert set(found.seconds) == {"assembly", "setup", "solve"}
    assert found.max_c >= found.block_max_c.max() >= found.block_mean_c.max()


def test_powers_come_as_mapping_series_or_array(model: ThermalModel) -> None:
    powers = {"b": 12.0, "a0": 30.0}
    expected = model.steady(powers).block_mean_c
    for given in (pd.Series(powers), [30.0, 0.0, 12.0], np.array([30.0, 0.0, 12.0])):
        pd.testing.assert_series_equal(model.steady(given).block_mean_c, expected)


def test_a_block_with_two_powers_is_refused(model: ThermalModel) -> None:
    twice = pd.Series([1.0, 2.0, 3.0], index=["a0", "a0", "b"])
    with pytest.raises(InputError, match="power: a0: 2 powers; allowed: one; add them up"):
        model.steady(twice)


def test_means_of_another_kind_are_refused(package: Package) -> None:
    with pytest.raises(InputError, match="means: unknown kind 'corect'; did you mean 'corrected'"):
        ThermalModel(package, Resolution(lateral=4), means="corect")  # type: ignore[arg-type]


def test_wrong_powers_are_all_reported(model: ThermalModel) -> None:
    with pytest.raises(InputError) as caught:
        model.steady({"a2": 3.0, "b": -1.0, "a0": float("nan")})
    assert str(caught.value).splitlines() == [
        "power: a2: no block of that name; known: a0, a1, b",
        "power: a0: nan W; allowed: 0 W or more",
        "power: b: -1 W; allowed: 0 W or more",
    ]
    with pytest.raises(InputError, match=re.escape("an array of shape (2,); allowed: (3,)")):
        model.steady([1.0, 2.0])


def test_a_solver_that_stops_short_is_not_believed(package: Package) -> None:
    class Lazy(DirectSolver):
        def solve(self, rhs_w: Array, start_k: Array | None = None, **_: float) -> Solution:
            return Solution(0.9 * super().solve(rhs_w).rise_k, 7, 0.1, False)

    lazy = ThermalModel(package, Resolution(lateral=8), solver=lambda operator, _: Lazy(operator))
    message = "stopped after 7 iterations at a residual of 1.0e-01 (allowed: 1e-08) with 9.9e-02"
    with pytest.raises(ConvergenceError, match=re.escape(message)):
        lazy.steady({"a0": 30.0})


class TestFeedback:
    """Leakage that depends on the temperature."""

    def test_linear_leakage_has_a_closed_form(self, model: ThermalModel) -> None:
        none = model.steady({}).block_mean_c.to_numpy()
        resistance = np.array([model.steady({k: 1.0}).block_mean_c - none for k in model.keys])
        base, slope = np.array([20.0, 10.0, 5.0]), np.array([0.2, 0.1, 0.0])
        exact = np.linalg.solve(np.eye(3) - resistance.T * slope, none + resistance.T @ base)
        found = model.steady_with_feedback(lambda t: base + slope * t, tolerance_k=1e-4)
        np.testing.assert_allclose(found.block_mean_c, exact, atol=2e-4)
        np.testing.assert_allclose(found.power_w, base + slope * exact, atol=1e-4)
        assert 2 < found.fixed_point_iterations < 20
        assert found.energy_balance < 1e-6

    @pytest.mark.parametrize("gain", [0.5, 0.9])
    def test_tolerance_is_the_distance_to_the_fixed_point(
        self, model: ThermalModel, gain: float
    ) -> None:
        none = model.steady({}).block_mean_c["a0"]
        slope = gain / (model.steady({"a0": 1.0}).block_mean_c["a0"] - none)
        # T = none + gain / slope * (20 + slope T) / 1 W for the one block that heats.
        exact = (none + gain / slope * 20.0) / (1.0 - gain)
        found = model.steady_with_feedback(
            lambda t: np.array([20.0 + slope * t[0], 0.0, 0.0]),
            tolerance_k=0.01,
            maximum_iterations=200,
        )
        assert found.block_mean_c["a0"] == pytest.approx(exact, rel=0, abs=0.0105)

    def test_power_that_does_not_depend_needs_two_rounds(self, model: ThermalModel) -> None:
        found = model.steady_with_feedback(lambda _: [30.0, 0.0, 12.0])
        assert found.fixed_point_iterations == 2
        np.testing.assert_allclose(
            found.block_mean_c, model.steady([30.0, 0.0, 12.0]).block_mean_c, atol=1e-5
        )

    def test_runaway_is_recognised(self, model: ThermalModel) -> None:
        message = r"runaway: block b went from 25.0 to .* degC and each round adds 4.48 times"
        with pytest.raises(ConvergenceError, match=message):
            model.steady_with_feedback(lambda t: 20.0 + 3.0 * np.maximum(t - 25.0, 0.0))

    def test_infinite_leakage_is_runaway(self, model: ThermalModel) -> None:
        def leak(mean_c: Array) -> Array:
            return np.where(mean_c > 50.0, np.inf, 40.0)

        with pytest.raises(ConvergenceError, match=r"its power has no bound; .* cool better"):
            model.steady_with_feedback(leak)

    def test_too_few_rounds_say_so(self, model: ThermalModel) -> None:
        with pytest.raises(ConvergenceError, match=r"after 3 rounds \(loop gain 0\.\d\d"):
            model.steady_with_feedback(
                lambda t: 20.0 + 0.5 * t, tolerance_k=1e-6, maximum_iterations=3
            )

    def test_negative_power_is_refused(self, model: ThermalModel) -> None:
        with pytest.raises(InputError, match="power: a0: -1 W; allowed: 0 W or more"):
            model.steady_with_feedback(lambda _: [-1.0, 0.0, 0.0])


def test_package_with_a_die_and_eight_stacks(shared_cases: Path) -> None:
    case = read_case(shared_cases / "pkg25d" / "case.json")
    table = pd.read_csv(shared_cases / "pkg25d" / "blocks_steady.csv", index_col="block") - 273.15
    found = ThermalModel(case.package, Resolution(lateral=128)).steady(case.power_w)
    error = found.block_mean_c - table["ref_0.25mm_z"].loc[list(found.block_mean_c.index)]
    # Measured 0.17 K; peers with one cell a layer are 0.62 K off.
    assert error.abs().max() < 0.25
    peers = table["hotspot_slu_128"] - table["ref_0.25mm_z"]
    assert error.abs().max() < 0.5 * peers.abs().max()
    at_256 = ThermalModel(case.package, Resolution(lateral=256)).steady(case.power_w)
    error = at_256.block_mean_c - table["ref_0.25mm_z"].loc[list(found.block_mean_c.index)]
    assert error.abs().max() < 0.05
    peak = table["ref_0.25mm_z_max"].loc[list(found.block_mean_c.index)]
    assert (at_256.block_max_c - peak).abs().max() < 0.1
