"""How far the bumps of an interface reach beyond its block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from floorplan.artwork import Artwork
from floorplan.bump import BumpKind
from floorplan.checks.edges import ROUND_OFF_UM
from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.violation import Violation, broken

__all__ = ["reach_violations"]


def reach_violations(artwork: Artwork, fields: Sequence[Pads], rule: Rule) -> Iterator[Violation]:
    """Yield fields with a bump farther outside the block that it belongs to than a rule allows.

    Bumps stand above the metals, so a field may be deeper than its block; its wires to the macro's
    own pads are what grows with the distance.
    """
    outlines = {
        name: die.blocks.placed_outline(index)
        for die in artwork.dies
        for index, name in enumerate(die.blocks.names)
    }
    for pads in fields:
        outline = outlines.get(f"{pads.owner}/{pads.block}")
        if outline is None or pads.kind not in (BumpKind.HBM, BumpKind.D2D):
            continue
        beyond = np.asarray(shapely.distance(shapely.points(pads.points_um), outline))
        worst = float(beyond.max(initial=0.0))
        if worst > rule.limit + ROUND_OFF_UM:
            out = beyond > rule.limit + ROUND_OFF_UM
            points = pads.points_um[out]
            bounds = np.concatenate([points.min(axis=0), points.max(axis=0)])
            what = (
                f"{int(out.sum())} bumps reach up to {worst:.6g} um beyond block {pads.block}; the "
                f"most is {rule.limit:g} um; make the block deeper, or move the bumps"
            )
            yield broken(rule, (pads.name,), bounds, what, amount=worst, count=int(out.sum()))
