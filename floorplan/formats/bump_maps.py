"""The bumps of each face of a layout, one after the other, for the formats that list them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import NO_CONNECT, BumpField, BumpKind
from floorplan.formats.nanometres import NM_PER_UM
from floorplan.formats.pins import is_signal
from floorplan.layout import Layout
from floorplan.stack import HbmStack

__all__ = [
    "BumpMap",
    "Row",
    "back_map",
    "body_maps",
    "front_map",
    "listed",
    "rows",
    "stack_body",
    "substrate_maps",
]

_SUPPLIED = (BumpKind.CORE, BumpKind.C4, BumpKind.TSV)

#: Name of the bump, its place [um, in digits], the owner's terminal, the net; "-" for both of the
#: last two where the bump connects nothing.
Row = tuple[str, str, str, str, str]


@dataclass(frozen=True, eq=False)
class BumpMap:
    """The bumps on one face of a body.

    Parameters
    ----------
    body : str
        Name of the body; a stack's is that of its generation and interface side, since stacks
        that differ in place only are one.
    width_um, height_um : float
        Its extent [um].
    fields : tuple of BumpField
        In its frame, as it lies in the package, seen from above.
    own_words : bool
        Whether nets of signals are called as the body calls its terminals, as its DEF does: what
        stands elsewhere, and how often, is not its business.
    """

    body: str
    width_um: float
    height_um: float
    fields: tuple[BumpField, ...]
    own_words: bool = False


def stack_body(stack: HbmStack) -> str:
    """Return the name of a stack's body, e.g. ``"HBM3E_east"``."""
    return f"{stack.generation.name}_{stack.phy_edge}"


def body_maps(layout: Layout) -> tuple[BumpMap, ...]:
    """Return the bumps of each die and of each kind of stack, with its own words for the nets."""
    plan = layout.floorplan
    maps = {
        die.name: BumpMap(
            die.name, die.width_um, die.height_um, layout.fields_of(die.name), own_words=True
        )
        for die in plan.dies
    }
    for stack in plan.stacks:
        body = stack_body(stack)
        if body not in maps:
            fields = tuple(
                replace(field, name=f"{field.kind}") for field in layout.fields_of(stack.name)
            )
            maps[body] = BumpMap(body, stack.width_um, stack.height_um, fields, own_words=True)
    return tuple(maps.values())


def front_map(layout: Layout) -> BumpMap:
    """Return the bumps on top of the interposer, those of all dies and stacks, in its frame."""
    plan = layout.floorplan
    owners = {body.name for body in plan.dies} | {stack.name for stack in plan.stacks}
    fields = tuple(
        replace(placed, ports=placed.nets, block="")
        for field in layout.fields
        if field.owner in owners
        for placed in [layout.placed(field)]
    )
    return BumpMap("interposer", plan.width_um, plan.height_um, fields)


def back_map(layout: Layout) -> BumpMap:
    """Return the C4 joints below the interposer, in its frame."""
    plan = layout.floorplan
    fields = tuple(f for f in layout.fields_of("interposer") if f.kind is BumpKind.C4)
    return BumpMap("interposer", plan.width_um, plan.height_um, fields)


def substrate_maps(layout: Layout) -> dict[str, BumpMap]:
    """Return the C4 joints on top of the substrate, and the balls below it, in its frame."""
    substrate = layout.substrate
    joints = [
        replace(field.placed(substrate.x_um, substrate.y_um), owner="substrate")
        for field in back_map(layout).fields
    ]
    faces = {"front": tuple(joints), "back": layout.fields_of("substrate")}
    return {
        side: BumpMap("substrate", substrate.width_um, substrate.height_um, fields)
        for side, fields in faces.items()
    }


def listed(field: BumpField, every: bool) -> NDArray[np.int64]:
    """Return the numbers of the bumps that text files list.

    All of them, or without the supplies of a die and of the interposer, which stand in arrays.
    """
    if every or field.kind not in _SUPPLIED:
        return np.arange(field.count)
    signals = np.array([is_signal(net) for net in field.nets], dtype=np.bool_)
    return np.flatnonzero(signals[field.net_codes()])


def rows(
    field: BumpField,
    origin_um: tuple[float, float] = (0.0, 0.0),
    *,
    every: bool = True,
    own_words: bool = False,
) -> Iterator[Row]:
    """Yield the bumps of a field, in the order of `BumpField.positions_um`.

    See `listed` and `BumpMap` for which, and for whose words their nets are called by.
    """
    chosen = listed(field, every)
    stem = field.name.replace("/", "_")
    nets = tuple("-" if net == NO_CONNECT else net for net in field.nets)
    terminals = tuple(
        "-" if net == "-" else terminal for net, terminal in zip(nets, field.terminals, strict=True)
    )
    if own_words:
        pairs = zip(nets, terminals, strict=True)
        nets = tuple(terminal if is_signal(net) else net for net, terminal in pairs)
    places = np.rint((field.positions_um()[chosen] - np.array(origin_um)) * NM_PER_UM).astype(
        np.int64
    )
    x, y = (_written(places[:, axis]) for axis in (0, 1))
    codes = field.net_codes()[chosen].tolist()
    for number, code, x_um, y_um in zip(chosen.tolist(), codes, x, y, strict=True):
        yield f"{stem}_{number}", x_um, y_um, terminals[code], nets[code]


def _written(lengths_nm: NDArray[np.int64]) -> Iterator[str]:
    """Yield lengths in micrometres; each length that occurs is written once."""
    lengths, places = np.unique(lengths_nm, return_inverse=True)
    texts = [f"{length / NM_PER_UM:.3f}" for length in lengths.tolist()]
    return map(texts.__getitem__, places.tolist())
