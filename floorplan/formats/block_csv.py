"""The table of blocks among the formats, which `floorplan.read_layout` reads again."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from floorplan.floorplan import Floorplan
from floorplan.formats.registry import Content, Job

__all__ = ["block_table", "files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield a row per block as CSV."""
    yield "blocks.csv", block_table(job.floorplan).to_csv(index=False, lineterminator="\n")


def block_table(plan: Floorplan) -> pd.DataFrame:
    """Return a row per block: key, what it is and holds, area and bounds on the interposer.

    Examples
    --------
    >>> import floorplan
    >>> table = block_table(floorplan.build(floorplan.recipes()["jalapeno"]))
    >>> list(table)[:3], len(table) > 1000
    (['key', 'kind', 'enabled'], True)
    """
    rows = []
    for key, block, outline in plan.placed_blocks():
        x0, y0, x1, y1 = outline.bounds
        rows.append(
            {
                "key": key,
                "kind": str(block.kind),
                "enabled": block.enabled,
                "stack": block.stack,
                "macs": block.macs,
                "sram_byte": block.sram_byte,
                "lanes": block.lanes,
                "area_mm2": block.area_um2 / 1e6,
                "x0_um": x0,
                "y0_um": y0,
                "x1_um": x1,
                "y1_um": y1,
            }
        )
    return pd.DataFrame(rows)
