import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shapely import box

import floorplan
import power
import techlib
from floorplan import Block, BlockKind, Die, Edge, Floorplan, HbmStack


@pytest.fixture(scope="session")
def jalapeno() -> Floorplan:
    return floorplan.build(floorplan.recipes()["jalapeno"])


@pytest.fixture(scope="session")
def machine(jalapeno: Floorplan) -> power.Machine:
    return power.Machine.of(jalapeno, power.operations()["jalapeno"])


@pytest.fixture(scope="session")
def gpt_oss() -> techlib.LanguageModel:
    return techlib.language_models()["gpt-oss-120b"]


@pytest.fixture(scope="session")
def busy_decode(machine: power.Machine, gpt_oss: techlib.LanguageModel) -> power.Schedule:
    full = np.full(256, 1)
    return power.Schedule.of(
        power.Trace("decode", np.zeros(256), 1000 * full, 2000 * full), machine, gpt_oss
    )


@pytest.fixture(scope="session")
def decode(busy_decode: power.Schedule) -> power.BlockPower:
    return power.BlockPower.of(power.Activity.of(busy_decode))


@pytest.fixture(scope="session")
def operation() -> Callable[..., power.Operation]:
    def make(**changes: Any) -> power.Operation:
        return power.operations().derive("jalapeno", changes, name="toy", where="test")

    return make


@pytest.fixture(scope="session")
def small_model() -> techlib.LanguageModel:
    """Four layers, one windowed; 8 experts of which 2 are taken; round numbers."""
    return techlib.language_models().derive(
        "gpt-oss-20b",
        {
            "layers": 4,
            "hidden": 64,
            "heads": 4,
            "kv_heads": 2,
            "head_dim": 16,
            "kv_values_per_token_layer": 64,
            "total_parameters": 8 * 10_000 + 2 * 64_000 + 50_000,
            "active_parameters": 2 * 10_000 + 64_000 + 50_000,
            "expert_parameters": 10_000,
            "expert_bits": 4,
            "experts": 8,
            "experts_per_token": 2,
            "weight_bits": 4,
            "kv_bits": 16,
            "attention_window": 10,
            "windowed_layers": 1,
            "vocabulary": 1000,
        },
        name="small",
        where="test",
    )


def _block(name: str, kind: BlockKind, rect: tuple[int, int, int, int], **more: Any) -> Block:
    return Block(name, kind, box(*rect), **more)


@pytest.fixture(scope="session")
def toy_plan() -> Floorplan:
    """Two slices of two 8 x 8 arrays, west stack feeding the first and east stack the second."""
    blocks = []
    for number, (x, stack) in enumerate(((1000, "hbm_w0"), (5000, "hbm_e0"))):
        name = f"slice{number}"
        blocks += [
            _block(f"{name}/tensor0", BlockKind.TENSOR, (x, 0, x + 1000, 1000), macs=64,
                   stack=stack),
            _block(f"{name}/tensor1", BlockKind.TENSOR, (x + 1000, 0, x + 2000, 1000), macs=64,
                   stack=stack),
            _block(f"{name}/sram", BlockKind.SRAM, (x, 1000, x + 2000, 2000), sram_byte=1024.0,
                   stack=stack),
            _block(f"{name}/vector", BlockKind.VECTOR, (x, 2000, x + 2000, 3000)),
            _block(f"{name}/router", BlockKind.ROUTER, (x, 3000, x + 2000, 4000)),
        ]  # fmt: skip
    spare = _block(
        "spare", BlockKind.TENSOR, (3000, 0, 4000, 1000), macs=64, enabled=False, stack="hbm_w0"
    )
    blocks += [
        dataclasses.replace(spare, name="slice0/tensor2"),
        _block("phy_w", BlockKind.HBM_PHY, (0, 0, 1000, 4000), stack="hbm_w0"),
        _block("phy_e", BlockKind.HBM_PHY, (7000, 0, 8000, 4000), stack="hbm_e0"),
        _block("noc", BlockKind.NOC, (3000, 1000, 5000, 2000)),
        _block("collective", BlockKind.COLLECTIVE, (3000, 2000, 5000, 3000)),
        _block("management", BlockKind.MANAGEMENT, (3000, 3000, 4000, 4000)),
        _block("filler", BlockKind.FILLER, (4000, 3000, 5000, 4000)),
        _block("serdes", BlockKind.SERDES, (0, 4000, 4000, 5000), lanes=4),
        _block("host", BlockKind.HOST, (4000, 4000, 8000, 5000), lanes=16),
    ]
    node = techlib.process_nodes()["N3"]
    generation = techlib.hbm_generations()["HBM3E"]
    die = Die("compute", 8000, 5000, 12_000, 4000, node, tuple(blocks))
    stacks = (
        HbmStack("hbm_w0", generation, 500, 1000, Edge.EAST),
        HbmStack("hbm_e0", generation, 20_500, 1000, Edge.WEST),
    )
    return Floorplan("toy", techlib.interposers()["CoWoS-S"], 32_000, 13_000, (die,), stacks)


@pytest.fixture(scope="session")
def toy(toy_plan: Floorplan, operation: Callable[..., power.Operation]) -> power.Machine:
    return power.Machine.of(toy_plan, operation(max_batch=4, chunk_tokens=16))
