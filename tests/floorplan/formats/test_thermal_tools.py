"""Floorplans for HotSpot and 3D-ICE: small readers from the tools' own grammars read them."""

import re
from collections import defaultdict

import pytest
from shapely import box, unary_union

import floorplan


def read_hotspot(path):
    """Read as HotSpot's ``sscanf("%s%lf%lf%lf%lf")`` does, lengths in um."""
    units = {}
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, *values = line.split()
        width, height, left, bottom = (float(value) * 1e6 for value in values)
        assert name not in units
        units[name] = box(left, bottom, left + width, bottom + height)
    return units


def read_ice(path):
    """Read ``IDENTIFIER : (rectangle ( x , y , l , w ) ;)+ [power values v ;]``."""
    text = path.read_text()
    element = re.compile(
        r"\s*([A-Za-z]\w*)\s*:((?:\s*rectangle\s*\([^)]*\)\s*;)+)(?:\s*power values ([^;]+);)?"
    )
    found, position = {}, 0
    while position < len(text.rstrip()):
        match = element.match(text, position)
        assert match, text[position : position + 80]
        position = match.end()
        name, areas, power = match.groups()
        assert name not in found
        pieces = [
            [float(v) for v in inside.split(",")] for inside in re.findall(r"\(([^)]*)\)", areas)
        ]
        shape = unary_union([box(x, y, x + w, y + h) for x, y, w, h in pieces])
        found[name] = (shape, None if power is None else float(power))
    return found


def test_hotspot_units_tile_the_die_and_are_the_blocks(built_in, tmp_path):
    floorplan.write_formats(built_in, tmp_path, ["hotspot"])
    for die in built_in.dies:
        units = read_hotspot(tmp_path / f"{built_in.name}.{die.name}.hotspot.flp")
        assert sum(unit.area for unit in units.values()) == pytest.approx(die.area_um2, rel=1e-12)
        named = {name for name in units if not name.startswith("_void")}
        assert named == {block.name for block in die.blocks}
        for block in die.blocks:
            assert units[block.name].bounds == pytest.approx(block.outline.bounds, abs=1e-6)


def test_hotspot_names_and_parts(odd, tmp_path):
    floorplan.write_formats(odd, tmp_path, ["hotspot"])
    units = read_hotspot(tmp_path / "small.chip.hotspot.flp")
    parts = defaultdict(list)
    for name, unit in units.items():
        parts[re.sub(r"\.\d$", "", name)].append(unit)
    assert unary_union(parts["a_b[1]"]).equals(odd.dies[0].blocks[0].outline)
    voids = [unit for name, unit in units.items() if name.startswith("_")]
    assert unary_union(list(units.values())).area == pytest.approx(2e6)
    assert sum(unit.area for unit in units.values()) == pytest.approx(2e6)
    assert len(voids) >= 4


def test_ice_elements_are_the_blocks_with_their_power(built_in, tmp_path):
    die = built_in.dies[0]
    power_w = {f"{die.name}/{block.name}": i / 7 for i, block in enumerate(die.blocks)}
    floorplan.write_formats(built_in, tmp_path, ["3d-ice"], power_w=power_w)
    found = read_ice(tmp_path / f"{built_in.name}.{die.name}.3d-ice.flp")
    assert len(found) == len(die.blocks)
    for block, (shape, watts) in zip(die.blocks, found.values(), strict=True):
        assert shape.bounds == pytest.approx(block.outline.bounds, abs=1e-6)
        assert watts == pytest.approx(power_w[f"{die.name}/{block.name}"], rel=1e-11)


def test_ice_names_are_no_keywords_and_power_is_left_out_where_it_is_unknown(odd, tmp_path):
    floorplan.write_formats(odd, tmp_path, ["3d-ice"])
    found = read_ice(tmp_path / "small.chip.3d-ice.flp")
    assert set(found) == {"a_b_1_", "core_x_sram_0", "n_die"}
    assert all(watts is None for _, watts in found.values())
    assert found["a_b_1_"][0].equals(odd.dies[0].blocks[0].outline)
