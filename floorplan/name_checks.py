"""Checks of the names that power and temperature are joined on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from floorplan.floorplan import Floorplan
from floorplan.violation import Violation
from techlib import did_you_mean

__all__ = ["name_violations"]


def name_violations(floorplan: Floorplan) -> Iterator[Violation]:
    """Yield keys that are used twice, and blocks that name a stack that is not there."""
    names = [*(die.name for die in floorplan.dies), *(stack.name for stack in floorplan.stacks)]
    for key, count in Counter([*names, *floorplan.heat_keys]).items():
        if count > 1:
            x_um, y_um = _place(floorplan, key)
            yield Violation(
                "name-unique",
                (key,),
                x_um,
                y_um,
                count,
                1.0,
                "",
                f"{key}: the name is used {count} times; rename all but one",
            )
    known = {stack.name for stack in floorplan.stacks}
    for die in floorplan.dies:
        for block in die.blocks:
            if block.stack and block.stack not in known:
                key, (x0, y0, _, _) = f"{die.name}/{block.name}", block.outline.bounds
                yield Violation(
                    "name-unknown",
                    (key,),
                    die.x_um + x0,
                    die.y_um + y0,
                    0.0,
                    1.0,
                    "",
                    f"{key}: there is no stack {block.stack!r}; {did_you_mean(block.stack, known)}",
                )


def _place(floorplan: Floorplan, key: str) -> tuple[float, float]:
    """Return where the first thing of a name is."""
    corners = {stack.name: (stack.x_um, stack.y_um) for stack in floorplan.stacks}
    corners |= {die.name: (die.x_um, die.y_um) for die in floorplan.dies}
    return corners[key if key in corners else key.partition("/")[0]]
