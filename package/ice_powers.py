"""Heat keys and powers of a 3D-ICE stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from floorplan.formats.ice_floorplan import Element
from floorplan.formats.text import some
from package.ice_stack import Stack

__all__ = ["heat_keys", "slot_powers"]


def heat_keys(
    stack: Stack, floorplans: Mapping[str, Sequence[Element]]
) -> dict[tuple[str, str], str]:
    """Return the heat key of each element of each die."""
    pairs = [
        (die.name, element.name)
        for die in stack.elements
        if die.floorplan
        for element in floorplans[die.floorplan]
    ]
    times = Counter(name for _, name in pairs)
    return {(die, name): name if times[name] == 1 else f"{die}.{name}" for die, name in pairs}


def slot_powers(stack: Stack, floorplans: Mapping[str, Sequence[Element]]) -> pd.DataFrame:
    """Return the powers, a row per slot and a column per heat key."""
    keys = heat_keys(stack, floorplans)
    found: dict[str, tuple[float, ...]] = {}
    for die in reversed(stack.elements):
        if die.floorplan:
            for element in floorplans[die.floorplan]:
                found[keys[die.name, element.name]] = element.powers_w
    silent = [key for key, values in found.items() if not values]
    note = stack.notes.append
    if silent:
        note(f"no power values, taken as 0 W: {some(silent)}")
    counts = {len(values) for values in found.values() if values}
    slots = min(counts, default=1)
    if stack.slot_s == 0.0:
        if counts and max(counts) > 1:
            note("a steady state takes the first power value of each element")
        slots = 1
    elif len(counts) > 1:
        note(f"elements have {slots} to {max(counts)} power values; the first {slots} count")
    return pd.DataFrame({k: (v or (0.0,) * slots)[:slots] for k, v in found.items()})
