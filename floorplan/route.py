"""Bundles of interposer wires: the area that each word of a link takes on its layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import Polygon, STRtree

from floorplan.detail_rules import DetailRules
from floorplan.link import Link

__all__ = ["RouteBundle", "bundles_of", "overlapping_bundles", "route_table"]


@dataclass(frozen=True)
class RouteBundle:
    """The wires of one word on one layer, as the area that they take.

    Parameters
    ----------
    name : str
        ``"<link>/<channel>/<word>"``.
    link, channel : str
        What it belongs to.
    layer : str
        Name in the layer map.
    outline : shapely.Polygon
        From end to end in interposer coordinates [um].
    wires : int
        Number of wires.
    width_um : float
        Across the wires, spaces included [um].
    shortest_um, mean_um, longest_um : float
        Lengths of its wires [um].
    """

    name: str
    link: str
    channel: str
    layer: str
    outline: Polygon
    wires: int
    width_um: float
    shortest_um: float
    mean_um: float
    longest_um: float


def bundles_of(link: Link, rules: DetailRules, grid_um: float) -> tuple[RouteBundle, ...]:
    """Return the bundles of a link: channels behind each other beside and above each other.

    The words of the channels that lie behind each other share the strip of the edge that they
    stand on; they take the signal layers in turn, and on a layer they lie side by side.
    """
    if not link.nets:
        return ()
    return tuple(
        _bundle(link, word, place, of, rules, grid_um)
        for word, (place, of) in _strips(link).items()
    )


def _bundle(
    link: Link, word: int, place: int, of: int, rules: DetailRules, grid_um: float
) -> RouteBundle:
    """Return the bundle of a word, at its place among those on the same strip of the edge."""
    layers = int(rules.route_layers)
    chosen = link.words == word
    wires, lengths = int(chosen.sum()), link.lengths_um[chosen]
    channel, part = divmod(word, link.words_per_channel)
    half = _snapped(wires * (rules.wire_width_um + rules.wire_space_um) / 2.0, grid_um)
    beside = -(-of // layers)  # bundles of the strip on one layer
    shift = (place // layers - (beside - 1) / 2.0) / beside
    return RouteBundle(
        name=f"{link.name}/{link.channels[channel]}/{part}",
        link=link.name,
        channel=link.channels[channel],
        layer=f"interposer.route{place % layers + 1}",
        outline=_outline(link, chosen, shift, half, grid_um),
        wires=wires,
        width_um=2.0 * half,
        shortest_um=float(lengths.min()),
        mean_um=float(lengths.mean()),
        longest_um=float(lengths.max()),
    )


def _outline(
    link: Link, chosen: NDArray[np.bool_], shift: float, half_um: float, grid_um: float
) -> Polygon:
    """Return the area from the bumps of some wires at one end to those at the other.

    Its middle line is off that of the bumps by a share of their extent along the edge.
    """
    along, away = int(link.horizontal), int(not link.horizontal)
    near_end, far_end = link.near_um[chosen], link.far_um[chosen]
    middles = [
        _snapped(float(end.min() + end.max()) / 2.0 + shift * float(np.ptp(end)), grid_um)
        for end in (near_end[:, along], far_end[:, along])
    ]
    near, far = near_end[:, away], far_end[:, away]
    reach = (near.min(), far.max()) if near.mean() < far.mean() else (near.max(), far.min())
    corners = np.array([(reach[end], middles[end] + side * half_um) for end, side in _CORNERS])
    return Polygon(corners if along else corners[:, ::-1])


_CORNERS = ((0, -1), (1, -1), (1, 1), (0, 1))  # of an outline: its end, and the side


def _strips(link: Link) -> dict[int, tuple[int, int]]:
    """Return, for each word, its turn among those on the same strip of the edge, and how many."""
    along, away = int(link.horizontal), int(not link.horizontal)
    middles = {
        word: link.near_um[link.words == word].mean(axis=0)
        for word in np.unique(link.words).tolist()
    }
    strips: dict[int, list[int]] = {}
    extent_um = min(np.ptp(link.near_um[link.words == word, along]) for word in middles)
    order = sorted(middles, key=lambda word: (middles[word][along], middles[word][away]))
    step = 0
    for index, word in enumerate(order):
        if index and middles[word][along] - middles[order[index - 1]][along] > extent_um / 2.0:
            step += 1
        strips.setdefault(step, []).append(word)
    towards = np.sign((link.far_um - link.near_um)[:, away].mean())  # outermost words first
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
            "link": bundle.link,
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
