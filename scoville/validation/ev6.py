"""HotSpot's first example with its spreader and sink as solids, and as HotSpot has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from package import read_case
from scoville.validation.hotspot_like import hotspot_like_means
from scoville.validation.runs import BALANCE, run_row, solve
from scoville.validation.section import Check, Section, Table
from thermal import Resolution

__all__ = ["hotspot_ev6"]

OF_RIM = 0.25  #: of the mean difference, or it would be the rim after all
SETTLED = 0.25  #: change by the last refinement over what is to be explained
_REFINED_LATERAL, _ONE_NODE_LATERAL = 32, 64  # cells inside the die; solved directly


def hotspot_ev6(data: Path) -> Section:
    """Show what HotSpot's nodes do to the temperatures of the die."""
    case = read_case(data / "hotspot_ev6" / "case.json")
    grids = (64, 128, 256)
    solves, means = [], {}
    for lateral in grids:
        found, _ = solve(case.package, case.power_w, Resolution(lateral=lateral))
        means[lateral] = found.block_mean_c
        solves.append(run_row(str(lateral), found))
    solid = means[grids[-1]]
    lumped = hotspot_like_means(case.package, case.power_w, _REFINED_LATERAL, one_node=False)
    like = hotspot_like_means(case.package, case.power_w, _ONE_NODE_LATERAL)
    change_k = pd.DataFrame({"rim": lumped - solid, "both": like - solid})
    rows = pd.DataFrame(
        {
            "block": solid.index,
            "power W": [case.power_w[str(key)] for key in solid.index],
            "solids degC": solid.to_numpy(),
            "rim lumped K": change_k["rim"].to_numpy(),
            "as HotSpot K": change_k["both"].to_numpy(),
        }
    ).sort_values("solids degC", ascending=False)
    settled = float((means[grids[-1]] - means[grids[-2]]).abs().max())
    text = f"""
        A die of 16 x 16 mm under a spreader of 30 mm and a sink of 60 mm, the mean power of the
        trace. HotSpot makes every layer one node high, with the node on its bottom face, and lumps
        what lies outside of the die's outline into four nodes in the spreader and eight in the
        sink. The case describes spreader and sink as the solids that they are.

        Made as HotSpot makes it (`scoville.validation.hotspot_like`, from its published equations),
        the die is {-change_k["both"].mean():.2f} K cooler on average and
        {change_k["both"].abs().max():.2f} K at most. With the rim alone lumped, and cells refined
        in z inside the die's outline, the average changes by {change_k["rim"].mean():+.2f} K (its
        single blocks have the error of {_REFINED_LATERAL} cells a side). So it is the nodes rather
        than the rim: a layer that is one node on its bottom face spreads heat sideways with its
        whole height at the temperature of its hotter face, and the sink is 6.9 mm high. From
        {grids[-2]} to {grids[-1]} cells a side our own block means change by {settled:.2f} K at
        most. HotSpot's own figures are not part of the case.
    """
    explained_k = float(np.abs(change_k["both"]).max())
    of_rim = abs(float(change_k["rim"].mean() / change_k["both"].mean()))
    checks = (
        Check("hotspot_ev6: what the rim has of HotSpot's mean difference", of_rim, OF_RIM),
        Check("hotspot_ev6: energy balance", max(r["energy balance"] for r in solves), BALANCE),
        Check(
            "hotspot_ev6: last refinement over what is explained", settled / explained_k, SETTLED
        ),
    )
    tables = (
        Table("Block means with solids, and the change by HotSpot's nodes", rows),
        Table("Solves", pd.DataFrame(solves)),
    )
    return Section("hotspot_ev6", "HotSpot's first example", text, checks, tables)
