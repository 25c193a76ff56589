"""The example runs, and its table says what physics says."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "thermal_sweep.py"


def test_sweep_of_tim1(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    title, head, *rows = capsys.readouterr().out.splitlines()
    assert title == "Hottest block at 500 W, evenly over the compute die [degC]"
    assert head.split()[:3] == ["TIM1", "um", "20"]
    assert [row.split()[:2] for row in rows[2:4]] == [["indium", "100"], ["polymer_tim", "25"]]
    table = np.array([[float(value) for value in row.split()[2:]] for row in rows])
    assert table.shape == (6, 2)
    assert (np.diff(table, axis=1) < 0.0).all()  # more film, cooler
    assert (np.diff(table[:3], axis=0) > 0.0).all()  # thicker, hotter
    assert (table[3:] > table[:3]).all()  # polymer conducts less than indium
    # 75 um more polymer under 26 x 32.3 mm: its own resistance, lessened by what spreads around.
    assert 0.5 < (table[5, 1] - table[3, 1]) / (table[4, 1] - table[3, 1]) / 3.0 < 1.1
