"""Terminals of a die or a stack, as LEF and DEF have them: its signal bumps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from floorplan.bump import BumpField
from floorplan.formats.nanometres import NM_PER_UM, nm

__all__ = ["Pin", "is_signal", "signal_pins"]


@dataclass(frozen=True)
class Pin:
    """A terminal with one pad.

    Parameters
    ----------
    name : str
        Of the terminal, in the body's own words.
    x_nm, y_nm : int
        Middle of its pad.
    pad_nm : int
        Its diameter.
    block : str
        Block that it belongs to; empty if none.
    port : str
        What the block calls it.
    """

    name: str
    x_nm: int
    y_nm: int
    pad_nm: int
    block: str = ""
    port: str = ""

    def of_block(self, x_nm: int, y_nm: int) -> Pin:
        """Return the terminal as the block has it, in the frame of its lower left corner."""
        return Pin(self.port, self.x_nm - x_nm, self.y_nm - y_nm, self.pad_nm)


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
    pad_nm, terminals = nm(field.pad_um), field.terminals
    positions = (field.points_um * NM_PER_UM).round().astype(int).tolist()
    for code, (x, y) in zip(field.point_nets.tolist(), positions, strict=True):
        if is_signal(field.nets[code]):
            yield Pin(terminals[code], x, y, pad_nm, field.block, field.ports[code])
