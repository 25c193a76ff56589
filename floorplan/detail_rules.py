"""What a layout is drawn with beyond its blocks: edges, halos, marks, straps, wires, balls."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Library, Record, quantity, text

__all__ = ["DetailRules", "detail_rules"]


@dataclass(frozen=True, eq=False)
class DetailRules(Record):
    """Sizes of what is drawn around and between the blocks."""

    bump_edge_um: float = quantity("bump_edge", "um", at_least=0.0)
    macro_halo_um: float = quantity("macro_halo", "um", at_least=0.0)
    fill_exclusion_um: float = quantity("fill_exclusion", "um", at_least=0.0)
    mark_size_um: float = quantity("mark_size", "um", above=0.0)
    mark_line_um: float = quantity("mark_line", "um", above=0.0)
    mark_inset_um: float = quantity("mark_inset", "um", at_least=0.0)
    power_strap_width_um: float = quantity("power_strap_width", "um", above=0.0)
    clock_spine_width_um: float = quantity("clock_spine_width", "um", above=0.0)
    wire_width_um: float = quantity("wire_width", "um", above=0.0)
    wire_space_um: float = quantity("wire_space", "um", above=0.0)
    route_layers: float = quantity("route_layers", "", at_least=1.0, at_most=3.0, whole=True)
    c4_edge_um: float = quantity("c4_edge", "um", at_least=0.0)
    bga_pitch_um: float = quantity("bga_pitch", "um", above=0.0)
    bga_diameter_um: float = quantity("bga_diameter", "um", above=0.0)
    bga_edge_um: float = quantity("bga_edge", "um", at_least=0.0)
    substrate_margin_um: float = quantity("substrate_margin", "um", at_least=0.0)
    substrate_thickness_um: float = quantity("substrate_thickness", "um", at_least=0.0)
    #: the PHY's signal field mirrors that of its stack, or repeats it (wires of equal length)
    phy_order: str = text("phy_order", choices=("mirrored", "shifted"))


@functools.cache
def detail_rules() -> Library[DetailRules]:
    """Return the sizes that ship with the toolkit.

    Examples
    --------
    >>> detail_rules()["standard"].bga_pitch_um
    1000.0
    """
    return Library.load("detail rules", DetailRules, "detail.toml", room="floorplan")
