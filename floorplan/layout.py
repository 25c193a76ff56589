"""A layout: the floorplan with all that a physical designer takes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from floorplan.bump import BumpField, BumpKind
from floorplan.detail_rules import DetailRules
from floorplan.feature import Feature
from floorplan.floorplan import Floorplan
from floorplan.link import Link
from floorplan.route import RouteBundle
from floorplan.substrate import Substrate
from techlib import Source

__all__ = ["Layout"]


@dataclass(frozen=True, eq=False)
class Layout:
    """A floorplan with its substrate, bumps, die features and interposer routes.

    `floorplan.lay_out` makes one. Interposer coordinates, those of the floorplan, are common to
    all: `placed` brings a field to them.

    Parameters
    ----------
    floorplan : Floorplan
        Blocks, dies and stacks.
    substrate : Substrate
        What the interposer stands on.
    rules : DetailRules
        Sizes that it was drawn with.
    fields : tuple of BumpField
        All bumps, each field in its owner's frame.
    features : mapping of str to tuple of Feature
        What is drawn on each die beyond its blocks, in the die's frame.
    links : tuple of Link
        The wires of each stack, and between dies.
    bundles : tuple of RouteBundle
        The same wires as areas on the interposer's layers.
    notes : tuple of str
        What was estimated or left out, in words.
    sources : tuple of Source
        Where the numbers of floorplan and detail come from.
    """

    floorplan: Floorplan
    substrate: Substrate
    rules: DetailRules
    fields: tuple[BumpField, ...]
    features: Mapping[str, tuple[Feature, ...]]
    links: tuple[Link, ...] = ()
    bundles: tuple[RouteBundle, ...] = ()
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def grid_um(self) -> float:
        """Grid that everything beyond the blocks is drawn on [um]."""
        return self.rules.grid_within(self.floorplan.grid_um)

    def fields_of(self, owner: str) -> tuple[BumpField, ...]:
        """Return the fields of a die, a stack, ``"interposer"`` or ``"substrate"``."""
        return tuple(field for field in self.fields if field.owner == owner)

    def field(self, name: str) -> BumpField:
        """Return the field of a name; a KeyError if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def origin_um(self, owner: str) -> tuple[float, float]:
        """Return where the frame of an owner has its origin on the interposer [um]."""
        for die in self.floorplan.dies:
            if die.name == owner:
                return die.x_um, die.y_um
        for stack in self.floorplan.stacks:
            if stack.name == owner:
                return stack.x_um, stack.y_um
        if owner == "substrate":
            return -self.substrate.x_um, -self.substrate.y_um
        return 0.0, 0.0

    def placed(self, field: BumpField) -> BumpField:
        """Return a field in interposer coordinates, as it lies in the package, face down."""
        return field.placed(*self.origin_um(field.owner))

    def placed_fields(self) -> Iterator[BumpField]:
        """Yield every field in interposer coordinates."""
        for field in self.fields:
            yield self.placed(field)

    @property
    def bump_counts(self) -> dict[str, int]:
        """Number of bumps by kind, in the order of `BumpKind`."""
        return {
            str(kind): sum(field.count for field in self.fields if field.kind is kind)
            for kind in BumpKind
        }
