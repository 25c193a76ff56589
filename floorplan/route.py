"""Bundles of interposer wires: the area that each word of an HBM link takes on its layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from shapely import Polygon, STRtree

from floorplan.detail_rules import DetailRules
from floorplan.hbm_link import HbmLink

__all__ = ["RouteBundle", "bundles_of", "overlapping_bundles", "route_table"]


@dataclass(frozen=True)
class RouteBundle:
    """The wires of one word on one layer, as the area that they take.

    Parameters
    ----------
    name : str
        ``"<stack>/<channel>/<word>"``.
    stack, channel : str
        What it belongs to.
    layer : str
        Name in the layer map.
    outline : shapely.Polygon
        From PHY to stack in interposer coordinates [um].
    wires : int
        Number of wires.
    width_um : float
        Across the wires, spaces included [um].
    shortest_um, mean_um, longest_um : float
        Lengths of its wires [um].
    """

    name: str
    stack: str
    channel: str
    layer: str
    outline: Polygon
    wires: int
    width_um: float
    shortest_um: float
    mean_um: float
    longest_um: float


def bundles_of(link: HbmLink, rules: DetailRules, grid_um: float) -> tuple[RouteBundle, ...]:
    """Return the bundles of a link: channels behind each other beside and above each other.

    The words of the channels that lie behind each other share the strip of the edge that they
    stand on; they take the signal layers in turn, and on a layer they lie side by side.
    """
    along, away = int(link.horizontal), int(not link.horizontal)
    lengths = link.lengths_um
    pitch_um = rules.wire_width_um + rules.wire_space_um
    strips = _strips(link)
    layers = int(rules.route_layers)
    bundles = []
    for word, (place, of) in strips.items():
        chosen = link.words == word
        phy, stack = link.phy_um[chosen], link.stack_um[chosen]
        channel, part = divmod(word, link.words_per_channel)
        on_layer = -(-of // layers)
        width_um = int(chosen.sum()) * pitch_um
        ends = []
        for end in (phy, stack):
            middle = (end[:, along].min() + end[:, along].max()) / 2.0
            shift = (place // layers - (on_layer - 1) / 2.0) * np.ptp(end[:, along]) / on_layer
            ends.append(_snapped(middle + shift, grid_um))
        near, far = (end[:, away] for end in (phy, stack))
        reach = (near.min(), far.max()) if near.mean() < far.mean() else (near.max(), far.min())
        half = _snapped(width_um / 2.0, grid_um)
        corners = np.array(
            [
                (reach[0], ends[0] - half),
                (reach[1], ends[1] - half),
                (reach[1], ends[1] + half),
                (reach[0], ends[0] + half),
            ]
        )
        bundles.append(
            RouteBundle(
                name=f"{link.stack}/{link.channels[channel]}/{part}",
                stack=link.stack,
                channel=link.channels[channel],
                layer=f"interposer.route{place % layers + 1}",
                outline=Polygon(corners if along else corners[:, ::-1]),
                wires=int(chosen.sum()),
                width_um=2.0 * half,
                shortest_um=float(lengths[chosen].min()),
                mean_um=float(lengths[chosen].mean()),
                longest_um=float(lengths[chosen].max()),
            )
        )
    return tuple(bundles)


def _strips(link: HbmLink) -> dict[int, tuple[int, int]]:
    """Return, for each word, its turn among those on the same strip of the edge, and how many."""
    along, away = int(link.horizontal), int(not link.horizontal)
    middles = {
        word: link.phy_um[link.words == word].mean(axis=0)
        for word in np.unique(link.words).tolist()
    }
    strips: dict[int, list[int]] = {}
    extent_um = min(np.ptp(link.phy_um[link.words == word, along]) for word in middles)
    order = sorted(middles, key=lambda word: (middles[word][along], middles[word][away]))
    step = 0
    for index, word in enumerate(order):
        if index and middles[word][along] - middles[order[index - 1]][along] > extent_um / 2.0:
            step += 1
        strips.setdefault(step, []).append(word)
    towards = np.sign((link.stack_um - link.phy_um)[:, away].mean())  # outermost words first
    return {
        word: (place, len(words))
        for words in strips.values()
        for place, word in enumerate(sorted(words, key=lambda w: -towards * middles[w][away]))
    }


def _snapped(length_um: float, grid_um: float) -> float:
    return round(round(length_um / grid_um) * grid_um, 6)


def route_table(bundles: tuple[RouteBundle, ...]) -> pd.DataFrame:
    """Return one row for each bundle: layer, wires, width and lengths."""
    rows = [
        {
            "bundle": bundle.name,
            "stack": bundle.stack,
            "channel": bundle.channel,
            "layer": bundle.layer,
            "wires": bundle.wires,
            "width_um": bundle.width_um,
            "shortest_um": bundle.shortest_um,
            "mean_um": bundle.mean_um,
            "longest_um": bundle.longest_um,
        }
        for bundle in bundles
    ]
    return pd.DataFrame(rows)


def overlapping_bundles(bundles: tuple[RouteBundle, ...]) -> int:
    """Return the number of pairs of bundles that overlap on a layer."""
    count = 0
    for layer in sorted({bundle.layer for bundle in bundles}):
        outlines = np.array([b.outline for b in bundles if b.layer == layer], dtype=object)
        first, second = STRtree(outlines).query(outlines, predicate="overlaps")
        count += int(np.count_nonzero(first < second))
    return count
