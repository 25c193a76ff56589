"""A recipe: the parameters from which a floorplan is built."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from floorplan.stack import Edge
from techlib import Faults, Library, Record, quantity, text

__all__ = ["Recipe", "recipes"]


@dataclass(frozen=True, eq=False)
class Recipe(Record):
    """Parameters of an accelerator: a compute die, HBM stacks around it, an I/O die if wanted.

    Counts are whole numbers. A slice is a group of systolic arrays with its SRAM, vector unit and
    router, fed by one HBM stack.
    """

    node: str = text("node")
    hbm: str = text("hbm")
    interposer: str = text("interposer")
    grid_um: float = quantity("grid", "um", above=0.0)

    die_width_um: float = quantity("die_width", "um", above=0.0)
    die_height_um: float = quantity("die_height", "um", above=0.0)
    scribe_um: float = quantity("scribe", "um", at_least=0.0)
    seal_ring_um: float = quantity("seal_ring", "um", at_least=0.0)

    stacks_west: float = quantity("stacks_west", "", at_least=0.0, whole=True)
    stacks_east: float = quantity("stacks_east", "", at_least=0.0, whole=True)
    stacks_north: float = quantity("stacks_north", "", at_least=0.0, whole=True)
    stacks_south: float = quantity("stacks_south", "", at_least=0.0, whole=True)
    die_gap_um: float = quantity("die_gap", "um", above=0.0)  #: die to stack, die to die
    stack_gap_um: float = quantity("stack_gap", "um", above=0.0)
    interposer_margin_um: float = quantity("interposer_margin", "um", at_least=0.0)

    slices_per_stack: float = quantity("slices_per_stack", "", at_least=0.0, whole=True)
    #: one more slice each for this many stacks, w0 e0 n0 s0 w1 ... in turn
    extra_slices: float = quantity("extra_slices", "", default=0.0, at_least=0.0, whole=True)
    units_per_slice: float = quantity("units_per_slice", "", at_least=1.0, whole=True)
    spare_units_per_slice: float = quantity(
        "spare_units_per_slice", "", at_least=0.0, whole=True
    )  #: of the units, fused off
    array_rows: float = quantity("array_rows", "", at_least=1.0, whole=True)
    array_columns: float = quantity("array_columns", "", at_least=1.0, whole=True)
    mac_area_um2: float = quantity("mac_area", "um^2", above=0.0)  #: with operand registers
    sram_per_slice_byte: float = quantity("sram_per_slice", "byte", above=0.0)
    sram_efficiency: float = quantity("sram_efficiency", "", above=0.0)  #: bit cells in the area
    vector_area_um2: float = quantity("vector_area", "um^2", above=0.0)  #: per slice
    router_area_um2: float = quantity("router_area", "um^2", above=0.0)  #: per slice

    noc_spine_width_um: float = quantity("noc_spine_width", "um", above=0.0)
    noc_hub_area_um2: float = quantity("noc_hub_area", "um^2", above=0.0)
    collective_area_um2: float = quantity("collective_area", "um^2", above=0.0)
    management_area_um2: float = quantity("management_area", "um^2", above=0.0)
    minimum_filler_um: float = quantity("minimum_filler", "um", above=0.0)

    #: edges of the compute die for SerDes and host where there is no I/O die
    interface_edges: str = text(
        "interface_edges", choices=("north-south", "west-east"), default="north-south"
    )
    serdes_lanes: float = quantity("serdes_lanes", "", at_least=0.0, whole=True)
    serdes_macro_lanes: float = quantity("serdes_macro_lanes", "", at_least=1.0, whole=True)
    serdes_lane_width_um: float = quantity("serdes_lane_width", "um", above=0.0)
    serdes_depth_um: float = quantity("serdes_depth", "um", above=0.0)
    host_lanes: float = quantity("host_lanes", "", at_least=0.0, whole=True)
    host_lane_width_um: float = quantity("host_lane_width", "um", above=0.0)
    host_depth_um: float = quantity("host_depth", "um", above=0.0)

    io_node: str = text("io_node", default="")
    io_edge: str = text("io_edge", choices=("north", "south"), default="north")
    io_die_width_um: float = quantity("io_die_width", "um", default=0.0, at_least=0.0)
    #: extent away from the compute die; 0 for none
    io_die_depth_um: float = quantity("io_die_depth", "um", default=0.0, at_least=0.0)
    io_noc_area_um2: float = quantity("io_noc_area", "um^2", default=0.0, at_least=0.0)
    die_to_die_depth_um: float = quantity("die_to_die_depth", "um", default=0.0, at_least=0.0)
    die_to_die_width_um: float = quantity("die_to_die_width", "um", default=0.0, at_least=0.0)
    die_to_die_blocks: float = quantity(
        "die_to_die_blocks", "", default=0.0, at_least=0.0, whole=True
    )

    def __post_init__(self) -> None:
        faults = Faults()
        self._check_grid(faults)
        self._check_counts(faults)
        self._check_io_die(faults)
        faults.raise_if_any()

    def stacks(self, edge: Edge) -> int:
        """Return the number of HBM stacks at an edge of the compute die."""
        return int(getattr(self, f"stacks_{edge}"))

    @property
    def stack_count(self) -> int:
        """Number of HBM stacks."""
        return sum(self.stacks(edge) for edge in Edge)

    @property
    def slice_count(self) -> int:
        """Number of core slices."""
        return self.stack_count * int(self.slices_per_stack) + int(self.extra_slices)

    @property
    def has_io_die(self) -> bool:
        """Whether SerDes and host interface are on a die of their own."""
        return self.io_die_depth_um > 0.0

    def _check_grid(self, faults: Faults) -> None:
        step_nm = self.grid_um * 1e3
        if abs(step_nm - round(step_nm)) > 1e-6 or round(step_nm) < 1:
            cure = 'e.g. "5 nm"'
            faults.add(f"{self.name}.grid", f"{step_nm:g} nm", "whole nanometres", cure)
            return
        for key in ("die_width", "die_height", "scribe", "seal_ring", "die_gap", "io_die_depth"):
            length_um = getattr(self, f"{key}_um")
            steps = length_um * 1e3 / round(step_nm)
            if abs(steps - round(steps)) > 1e-6:
                what = f"{length_um:g} um lies off the {round(step_nm)} nm grid"
                faults.add(f"{self.name}.{key}", what, "a multiple of the grid")

    def _check_counts(self, faults: Faults) -> None:
        if self.stack_count == 0:
            faults.add(f"{self.name}.stacks_west", "no HBM stack on any edge", "at least one stack")
        elif self.slice_count == 0:
            faults.add(f"{self.name}.slices_per_stack", "there is no slice", "at least one slice")
        if self.stack_count and self.extra_slices >= self.stack_count:
            what = f"{self.extra_slices:g} for {self.stack_count} stacks"
            cure = "raise slices_per_stack instead"
            faults.add(f"{self.name}.extra_slices", what, "fewer than the stacks", cure)
        if self.spare_units_per_slice >= self.units_per_slice:
            what = f"{self.spare_units_per_slice:g} of {self.units_per_slice:g} units are spare"
            faults.add(f"{self.name}.spare_units_per_slice", what, "fewer than units_per_slice")
        around_um = 2.0 * (self.die_width_um + self.die_height_um)
        for key in ("serdes", "host"):
            lanes = getattr(self, f"{key}_lanes")
            needed_um = lanes * getattr(self, f"{key}_lane_width_um")
            if needed_um > around_um:
                what = f"{lanes:g} lanes need {needed_um:g} um of beachfront"
                allowed = f"less than the {around_um:g} um around the die"
                faults.add(f"{self.name}.{key}_lanes", what, allowed)
        if self.sram_efficiency > 1.0:
            faults.add(f"{self.name}.sram_efficiency", f"{self.sram_efficiency:g}", "at most 1")
        edge_um = 2.0 * (self.scribe_um + self.seal_ring_um)
        for key in ("die_width", "die_height"):
            if getattr(self, f"{key}_um") <= edge_um:
                faults.add(f"{self.name}.{key}", "scribe and seal ring leave no core")

    def _check_io_die(self, faults: Faults) -> None:
        if not self.has_io_die:
            return
        if not self.io_node:
            faults.add(f"{self.name}.io_node", "is missing", "the process node of the I/O die")
        for key in ("io_die_width", "die_to_die_depth", "die_to_die_width"):
            if getattr(self, f"{key}_um") <= 0.0:
                faults.add(
                    f"{self.name}.{key}", "is missing", "above 0 um where there is an I/O die"
                )
        if self.die_to_die_blocks < 1:
            faults.add(f"{self.name}.die_to_die_blocks", "is missing", "at least 1")
        if self.stacks(Edge(self.io_edge)):
            cure = f"set stacks_{self.io_edge} to 0 or take the other io_edge"
            what = f"HBM stacks stand on the {self.io_edge} edge, where the I/O die goes"
            faults.add(f"{self.name}.io_edge", what, "an edge without stacks", cure)


@functools.cache
def recipes() -> Library[Recipe]:
    """Return the recipes that ship with the toolkit.

    Examples
    --------
    >>> sorted(recipes())
    ['b200', 'h100-sxm', 'jalapeno', 'jalapeno-hc26', 'tpu-v4']
    >>> recipes()["jalapeno"].stack_count
    8
    """
    return Library.load("recipe", Recipe, "recipes.toml", room="floorplan")
