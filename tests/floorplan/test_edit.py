import pytest
from shapely import box

import floorplan
from floorplan import Block, BlockKind
from techlib import UnknownNameError


def core_area(plan):
    return sum(block.area_um2 for block in plan.dies[0].blocks)


def test_a_stack_moves_and_the_rest_stays(jalapeno):
    plan = jalapeno.with_stack_at("hbm_n0", 1.0, 2.0)
    stack = next(s for s in plan.stacks if s.name == "hbm_n0")
    assert (stack.x_um, stack.y_um) == (1.0, 2.0)
    assert [s for s in plan.stacks if s.name != "hbm_n0"] == [
        s for s in jalapeno.stacks if s.name != "hbm_n0"
    ]
    assert plan.dies == jalapeno.dies


def test_filler_gives_way_to_a_new_block(jalapeno):
    filler = next(b for b in jalapeno.dies[0].blocks if b.name == "filler/west1")
    x, y = filler.outline.bounds[:2]
    for outline in (
        box(x + 100, y + 100, x + 500, y + 700),
        box(x, y, x + 500, y + 700),
        box(x + 100, y + 100, x + 500, y + 900) - box(x + 300, y + 500, x + 500, y + 900),
    ):
        plan = jalapeno.with_block("compute", Block("sensor", BlockKind.MANAGEMENT, outline))
        assert floorplan.check(plan) == ()
        assert core_area(plan) == pytest.approx(core_area(jalapeno), rel=1e-12)
        assert not any(b.outline.interiors for b in plan.dies[0].blocks)


def test_a_block_of_the_same_name_is_replaced(jalapeno):
    host = next(b for b in jalapeno.dies[0].blocks if b.name == "host")
    x0, y0, x1, _ = host.outline.bounds
    plan = jalapeno.with_block("compute", Block("host", host.kind, box(x0, y0, x1, y0 + 100.0)))
    assert sum(b.name == "host" for b in plan.dies[0].blocks) == 1
    assert core_area(plan) < core_area(jalapeno)


def test_an_overlap_with_another_block_is_left_to_the_checks(jalapeno):
    x0, y0, _, _ = next(b for b in jalapeno.dies[0].blocks if b.name == "noc/hub").outline.bounds
    block = Block("mine", BlockKind.VECTOR, box(x0, y0, x0 + 10.0, y0 + 10.0))
    (found,) = floorplan.check(jalapeno.with_block("compute", block))
    assert (found.rule, found.amount) == ("block-overlap", pytest.approx(100.0))


def test_unknown_names_bring_the_nearest(jalapeno):
    with pytest.raises(UnknownNameError) as caught:
        jalapeno.with_stack_at("hbm_w7", 0.0, 0.0)
    assert str(caught.value).startswith(
        "floorplan jalapeno: unknown stack 'hbm_w7'; did you mean 'hbm_w"
    )
    with pytest.raises(UnknownNameError, match="unknown die 'cmpute'; did you mean 'compute'"):
        jalapeno.with_block("cmpute", jalapeno.dies[0].blocks[0])
