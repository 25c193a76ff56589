"""Random recipes: what fits is clean, tiles its dies and keeps its promises; the rest says why."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import floorplan
from floorplan import BlockKind
from techlib import InputError

RECIPES = st.fixed_dictionaries(
    {
        "die_width": st.integers(18_000, 26_000).map(lambda um: f"{um} um"),
        "die_height": st.integers(20_000, 33_000).map(lambda um: f"{um} um"),
        "stacks_west": st.integers(0, 3),
        "stacks_east": st.integers(0, 3),
        "stacks_north": st.integers(0, 2),
        "stacks_south": st.integers(0, 2),
        "hbm": st.sampled_from(["HBM2E", "HBM3", "HBM3E", "HBM4"]),
        "node": st.sampled_from(["N7", "N5", "N3"]),
        "slices_per_stack": st.integers(1, 9),
        "units_per_slice": st.integers(1, 20),
        "spare_units_per_slice": st.just(0),
        "array_rows": st.sampled_from([16, 48, 64, 128]),
        "sram_per_slice": st.integers(1, 64).map(lambda n: f"{n * 128} KiB"),
        "die_gap": st.integers(20, 60).map(lambda n: f"{n * 5} um"),
        "stack_gap": st.integers(20, 60).map(lambda n: f"{n * 5} um"),
        "scribe": st.sampled_from(["0 um", "40 um"]),
        "grid": st.sampled_from(["1 nm", "5 nm"]),
        "serdes_lanes": st.integers(0, 24),
        "host_lanes": st.sampled_from([0, 8, 16]),
        "interface_edges": st.sampled_from(["north-south", "west-east"]),
        "minimum_filler": st.sampled_from(["1 um", "20 um", "150 um"]),
    }
)
QUIET = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def build(base, changes):
    """Build a recipe; None if it says that, and where, it does not fit."""
    try:
        recipe = floorplan.recipes().derive(base, changes, name="mine", where="mine.toml")
        return recipe, floorplan.build(recipe)
    except InputError as error:
        for fault in error.faults:
            assert fault.where.startswith("mine")
            assert fault.what
        return None


@QUIET
@given(RECIPES)
def test_what_fits_is_clean_and_tiles_its_die(changes):
    built = build("jalapeno", changes)
    if built is None:
        return
    recipe, plan = built
    assert [v for v in floorplan.check(plan) if v.rule != "interposer-area"] == []
    (die,) = plan.dies
    assert sum(b.area_um2 for b in die.blocks) == pytest.approx(die.core.area, rel=1e-9)
    kinds = [block.kind for block in die.blocks]
    assert kinds.count(BlockKind.TENSOR) == recipe.slice_count * recipe.units_per_slice
    assert kinds.count(BlockKind.HBM_PHY) == recipe.stack_count == len(plan.stacks)
    assert sum(block.lanes for block in die.blocks) == recipe.serdes_lanes + recipe.host_lanes
    unit_um2 = recipe.array_rows * recipe.array_columns * recipe.mac_area_um2
    for block in die.blocks:
        if block.kind is BlockKind.TENSOR:
            assert block.area_um2 >= unit_um2 * (1 - 1e-9)
    for block in die.blocks:
        x0, y0, x1, y1 = block.outline.bounds
        if block.name.startswith("filler/"):
            assert min(x1 - x0, y1 - y0) > recipe.minimum_filler_um - recipe.grid_um / 2


@QUIET
@given(
    st.fixed_dictionaries(
        {
            "io_edge": st.sampled_from(["north", "south"]),
            "io_die_width": st.integers(10, 26).map(lambda mm: f"{mm} mm"),
            "io_die_depth": st.integers(3_500, 8_000).map(lambda um: f"{um} um"),
            "io_noc_area": st.integers(0, 60).map(lambda mm2: f"{mm2} mm^2"),
            "die_to_die_blocks": st.integers(1, 8),
            "die_to_die_width": st.integers(500, 4_000).map(lambda um: f"{um} um"),
            "extra_slices": st.integers(0, 5),
            "slices_per_stack": st.integers(4, 11),
            "serdes_lanes": st.integers(0, 40),
        }
    )
)
def test_an_io_die_that_fits_is_clean(changes):
    built = build("jalapeno-hc26", changes)
    if built is None:
        return
    recipe, plan = built
    assert [v for v in floorplan.check(plan) if v.rule != "interposer-area"] == []
    for die in plan.dies:
        assert sum(b.area_um2 for b in die.blocks) == pytest.approx(die.core.area, rel=1e-9)
    links = [
        {o.bounds[::2] for _, b, o in die.placed_blocks() if b.kind is BlockKind.DIE_TO_DIE}
        for die in plan.dies
    ]
    assert len(links[0]) == len(links[1]) == recipe.die_to_die_blocks
    for one, other in zip(*map(sorted, links), strict=True):
        assert one == pytest.approx(other, abs=recipe.grid_um)


def test_most_of_these_recipes_are_built():
    """Guard against properties that hold because nothing fits."""
    outcomes = []

    @settings(QUIET, max_examples=40)
    @given(RECIPES)
    def count(changes):
        outcomes.append(build("jalapeno", changes) is not None)

    count()
    assert sum(outcomes) >= 10
