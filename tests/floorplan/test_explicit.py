import copy

import pytest

import floorplan
from floorplan import BlockKind, Edge
from techlib import InputError

MINE = """
grid = "1 nm"

[interposer]
technology = "CoWoS-S"
width = "30 mm"
height = "24 mm"

[[dies]]
name = "gpu"
node = "N5"
width = "16 mm"
height = "20 mm"
x = "1 mm"
y = "1 mm"
scribe = "40 um"
seal_ring = "20 um"
keepouts = [["15 mm", "0.1 mm", "15.9 mm", "1 mm"]]

[[blocks]]
die = "gpu"
name = "core0"
kind = "tensor"
rect = ["1 mm", "1 mm", "9 mm", "10 mm"]
macs = 4096
sram = "2 MiB"

[[blocks]]
die = "gpu"
name = "corner"
kind = "vector"
polygon = [["1 mm", "11 mm"], ["5 mm", "11 mm"], ["5 mm", "13 mm"], ["3 mm", "15 mm"],
           ["1 mm", "15 mm"]]
enabled = false

[[blocks]]
die = "gpu"
name = "phy"
kind = "hbm_phy"
rect = ["14 mm", "4 mm", "15.94 mm", "12 mm"]
stack = "hbm0"

[[blocks]]
die = "gpu"
name = "io"
kind = "serdes"
rect = ["1 mm", "0.1 mm", "9 mm", "0.9 mm"]
lanes = 16

[[stacks]]
name = "hbm0"
hbm = "HBM3E"
x = "17.1 mm"
y = "3.5 mm"
phy_edge = "west"
"""


@pytest.fixture
def tables(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    return floorplan.to_tables(floorplan.read_floorplan(file))


def faults_of(tables):
    with pytest.raises(InputError) as caught:
        floorplan.from_tables(tables, name="x", where="x.toml")
    return [str(fault) for fault in caught.value.faults]


def test_a_floorplan_of_ones_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    plan = floorplan.read_floorplan(file)
    assert (plan.name, plan.technology.name, plan.width_um) == ("mine", "CoWoS-S", 30_000.0)
    core, corner, phy, io = plan.dies[0].blocks
    assert (core.kind, core.macs, core.sram_byte) == (BlockKind.TENSOR, 4096, 2 * 2**20)
    assert (corner.area_um2, corner.enabled) == (14e6, False)
    assert (phy.stack, io.lanes) == ("hbm0", 16)
    assert plan.stacks[0].phy_edge is Edge.WEST
    assert plan.heat_keys == (
        "gpu/core0",
        "gpu/corner",
        "gpu/phy",
        "gpu/io",
        "hbm0/base",
        "hbm0/dram",
    )
    assert {(v.rule, v.severity) for v in floorplan.check(plan)} == {("block-density", "warning")}


def test_a_floorplan_comes_back_as_it_was_written(built_in, tmp_path):
    file = floorplan.write_floorplan(built_in, tmp_path / "plan.toml")
    again = floorplan.read_floorplan(file)
    assert again == built_in
    assert floorplan.write_floorplan(again, tmp_path / "b.toml").read_bytes() == file.read_bytes()


def test_every_fault_is_listed(tables):
    tables["interposer"]["technology"] = "CoWoS-X"
    tables["dies"][0]["width"] = 16
    tables["dies"][0]["nod"] = tables["dies"][0].pop("node")
    tables["blocks"][0]["kind"] = "tensr"
    tables["blocks"][1]["polygon"] = [["0 mm", "0 mm"], ["9 mm", "9 mm"]]
    tables["blocks"][2]["stack"] = "hbm1"
    tables["blocks"][3]["lanes"] = 1.5
    tables["stacks"][0]["phy_edge"] = "left"
    tables["stacks"][0]["hbm"] = "HBM3X"
    tables["extra"] = 1
    faults = faults_of(tables)
    for words in (
        "x.toml.extra: unknown key",
        "x.toml: interposer.technology: unknown interposer 'CoWoS-X'; did you mean 'CoWoS-",
        "x.toml: dies[0] (gpu).width: 16 has no unit; allowed: a quantity in um; did you leave out",
        "x.toml: dies[0] (gpu).nod: unknown key; did you mean 'node'?",
        "x.toml: dies[0] (gpu).node: is missing",
        "x.toml: blocks[0] (core0).kind: unknown 'tensr'; allowed: one of tensor,",
        "x.toml: blocks[1] (corner).polygon: 2 points; allowed: at least 3",
        "x.toml: blocks[2] (phy).stack: unknown 'hbm1'; allowed: one of hbm0; did you mean 'hbm0'?",
        "x.toml: blocks[3] (io).lanes: 1.5; allowed: a whole number",
        "x.toml: stacks[0] (hbm0).phy_edge: unknown 'left'; allowed: one of north, east, south,",
        "x.toml: stacks[0] (hbm0).hbm: unknown HBM generation 'HBM3X'; did you mean",
    ):
        assert any(fault.startswith(words) for fault in faults), (words, faults)
    assert len(faults) == 11


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (("interposer",), None, "x.toml: interposer: is missing; allowed: a table"),
        (("interposer",), 3, "x.toml: interposer: 3; allowed: a table"),
        (("interposer", "width"), "-3 mm", "interposer.width: -3000 um; allowed: above 0 um"),
        (("dies",), [], "x.toml: dies: there is no die; allowed: at least one [[dies]] table"),
        (("dies",), {"a": 1}, "x.toml: dies: is not an array of tables"),
        (("blocks",), ["a"], "x.toml: blocks[0]: 'a' is not a table"),
        (("stacks",), "hbm0", "x.toml: stacks: is not an array of tables"),
        (("dies", 0, "name"), "hbm0", "x.toml: hbm0: the name is used more than once"),
        (("dies", 0, "name"), "a/b", "x.toml: a/b: has a `/`; allowed: a name without"),
        (("stacks", 0, "name"), "interposer", "x.toml: interposer: is what the carrier is called"),
        (("dies", 0, "name"), 7, "dies[0].name: 7 is not a name; allowed: a name in quotes"),
        (("dies", 0, "scribe"), "9 mm", "scribe and seal ring leave no core"),
        (("dies", 0, "seal_ring"), "-1 um", "seal_ring: -1 um; allowed: at least 0 um"),
        (("dies", 0, "keepouts"), "all", "keepouts: is not a list"),
        (("blocks", 0, "die"), "cpu", "blocks[0] (core0).die: unknown 'cpu'; allowed: one of gpu"),
        (("blocks", 0, "name"), "phy", "die 'gpu' has a block of that name already"),
        (("blocks", 0, "rect"), ["1 mm"] * 3, "3 lengths; allowed: x0, y0, x1, y1"),
        (("blocks", 0, "rect"), ["1 mm"] * 4, "upper right corner is not above and right"),
        (("blocks", 0, "rect"), "1 mm", "1 lengths; allowed: x0, y0, x1, y1"),
        (("blocks", 0, "rect"), [], "0 lengths; allowed: x0, y0, x1, y1"),
        (("blocks", 0, "polygon"), [["1 mm"]], "has both rect and polygon"),
        (("blocks", 1, "polygon"), [["1 mm"]] * 3, "polygon[0]: 1 lengths; allowed: x and y"),
        (("blocks", 1, "polygon"), [["1 mm", "x"]] * 3, "cannot read 'x'"),
        (("blocks", 1, "enabled"), "no", "enabled: 'no'; allowed: true or false"),
        (("blocks", 0, "macs"), -1, "macs: -1; allowed: at least 0"),
        (("blocks", 0, "sram"), 2, "sram: 2 has no unit"),
        (("stacks", 0, "x"), None, "stacks[0] (hbm0).x: is missing; allowed: a quantity in um"),
        (("grid",), "0 nm", "x.toml.grid: 0 um; allowed: above 0 um"),
    ],
)
def test_a_fault_says_where_and_what(tables, where, value, words):
    changed = copy.deepcopy(tables)
    *path, key = where
    target = changed
    for step in path:
        target = target[step]
    if value is None:
        del target[key]
    else:
        target[key] = value
    faults = faults_of(changed)
    assert any(words in fault for fault in faults), faults


def test_a_polygon_that_crosses_itself(tables):
    bow = [["0 mm", "0 mm"], ["9 mm", "9 mm"], ["9 mm", "0 mm"], ["0 mm", "9 mm"]]
    tables["blocks"][1]["polygon"] = bow
    (fault,) = faults_of(tables)
    assert "crosses itself or has no area; allowed: a simple polygon" in fault


def test_files_that_are_missing_or_not_toml(tmp_path):
    with pytest.raises(InputError, match=r"no\.toml: cannot be read: No such file"):
        floorplan.read_floorplan(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("[[dies]\n")
    with pytest.raises(InputError, match=r"bad\.toml: is not TOML: .*line 1"):
        floorplan.read_floorplan(tmp_path / "bad.toml")
    (tmp_path / "raw.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"raw\.toml: is not TOML"):
        floorplan.read_floorplan(tmp_path / "raw.toml")
    with pytest.raises(InputError, match="the folder does not exist"):
        floorplan.write_floorplan(floorplan.build(floorplan.recipes()["jalapeno"]), "/no/x.toml")
