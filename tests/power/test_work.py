import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import power
import techlib
from floorplan import Floorplan
from power.work import ACTIONS, SUMS
from techlib import InputError, LanguageModel

Make = Callable[..., power.Operation]


def counts(row: np.ndarray) -> dict[str, float]:
    return dict(zip(ACTIONS, row, strict=True))


def test_experts_met_against_drawing_them(toy: power.Machine, small_model: LanguageModel) -> None:
    work = power.Work(toy, small_model)
    generator = np.random.default_rng(5)
    draws = 4000
    for tokens in (1, 3, 10):
        met = [
            len({e for _ in range(tokens) for e in generator.choice(8, 2, replace=False)})
            for _ in range(draws)
        ]
        error = 4.0 * np.std(met) / draws**0.5 + 1e-9
        assert float(work.experts_met(tokens)) == pytest.approx(np.mean(met), abs=error)
    assert float(work.experts_met(1)) == pytest.approx(2.0)
    assert float(work.experts_met(10_000)) == pytest.approx(8.0)


def test_a_step_by_hand(toy: power.Machine, small_model: LanguageModel) -> None:
    work = power.Work(toy, small_model)
    step = counts(work.per_step([3])[0])
    met = 8 * (1 - 0.75**3)
    streamed = 50_000 + 64_000 + met * 10_000
    assert step["mac_fp4"] == pytest.approx(3 * (50_000 + 2 * 10_000))
    assert step["mac_fp8"] == step["mac_bf16"] == 0.0
    # Four 8 x 8 arrays at 90 %, hidden 64 fills whole tiles; fill and drain 14 cycles a tile.
    # Experts are 10,000 / (3 x 64 x 4) wide, so that 26.04 lie on 32 columns, 13.02 on 16 rows.
    inner = 10_000 / (3 * 64 * 4)
    cycles = (3 * 50_000 + 14 * (50_000 + 64_000)) / (256 * 0.9)
    cycles += (3 * 20_000 + 14 * met * 10_000) / (256 * 0.9 * inner / 16)
    assert step["tensor_cycles"] == pytest.approx(cycles)
    assert step["hbm_read_bytes"] == pytest.approx(streamed / 2)  # 3 x 2 x 64 B fit into SRAM
    assert step["hbm_write_bytes"] == pytest.approx(3 * 4 * 64 * 2)
    stream = 8 * (step["hbm_read_bytes"] + step["hbm_write_bytes"])
    assert step["sram_read_bits"] == pytest.approx(stream + step["mac_fp4"] / 8 * 8)
    narrow = 3 * 20_000 / 3 * (1 / inner - 1 / 64)  # out of experts: fewer products a sum
    assert step["sram_write_bits"] == pytest.approx(stream + (step["mac_fp4"] / 64 + narrow) * 8)
    assert step["noc_bit_mm"] == pytest.approx(stream * toy.hbm_distance_mm)
    assert step["collective_bit_mm"] == pytest.approx(3 * 4 * 64 * 8 * 4 * toy.tree_mm)
    assert step["serdes_bits"] == 0.0


def test_sums_by_hand(toy: power.Machine, small_model: LanguageModel) -> None:
    table = dict(zip(SUMS, power.Work(toy, small_model).per_sum, strict=True))
    logits = counts(table["logits"])
    assert logits["mac_fp4"] == 64_000
    # Written once, read once for their softmax: 1000 of 8 bits, four operations each.
    assert logits["vector_ops"] == 1000 * 4
    assert logits["sram_write_bits"] == 1000 * 8
    assert logits["sram_read_bits"] == 64_000 / 8 * 8 + 1000 * 8
    assert counts(table["handed_byte"]) == counts(np.zeros(len(ACTIONS))) | {"serdes_bits": 8}
    # Scores and values: two products of 16 for each of 4 heads, in 3 full layers and 1 windowed.
    assert counts(table["products"])["mac_bf16"] == 2 * 4 * 16 * 3
    assert counts(table["products_windowed"])["mac_bf16"] == 2 * 4 * 16
    assert counts(table["products"])["vector_ops"] == 4 * 3 * 4
    # 64 values of 2 bytes a token and layer.
    assert counts(table["kv_tokens"])["hbm_read_bytes"] == 64 * 2 * 3
    assert counts(table["kv_tokens_windowed"])["hbm_read_bytes"] == 64 * 2
    cycles = counts(table["kv_tokens"])["tensor_cycles"]
    assert cycles == pytest.approx(14 * 64 * 3 / (256 * 0.25 * 0.9))  # bf16 at a quarter rate


def test_decoding_heads_take_their_product_with_the_latent(
    toy: power.Machine, small_model: LanguageModel
) -> None:
    """Where prompts are read each head expands it: two products of 16 in place of two of 24."""
    of_heads, of_latents = (
        power.Work(toy, dataclasses.replace(small_model, kv_values_per_token_layer=values))
        for values in (64.0, 24.0)
    )
    tables = [dict(zip(SUMS, work.per_sum, strict=True)) for work in (of_heads, of_latents)]
    assert not tables[0]["decoded_products"].any()
    both = [counts(tables[1][name])["mac_bf16"] for name in ("products", "decoded_products")]
    assert sum(both) == 2 * 4 * 24 * 3
    assert both[0] == counts(tables[0]["products"])["mac_bf16"] == 2 * 4 * 16 * 3
    assert counts(tables[1]["decoded_products"])["vector_ops"] == 0.0  # scores stay as many


def test_activations_beyond_sram_spill(toy: power.Machine, small_model: LanguageModel) -> None:
    work = power.Work(toy, small_model)
    few, many = (counts(work.per_step([n])[0]) for n in (8, 16))  # 1024 B, 2048 B; 1024 B room
    kept = 4 * 64 * 2
    assert few["hbm_write_bytes"] == pytest.approx(8 * kept)
    assert many["hbm_write_bytes"] == pytest.approx(16 * kept + 1024 * 4)


def test_chips_share_the_work(
    toy_plan: Floorplan, operation: Make, small_model: LanguageModel
) -> None:
    one, two = (
        power.Work(power.Machine.of(toy_plan, operation(chips=chips)), small_model)
        for chips in (1, 2)
    )
    alone, shared = counts(one.per_step([4])[0]), counts(two.per_step([4])[0])
    for name in ("mac_fp4", "vector_ops", "hbm_read_bytes", "noc_bit_mm", "host_bits"):
        assert shared[name] == pytest.approx(alone[name] / 2)
    # Two ring all-reduces a layer of 4 tokens x 64 values x 8 bits: 2 (n - 1) / n = 1 times each.
    assert shared["serdes_bits"] == pytest.approx(2 * 4 * 4 * 64 * 8)
    run = two.machine.operation
    latency = 2 * 4 * run.all_reduce_latency_s
    wire = shared["serdes_bits"] / 8 / run.link_bandwidth_byte_s
    assert float(two.serial_s([4])[0]) == pytest.approx(run.step_overhead_s + latency + wire)
    assert float(one.serial_s([4])[0]) == pytest.approx(run.step_overhead_s)


def test_a_group_beyond_a_local_domain_pays_for_the_way_out(
    toy_plan: Floorplan, operation: Make, small_model: LanguageModel
) -> None:
    ways = {"local_domain": 4, "scale_out_bandwidth": "1 GB/s", "scale_out_latency": "5 us"}

    def work(chips: int, **more: Any) -> power.Work:
        return power.Work(power.Machine.of(toy_plan, operation(chips=chips, **more)), small_model)

    near, far = work(4, **ways), work(8, **ways)
    run, tokens = near.machine.operation, np.array([1.0, 16.0])
    assert near.serial_s(tokens) == pytest.approx(work(4).serial_s(tokens), rel=1e-12)
    joined_byte = 2 * 4 * tokens * 64 * 8 / 8  # two all-reduces in each of four layers
    inside = 2 * 3 / 4 * joined_byte / run.link_bandwidth_byte_s
    between = 2 * 1 / 2 / 4 * joined_byte / 1e9
    latency = 8 * (run.all_reduce_latency_s + 5e-6)
    expected = run.step_overhead_s + latency + inside + between
    assert far.serial_s(tokens) == pytest.approx(expected, rel=1e-12)
    assert np.array_equal(far.per_step(tokens), work(8).per_step(tokens))  # as many bits


def test_a_domain_needs_links_beyond_it(operation: Make) -> None:
    with pytest.raises(InputError, match="scale_out_bandwidth: is missing, while local_domain"):
        dataclasses.replace(operation(), scale_out_bandwidth_byte_s=None)


def test_padding_of_a_tile_costs_cycles(toy: power.Machine, small_model: LanguageModel) -> None:
    whole = power.Work(toy, dataclasses.replace(small_model, head_dim=16.0))
    part = power.Work(toy, dataclasses.replace(small_model, head_dim=12.0))
    cycles = [counts(work.per_sum[1])["tensor_cycles"] for work in (whole, part)]
    assert cycles[1] == pytest.approx(cycles[0])  # 12 of 16 rows are used, none is saved


def test_models_that_contradict_themselves(toy: power.Machine, small_model: LanguageModel) -> None:
    dense = dataclasses.replace(small_model, experts=0.0, expert_parameters=0.0)
    with pytest.raises(InputError, match="fewer active than total parameters, but no experts"):
        power.Work(toy, dense)
    hollow = dataclasses.replace(small_model, total_parameters=100_000.0)
    with pytest.raises(InputError, match="do not hold embeddings and experts"):
        power.Work(toy, hollow)


def test_dense_models_stream_all_weights_but_the_embedding(machine: power.Machine) -> None:
    model = techlib.language_models()["llama-3.1-8b"]
    step = counts(power.Work(machine, model).per_step([1])[0])
    embedding = model.vocabulary * model.hidden
    assert step["hbm_read_bytes"] == pytest.approx(2 * (model.total_parameters - embedding))
