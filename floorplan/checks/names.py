"""Rules of the names that power and temperature are joined on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from floorplan.artwork import Artwork
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken
from techlib import did_you_mean

__all__ = ["name_violations"]


def name_violations(artwork: Artwork, deck: RuleDeck) -> Iterator[Violation]:
    """Yield keys that are used twice, and blocks that name a stack that is not there."""
    places = {name: outline.bounds for name, outline in reversed(artwork.bodies)}
    names = (name for name, _ in artwork.bodies)
    for key, count in Counter([*names, *artwork.heat_keys]).items():
        if count > 1:
            rule = deck["name-unique"]
            place = places[key if key in places else key.partition("/")[0]]
            what = f"the name is used {count} times; rename all but one"
            yield broken(rule, key, place, what, amount=count, limit=1.0)
    known = {stack.name for stack in artwork.stacks}
    for die in artwork.dies:
        for index, stack in enumerate(die.stacks):
            if stack and stack not in known:
                place = die.blocks.placed(index, die.blocks.outlines[index].bounds)
                what = f"there is no stack {stack!r}; {did_you_mean(stack, known)}"
                yield broken(deck["name-unknown"], die.blocks.names[index], place, what)
