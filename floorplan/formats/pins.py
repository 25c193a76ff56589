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
    """

    name: str
    x_nm: int
    y_nm: int
    pad_nm: int


def is_signal(net: str) -> bool:
    """Whether a net is a wire of its own; supplies are nets of the whole package.

    Examples
    --------
    >>> is_signal("hbm_w0/DQ0_a"), is_signal("VSS")
    (True, False)
    """
    return "/" in net


def signal_pins(field: BumpField) -> Iterator[Pin]:
    """Yield a pin for each bump of a signal; supplies are left to the files of bumps."""
    pad_nm, terminals = nm(field.pad_um), field.terminals
    positions = (field.points_um * NM_PER_UM).round().astype(int).tolist()
    for code, (x, y) in zip(field.point_nets.tolist(), positions, strict=True):
        if is_signal(field.nets[code]):
            yield Pin(terminals[code], x, y, pad_nm)
