"""Differences of interposer, dies, stacks and blocks."""

from __future__ import annotations

from collections.abc import Iterator

from shapely import Polygon, affinity

from floorplan.artwork import Artwork, DieArtwork
from floorplan.differences.difference import Difference
from floorplan.differences.outlines import Thing, compare_things
from floorplan.floorplan import Floorplan

__all__ = ["compare_bodies"]


def compare_bodies(
    before: Artwork,
    after: Artwork,
    tolerance_um: float,
    plans: tuple[Floorplan, Floorplan] | None = None,
) -> Iterator[Difference]:
    """Yield what differs between the bodies of two layouts and the blocks on their dies.

    Blocks are compared in the frame of their die, so that a die that moves is one difference.

    Parameters
    ----------
    before, after : Artwork
        The two layouts.
    tolerance_um : float
        Lengths up to this do not count [um].
    plans : pair of Floorplan, optional
        Where what is not drawn comes from: nodes, generations, multipliers, memory, lanes.
    """
    properties = [_properties(plan) for plan in plans] if plans else [{}, {}]
    first, second = (
        _bodies(artwork, known) for artwork, known in zip((before, after), properties, strict=True)
    )
    for what in ("interposer", "die", "stack"):
        yield from compare_things(what, first[what], second[what], tolerance_um)
    blocks = [
        _blocks(artwork, known) for artwork, known in zip((before, after), properties, strict=True)
    ]
    yield from compare_things("block", blocks[0], blocks[1], tolerance_um)


def _bodies(artwork: Artwork, properties: dict[str, dict[str, str]]) -> dict[str, dict[str, Thing]]:
    carriers = {"interposer": artwork.interposer, "substrate": artwork.substrate}
    return {
        "interposer": {
            name: Thing(outline, properties=properties.get(name, {}))
            for name, outline in carriers.items()
            if outline is not None
        },
        "die": {
            die.name: Thing(die.outline, properties=properties.get(die.name, {}))
            for die in artwork.dies
        },
        "stack": {
            stack.name: Thing(
                stack.outline,
                properties={
                    "interface side": str(stack.phy_edge or "not drawn"),
                    **properties.get(stack.name, {}),
                },
            )
            for stack in artwork.stacks
        },
    }


def _blocks(artwork: Artwork, properties: dict[str, dict[str, str]]) -> dict[str, Thing]:
    found: dict[str, Thing] = {}
    for die in artwork.dies:
        x_um, y_um = die.outline.bounds[:2]
        for index, name in enumerate(die.blocks.names):
            key = name if name not in found else f"{name} ({index})"
            found[key] = Thing(
                outline=_in_die(die, index, x_um, y_um),
                dx_um=x_um,
                dy_um=y_um,
                layer=str(die.kinds[index]),
                net=die.stacks[index],
                properties=properties.get(name, {}),
            )
    return found


def _in_die(die: DieArtwork, index: int, x_um: float, y_um: float) -> Polygon:
    outline: Polygon = affinity.translate(die.blocks.placed_outline(index), -x_um, -y_um)
    return outline


def _properties(plan: Floorplan) -> dict[str, dict[str, str]]:
    """Return what is not drawn of each body and block, by name."""
    found = {"interposer": {"technology": plan.technology.name}}
    for stack in plan.stacks:
        found[stack.name] = {"generation": stack.generation.name}
    for die in plan.dies:
        found[die.name] = {
            "node": die.node.name,
            "scribe": f"{die.scribe_um:g} um",
            "seal ring": f"{die.seal_ring_um:g} um",
        }
        for block in die.blocks:
            found[f"{die.name}/{block.name}"] = {
                "macs": str(block.macs),
                "sram": f"{block.sram_byte:.15g} byte",
                "lanes": str(block.lanes),
                "enabled": str(block.enabled).lower(),
            }
    return found
