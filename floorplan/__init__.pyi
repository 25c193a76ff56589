from .block import Block, BlockKind
from .builder import build
from .bump import NO_CONNECT, BumpArray, BumpField, BumpKind
from .checks import check, check_layout
from .detail_rules import DetailRules, detail_rules
from .die import Die
from .die_link_map import DieLinkMap, die_link_maps
from .differences import Change, Difference, diff, diff_files
from .explicit import add_blocks, from_tables, read_floorplan
from .explicit_writer import to_tables, write_floorplan
from .feature import Feature
from .floorplan import Floorplan
from .formats.registry import FORMATS, Format, WrittenFiles, write_formats
from .gds import write_gds, write_oasis
from .hbm_map import HbmMap, hbm_maps
from .imports.assembly import ImportedLayout
from .imports.reading import IMPORTS, import_files, import_layout
from .layer_map import LayerMap, MapLayer, layer_map, read_layer_map
from .layout import Layout
from .layout_builder import lay_out, layout_sources
from .layout_file import LayoutFile, read_layout
from .layout_tables import field_table, link_table, write_bumps
from .link import Link
from .marker_file import write_markers
from .metal import Metal, metals
from .orientation import Orientation
from .recipe import Recipe, recipes
from .route import RouteBundle, route_table
from .rule import Rule, Severity
from .rule_deck import RuleDeck, read_rules, rule_deck
from .stack import Edge, HbmStack
from .substrate import Substrate
from .summary import summary, utilisation
from .violation import Violation

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
