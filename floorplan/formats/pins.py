"""Terminals of a die or a stack, as LEF and DEF have them: its signal bumps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from floorplan.bump import BumpField
from floorplan.formats.def_names import def_name
from floorplan.formats.nanometres import NM_PER_UM, Box, nm
from floorplan.metal import PAD, metals, routing_metals

__all__ = ["Pin", "block_pins", "is_signal", "signal_pins"]


@dataclass(frozen=True)
class Pin:
    """A terminal with one rectangle.

    Parameters
    ----------
    name : str
        Of the terminal, in the body's own words, as LEF and DEF have it.
    box_nm : tuple of int
        Its rectangle: x0, y0, x1, y1.
    layer : str
        What LEF calls the metal that it lies on.
    block : str
        Block that it belongs to; empty if none.
    port : str
        What the block calls it.
    """

    name: str
    box_nm: Box
    layer: str
    block: str = ""
    port: str = ""


def is_signal(net: str) -> bool:
    """Whether a net is a wire of its own; supplies are nets of the whole package.

    Examples
    --------
    >>> is_signal("hbm_w0/DQ0_a"), is_signal("VSS")
    (True, False)
    """
    return "/" in net


def signal_pins(field: BumpField) -> Iterator[Pin]:
    """Yield a pin for each bump of a signal; DEF has supplies as special nets."""
    half, terminals, layer = nm(field.pad_um) // 2, field.terminals, metals()[PAD].lef_name
    positions = (field.points_um * NM_PER_UM).round().astype(int).tolist()
    for code, (x, y) in zip(field.point_nets.tolist(), positions, strict=True):
        if is_signal(field.nets[code]):
            corners = (x - half, y - half, x + half, y + half)
            name, port = def_name(terminals[code]), def_name(field.ports[code])
            yield Pin(name, corners, layer, field.block, port)


def block_pins(pins: Sequence[Pin], bounds_nm: Box, grid_nm: int) -> tuple[Pin, ...]:
    """Return the pins of a block in its own frame, inside its bounding box.

    A pin lies on the top metal, below its bump. Where bumps reach beyond the block, as those of an
    HBM PHY may, the pins are drawn together along that axis until all are inside: they stay apart
    and in order, and the way from each to its bump is a wire of the die. Corners are on the grid.

    Examples
    --------
    >>> outside = [Pin("a", (-20, 0, 20, 40), "PAD"), Pin("b", (60, 0, 100, 40), "PAD")]
    >>> [pin.box_nm for pin in block_pins(outside, (0, 0, 100, 100), grid_nm=1)]
    [(0, 0, 33, 40), (67, 0, 100, 40)]
    """
    if not pins:
        return ()
    boxes = np.array([pin.box_nm for pin in pins]).reshape(-1, 2, 2) - np.array(bounds_nm[:2])
    size = np.subtract(bounds_nm[2:], bounds_nm[:2])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    first, last = np.maximum(low, 0), np.minimum(high, size)
    drawn = first + (boxes - low) * ((last - first) / (high - low))
    corners = grid_nm * np.stack(
        [np.ceil(drawn[:, 0] / grid_nm), np.floor(drawn[:, 1] / grid_nm)], axis=1
    )
    layer = routing_metals()[-1].lef_name
    return tuple(
        Pin(pin.port, (x0, y0, x1, y1), layer)
        for pin, (x0, y0, x1, y1) in zip(
            pins, corners.astype(int).reshape(-1, 4).tolist(), strict=True
        )
    )
