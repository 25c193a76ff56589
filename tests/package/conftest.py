from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shapely import box

from floorplan import Block, BlockKind, Die, Edge, Floorplan, HbmStack
from package import Case, read_case
from techlib import InputError, hbm_generations, interposers, process_nodes


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


@pytest.fixture
def content() -> Callable[[], dict[str, Any]]:
    """Make the content of a case file: two blocks on a die under a wider lid."""
    return lambda: {
        "schema": "thermal-case/1",
        "name": "pair",
        "description": "two blocks",
        "layers_order": "bottom to top",
        "ambient_K": 300.0,
        "initial_K": 313.15,
        "materials": {
            "si": {"k_W_mK": 120.0, "cv_J_m3K": 1.65e6},
            "pcb": {"k_W_mK": [20.0, 10.0, 0.5], "cv_J_m3K": 2e6},
        },
        "layers": [
            {
                "name": "die",
                "thickness_m": 1e-05,
                "extent_m": [0.001, 0.001, 0.0045000000000000005, 0.003],
                "background": "si",
                "heat": True,
                "blocks": [
                    {"name": "a", "rect_m": [0.001, 0.001, 0.002, 0.003], "material": "si"},
                    {"name": "b", "rect_m": [0.002, 0.001, 0.0045, 0.003], "material": "pcb"},
                ],
            },
            {
                "name": "lid",
                "thickness_m": 0.002,
                "extent_m": [0, 0, 0.005, 0.004],
                "background": "si",
                "blocks": [{"name": "a", "rect_m": [0, 0, 0.001, 0.001], "material": "pcb"}],
            },
        ],
        "power_layer": "die",
        "power_W": {"a": 2.0, "b": 3},
        "boundary": {
            "top": {"type": "convection", "h_W_m2K": 20000.0, "T_K": 313.15},
            "bottom": {"type": "adiabatic"},
            "sides": {"type": "adiabatic"},
        },
    }


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Case]:
    """Write a case file, and its trace beside it, and read it."""

    def read_data(data: Any, trace: str | None = None) -> Case:
        file = tmp_path / "case.json"
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        if trace is not None:
            (tmp_path / "trace.csv").write_text(trace)
        return read_case(file)

    return read_data


@pytest.fixture
def faults(tmp_path: Path, read: Callable[..., Case]) -> Callable[..., list[str]]:
    """Return the faults of a case file."""

    def faults_of(data: Any, trace: str | None = None) -> list[str]:
        with pytest.raises(InputError) as caught:
            read(data, trace)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    return faults_of


@pytest.fixture
def with_trace() -> Callable[..., dict[str, Any]]:
    """Give a case a transient."""

    def added(data: dict[str, Any], steps: int = 2) -> dict[str, Any]:
        return {**data, "transient": {"dt_s": 0.5, "steps": steps, "trace_file": "trace.csv"}}

    return added
