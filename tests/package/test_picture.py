from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.patches import Rectangle

import package
from floorplan import Floorplan
from floorplan.picture import save_png
from package.picture import cross_section
from techlib import InputError


@pytest.fixture(scope="module")
def built(plan: Floorplan) -> package.Package:
    return package.assemble(plan, package.stackups()["lidded-2.5d"])


def test_same_package_same_bytes(built: package.Package, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        save_png(cross_section(built), tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.png", "two.png"))
    assert one == two
    assert one.startswith(b"\x89PNG")


def test_widths_are_to_scale_and_slabs_of_one_material_are_joined(built: package.Package) -> None:
    figure = cross_section(built)
    axes = figure.axes[0]
    drawn = [p for p in axes.patches if isinstance(p, Rectangle)]
    lid = next(layer for layer in built.layers if layer.name == "lid")
    x0, _, x1, _ = lid.outline.bounds
    assert any(
        (p.get_x(), p.get_width()) == pytest.approx((x0 / 1e3, (x1 - x0) / 1e3)) for p in drawn
    )
    hatched = [p for p in drawn if p.get_hatch()]
    # two blocks of the die, and in each stack the base die and twelve DRAM dies
    assert len(hatched) == 2 + 2 * (1 + 12)
    texts = [t.get_text() for t in (*axes.texts, *figure.texts)]
    assert "bulk (26 slabs)  708 \u00b5m" in texts
    assert any("heights not" in text for text in texts)
    assert axes.get_legend() is not None
    legend = [t.get_text() for t in axes.get_legend().get_texts()]
    assert {"indium", "dram_die", "copper", "heated"} <= set(legend)


def test_cut_beside_the_package(built: package.Package) -> None:
    with pytest.raises(InputError, match=r"y_um: 99000 um misses the package; allowed: between"):
        cross_section(built, y_um=99_000.0)
