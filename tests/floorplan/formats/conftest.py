"""Floorplans that formats are tested on, and readers that are not ours."""

import klayout.db as kdb
import pytest
from shapely import Polygon, box

import floorplan
from floorplan import Block, BlockKind, Die, Floorplan
from techlib import interposers, process_nodes


@pytest.fixture(scope="session", params=["jalapeno", "jalapeno-hc26"])
def built_in(request):
    return floorplan.build(floorplan.recipes()[request.param])


@pytest.fixture(scope="session")
def jalapeno():
    return floorplan.build(floorplan.recipes()["jalapeno"])


@pytest.fixture(scope="session")
def one_die():
    """Make a floorplan of one die of 1 x 2 mm with some blocks."""
    return _one_die


def _one_die(*blocks, keepouts=(), scribe_um=0.0, seal_ring_um=0.0):
    die = Die(
        "chip", 1_000.0, 2_000.0, 250.0, 300.0, process_nodes()["N5"], tuple(blocks),
        scribe_um, seal_ring_um, tuple(keepouts),
    )  # fmt: skip
    return Floorplan("small", interposers()["CoWoS-S"], 1_500.0, 2_600.0, (die,), ())


ELL = Polygon([(0, 0), (300, 0), (300, 100), (100, 100), (100, 300), (0, 300)])


@pytest.fixture
def odd():
    """A die with an L, names that formats do not allow, a keep-out, and room between blocks."""
    return _one_die(
        Block("a b[1]", BlockKind.VECTOR, ELL),
        Block("core.x/sram;0", BlockKind.SRAM, box(400, 400, 900, 900.001)),
        Block("die", BlockKind.HOST, box(400, 1_000, 900, 1_500), enabled=False),
        keepouts=(box(100, 1_700, 200, 1_800),),
        scribe_um=20.0,
        seal_ring_um=10.0,
    )


@pytest.fixture
def read_lef():
    """Read the macros of a LEF by KLayout."""

    def read(folder, stem):
        options = kdb.LoadLayoutOptions()
        config = options.lefdef_config
        config.lef_files = [str(folder / f"{stem}.tech.lef")]
        config.dbu = 0.001
        config.cell_outline_layer = "OUTLINE"
        options.lefdef_config = config
        layout = kdb.Layout()
        layout.read(str(folder / f"{stem}.lef"), options)
        return layout

    return read


@pytest.fixture
def read_def():
    """Read a DEF with its LEF by KLayout."""

    def read(folder, name, stem):
        options = kdb.LoadLayoutOptions()
        config = options.lefdef_config
        config.lef_files = [str(folder / f"{stem}.tech.lef"), str(folder / f"{stem}.lef")]
        config.read_lef_with_def = False
        config.macro_resolution_mode = 1
        config.instance_property_name = "name"
        config.dbu = 0.001
        config.cell_outline_layer = "OUTLINE"
        options.lefdef_config = config
        layout = kdb.Layout()
        layout.read(str(folder / name), options)
        return layout

    return read


@pytest.fixture(scope="session")
def small():
    """A design of two dies and two stacks, small enough to list every bump."""
    changes = {
        "hbm": "HBM3E", "die_width": "14 mm", "die_height": "14 mm", "stacks_west": 1,
        "stacks_east": 1, "slices_per_stack": 3, "extra_slices": 0, "serdes_lanes": 8,
        "serdes_macro_lanes": 4, "host_lanes": 4, "noc_hub_area": "4 mm^2",
        "collective_area": "2 mm^2", "management_area": "2 mm^2", "io_die_width": "10 mm",
        "io_noc_area": "4 mm^2", "die_to_die_blocks": 3,
    }  # fmt: skip
    recipe = floorplan.recipes().derive("jalapeno-hc26", changes, name="small", where="example")
    return floorplan.build(recipe)


@pytest.fixture(scope="session")
def layout(small):
    return floorplan.lay_out(small)


@pytest.fixture(scope="session")
def bump_files(small, tmp_path_factory):
    """The folder of all formats that know bumps."""
    folder = tmp_path_factory.mktemp("bumps")
    floorplan.write_formats(
        small, folder, ["lef", "def", "gds", "3dblox", "aif", "bumps"], every_bump=True
    )
    return folder
