"""Geometry checks: what is wrong with a floorplan, where, and by how much."""

from __future__ import annotations

from floorplan.block_checks import die_violations
from floorplan.floorplan import Floorplan
from floorplan.name_checks import name_violations
from floorplan.phy_checks import phy_violations
from floorplan.placement_checks import placement_violations
from floorplan.violation import Violation

__all__ = ["RULES", "check"]

#: What each rule asks for.
RULES = {
    "block-keepout": "no block lies on a keep-out of its die",
    "block-outside": "each block lies inside the seal ring of its die",
    "block-overlap": "no two blocks of a die overlap",
    "die-gap": "dies and stacks keep the interposer's smallest gap",
    "grid": "every vertex and position lies on the manufacturing grid",
    "interposer-area": "the interposer is no larger than its technology allows",
    "interposer-edge": "dies and stacks keep the interposer's smallest edge",
    "name-unique": "no two blocks, stacks or dies have the same key",
    "name-unknown": "a block's stack is one of the floorplan's stacks",
    "phy-facing": "each stack's interface faces its PHY",
    "phy-gap": "a PHY is no farther from its stack than the interposer's links reach",
    "phy-missing": "each stack has a PHY on a die",
    "phy-offset": "a PHY lies within the width of its stack",
    "polygon": "outlines are valid polygons with an area",
    "reticle": "each die fits the reticle field",
}


def check(floorplan: Floorplan) -> tuple[Violation, ...]:
    """Check a floorplan against the rules of `RULES`.

    Parameters
    ----------
    floorplan : Floorplan
        Limits come from its interposer technology and its grid.

    Returns
    -------
    tuple of Violation
        Sorted by rule, names and place; empty if the floorplan is clean.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> floorplan.check(plan)
    ()
    >>> moved = plan.with_stack_at("hbm_w0", x_um=0.0, y_um=10_800.0)
    >>> sorted({violation.rule for violation in floorplan.check(moved)})
    ['interposer-edge']
    """
    found = [
        *(violation for die in floorplan.dies for violation in die_violations(die, floorplan)),
        *placement_violations(floorplan),
        *phy_violations(floorplan),
        *name_violations(floorplan),
    ]
    return tuple(sorted(found, key=lambda v: (v.rule, v.where, v.x_um, v.y_um, v.message)))
