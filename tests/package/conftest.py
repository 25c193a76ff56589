from __future__ import annotations

import pytest
from shapely import box

from floorplan import Block, BlockKind, Die, Edge, Floorplan, HbmStack
from techlib import hbm_generations, interposers, process_nodes


@pytest.fixture(scope="session")
def plan() -> Floorplan:
    """A die of 12 x 10 mm with a 2 x 2 array inside a rim, and an HBM3E stack on either side."""
    rim_um, half_x_um, half_y_um = 100.0, 5900.0, 4900.0
    blocks = tuple(
        Block(
            f"slice{row}{column}/tensor",
            BlockKind.TENSOR,
            box(
                rim_um + column * half_x_um,
                rim_um + row * half_y_um,
                rim_um + (column + 1) * half_x_um,
                rim_um + (row + 1) * half_y_um,
            ),
        )
        for row in range(2)
        for column in range(2)
    )
    die = Die("compute", 12_000.0, 10_000.0, 13_000.0, 2_000.0, process_nodes()["N3"], blocks)
    generation = hbm_generations()["HBM3E"]
    stacks = (
        HbmStack("hbm_w0", generation, 1_000.0, 1_500.0, Edge.EAST),
        HbmStack("hbm_e0", generation, 26_000.0, 1_500.0, Edge.WEST),
    )
    return Floorplan("small", interposers()["CoWoS-S"], 38_000.0, 14_000.0, (die,), stacks)
