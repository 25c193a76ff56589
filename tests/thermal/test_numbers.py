"""What is no number is told, wherever numbers come in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from shapely import box

from package import Package
from techlib import InputError
from thermal import ReducedModel, Resolution, ThermalModel, principal_inputs
from thermal.numbers import numbers

BLOCKS = {"a": box(0, 0, 5e3, 1e4), "b": box(5e3, 0, 1e4, 1e4)}
MASKED = np.ma.masked_array([1.0, 2.0], mask=[False, True])


@pytest.fixture(scope="module")
def model(stack: Callable[..., Package], solid: Callable[..., object]) -> ThermalModel:
    return ThermalModel(stack([(500.0, solid(100.0))], BLOCKS), Resolution(lateral=8))


@pytest.fixture(scope="module")
def reduced(model: ThermalModel) -> ReducedModel:
    return ReducedModel.of(model, [1.0, 1.0])


@pytest.mark.parametrize(
    "values",
    [["a", "b"], [None, object()], [[1.0], [2.0, 3.0]], np.array([1 + 2j, 1.0]), MASKED, [pd.NA]],
)
def test_what_is_no_number(values: object) -> None:
    with pytest.raises(InputError, match=r"^power: .*; allowed: numbers"):
        numbers(values, "power")


def test_numbers_of_any_kind() -> None:
    for values in ([1, 2], np.array([1, 2], np.int8), pd.Series([1, 2]), np.ma.array([1.0, 2.0])):
        found = numbers(values, "power")
        assert found.dtype == np.float64
        assert type(found) is np.ndarray
        assert found.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("power_w", [["x", "y"], MASKED, {"a": "hot"}, {"a": None}, {"a": pd.NA}])
def test_powers(model: ThermalModel, reduced: ReducedModel, power_w: object) -> None:
    calls: list[Callable[[], object]] = [
        lambda: model.steady(power_w),
        lambda: model.steady_with_feedback(lambda _: power_w),
        lambda: ReducedModel.of(model, power_w),
        lambda: reduced.steady(power_w),
    ]
    if not isinstance(power_w, dict):
        table = np.ma.atleast_2d(power_w) if power_w is MASKED else [power_w]
        calls += [
            lambda: model.transient(table, [0.0, 1.0]),
            lambda: model.transient(lambda *_: power_w, [0.0, 1.0]),
            lambda: reduced.march(table, 1.0),
            lambda: principal_inputs(table, [1.0, 1.0]),
        ]
    for call in calls:
        with pytest.raises(InputError, match="power"):
            call()


def test_times_and_starts(model: ThermalModel, reduced: ReducedModel) -> None:
    even = [[1.0, 1.0]]
    for call, where in (
        (lambda: model.transient(even, ["0", "one"]), "edges_s"),
        (lambda: model.transient(even, np.ma.masked_array([0.0, 1.0], [True, False])), "edges_s"),
        (lambda: model.transient(even, [0.0, 1.0], "warm"), "start"),
        (lambda: model.transient(even, [0.0, 1.0], substeps="2"), "substeps"),
        (lambda: model.transient(even, [0.0, 1.0], tolerance_k="0.1 K"), "tolerance_k"),
        (lambda: model.steady(even[0], start="warm"), "start"),
        (lambda: reduced.march(even, "1 s"), "edges_s"),
        (lambda: reduced.march(None, 1.0), "power"),
        (lambda: reduced.march(3.0, 1.0), "power"),
        (lambda: reduced.march(even, 1.0, start="warm"), "start"),
        (lambda: ReducedModel.of(model, even[0], tolerance_k="0.1"), "tolerance_k"),
        (lambda: ReducedModel.of(model, even[0], shortest_s="1 ms"), "shortest_s"),
        (lambda: model.steady(even[0]).profile("layer0", "x", "middle"), "at_um"),
    ):
        with pytest.raises(InputError, match=f"^{where}"):
            call()


def test_resolution(model: ThermalModel) -> None:
    with pytest.raises(InputError) as caught:
        Resolution(lateral="64", growth="x", finest_um="1 um", cells_per_layer=None)
    told = str(caught.value)
    assert all(name in told for name in ("lateral", "growth", "finest_um", "cells_per_layer"))
    with pytest.raises(InputError, match=r"resolution: 64; allowed: a thermal.Resolution"):
        ThermalModel(model.package, 64)
