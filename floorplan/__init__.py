"""2-D: blocks, dies and HBM stacks on an interposer; geometry checks; layout files."""

from floorplan.block import Block, BlockKind
from floorplan.builder import build
from floorplan.bump import NO_CONNECT, BumpArray, BumpField, BumpKind
from floorplan.checks import check, check_layout
from floorplan.detail_rules import DetailRules, detail_rules
from floorplan.die import Die
from floorplan.die_link_map import DieLinkMap, die_link_maps
from floorplan.differences import Change, Difference, diff, diff_files
from floorplan.explicit import add_blocks, from_tables, read_floorplan
from floorplan.explicit_writer import to_tables, write_floorplan
from floorplan.feature import Feature
from floorplan.floorplan import Floorplan
from floorplan.formats.registry import FORMATS, Format, WrittenFiles, write_formats
from floorplan.gds import write_gds, write_oasis
from floorplan.hbm_map import HbmMap, hbm_maps
from floorplan.imports.assembly import ImportedLayout
from floorplan.imports.reading import IMPORTS, import_files, import_layout
from floorplan.layer_map import LayerMap, MapLayer, layer_map, read_layer_map
from floorplan.layout import Layout
from floorplan.layout_builder import lay_out, layout_sources
from floorplan.layout_file import LayoutFile, read_layout
from floorplan.layout_tables import field_table, link_table, write_bumps
from floorplan.link import Link
from floorplan.marker_file import write_markers
from floorplan.metal import Metal, metals
from floorplan.orientation import Orientation
from floorplan.recipe import Recipe, recipes
from floorplan.route import RouteBundle, route_table
from floorplan.rule import Rule, Severity
from floorplan.rule_deck import RuleDeck, read_rules, rule_deck
from floorplan.stack import Edge, HbmStack
from floorplan.substrate import Substrate
from floorplan.summary import summary, utilisation
from floorplan.violation import Violation

__all__ = [
    "FORMATS",
    "IMPORTS",
    "NO_CONNECT",
    "Block",
    "BlockKind",
    "BumpArray",
    "BumpField",
    "BumpKind",
    "Change",
    "DetailRules",
    "Die",
    "DieLinkMap",
    "Difference",
    "Edge",
    "Feature",
    "Floorplan",
    "Format",
    "HbmMap",
    "HbmStack",
    "ImportedLayout",
    "LayerMap",
    "Layout",
    "LayoutFile",
    "Link",
    "MapLayer",
    "Metal",
    "Orientation",
    "Recipe",
    "RouteBundle",
    "Rule",
    "RuleDeck",
    "Severity",
    "Substrate",
    "Violation",
    "WrittenFiles",
    "add_blocks",
    "build",
    "check",
    "check_layout",
    "detail_rules",
    "die_link_maps",
    "diff",
    "diff_files",
    "field_table",
    "from_tables",
    "hbm_maps",
    "import_files",
    "import_layout",
    "lay_out",
    "layer_map",
    "layout_sources",
    "link_table",
    "metals",
    "read_floorplan",
    "read_layer_map",
    "read_layout",
    "read_rules",
    "recipes",
    "route_table",
    "rule_deck",
    "summary",
    "to_tables",
    "utilisation",
    "write_bumps",
    "write_floorplan",
    "write_formats",
    "write_gds",
    "write_markers",
    "write_oasis",
]
