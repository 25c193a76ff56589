"""The metals that tracks and pins of a die lie on."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Library, Record, quantity, text

__all__ = ["PAD", "Metal", "metals", "routing_metals"]

PAD = "pad"  #: the metal of the pads


@dataclass(frozen=True, eq=False)
class Metal(Record):
    """A routing layer of a die, its name that of the layer map's group ``metal``."""

    lef_name: str = text("lef_name")
    direction: str = text("direction", choices=("horizontal", "vertical"))
    tracks: str = text("tracks", choices=("yes", "no"), default="yes")  #: whether wires run on it
    pitch_um: float = quantity("pitch", "um", above=0.0)  #: of its tracks
    width_um: float = quantity("width", "um", above=0.0)  #: least width of a wire
    spacing_um: float = quantity("spacing", "um", above=0.0)  #: least gap of two wires


@functools.cache
def metals() -> Library[Metal]:
    """Return the metals of ``data/metals.toml``, the lowest one first.

    Examples
    --------
    >>> {metal.lef_name: metal.direction for metal in metals().values()}
    {'M8': 'horizontal', 'M9': 'vertical', 'PAD': 'horizontal'}
    """
    return Library.load("metal", Metal, "metals.toml", room="floorplan")


def routing_metals() -> tuple[Metal, ...]:
    """Return the metals that wires run on, the lowest one first."""
    return tuple(metal for metal in metals().values() if metal.tracks == "yes")
