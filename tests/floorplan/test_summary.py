import pytest

import floorplan
from floorplan import BlockKind


def test_areas_add_up_to_the_core(built_in):
    table = floorplan.summary(built_in)
    for die in built_in.dies:
        mine = table[table["die"] == die.name]
        assert mine["area_mm2"].sum() == pytest.approx(die.core.area / 1e6, rel=1e-9)
        assert mine["blocks"].sum() == len(die.blocks)
    assert list(table.columns) == ["die", "kind", "blocks", "area_mm2", "share"]


def test_utilisation_counts_all_but_filler(built_in):
    table = floorplan.utilisation(built_in).set_index("name")
    for die in built_in.dies:
        filler = sum(b.area_um2 for b in die.blocks if b.kind is BlockKind.FILLER)
        assert table.loc[die.name, "utilisation"] == pytest.approx(1 - filler / die.core.area)
    assert list(table.index) == [*(die.name for die in built_in.dies), "interposer"]


def test_more_slices_use_more_of_the_die(derived):
    used = [
        floorplan.utilisation(derived(slices_per_stack=n)).loc[0, "utilisation"] for n in (4, 6, 8)
    ]
    assert used == sorted(used)
    assert used[0] < used[-1]
