"""Die-to-die links: which blocks face each other, their bumps on both dies, and their wires."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, affinity

from floorplan.block import Block, BlockKind
from floorplan.bump import BumpField, BumpKind
from floorplan.die import Die
from floorplan.die_link_map import DieLinkMap, DieLinkSites, fill_module
from floorplan.extent import has_extent
from floorplan.floorplan import Floorplan
from floorplan.link import Link

__all__ = ["DieLink", "die_links", "facing_pairs"]

_GBIT = 1e9


def facing_pairs(blocks: Sequence[tuple[str, Polygon]]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of blocks on different dies that are each other's nearest.

    Parameters
    ----------
    blocks : sequence of (str, shapely.Polygon)
        Key of each block, its die first, and its outline in a common frame [um].

    Examples
    --------
    >>> from shapely import box
    >>> south = [("a/d0", box(0, 0, 2, 1)), ("a/d1", box(5, 0, 7, 1))]
    >>> list(facing_pairs([*south, ("b/d0", box(5, 2, 7, 3)), ("b/d1", box(0, 2, 2, 3))]))
    [(0, 3), (1, 2)]
    """
    if not blocks:
        return
    dies = np.array([key.partition("/")[0] for key, _ in blocks])
    middles = np.array([outline.centroid.coords[0] for _, outline in blocks])
    away = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1))
    away[dies[:, None] == dies] = np.inf
    nearest = away.argmin(axis=1)
    for index, other in enumerate(nearest.tolist()):
        mutual = nearest[other] == index and np.isfinite(away[index, other])
        if mutual and blocks[index][0] < blocks[other][0]:
            yield index, other


@dataclass(frozen=True, eq=False)
class DieLink:
    """The bumps of a link on both dies, each in the frame of its die, and the wires between."""

    fields: tuple[BumpField, BumpField]
    wires: Link


def die_links(
    floorplan: Floorplan, chart: DieLinkMap, inset_um: float, notes: list[str]
) -> tuple[DieLink, ...]:
    """Return the links of all die-to-die blocks that face one on another die.

    Each takes as many modules as both blocks have room for along the edge. The map of the second
    die is that of the first one mirrored about a line between them, so that wires are straight;
    a wire has one name on both: ``dn`` is sent by the first die, ``up`` by the other.

    Parameters
    ----------
    floorplan : Floorplan
        Blocks and dies.
    chart : DieLinkMap
        What a module has.
    inset_um : float
        From the edge of the blocks to the outermost bumps [um].
    notes : list of str
        Gets a note for each block without a partner or without room.
    """
    found = [
        (die, block)
        for die in floorplan.dies
        for block in die.blocks
        if block.kind is BlockKind.DIE_TO_DIE and has_extent(block)
    ]
    ends = [
        (f"{die.name}/{block.name}", affinity.translate(block.outline, die.x_um, die.y_um))
        for die, block in found
    ]
    pitch_um = floorplan.technology.microbump_pitch_um
    sites = fill_module(chart, pitch_um, floorplan.grid_um)
    links, linked = [], set()
    for one, other in facing_pairs(ends):
        site = _Site.between(ends[one][1], ends[other][1], chart, floorplan.grid_um)
        if site.modules:
            linked |= {one, other}
            links.append(_link(site, [found[one], found[other]], chart, sites, inset_um))
    notes += [
        f"{key}: no die-to-die bumps; no block of another die faces it with room for a module"
        for number, (key, _) in enumerate(ends)
        if number not in linked
    ]
    return tuple(links)


@dataclass(frozen=True)
class _Site:
    """Where two blocks face each other, in interposer coordinates [um]."""

    upright: bool  #: whether the wires run along y
    start_um: float  #: of the first module along the edges
    modules: int
    edges_um: tuple[float, float]  #: of both blocks, across the edges
    inwards: tuple[int, int]

    @classmethod
    def between(cls, one: Polygon, other: Polygon, chart: DieLinkMap, grid_um: float) -> _Site:
        """Return where as many modules as there is room for stand in the common middle."""
        a, b = (np.array(outline.bounds).reshape(2, 2) for outline in (one, other))
        gaps = np.maximum(a[0], b[0]) - np.minimum(a[1], b[1])
        across = int(gaps.argmax())
        low, high = max(a[0, 1 - across], b[0, 1 - across]), min(a[1, 1 - across], b[1, 1 - across])
        modules = max(int((high - low) / chart.module_width_um + 1e-9), 0)
        start = (low + high - modules * chart.module_width_um) / 2.0
        first = a[0, across] < b[0, across]
        edges = (a[1, across], b[0, across]) if first else (a[0, across], b[1, across])
        return cls(
            upright=across == 1,
            start_um=round(round(start / grid_um) * grid_um, 6),
            modules=modules,
            edges_um=(float(edges[0]), float(edges[1])),
            inwards=(-1, 1) if first else (1, -1),
        )

    def places(self, end: int, sites: DieLinkSites, width_um: float, inset_um: float) -> Points:
        """Return the bumps of all modules at one end [um]."""
        steps = np.arange(self.modules)[:, None] * width_um
        along = (self.start_um + steps + sites.along_um).ravel()
        depth = np.tile(inset_um + sites.depth_um, self.modules)
        across = self.edges_um[end] + self.inwards[end] * depth
        return np.stack([along, across] if self.upright else [across, along], axis=1)


Points = NDArray[np.float64]


def _link(
    site: _Site,
    ends: Sequence[tuple[Die, Block]],
    chart: DieLinkMap,
    sites: DieLinkSites,
    inset_um: float,
) -> DieLink:
    name = f"{ends[0][0].name}/{ends[0][1].name}"
    ports, codes = _ports(sites, site.modules)
    signals = len(ports) - len(_supplies(sites))
    fields, places = [], []
    for end, (die, block) in enumerate(ends):
        points = site.places(end, sites, chart.module_width_um, inset_um)
        places.append(points[np.argsort(codes, kind="stable")][:signals])
        fields.append(
            BumpField(
                name=f"{die.name}/{block.name}",
                kind=BumpKind.D2D,
                owner=die.name,
                pad_um=chart.pad_um,
                nets=tuple(f"{name}/{port}" for port in ports[:signals]) + ports[signals:],
                ports=ports,
                points_um=np.round(points - (die.x_um, die.y_um), 6),
                point_nets=codes,
                block=block.name,
            )
        )
    return DieLink(
        fields=(fields[0], fields[1]),
        wires=Link(
            name=name,
            nets=fields[0].nets[:signals],
            near_um=places[0],
            far_um=places[1],
            channels=tuple(f"m{module}" for module in range(site.modules)),
            words=_words(sites, site.modules),
            words_per_channel=sites.words_per_module,
            horizontal=not site.upright,
            bandwidth_gbit_s=site.modules * chart.bandwidth_bit_s / _GBIT,
        ),
    )


def _supplies(sites: DieLinkSites) -> tuple[str, ...]:
    return sites.ports[len(sites.words) :]


def _words(sites: DieLinkSites, modules: int) -> NDArray[np.int32]:
    steps = np.arange(modules, dtype=np.int32)[:, None] * sites.words_per_module
    return np.asarray((steps + sites.words).ravel(), dtype=np.int32)


@functools.lru_cache(maxsize=16)
def _ports(sites: DieLinkSites, modules: int) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the ports of some modules side by side, and that of each bump."""
    signals = len(sites.words)
    names = tuple(f"m{m}_{port}" for m in range(modules) for port in sites.ports[:signals])
    steps = np.arange(modules, dtype=np.int32)[:, None] * signals
    codes = np.where(
        sites.port_of < signals,
        sites.port_of + steps,
        sites.port_of + (modules - 1) * signals,
    )
    return (*names, *_supplies(sites)), np.asarray(codes.ravel(), dtype=np.int32)
