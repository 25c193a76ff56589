import pytest

import floorplan
from techlib import InputError


def faults_of(base="jalapeno", /, **changes):
    with pytest.raises(InputError) as caught:
        floorplan.recipes().derive(base, changes, name="mine", where="mine.toml: floorplan")
    return [str(fault) for fault in caught.value.faults]


def test_the_disclosed_design_has_the_disclosed_peak_rate():
    recipe = floorplan.recipes()["jalapeno-hc26"]
    units = recipe.slice_count * (recipe.units_per_slice - recipe.spare_units_per_slice)
    macs = units * recipe.array_rows * recipe.array_columns
    assert macs * 2 * 1.7e9 == pytest.approx(13.4e15, rel=0.005)  # 13.4 PFLOP/s, three digits


def test_both_designs_have_64_slices():
    both = [floorplan.recipes()[name] for name in ("jalapeno", "jalapeno-hc26")]
    assert {recipe.slice_count for recipe in both} == {64}
    assert [recipe.stack_count for recipe in both] == [8, 6]


def test_shipped_chips_have_their_published_units():
    chips = {name: floorplan.recipes()[name] for name in ("h100-sxm", "b200", "tpu-v4")}
    assert {name: chip.slice_count for name, chip in chips.items()} == {
        "h100-sxm": 132,
        "b200": 148,
        "tpu-v4": 8,
    }


def test_every_quantity_says_where_it_comes_from():
    for recipe in floorplan.recipes().values():
        for name, origin in recipe.provenance.items():
            assert origin.source.key, name
            if origin.source.key == "scoville":
                assert origin.estimate, name
                assert origin.note, name


def test_a_count_must_be_whole_and_all_faults_come_together():
    faults = faults_of(stacks_west=2.5, units_per_slice="1.5", die_widht="26 mm")
    assert "mine.toml: floorplan.stacks_west: 2.5; allowed: a whole number" in faults
    assert "mine.toml: floorplan.units_per_slice: 1.5; allowed: a whole number" in faults
    assert (
        "mine.toml: floorplan.die_widht: unknown key; did you mean 'die_width' or 'io_die_width'?"
        in faults
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"die_gap": 100}, 'did you leave out the unit? e.g. "20 um"'),
        ({"die_gap": "-100 um"}, "-100 um; allowed: above 0 um"),
        ({"grid": "2.5 nm"}, "mine.grid: 2.5 nm; allowed: whole nanometres"),
        ({"die_width": "25.000003 mm"}, "lies off the 5 nm grid"),
        ({"extra_slices": 8}, "mine.extra_slices: 8 for 8 stacks; allowed: fewer than the stacks"),
        ({"spare_units_per_slice": 16}, "16 of 16 units are spare"),
        ({"slices_per_stack": 0}, "there is no slice; allowed: at least one slice"),
        ({"sram_efficiency": 1.2}, "mine.sram_efficiency: 1.2; allowed: at most 1"),
        ({"scribe": "14 mm"}, "scribe and seal ring leave no core"),
        ({"io_die_depth": "5 mm"}, "mine.io_node: is missing"),
        ({"interface_edges": "west"}, "one of north-south, west-east"),
    ],
)
def test_a_fault_says_where_what_and_what_is_allowed(changes, words):
    assert any(words in fault for fault in faults_of(**changes)), faults_of(**changes)


def test_an_accelerator_without_stacks_is_refused():
    none = {f"stacks_{edge}": 0 for edge in floorplan.Edge}
    assert faults_of(**none) == [
        "mine.stacks_west: no HBM stack on any edge; allowed: at least one stack"
    ]


def test_an_io_die_needs_an_edge_without_stacks():
    (fault,) = faults_of("jalapeno-hc26", stacks_north=1)
    assert fault == (
        "mine.io_edge: HBM stacks stand on the north edge, where the I/O die goes; allowed: an edge"
        " without stacks; set stacks_north to 0 or take the other io_edge"
    )
