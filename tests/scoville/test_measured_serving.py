"""What a measured row means, and the coefficients of a board from such rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import techlib
from power.serving import ENERGIES, TIMES
from scoville.validation.board_file import board_table
from scoville.validation.board_fit import fit_board, fold_boards, leave_one_out
from scoville.validation.measured_models import chip_design, find_model, stored_bits
from scoville.validation.measured_rows import MeasuredRow
from scoville.validation.measured_serving import Served, predict, serve_rows
from scoville.validation.power import BOARD
from scoville.validation.power_summary import summary
from techlib import Library


def row(**changes: object) -> MeasuredRow:
    plain = MeasuredRow(
        line=2, gpu_model="H100", model_id="", nickname="", weight_precision="bfloat16",
        architecture="", task="gpqa", gpus=1.0, batch=32.0, output_tokens=400.0,
        tokens_per_s=3000.0, power_w=500.0, step_ms=10.0, joule_per_token=0.2,
        total_billion=np.nan, active_billion=np.nan,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model_id", "nickname", "record"),
    [
        ("meta-llama/Llama-3.1-405B-Instruct-FP8", "", "llama-3.1-405b"),
        ("meta-llama/Llama-3.3-70B-Instruct", "", "llama-3.1-70b"),
        ("Qwen/Qwen3-VL-235B-A22B-Instruct-FP8", "", "qwen3-235b-a22b"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "", "qwen3-30b-a3b"),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "", "qwen3-coder-480b-a35b"),
        ("Qwen/Qwen3-30B-A3B-Thinking-2507", "", "qwen3-30b-a3b"),
        ("", "Qwen 3 32B", "qwen3-32b"),
        ("nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16", "", "nemotron-nano-12b-v2"),
        ("meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "", "llama-4-maverick"),
        ("google/gemma-3-27b-it", "", "gemma-3-27b"),
        ("deepseek-ai/DeepSeek-V3.1", "", "deepseek-r1"),
        ("openai/gpt-oss-120b", "", "gpt-oss-120b"),
    ],
)
def test_models_are_known_by_what_people_call_them(
    model_id: str, nickname: str, record: str
) -> None:
    found = find_model(row(model_id=model_id, nickname=nickname), techlib.language_models())
    assert not isinstance(found, str)
    assert found.name == record


@pytest.mark.parametrize(
    ("total", "active"), [(13.0, 13.0), (1.2, 1.2), (120.0, 12.0), (16.0, 3.0)]
)
def test_an_unknown_model_gets_the_sizes_of_the_nearest_one(total: float, active: float) -> None:
    asked = row(nickname="Nobody's", total_billion=total, active_billion=active)
    found = find_model(asked, techlib.language_models())
    assert not isinstance(found, str)
    assert found.total_parameters == total * 1e9
    served, left_out = serve_rows([asked])
    assert left_out == []
    # Weights that a step of 32 streams: all of a dense model's, a part of one with experts.
    streamed = served[0].demand.stream_byte / 2e9
    assert active * 0.8 <= streamed <= total
    assert served[0].demand.flop == pytest.approx(2 * 32 * active * 1e9, rel=0.35)


def test_copies_of_a_dense_model_are_groups_of_their_own() -> None:
    alone = row(model_id="Llama-3.1-8B", batch=16.0, tokens_per_s=1500.0)
    both = replace(
        alone, gpus=2.0, replicas=2.0, batch=32.0, tokens_per_s=3000.0, power_w=2 * alone.power_w
    )
    one, two = (predict(serve_rows([entry])[0]).iloc[0] for entry in (alone, both))
    for name in ("power_w", "step_ms", "joule_per_token"):
        assert two[name] == pytest.approx(one[name]), name
    shared = replace(both, model_id="Qwen3-30B-A3B")
    assert serve_rows([shared])[0][0].demand.packages == 2


def test_experts_of_groups_wait_for_the_busiest() -> None:
    whole = row(model_id="Qwen3-30B-A3B", gpus=4.0, batch=8.0)
    shared, apart = (
        serve_rows([replace(whole, expert_groups=groups)])[0][0].demand for groups in (1.0, 4.0)
    )
    assert shared.busiest_stream_byte == pytest.approx(shared.stream_byte)
    assert apart.busiest_stream_byte > 1.2 * apart.stream_byte


def test_models_with_states_read_their_prompts_anew() -> None:
    asked = {"task": "lm-arena-chat", "output_tokens": 400.0}
    attention, states = (
        serve_rows([row(model_id=name, **asked)])[0][0]
        for name in ("Qwen3-8B", "Nemotron-Nano-9B-v2")
    )
    ratio = states.demand.prompt_flop / attention.demand.prompt_flop
    assert ratio > 4.0  # of about as many parameters
    thinking = serve_rows([row(model_id="Nemotron-Nano-9B-v2", task="gpqa")])[0][0]
    assert thinking.demand.prompt_flop < 0.3 * states.demand.prompt_flop


def test_a_name_whose_size_disagrees_is_not_trusted() -> None:
    found = find_model(row(model_id="Qwen/Qwen3-8B", total_billion=80.0), techlib.language_models())
    assert not isinstance(found, str)
    assert found.total_parameters == 80e9


@pytest.mark.parametrize(
    ("gpu_model", "design"),
    [
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("H100-SXM5-80GB", "h100-sxm"),
        ("h100 NVLink", "h100-sxm"),
        ("NVIDIA B200", "b200"),
        ("HGX B200", "b200"),
        ("NVIDIA H200", "h200-sxm"),
        ("TPU v4", "tpu-v4"),
        ("NVIDIA H100 NVL", ""),
        ("H100 PCIe", ""),
        ("GB200", ""),
        ("NVIDIA GH200 480GB", ""),
        ("A100-SXM4-80GB", ""),
    ],
)
def test_chips_are_known_by_name_and_their_kin_is_not_taken_for_them(
    gpu_model: str, design: str
) -> None:
    assert chip_design(gpu_model) == design


def test_more_bandwidth_shows_in_the_time_of_a_step() -> None:
    slow, fast = (serve_rows([row(gpu_model=name, model_id="Llama-3.1-8B", batch=8.0)])[0][0]
                  for name in ("H100", "H200"))  # fmt: skip
    saved = slow.model.step_s(slow.demand) - fast.model.step_s(fast.demand)
    byte = slow.demand.stream_byte + slow.demand.kv_byte
    assert saved == pytest.approx(byte / 3.35e12 - byte / 4.8e12, rel=1e-9)


def test_precisions_are_read_in_any_spelling() -> None:
    assert stored_bits("BF16") == stored_bits("bfloat16") == 16.0
    assert stored_bits("NVFP4") == stored_bits("W4A16") == 4.5
    assert stored_bits("float8_e4m3fn") == stored_bits("FP8-Block") == 8.0
    with pytest.raises(KeyError):
        stored_bits("ternary")


def made_up(board: techlib.Board) -> list[Served]:
    """Rows that a board of known coefficients would give."""
    rows = []
    names = ("Llama-3.1-8B", "Qwen3-32B", "gpt-oss-20b", "Qwen3-30B-A3B", "Llama-4-Scout-17B-16E")
    for index, name in enumerate(names):
        boards = float(1 + index % 2)
        rows += [row(model_id=name, batch=batch, gpus=boards) for batch in (8.0, 32.0, 128.0)]
    rows.append(row(model_id="Qwen3-30B-A3B", weight_precision="fp8", batch=4.0))
    served, left_out = serve_rows(rows)
    assert left_out == []
    exact = []
    for one in served:
        model = replace(one.model, board=board)
        rate = 0.5 * model.steps_per_s(one.demand)
        measured = replace(
            one.row,
            tokens_per_s=rate * one.row.batch,
            power_w=model.power_w(one.demand, rate) * one.row.gpus,
            step_ms=1e3 * model.step_s(one.demand),
        )
        exact.append(replace(one, row=measured))
    return exact


def test_a_fit_finds_the_coefficients_behind_exact_rows() -> None:
    shipped = techlib.boards()[BOARD]
    truth = replace(shipped, idle_w=120.0, stream_pj_bit=11.0, sequence_overhead_s=50e-6)
    served = made_up(truth)
    found = fit_board(served, shipped)
    for name in (*ENERGIES, *TIMES):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=1e-5), name
    assert summary(predict(served, found))["mape_power"] == pytest.approx(0.0, abs=1e-3)


def test_one_odd_row_hardly_moves_a_fit() -> None:
    shipped = techlib.boards()[BOARD]
    served = made_up(shipped)
    odd = replace(served[3], row=replace(served[3].row, power_w=2.0 * served[3].row.power_w))
    found = fit_board([*served[:3], odd, *served[4:]], shipped)
    assert found.idle_w == pytest.approx(shipped.idle_w, rel=0.1)


def test_what_is_left_out_does_not_take_part() -> None:
    shipped = techlib.boards()[BOARD]
    served = made_up(shipped)
    folds = fold_boards(served, shipped)
    table = leave_one_out(served, folds)
    assert len(table) == len(served)
    mine = [entry.board_w for entry in served if entry.family != "llama-3.1-8b"]
    others = table[table["family"] == "llama-3.1-8b"]["others_mean_w"]
    assert others.to_numpy() == pytest.approx(np.mean(mine))


def test_a_written_board_is_read_as_it_was_fitted(tmp_path: Path) -> None:
    import tomllib

    shipped = techlib.boards()[BOARD]
    folds = {"a": replace(shipped, idle_w=100.0), "b": replace(shipped, idle_w=300.0)}
    text = board_table(shipped, folds, "made-up rows")
    library = Library("board", techlib.Board, tomllib.loads(text), "boards.toml")
    again = library[BOARD]
    for name in (*ENERGIES, *TIMES):
        assert getattr(again, name) == pytest.approx(getattr(shipped, name), rel=1e-3), name
    assert again.band("idle_w") == pytest.approx((93.0, 321.0), rel=1e-3)
