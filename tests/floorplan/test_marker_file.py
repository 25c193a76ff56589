"""Marker files are read back by KLayout."""

from dataclasses import replace

import klayout.db  # noqa: F401 - the boxes of markers are its own
import klayout.rdb as rdb
import pytest

import floorplan
from floorplan import Edge
from techlib import InputError


@pytest.fixture(scope="module")
def faulty(jalapeno):
    plan = jalapeno.with_stack_at("hbm_w0", 150.0, 10_900.0)
    stacks = [replace(s, phy_edge=Edge.EAST) if s.name == "hbm_e1" else s for s in plan.stacks]
    return floorplan.check(replace(plan, stacks=tuple(stacks)))


def write(violations, path):
    return floorplan.write_markers(
        violations, path, top_cell="JALAPENO", rules=floorplan.rule_deck(), layout="x.gds"
    )


def test_klayout_reads_every_marker(faulty, tmp_path):
    database = rdb.ReportDatabase("")
    database.load(str(write(faulty, tmp_path / "plan.lyrdb")))
    assert (database.top_cell_name, database.original_file) == ("JALAPENO", "x.gds")
    found = {}
    for item in database.each_item():
        values = list(item.each_value())
        box = next(value.box() for value in values if value.is_box())
        text = next(value.string() for value in values if value.is_string())
        name = database.category_by_id(item.category_id()).path()
        found[name.strip("'")] = (box.left, box.bottom, box.right, box.top, text)
    assert found == {v.rule: (*v.bounds_um, v.message) for v in faulty}
    assert set(found) == {"interposer-edge", "phy-facing"}
    described = {c.name(): c.description for c in database.each_category()}
    assert described["phy-facing"] == "error: The interface of each stack faces its PHY"


def test_quotes_and_markup_in_messages_survive(faulty, tmp_path):
    odd = replace(faulty[0], message="a 'quoted' <name> & a \\ in it")
    database = rdb.ReportDatabase("")
    database.load(str(write([odd], tmp_path / "odd.lyrdb")))
    (item,) = database.each_item()
    assert odd.message in [v.string() for v in item.each_value() if v.is_string()]


def test_the_same_violations_give_the_same_bytes_and_none_are_allowed(faulty, tmp_path):
    first, second = (write(faulty, tmp_path / name) for name in ("a.lyrdb", "b.lyrdb"))
    assert first.read_bytes() == second.read_bytes()
    database = rdb.ReportDatabase("")
    database.load(str(write([], tmp_path / "none.lyrdb")))
    assert database.num_items() == 0
    with pytest.raises(InputError, match="the folder does not exist; make it first"):
        write(faulty, tmp_path / "no" / "a.lyrdb")
