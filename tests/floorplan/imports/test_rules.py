"""What users say of a file: kinds by pattern, what blocks hold, process, memory, place."""

import itertools

import pytest

from floorplan import BlockKind, Edge
from floorplan.imports.kinds import kind_of, shipped_rules
from floorplan.imports.sketch import SketchBlock

TABLE = "name,x_um,y_um,width_um,height_um\n"


@pytest.fixture
def table(tmp_path):
    def write(*rows):
        (tmp_path / "a.csv").write_text(TABLE + "\n".join(rows) + "\n")
        return "a.csv"

    return write


def blocks_of(found):
    return {block.name: block for block in found.floorplan.dies[0].blocks}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("u_core/L2cache", "sram"),
        ("HBM3_PHY_0", "hbm_phy"),
        ("ucie_d2d0", "die_to_die"),
        ("PCIe5", "host"),
        ("serdes_q3", "serdes"),
        ("mxu_7", "tensor"),
        ("noc_xbar", "noc"),
        ("pll0", "management"),
        ("core3", "vector"),
        ("decap_12", "filler"),
        ("glue", None),
    ],
)
def test_shipped_rules_go_by_usual_names(name, kind):
    block = SketchBlock(name, None, "")
    assert kind_of(block, shipped_rules()) == (None if kind is None else BlockKind(kind))


def test_rules_of_the_user_come_first_and_fill_each_other_up(table, imported):
    file = table("mxu0,0,0,100,100", "mxu1,100,0,100,100", "bank,200,0,100,100", "glue,300,0,1,1")
    found = imported(
        file,
        kinds=[
            {"match": "mxu1", "enabled": False, "stack": "m"},
            {"match": ["MXU*", "none"], "macs": 77},
            {"match": "bank", "kind": "sram", "sram_efficiency": "50 %"},
            {"match": "*", "kind": "collective", "lanes": 2},
        ],
    )
    blocks = blocks_of(found)
    assert [b.kind for b in blocks.values()] == [
        BlockKind.COLLECTIVE,  # the user's last rule counts before the shipped ones
        BlockKind.COLLECTIVE,
        BlockKind.SRAM,
        BlockKind.COLLECTIVE,
    ]
    assert (blocks["mxu1"].enabled, blocks["mxu1"].stack, blocks["glue"].lanes) == (False, "m", 2)
    bits = 100.0 * 100.0 * 0.5 / found.floorplan.dies[0].node.sram_bit_um2
    assert blocks["bank"].sram_byte == pytest.approx(bits / 8, abs=1)


def test_macs_follow_from_an_area(table, imported):
    file = table("mxu0,0,0,100,100", "mxu1,100,0,100,100")
    rules = [{"match": "mxu0", "macs": 64}, {"match": "mxu*", "mac_area": "44 um^2"}]
    blocks = blocks_of(imported(file, kinds=rules))
    assert (blocks["mxu0"].macs, blocks["mxu1"].macs) == (64, int(10_000 / 44))


def test_what_nobody_says_is_one_fault_each(table, faults_of, tmp_path):
    file = table("glue,0,0,1,1", "odd,1,0,1,1")
    node, kinds = faults_of(file, node=None)
    assert node == (
        "x.toml.node: the process of die 'die' is not known; allowed: a process node; "
        'e.g. node = "N5"'
    )
    assert kinds == (
        f"{tmp_path / 'a.csv'}:2: no rule knows the kind of glue, odd; allowed: a rule for each, "
        'or a kind for the rest; e.g. [[floorplan.kinds]] match = "glue" kind = "vector", or '
        "default_kind"
    )


def test_faults_of_the_settings_are_listed_together(table, faults_of):
    faults = faults_of(
        table("mxu0,0,0,1,1"),
        node="N55",
        default_kind="vectr",
        hbm="HBM9",
        unit="3",
        interposer={"technology": "CoWoS-X", "wdth": "1 mm"},
        kinds=[{"kind": "sram"}, {"match": "a", "sram_efficiency": 2}],
        colour="red",
    )
    assert [fault.partition(": ")[0] for fault in faults] == [
        "x.toml.colour",
        "x.toml.interposer.wdth",
        "x.toml.interposer.technology",
        "x.toml.default_kind",
        "x.toml.node",
        "x.toml.unit",
        "x.toml.kinds[0].match",
        "x.toml.kinds[1].sram_efficiency",
        "x.toml.hbm",
    ]


def test_stacks_stand_beside_phys_and_feed_what_is_near(table, imported):
    file = table(
        "hbm_phy_w,0,2000,1500,6000",
        "hbm_phy_e,18500,2000,1500,6000",
        "mxu0,1500,0,8500,11000",
        "mxu1,10000,0,8500,11000",
    )
    found = imported(file, hbm="HBM3", interposer={"technology": "CoWoS-S"})
    plan = found.floorplan
    assert [(s.name, s.phy_edge) for s in plan.stacks] == [
        ("hbm_w0", Edge.EAST),
        ("hbm_e0", Edge.WEST),
    ]
    die, west = plan.dies[0], plan.stacks[0]
    gap_um = die.x_um - (west.x_um + west.width_um)
    assert gap_um == pytest.approx(plan.technology.minimum_die_gap_um)
    assert west.y_um + west.height_um / 2.0 == pytest.approx(die.y_um + 5_000.0, abs=0.001)
    assert west.x_um == pytest.approx(plan.technology.minimum_edge_um)
    assert {b.name: b.stack for b in die.blocks} == {
        "hbm_phy_w": "hbm_w0",
        "hbm_phy_e": "hbm_e0",
        "mxu0": "hbm_w0",
        "mxu1": "hbm_e0",
    }


def test_stacks_that_would_overlap_are_moved_apart(table, imported):
    rows = [f"hbm_phy{i},0,{i * 9_000},1500,8000" for i in range(3)]
    plan = imported(table(*rows), hbm="HBM3E").floorplan
    starts = sorted(stack.y_um for stack in plan.stacks)
    gaps = [b - a - 11_000.0 for a, b in itertools.pairwise(starts)]
    assert gaps == pytest.approx([plan.technology.minimum_die_gap_um] * 2)
    middle = starts[1] + 5_500.0 - plan.dies[0].y_um
    assert middle == pytest.approx(13_000.0)  # that of the PHY in the middle


def test_stacks_of_ones_own_need_a_place_of_the_die(table, imported, faults_of):
    stack = {"name": "m", "hbm": "HBM3E", "x": "300 um", "y": "300 um", "phy_edge": "east"}
    file = table("hbm_phy,0,0,1500,8000")
    (fault,) = faults_of(file, stacks=[stack])
    assert fault == (
        "x.toml.x: is missing: stacks of your own need a die with a place; allowed: x and y of "
        "the die on the interposer"
    )
    plan = imported(file, stacks=[stack], x="12 mm", y="1 mm").floorplan
    assert (plan.dies[0].x_um, plan.stacks[0].x_um) == (12_000.0, 300.0)
    assert plan.dies[0].blocks[0].stack == "m"


def test_a_file_of_no_known_kind(faults_of, tmp_path):
    (tmp_path / "a.pdf").write_text("")
    (fault,) = faults_of("a.pdf")
    assert fault.startswith(
        "x.toml.import: a.pdf is of no kind that can be imported; allowed: .gds"
    )
    assert "there is no file" in faults_of("b.csv")[0]
