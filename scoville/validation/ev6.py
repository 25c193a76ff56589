"""HotSpot's first example with its spreader and sink as solids, and with its own lumped rim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from package import read_case
from scoville.validation.lumped_rim import lumped_rim_means
from scoville.validation.runs import BALANCE, run_row, solve
from scoville.validation.section import Check, Section, Table
from thermal import Resolution

__all__ = ["hotspot_ev6"]

_LUMPED = Resolution(lateral=32, finest_um=125.0, growth=0.5)  # inside the die; solved directly


def hotspot_ev6(data: Path, *, quick: bool) -> Section:
    """Show what lumping the rim does to the temperatures of the die."""
    case = read_case(data / "hotspot_ev6" / "case.json")
    grids = (64, 128) if quick else (64, 128, 256)
    solves, means = [], {}
    for lateral in grids:
        found, _ = solve(case.package, case.power_w, Resolution(lateral=lateral))
        means[lateral] = found.block_mean_c
        solves.append(run_row(str(lateral), found))
    solid = means[grids[-1]]
    lumped = lumped_rim_means(case.package, case.power_w, _LUMPED)
    change_k = solid - lumped
    rows = pd.DataFrame(
        {
            "block": solid.index,
            "power W": [case.power_w[str(key)] for key in solid.index],
            "solid rim degC": solid.to_numpy(),
            "lumped rim degC": lumped[solid.index].to_numpy(),
            "solid - lumped K": change_k.to_numpy(),
        }
    ).sort_values("solid rim degC", ascending=False)
    settled = float((means[grids[-1]] - means[grids[-2]]).abs().max())
    text = (
        "A die of 16 x 16 mm under a spreader of 30 mm and a sink of 60 mm, the mean power of the "
        "trace. HotSpot lumps what lies outside of the die's outline into four nodes in the "
        "spreader and eight in the sink; the case describes it as the solid that it is. Solved "
        "here both ways: the same cells inside the die's outline, and outside of it either cells "
        "or HotSpot's nodes (`scoville.validation.lumped_rim`, from its published equations).",
        f"Lumped, the die is {change_k.mean():.2f} K cooler on average and "
        f"{change_k.abs().max():.2f} K at most: the rim carries the heat of each side at one "
        "temperature, with none of the constriction from the die's edge into it. Our own figures "
        f"change by {settled:.2f} K at most from {grids[-2]} to {grids[-1]} cells a side, so the "
        "difference is the rim's. HotSpot's own figures are not part of the case.",
    )
    checks = (
        Check("hotspot_ev6: energy balance", max(r["energy balance"] for r in solves), BALANCE),
        Check(
            "hotspot_ev6: change by the last refinement over that by the rim",
            settled / float(np.abs(change_k).max()),
            0.25,
        ),
    )
    tables = (Table("Block means", rows), Table("Solves", pd.DataFrame(solves)))
    return Section("hotspot_ev6", "HotSpot's first example", text, checks, tables)
