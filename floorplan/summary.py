"""Areas and utilisation as tables."""

from __future__ import annotations

import pandas as pd

from floorplan.block import BlockKind
from floorplan.floorplan import Floorplan

__all__ = ["summary", "utilisation"]


def summary(floorplan: Floorplan) -> pd.DataFrame:
    """Return count and area of the blocks by die and kind.

    Returns
    -------
    pandas.DataFrame
        One row per die and kind, in the order of the dies and of `BlockKind`: ``die``, ``kind``,
        ``blocks``, ``area_mm2``, ``share`` (of the die's area, scribe lane included).

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> table = floorplan.summary(plan).set_index("kind")
    >>> int(table.loc["hbm_phy", "blocks"])
    8
    """
    rows = []
    for die in floorplan.dies:
        for kind in BlockKind:
            areas = [block.area_um2 for block in die.blocks if block.kind is kind]
            if areas:
                rows.append(
                    {
                        "die": die.name,
                        "kind": str(kind),
                        "blocks": len(areas),
                        "area_mm2": sum(areas) / 1e6,
                        "share": sum(areas) / die.area_um2,
                    }
                )
    return pd.DataFrame(rows, columns=["die", "kind", "blocks", "area_mm2", "share"])


def utilisation(floorplan: Floorplan) -> pd.DataFrame:
    """Return how much of each die, and of the interposer, is in use.

    Returns
    -------
    pandas.DataFrame
        One row per die and one for the interposer: ``name``, ``width_mm``, ``height_mm``,
        ``area_mm2``, ``used_mm2``, ``utilisation``. A die is used by blocks that are not filler,
        its share is of the core inside the seal ring; the interposer by dies and stacks.
    """
    rows = []
    for die in floorplan.dies:
        used = sum(b.area_um2 for b in die.blocks if b.kind is not BlockKind.FILLER)
        rows.append(_row(die.name, die.width_um, die.height_um, used, float(die.core.area)))
    placed = sum(float(item.placed_outline.area) for item in floorplan.dies)
    placed += sum(float(stack.placed_outline.area) for stack in floorplan.stacks)
    area = floorplan.width_um * floorplan.height_um
    rows.append(_row("interposer", floorplan.width_um, floorplan.height_um, placed, area))
    return pd.DataFrame(rows)


def _row(
    name: str, width_um: float, height_um: float, used_um2: float, available_um2: float
) -> dict[str, object]:
    return {
        "name": name,
        "width_mm": width_um / 1e3,
        "height_mm": height_um / 1e3,
        "area_mm2": width_um * height_um / 1e6,
        "used_mm2": used_um2 / 1e6,
        "utilisation": used_um2 / available_um2,
    }
