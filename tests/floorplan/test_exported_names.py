import subprocess
import sys

import floorplan


def test_the_exported_names_are_these():
    assert floorplan.__all__ == [
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
        "FORMATS",
        "Feature",
        "Floorplan",
        "Format",
        "HbmMap",
        "HbmStack",
        "IMPORTS",
        "ImportedLayout",
        "LayerMap",
        "Layout",
        "LayoutFile",
        "Link",
        "MapLayer",
        "Metal",
        "NO_CONNECT",
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
    assert all(hasattr(floorplan, name) for name in floorplan.__all__)


def test_each_name_may_be_the_first_one(tmp_path):
    """Modules load at first use: whichever comes first finds what it needs."""
    code = """
import sys, importlib
names = importlib.import_module("floorplan").__all__
for name in names:
    for module in [m for m in sys.modules if m.partition(".")[0] == "floorplan"]:
        del sys.modules[module]
    getattr(importlib.import_module("floorplan"), name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
