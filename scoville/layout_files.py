"""The files of a layout: GDS, picture, table of blocks, floorplan in full."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import floorplan
from floorplan import Floorplan
from scoville.console import Progress
from scoville.design import Design

__all__ = ["block_table", "write_layout"]


def block_table(plan: Floorplan) -> pd.DataFrame:
    """Return a row per block: key, kind, area and bounds on the interposer."""
    rows = []
    for key, block, outline in plan.placed_blocks():
        x0, y0, x1, y1 = outline.bounds
        rows.append(
            {
                "key": key,
                "kind": str(block.kind),
                "enabled": block.enabled,
                "stack": block.stack,
                "area_mm2": block.area_um2 / 1e6,
                "x0_um": x0,
                "y0_um": y0,
                "x1_um": x1,
                "y1_um": y1,
            }
        )
    return pd.DataFrame(rows)


def write_layout(
    design: Design, folder: Path, progress: Progress, *, png: bool = True
) -> tuple[str, ...]:
    """Write the layout of a design into a folder; return the names of the files."""
    plan = design.floorplan
    progress("writing GDS", 0.1)
    floorplan.write_gds(plan, folder / f"{design.name}.gds")
    block_table(plan).to_csv(folder / "blocks.csv", index=False, lineterminator="\n")
    floorplan.write_floorplan(plan, folder / "floorplan.toml")
    if png:
        from floorplan.picture import draw, save_png

        progress("drawing the floorplan", 0.5)
        save_png(draw(plan), folder / "floorplan.png")
    return tuple(sorted(file.name for file in folder.iterdir()))
