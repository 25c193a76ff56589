"""What a layout is drawn with beyond its blocks: edges, halos, marks, straps, wires, balls."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Library, Record, quantity, text

__all__ = ["DetailRules", "detail_rules"]

_ROUND_OFF = 1e-9  # of a grid as a float


@dataclass(frozen=True, eq=False)
class DetailRules(Record):
    """Sizes of what is drawn around and between the blocks."""

    grid_um: float = quantity("grid", "um", above=0.0)
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

    def grid_within(self, grid_um: float) -> float:
        """Return the grid of what is drawn in a floorplan on a grid: the coarser one that fits it.

        Examples
        --------
        >>> rules = detail_rules()["standard"]
        >>> rules.grid_within(0.001), rules.grid_within(0.003), rules.grid_within(0.010)
        (0.005, 0.003, 0.01)
        """
        steps = self.grid_um / grid_um
        return self.grid_um if abs(steps - round(steps)) < _ROUND_OFF and steps >= 1.0 else grid_um


@functools.cache
def detail_rules() -> Library[DetailRules]:
    """Return the sizes that ship with the toolkit.

    Examples
    --------
    >>> detail_rules()["standard"].bga_pitch_um
    1000.0
    """
    return Library.load("detail rules", DetailRules, "detail.toml", room="floorplan")
