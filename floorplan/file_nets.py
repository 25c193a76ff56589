"""Nets of a layout file through the whole package, from the names that each body has for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from floorplan.artwork import Artwork
from floorplan.block import BlockKind
from floorplan.bump import MECHANICAL, NO_CONNECT, BumpKind
from floorplan.pads import Pads

__all__ = ["package_nets"]

_TOP = (BumpKind.HBM, BumpKind.CORE, BumpKind.D2D)
_INTERFACES = (BlockKind.SERDES, BlockKind.HOST)
_NONE = ("", NO_CONNECT, MECHANICAL)


def package_nets(fields: Sequence[Pads], artwork: Artwork) -> tuple[Pads, ...]:
    """Return the bumps of a file with nets of the package in place of the names of their body.

    Interposer and substrate name the package's nets. A microbump with such a name is on that net,
    a supply for instance; any other name is a signal of its body: of the stack, of the stack that
    its PHY talks to, of the die-to-die link that its block ends, or of the interface on its
    die that it stands on or nearest to (``"io/serdes0/tx0_p"``). Levels of the
    package without a single name are left out: there is nothing to hold against another level.
    """
    named = [pads for pads in fields if any(net not in _NONE for net in _used(pads))]
    below = {net for pads in named if pads.kind not in _TOP for net in _used(pads)}
    return tuple(_package_wide(pads, below, artwork) for pads in named)


def _used(pads: Pads) -> list[str]:
    return [pads.nets[code] for code in np.unique(pads.codes).tolist()]


def _package_wide(pads: Pads, below: set[str], artwork: Artwork) -> Pads:
    """Return pads whose nets are those of the package."""
    used = _used(pads)
    common = [net in below or net in _NONE for net in pads.nets]
    if pads.kind not in _TOP or all(net in below for net in used):
        return replace(pads, nets=tuple("" if net in _NONE else net for net in pads.nets))
    own = np.flatnonzero(~np.asarray(common)[pads.codes])
    names = pads.net_names().astype(object)
    names[np.isin(pads.net_names(), _NONE)] = ""
    prefixes = _prefixes(pads, own, artwork)
    names[own] = [f"{prefix}/{names[i]}" for prefix, i in zip(prefixes, own, strict=True)]
    nets, codes = np.unique(names.astype(np.str_), return_inverse=True)
    return replace(pads, nets=tuple(nets.tolist()), codes=codes.astype(np.int32))


def _prefixes(pads: Pads, own: NDArray[np.int64], artwork: Artwork) -> list[str]:
    """Return what the signals of some bumps belong to: a stack, or a block by its key."""
    die = next((die for die in artwork.dies if die.name == pads.owner), None)
    if die is None or not len(die.blocks):
        return [pads.owner] * len(own)
    if pads.block:
        stacks = dict(zip(die.blocks.names, die.stacks, strict=True))
        first = {other: one for one, other, _ in artwork.die_links}
        key = f"{pads.owner}/{pads.block}"
        return [stacks.get(key) or first.get(key, key)] * len(own)
    every = range(len(die.blocks))
    some = [index for index in every if die.kinds[index] in _INTERFACES] or [*every]
    outlines = np.array([die.blocks.placed_outline(index) for index in some])
    points = shapely.points(pads.points_um[own])
    found = STRtree(outlines).query_nearest(points, all_matches=False)
    return [die.blocks.names[some[number]] for number in found[1].tolist()]
