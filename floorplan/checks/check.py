"""Checks of a floorplan: what is wrong with it, where, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from floorplan.artwork import Artwork, artwork_of
from floorplan.checks.blocks import block_violations
from floorplan.checks.bump_gaps import gap_violations
from floorplan.checks.bump_maps import map_violations
from floorplan.checks.bump_nets import net_violations
from floorplan.checks.bump_reach import reach_violations
from floorplan.checks.bump_spacing import face_violations
from floorplan.checks.cells import file_violations
from floorplan.checks.density import density_violations
from floorplan.checks.names import name_violations
from floorplan.checks.phys import link_violations, phy_violations
from floorplan.checks.placement import placement_violations
from floorplan.checks.seal_ring import seal_ring_violations
from floorplan.checks.shapes import shape_violations
from floorplan.file_artwork import artwork_of_file
from floorplan.file_nets import package_nets
from floorplan.file_pads import pads_of_file
from floorplan.floorplan import Floorplan
from floorplan.layer_map import LayerMap, layer_map
from floorplan.layout import Layout
from floorplan.layout_file import LayoutFile
from floorplan.pads import Pads, pads_of
from floorplan.rule import Severity
from floorplan.rule_deck import RuleDeck, rule_deck
from floorplan.violation import Violation
from techlib import InterposerTechnology, interposers

__all__ = ["artwork_violations", "check", "check_layout", "in_order", "rules_for"]

_TECHNOLOGY = "CoWoS-S"  # of a layout file where none is given


def check(layout: Floorplan | Layout, rules: RuleDeck | None = None) -> tuple[Violation, ...]:
    """Check a floorplan, or a layout with its bumps and nets, against a rule deck.

    Parameters
    ----------
    layout : Floorplan or Layout
        Limits that follow from a technology, a grid or the detail of a layout come from its own.
        Rules of bumps and nets need a `Layout`, see `lay_out`.
    rules : RuleDeck, optional
        The shipped deck if not given.

    Returns
    -------
    tuple of Violation
        Sorted by rule, names and place; empty if the floorplan is clean. Those of rules that are
        off are left out.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> floorplan.check(plan)
    ()
    >>> moved = plan.with_stack_at("hbm_w0", x_um=0.0, y_um=10_800.0)
    >>> sorted({violation.rule for violation in floorplan.check(moved)})
    ['interposer-edge']
    """
    deck = rules_for(layout, rule_deck() if rules is None else rules)
    artwork = artwork_of(layout)
    found = [v for die in artwork.dies for v in shape_violations(die.blocks, deck)]
    found += artwork_violations(artwork, deck)
    if isinstance(layout, Layout):
        found += _bump_violations(artwork, pads_of(layout), deck)
    return in_order(found)


def rules_for(layout: Floorplan | Layout, rules: RuleDeck) -> RuleDeck:
    """Return a deck with the limits that follow from a floorplan or a layout filled in."""
    detail = layout.rules if isinstance(layout, Layout) else None
    plan = layout.floorplan if isinstance(layout, Layout) else layout
    generations = [stack.generation for stack in plan.stacks]
    hbm = min(generations, key=lambda one: one.microbump_pitch_um, default=None)
    return rules.following(plan.technology, plan.grid_um, hbm=hbm, detail=detail)


def _bump_violations(
    artwork: Artwork, fields: tuple[Pads, ...], deck: RuleDeck
) -> Iterator[Violation]:
    yield from face_violations(fields, artwork.bump_areas, deck)
    yield from map_violations(artwork, fields, deck)
    yield from net_violations(fields, deck)
    yield from gap_violations(artwork, fields, deck["grid-gap"])
    yield from reach_violations(artwork, fields, deck["bump-reach"])


def check_layout(
    layout: LayoutFile,
    layers: LayerMap | None = None,
    *,
    technology: InterposerTechnology | None = None,
    rules: RuleDeck | None = None,
) -> tuple[Violation, ...]:
    """Check a GDSII or OASIS file against a rule deck.

    Parameters
    ----------
    layout : LayoutFile
        See `read_layout`.
    layers : LayerMap, optional
        What its layers hold; the map of our own files if not given.
    technology : InterposerTechnology, optional
        Limits of rules that follow the interposer; CoWoS-S if not given.
    rules : RuleDeck, optional
        The shipped deck if not given.

    Returns
    -------
    tuple of Violation
        As of `check`; places are those in the top cell.

    Raises
    ------
    InputError
        No layer of the file is in the layer map.

    Examples
    --------
    >>> import floorplan, tempfile
    >>> plan = floorplan.from_tables({
    ...     "grid": "5 nm",
    ...     "interposer": {"technology": "CoWoS-S", "width": "4 mm", "height": "3 mm"},
    ...     "dies": [{"name": "cpu", "node": "N5", "width": "3 mm", "height": "2 mm",
    ...               "x": "0.5 mm", "y": "0.1 mm", "seal_ring": "20 um"}],
    ... }, name="mine", where="example")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = floorplan.write_gds(plan, f"{folder}/plan.gds")
    ...     [v.rule for v in floorplan.check_layout(floorplan.read_layout(file))]
    ['interposer-edge']
    """
    layers = layer_map() if layers is None else layers
    technology = interposers()[_TECHNOLOGY] if technology is None else technology
    deck = (rule_deck() if rules is None else rules).following(technology)
    artwork = artwork_of_file(layout, layers)
    found = list(file_violations(layout, layers, deck))
    for die in artwork.dies:
        found += shape_violations(die.blocks, deck, rules=("block-width",))
    found += artwork_violations(artwork, deck)
    fields = pads_of_file(layout, layers, artwork)
    found += face_violations(fields, artwork.bump_areas, deck)
    found += map_violations(artwork, fields, deck)
    found += net_violations(package_nets(fields, artwork), deck)
    found += gap_violations(artwork, fields, deck["grid-gap"])
    found += reach_violations(artwork, fields, deck["bump-reach"])
    return in_order(found)


def artwork_violations(artwork: Artwork, deck: RuleDeck) -> Iterator[Violation]:
    """Yield what breaks a rule of a deck whose limits are all known."""
    for die in artwork.dies:
        yield from block_violations(die, deck)
        yield from seal_ring_violations(die, deck)
        yield from density_violations(die, deck["block-density"])
    yield from placement_violations(artwork, deck)
    yield from phy_violations(artwork, deck)
    yield from link_violations(artwork, deck["d2d-unused"])
    yield from name_violations(artwork, deck)


def in_order(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """Return violations in their fixed order, without those of rules that are off."""
    looked_at = (violation for violation in found if violation.severity is not Severity.OFF)
    return tuple(sorted(looked_at, key=lambda v: (v.rule, v.where, v.x_um, v.y_um, v.message)))
