"""2-D: blocks, dies and HBM stacks on an interposer; geometry checks; layout files."""

from floorplan.block import Block, BlockKind
from floorplan.builder import build
from floorplan.bump import BumpArray, BumpField, BumpKind
from floorplan.checks import RULES, check
from floorplan.die import Die
from floorplan.explicit import add_blocks, from_tables, read_floorplan
from floorplan.explicit_writer import to_tables, write_floorplan
from floorplan.floorplan import Floorplan
from floorplan.gds import write_gds
from floorplan.layer_map import LayerMap, MapLayer, layer_map
from floorplan.orientation import Orientation
from floorplan.recipe import Recipe, recipes
from floorplan.stack import Edge, HbmStack
from floorplan.summary import summary, utilisation
from floorplan.violation import Violation

__all__ = [
    "RULES",
    "Block",
    "BlockKind",
    "BumpArray",
    "BumpField",
    "BumpKind",
    "Die",
    "Edge",
    "Floorplan",
    "HbmStack",
    "LayerMap",
    "MapLayer",
    "Orientation",
    "Recipe",
    "Violation",
    "add_blocks",
    "build",
    "check",
    "from_tables",
    "layer_map",
    "read_floorplan",
    "recipes",
    "summary",
    "to_tables",
    "utilisation",
    "write_floorplan",
    "write_gds",
]
