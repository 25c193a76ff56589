from .any_case import is_case, read_any_case
from .assembly import assemble
from .case import Case
from .case_reader import read_case
from .case_trace import CaseTrace
from .case_writer import write_case
from .hotspot_reader import read_hotspot
from .hotspot_writer import write_hotspot
from .ice_reader import read_ice
from .ice_writer import write_ice
from .layers import Face, Flow, Layer, Patch, Region
from .package import Package
from .patches import read_patches
from .stackup import StackUp, stackups

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
