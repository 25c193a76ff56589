"""Materials that were used outside the range of their values."""

from __future__ import annotations

import numpy as np
import pytest
from shapely import box

import techlib
from package import Face, Layer, Package, Region
from thermal import Resolution, ThermalModel

TABLE = {
    "conductivity": {"value": "100 W/(m K)", "temperature_range": ["0 degC", "80 degC"]},
    "heat_capacity": "1.6e6 J/(m^3 K)",
}


@pytest.fixture(scope="module")
def model() -> ThermalModel:
    solid = techlib.materials().extended({"solid": TABLE}, where="test")["solid"]
    plate = box(0, 0, 10_000, 10_000)
    layer = Layer("die", 1000.0, plate, solid, (Region("core", plate, solid, "core"),))
    air = techlib.materials()["air"]
    package = Package("plate", (layer,), air, Face(1e4, 25.0), Face(), Face(), 25.0)
    return ThermalModel(package, Resolution(lateral=4))


def test_a_material_beyond_its_range_is_named_with_both_ranges(model: ThermalModel) -> None:
    assert model.steady({"core": 10.0}).warnings == ()
    (warning,) = model.steady({"core": 60.0}).warnings
    assert warning.startswith("material solid was used from 8")
    assert warning.endswith("its values hold from 0 to 80 degC")


def test_a_transient_warns_of_its_hottest_field(model: ThermalModel) -> None:
    pulse = [[400.0], [0.0], [0.0]]
    found = model.transient(pulse, np.array([0.0, 0.05, 5.0, 10.0]))
    assert found.final.warnings == ()
    (warning,) = found.warnings
    assert warning.startswith("material solid was used from 13")
