"""HotSpot's power traces (``.ptrace``): a header of block names, a row of watts per interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from floorplan.formats.lines import Line, as_float, read_lines
from techlib import Faults, did_you_mean

__all__ = ["Dissipator", "read_powers"]

_SHOWN = 10  # faults of one kind that are listed one by one


@dataclass(frozen=True)
class Dissipator:
    """A block that needs a column.

    Parameters
    ----------
    layer : int
        Number of its layer.
    name : str
        In the trace.
    key : str
        Heat key: the name, or layer and name where several layers have it.
    """

    layer: int
    name: str
    key: str


def read_powers(
    path: Path, blocks: Sequence[Dissipator] | None, faults: Faults
) -> pd.DataFrame | None:
    """Read a power trace.

    Parameters
    ----------
    path : Path
        The file.
    blocks : sequence of Dissipator or None
        Layer by layer from the bottom. Columns may stand in any order; where several layers have
        a block of one name, theirs stand layer by layer, as HotSpot has it. None leaves the names
        unchecked, where another fault has hidden the blocks.
    faults : Faults
        Takes what is wrong.

    Returns
    -------
    pandas.DataFrame or None
        A row per interval, a column per heat key [W]; None after a fault.
    """
    known = len(faults.found)
    lines = read_lines(path, "a HotSpot power trace")
    if not lines:
        faults.add(str(path), "is empty", "a row of block names, then rows of watts")
        return None
    header, rows = lines[0], lines[1:]
    order = [] if blocks is None else _keys(header, blocks, faults)
    if not rows:
        faults.add(str(path), "has no power", "a row of watts or more below the names")
    values = _values(rows, header.words, faults)
    if blocks is None or len(faults.found) > known:
        return None
    table = pd.DataFrame(np.array(values, dtype=np.float64), columns=order)
    return table[[block.key for block in blocks]]


def _keys(header: Line, blocks: Sequence[Dissipator], faults: Faults) -> list[str]:
    """Return the heat key of each column."""
    waiting: dict[str, list[str]] = {}
    for block in blocks:
        waiting.setdefault(block.name, []).append(block.key)
    names = list(waiting)
    keys = []
    for name in header.words:
        if waiting.get(name):
            keys.append(waiting[name].pop(0))
        elif name in waiting:
            faults.add(header.where, f"block {name!r} has one column too many")
        else:
            what = f"block {name!r} is in no floorplan that dissipates"
            faults.add(header.where, what, cure=did_you_mean(name, names))
    for name, left in waiting.items():
        if left:
            cure = "write zeros for a block that rests"
            faults.add(header.where, f"no column for block {name!r}", cure=cure)
    return keys


def _values(rows: Sequence[Line], names: Sequence[str], faults: Faults) -> list[list[float]]:
    found, wrong = [], 0
    for row in rows:
        values = [_watts(word) for word in row.words]
        if len(values) == len(names) and not any(map(math.isnan, values)):
            found.append(values)
            continue
        wrong += 1
        if wrong > _SHOWN:
            continue
        if len(values) != len(names):
            faults.add(row.where, f"{len(values)} values for {len(names)} blocks")
        for name, word, value in zip(names, row.words, values, strict=False):
            if math.isnan(value):
                faults.add(row.where, f"{name} is {word!r}", "a number of 0 W or more")
    if wrong > _SHOWN:
        faults.add(rows[0].where.rpartition(":")[0], f"{wrong - _SHOWN} more rows of this kind")
    return found


def _watts(word: str) -> float:
    """Read a power; NaN where it is none."""
    value = as_float(word)
    return value if 0.0 <= value < math.inf else math.nan
