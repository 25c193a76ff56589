import re
import subprocess
import sys
from pathlib import Path

import pytest

import floorplan

EXAMPLE = Path(__file__).parents[2] / "examples" / "layout_export.py"


def test_layout_export_prints_the_areas_of_the_model(tmp_path):
    command = [sys.executable, str(EXAMPLE), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    _, *lines = done.stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == [32, 64, 80, 128]
    assert "does not fit" in lines[-1]
    for line in lines[:-1]:
        slices, tensor, sram, used, violations, file = line.split()
        recipe = floorplan.recipes().derive(
            "jalapeno", {"slices_per_stack": int(slices) // 8}, name="check", where="test"
        )
        plan = floorplan.build(recipe)
        areas = floorplan.summary(plan).set_index("kind")["area_mm2"]
        assert float(tensor) == pytest.approx(areas["tensor"], abs=0.005)
        assert float(sram) == pytest.approx(areas["sram"], abs=0.005)
        share = floorplan.utilisation(plan)["utilisation"][0]
        assert float(used.rstrip("%")) == pytest.approx(100 * share, abs=0.05)
        assert violations == "0"
        assert (tmp_path / "out" / file).stat().st_size > 10_000
        assert re.fullmatch(r"jalapeno-\d+\.gds", file)
    assert done.stderr == ""
