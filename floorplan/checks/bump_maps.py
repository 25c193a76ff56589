"""The bump map of each PHY against that of its stack: net by net, position by position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floorplan.artwork import Artwork, StackArtwork
from floorplan.bump import BumpKind
from floorplan.checks.bump_places import Place, around, listed
from floorplan.checks.edges import ROUND_OFF_UM
from floorplan.orientation import Orientation
from floorplan.pads import Pads
from floorplan.rule import Rule
from floorplan.rule_deck import RuleDeck
from floorplan.violation import Violation, broken

__all__ = ["map_violations"]

_MOST = 0.5  # share of bumps out of place from which the maps as a whole do not fit
_ALIGNED = 0.2  # of a pad: middles of a stack and a PHY that are no farther apart are in line


class _Fit(NamedTuple):
    """How the map of a stack lies on that of its PHY."""

    turn: Orientation
    shift_um: NDArray[np.float64]
    misses: int


def map_violations(artwork: Artwork, fields: Sequence[Pads], deck: RuleDeck) -> Iterator[Violation]:
    """Yield what differs between the maps of stacks and of the PHYs that they are wired to.

    The maps of both ends of a die-to-die link are mirror images of each other.

    Seen from above, the map of a PHY is that of its stack mirrored about a line along the edge
    between them (the outermost bump wired to the outermost), or that of the stack moved across
    (all wires equally long). Both are tried, and the better one counts. Where a PHY and its stack
    line up, as the ends of a die-to-die link always do, so do their maps along the edge.
    """
    stacks = {stack.name: stack for stack in artwork.stacks}
    phys = {
        stack: (die.name, name.partition("/")[2])
        for die in artwork.dies
        for name, stack in zip(die.blocks.names, die.stacks, strict=True)
        if stack
    }
    for stack in (pads for pads in fields if pads.owner in stacks):
        wired = [
            pads
            for pads in fields
            if (pads.owner, pads.block) == phys.get(stack.owner) and pads.kind is BumpKind.HBM
        ]
        for phy in wired:
            horizontal = _horizontal(stacks[stack.owner], phy)
            mirror = Orientation.MX if horizontal else Orientation.MY
            edge = 0 if horizontal else 1
            lined_up = _lined_up(artwork, stack, phy, edge)
            straight = edge if lined_up else None
            yield from _compare(stack, phy, (mirror, Orientation.R0), deck, straight)
    blocks = {f"{p.owner}/{p.block}": p for p in fields if p.kind is BumpKind.D2D}
    for one, other, above in artwork.die_links:
        if one in blocks and other in blocks:
            mirror = Orientation.MX if above else Orientation.MY
            edge = 0 if above else 1
            yield from _compare(blocks[one], blocks[other], (mirror,), deck, edge)


def _horizontal(stack: StackArtwork, phy: Pads) -> bool:
    """Whether the edge between a stack and the bumps of its PHY runs along x.

    Where the interface of the stack is not drawn, the farther way between their middles tells.
    """
    if stack.phy_edge is not None:
        return stack.phy_edge.horizontal
    middle = (phy.points_um.min(axis=0) + phy.points_um.max(axis=0)) / 2.0
    dx, dy = np.abs(middle - np.array(stack.outline.centroid.coords[0])).tolist()
    return bool(dy > dx)


def _lined_up(artwork: Artwork, stack: Pads, phy: Pads, axis: int) -> bool:
    """Whether a stack and its PHY are meant to be in line along an axis."""
    key = f"{phy.owner}/{phy.block}"
    bodies = [body.outline.bounds for body in artwork.stacks if body.name == stack.owner]
    blocks = [
        die.blocks.placed_outline(index).bounds
        for die in artwork.dies
        for index, name in enumerate(die.blocks.names)
        if name == key
    ]
    middles = [(b[axis] + b[axis + 2]) / 2.0 for b in (*bodies, *blocks)]
    return len(middles) == 2 and abs(middles[1] - middles[0]) <= _ALIGNED * phy.pad_um


def _compare(
    stack: Pads,
    phy: Pads,
    allowed: tuple[Orientation, ...],
    deck: RuleDeck,
    straight: int | None,
) -> Iterator[Violation]:
    """Compare two maps; along the axis `straight` they may not be shifted."""
    here, there = _singles(stack), _singles(phy)
    where = (phy.name, stack.name)
    yield from _missing(stack, phy, here, there, deck)
    common = sorted(here.keys() & there.keys())
    if not common:
        return
    source = stack.points_um[[here[net] for net in common]]
    target = phy.points_um[[there[net] for net in common]]
    fits = {turn: _fit(source, target, turn) for turn in Orientation}
    fit = min((fits[turn] for turn in allowed), key=lambda one: one.misses)
    rule = deck["bump-map"]
    if fit.misses > _MOST * len(common):
        better = min(fits.values(), key=lambda one: one.misses)
        cause = (
            f"it fits if {_one_of(stack)} is turned by {better.turn}"
            if better.misses < _MOST * len(common)
            else "the order of the nets differs"
        )
        box = np.concatenate([phy.points_um.min(axis=0), phy.points_um.max(axis=0)])
        what = f"{fit.misses} of {len(common)} nets do not face those of {stack.name}; {cause}"
        yield broken(rule, where, box, what, amount=fit.misses, count=fit.misses)
        return
    off_um = 0.0 if straight is None else abs(float(fit.shift_um[straight]))
    if off_um > rule.limit + 10.0 * ROUND_OFF_UM:
        box = np.concatenate([phy.points_um.min(axis=0), phy.points_um.max(axis=0)])
        what = f"its map stands {off_um:.6g} um along the edge from that of {stack.name}"
        yield broken(rule, where, box, f"{what}; line them up", amount=off_um)
    yield from _misplaced(stack, phy, fit, here, rule)


def _one_of(pads: Pads) -> str:
    return pads.name if pads.block else "the stack"


def _singles(pads: Pads) -> dict[str, int]:
    """Return the one bump of each net that has one: the signals."""
    counts = np.bincount(pads.codes, minlength=len(pads.nets))
    single = np.flatnonzero(counts[pads.codes] == 1)
    return {net: int(index) for index in single if (net := pads.net(int(index)))}


def _missing(
    stack: Pads, phy: Pads, here: dict[str, int], there: dict[str, int], deck: RuleDeck
) -> Iterator[Violation]:
    """Yield signals that only one of the two maps has."""
    for mine, other, own in ((stack, phy, here), (phy, stack, there)):
        alone = sorted(own.keys() - {other.nets[code] for code in np.unique(other.codes)})
        numbers = np.array([own[net] for net in alone], dtype=np.int64)

        def place_of(number: int, mine: Pads = mine, other: Pads = other) -> Place:
            what = f"net {mine.net(number)} has a bump here and none on {other.name}; connect it"
            return Place(around(mine, number), what, 0.0)

        where = (mine.name, other.name)
        yield from listed(deck["net-open"], where, numbers, place_of, mine.points_um)


def _fit(source: NDArray[np.float64], target: NDArray[np.float64], turn: Orientation) -> _Fit:
    """Lay one map on the other, and count the nets that miss."""
    steps = target - turn.apply(source)
    shift = np.median(steps, axis=0)
    misses = np.hypot(*(steps - shift).T) > ROUND_OFF_UM * 10.0
    return _Fit(turn, shift, int(misses.sum()))


def _misplaced(
    stack: Pads, phy: Pads, fit: _Fit, here: dict[str, int], rule: Rule
) -> Iterator[Violation]:
    """Yield each bump of a PHY that does not face one of the same net."""
    from scipy.spatial import cKDTree

    wanted = fit.turn.apply(stack.points_um) + fit.shift_um
    found = cKDTree(wanted).query(phy.points_um)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    same = phy.net_names() == stack.net_names()[nearest]

    def place_of(index: int) -> Place:
        net, facing = phy.net(index) or "no net", stack.net(int(nearest[index])) or "no net"
        off_um = float(distance[index])
        what = f"bump of {net} stands {off_um:.6g} um from the nearest one of {stack.name}"
        if net in here:
            dx, dy = (phy.points_um[index] - wanted[here[net]]).tolist()
            off_um = float(np.hypot(dx, dy))
            what = f"bump of {net} stands ({dx:.6g}, {dy:.6g}) um from where {stack.name} has it"
        if not same[index] and distance[index] <= phy.pad_um / 2.0:
            cure = "swap or rename the nets" if phy.net(index) else "put it and its net there"
            what += f", at the place of {facing}; {cure}"
        else:
            what += "; move it"
        return Place(around(phy, index), what, off_um)

    off = np.flatnonzero(~same | (distance > rule.limit + 10.0 * ROUND_OFF_UM))
    yield from listed(rule, (phy.name, stack.name), off, place_of, phy.points_um)
