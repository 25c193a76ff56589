"""The reduced model against an independent transient of a 2.5-D package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from package import read_case
from thermal import ReducedModel, Resolution, ThermalModel


def test_block_means_follow_the_reference_over_a_second(shared_cases: Path) -> None:
    """0.15 K at all 1,000 ms, on the reference's own mesh: 0.5 mm, one cell in each layer.

    With the same mesh only time is treated differently: exactly here, in steps of 0.25 ms there.
    """
    folder = shared_cases / "pkg25d"
    case = read_case(folder / "case.json")
    assert case.trace is not None
    model = ThermalModel(case.package, Resolution(lateral=128, finest_um=1e6))
    assert model.mesh.shape == (8, 128, 128)
    power = case.trace.power_w
    reduced = ReducedModel.of(model, power.max(), tolerance_k=0.3)
    found = reduced.march(power, case.trace.edges_s, case.initial_c)
    expected = _reference(folder / "reference_transient_0.5mm.csv")
    columns = [column for column in expected if column != "TMAX"]
    assert sorted(columns) == sorted(model.keys)
    error = found.block_mean_c[columns].to_numpy() - (expected[columns].to_numpy() - 273.15)
    assert len(error) == 1000
    assert np.abs(error).max() < 0.15
    assert np.sqrt((error**2).mean()) < 0.03
    # The hottest cell of all, at the time when the reference has it.
    assert abs(found.max_c - (expected["TMAX"].max() - 273.15)) < 0.3


def _reference(path: Path) -> pd.DataFrame:
    with path.open() as file:
        names = file.readline().split(":", 1)[1].strip().strip(",").split(",")
        values = np.loadtxt(file, delimiter=",")
    return pd.DataFrame(values, columns=names)
