"""What docs/bumps.md shows works."""

import re
import tomllib
from pathlib import Path

import pytest

import floorplan

PAGE = Path(__file__).parents[2] / "docs" / "bumps.md"
TEXT = PAGE.read_text("utf-8") if PAGE.is_file() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the docs are not part of an installation")


def test_the_python_runs(capsys, tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "bumps.md", "exec"), {})
    assert "(3753, 2) hbm_w0/DQ0_m" in capsys.readouterr().out
    assert (tmp_path / "jalapeno.oas").stat().st_size < 200_000


def test_the_sizes_can_be_changed():
    (section,) = (
        tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    )
    rules = floorplan.detail_rules().derive("standard", section["layout"], name="mine", where="x")
    assert (rules.phy_order, rules.bga_pitch_um, rules.wire_width_um) == ("shifted", 800.0, 0.8)


def test_counts_and_links_are_right(jalapeno_layout):
    chart = floorplan.hbm_maps()["HBM3"]
    counted = f"{chart.count:,}, counted: {chart.signals:,} signals, VSS {chart.vss:,.0f}, VDDC "
    assert counted + f"{chart.vddc:,.0f}" in TEXT
    lengths = jalapeno_layout.links[0].lengths_um / 1e3
    words = (
        f"{lengths.mean():.2f} mm each in place of {lengths.min():.2f} to {lengths.max():.2f} mm"
    )
    assert words in TEXT
    for target in re.findall(r"\]\((?!http)([^)#]+)", TEXT):
        assert (PAGE.parent / target).exists(), target
