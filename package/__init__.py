"""3-D: the stack-up of a package, its materials by region, and its cooling."""

from package.any_case import is_case, read_any_case
from package.assembly import assemble
from package.case import Case
from package.case_reader import read_case
from package.case_trace import CaseTrace
from package.case_writer import write_case
from package.hotspot_reader import read_hotspot
from package.hotspot_writer import write_hotspot
from package.ice_reader import read_ice
from package.ice_writer import write_ice
from package.layers import Face, Flow, Layer, Patch, Region
from package.package import Package
from package.patches import read_patches
from package.stackup import StackUp, stackups

__all__ = [
    "Case",
    "CaseTrace",
    "Face",
    "Flow",
    "Layer",
    "Package",
    "Patch",
    "Region",
    "StackUp",
    "assemble",
    "is_case",
    "read_any_case",
    "read_case",
    "read_hotspot",
    "read_ice",
    "read_patches",
    "stackups",
    "write_case",
    "write_hotspot",
    "write_ice",
]
