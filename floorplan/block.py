"""A block: a named piece of a die that work runs on and heat comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shapely import Polygon

__all__ = ["Block", "BlockKind"]


class BlockKind(StrEnum):
    """What a block does; layout layers, energy and leakage are chosen by it."""

    TENSOR = "tensor"  #: systolic array
    VECTOR = "vector"
    SRAM = "sram"
    ROUTER = "router"  #: on-chip network router of a slice
    NOC = "noc"  #: spine of the on-chip network
    COLLECTIVE = "collective"
    HBM_PHY = "hbm_phy"
    SERDES = "serdes"
    HOST = "host"
    DIE_TO_DIE = "die_to_die"
    MANAGEMENT = "management"
    FILLER = "filler"  #: decoupling capacitance, no logic


@dataclass(frozen=True)
class Block:
    """A block on a die.

    Parameters
    ----------
    name : str
        Path below the die, e.g. ``"slice03/tensor07"``; unique on its die.
    kind : BlockKind
        What it does.
    outline : shapely.Polygon
        Outline in die coordinates [um], the die's lower left corner at the origin.
    macs : int
        Multiply-accumulate units (array rows times columns); 0 if none.
    sram_byte : float
        Memory that it holds [byte].
    lanes : int
        Serial lanes, for SerDes and host interfaces.
    stack : str
        Name of the HBM stack that it talks to or is fed by; empty if none.
    enabled : bool
        False for a spare that is fused off.
    """

    name: str
    kind: BlockKind
    outline: Polygon
    macs: int = 0
    sram_byte: float = 0.0
    lanes: int = 0
    stack: str = ""
    enabled: bool = True

    @property
    def area_um2(self) -> float:
        """Area of the outline [um^2]."""
        return float(self.outline.area)

    @property
    def parent(self) -> str:
        """Path of the group that holds the block; empty at the top of the die."""
        return self.name.rpartition("/")[0]
