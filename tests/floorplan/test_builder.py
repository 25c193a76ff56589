import tomllib
from collections import Counter
from importlib import resources

import pytest
from shapely import union_all

import floorplan
from floorplan import BlockKind, Edge
from techlib import InputError, hbm_generations


def blocks_of(plan, kind, die=0):
    return [block for block in plan.dies[die].blocks if block.kind is kind]


def test_jalapeno_is_the_card(jalapeno):
    (die,) = jalapeno.dies
    assert (die.width_um, die.height_um) == (26_000.0, 32_300.0)
    assert die.area_um2 / 1e6 == pytest.approx(839.8)
    assert Counter(stack.name[4] for stack in jalapeno.stacks) == {"w": 3, "e": 3, "n": 1, "s": 1}
    assert {stack.generation.name for stack in jalapeno.stacks} == {"HBM3E"}
    tensor = blocks_of(jalapeno, BlockKind.TENSOR)
    assert len(tensor) == 64 * 16
    assert sum(block.enabled for block in tensor) == 64 * 15
    assert {block.macs for block in tensor} == {64 * 64}
    assert sum(block.lanes for block in blocks_of(jalapeno, BlockKind.SERDES)) == 32
    assert sum(block.sram_byte for block in die.blocks) == 64 * 4 * 2**20
    share = floorplan.summary(jalapeno).set_index("kind").loc["tensor", "share"]
    assert share == pytest.approx(0.22, abs=0.005)  # the recipe's own estimate


def test_hc26_has_an_io_die_that_its_links_face(hc26):
    compute, io = hc26.dies
    assert (compute.node.name, io.node.name) == ("N3P", "N3E")
    assert len(hc26.stacks) == 6
    assert not blocks_of(hc26, BlockKind.SERDES)
    assert sum(block.lanes for block in blocks_of(hc26, BlockKind.SERDES, die=1)) == 32
    here, there = (
        {b.name: o.bounds for k, b, o in die.placed_blocks() if b.kind is BlockKind.DIE_TO_DIE}
        for die in hc26.dies
    )
    assert here.keys() == there.keys()
    for name, bounds in here.items():
        assert (bounds[0], bounds[2]) == pytest.approx((there[name][0], there[name][2]))
        assert 0.0 < there[name][1] - bounds[3] < 1_000.0


def test_links_are_symmetric_to_the_middle_of_the_die(hc26):
    for die in hc26.dies:
        links = [b.outline.bounds for b in die.blocks if b.kind is BlockKind.DIE_TO_DIE]
        ends = sorted(x - die.width_um / 2 for x0, _, x1, _ in links for x in (x0, x1))
        assert ends == pytest.approx([-x for x in reversed(ends)], abs=0.02)  # a few grid steps


def test_slices_are_numbered_from_the_die_edge_inwards(jalapeno):
    place = {b.parent: b.outline.centroid for b in blocks_of(jalapeno, BlockKind.ROUTER)}
    assert place["slice00"].x < place["slice01"].x  # west
    assert place["slice24"].x > place["slice25"].x  # east
    assert place["slice00"].y < place["slice02"].y
    assert place["slice48"].y > place["slice49"].y  # north
    assert place["slice56"].y < place["slice57"].y  # south


def test_slices_of_hc26_are_shared_over_the_stacks(hc26):
    routers = Counter(block.stack for block in blocks_of(hc26, BlockKind.ROUTER))
    assert routers == {
        "hbm_w0": 11,
        "hbm_w1": 11,
        "hbm_w2": 10,
        "hbm_e0": 11,
        "hbm_e1": 11,
        "hbm_e2": 10,
    }


def test_blocks_tile_each_die_core(built_in):
    for die in built_in.dies:
        assert sum(b.area_um2 for b in die.blocks) == pytest.approx(die.core.area, rel=1e-9)
        union = union_all([block.outline for block in die.blocks])
        assert union.symmetric_difference(die.core).area == pytest.approx(0.0, abs=1e-3)


def test_slices_lie_beside_the_phy_of_their_stack(built_in):
    """The slices of a side are in the order of its stacks, and nearer to their own PHY."""
    phys = {b.stack: b.outline for b in blocks_of(built_in, BlockKind.HBM_PHY)}
    for stack in built_in.stacks:
        routers = blocks_of(built_in, BlockKind.ROUTER)
        mine = [b.outline for b in routers if b.stack == stack.name]
        others = [name for name in phys if name[4] == stack.name[4]]
        center = union_all(mine).centroid
        assert min(others, key=lambda name: phys[name].distance(center)) == stack.name


def test_the_network_touches_every_slice_band(built_in):
    network = union_all([b.outline for b in blocks_of(built_in, BlockKind.NOC)])
    assert network.geom_type == "Polygon"  # hub and spines are connected
    for stack in built_in.stacks:
        group = [b.outline for b in built_in.dies[0].blocks if b.stack == stack.name]
        band = union_all([o for o in group if o.area])
        assert band.distance(network) < 1e-6


def test_slice_names_are_numbered_without_gaps(built_in):
    parents = {b.parent for b in blocks_of(built_in, BlockKind.TENSOR)}
    assert parents == {f"slice{index:02d}" for index in range(64)}


def test_areas_follow_the_recipe(jalapeno):
    recipe = floorplan.recipes()["jalapeno"]
    unit_um2 = recipe.mac_area_um2 * 64 * 64
    assert blocks_of(jalapeno, BlockKind.TENSOR)[0].area_um2 == pytest.approx(unit_um2, rel=1e-3)
    sram_um2 = 4 * 2**23 * jalapeno.dies[0].node.sram_bit_um2 / recipe.sram_efficiency
    assert blocks_of(jalapeno, BlockKind.SRAM)[0].area_um2 == pytest.approx(sram_um2, rel=1e-3)


def test_an_unknown_name_brings_the_nearest(derived):
    with pytest.raises(InputError) as caught:
        derived(node="N33", hbm="HBM3F")
    assert [str(fault) for fault in caught.value.faults] == [
        "mine.node: unknown process node 'N33'; did you mean 'N3' or 'N3P' or 'N3E'?",
        "mine.hbm: unknown HBM generation 'HBM3F'; did you mean 'HBM3' or 'HBM3E'?",
    ]


def test_a_library_of_the_user_is_used():
    file = resources.files("techlib") / "data" / "hbm.toml"
    table = tomllib.loads(file.read_text("utf-8"))["HBM3E"]
    mine = {"HBM3E-deep": {**table, "depth": {**_GIVEN, "value": "12 mm"}}}
    recipe = floorplan.recipes().derive(
        "jalapeno", {"hbm": "HBM3E-deep"}, name="mine", where="mine.toml"
    )
    plan = floorplan.build(recipe, hbm=hbm_generations().extended(mine, where="mine.toml"))
    assert plan.stacks[0].width_um == 12_000.0
    with pytest.raises(InputError, match="unknown HBM generation 'HBM3E-deep'; did you mean"):
        floorplan.build(recipe)


_GIVEN = {"source": "user", "trust": "U", "valid": "this test"}


def test_stacks_that_meet_round_a_corner_are_refused(derived):
    with pytest.raises(InputError) as caught:
        derived(die_width="21 mm", stacks_north=2, stacks_south=0, slices_per_stack=3)
    assert (
        "mine.stack_gap: hbm_w2 and hbm_n0 come 100 um closer than the gap of 100 um; take fewer "
        "stacks on one of the edges, a larger die or a narrower I/O die"
    ) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"stacks_west": 4},
            [
                "mine.stacks_west: the stacks overhang the west edge",
                "by 3060 um",
                "fewer stacks on this",
            ],
        ),
        (
            {"slices_per_stack": 11},
            ["mine.slices_per_stack: 88 slices of", "mm^2 are missing", "a larger die"],
        ),
        (
            {"serdes_lanes": 128},
            ["mine.serdes_lanes: SerDes and host interface need 54400 um", "north and south edges"],
        ),
        (
            {"stacks_north": 5},
            ["mine.stacks_north: 5 PHYs need 40000 um of the north edge, 17720 um more"],
        ),
        ({"sram_per_slice": "32 MiB"}, ["64 slices of", "do not fit the die"]),
    ],
)
def test_what_does_not_fit_says_where_and_by_how_much(derived, changes, words):
    with pytest.raises(InputError) as caught:
        derived(**changes)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"stacks_west": 1_000_000_000},
        {"slices_per_stack": 1_000_000_000},
        {"units_per_slice": 1_000_000_000},
        {"serdes_lanes": 1_000_000_000},
        {"host_lanes": 1_000_000_000},
        {"sram_per_slice": "1 TiB"},
        {"array_rows": 1_000_000_000},
        {"noc_hub_area": "900 mm^2"},
        {"noc_spine_width": "13 mm"},
    ],
)
def test_absurd_sizes_are_refused_at_once(derived, changes):
    with pytest.raises(InputError, match=r"mine\.|jalapeno\."):
        derived(**changes)


def test_an_io_die_that_is_too_small_says_so(derived):
    with pytest.raises(InputError, match=r"mine\.io_die_depth: the I/O die is .* mm\^2 too small"):
        derived("jalapeno-hc26", io_die_depth="3 mm")
    with pytest.raises(InputError, match=r"6 links need 36000 um of the north edge, 14120 um more"):
        derived("jalapeno-hc26", die_to_die_width="6 mm")


def test_other_arrangements_fit(derived):
    """No band, one band, a centre alone, interfaces on the long edges."""
    for changes in (
        {"stacks_west": 0, "stacks_east": 0, "interface_edges": "west-east"},
        {"stacks_east": 0, "slices_per_stack": 5},
        {"stacks_north": 0, "stacks_south": 0, "slices_per_stack": 9},
        {"stacks_north": 2, "slices_per_stack": 7, "serdes_lanes": 16},
        {"units_per_slice": 7, "spare_units_per_slice": 0},
        {"units_per_slice": 1, "spare_units_per_slice": 0, "array_rows": 256},
    ):
        plan = derived(**changes)
        assert not [v for v in floorplan.check(plan) if v.rule != "interposer-area"]


def test_stacks_face_the_die(built_in):
    die = built_in.dies[0].placed_outline
    for stack in built_in.stacks:
        edge = {"w": Edge.EAST, "e": Edge.WEST, "n": Edge.SOUTH, "s": Edge.NORTH}[stack.name[4]]
        assert stack.phy_edge is edge
        assert stack.placed_outline.distance(die) == pytest.approx(100.0)
