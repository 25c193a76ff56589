"""Products of a model as matrices on systolic arrays, and what each took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import power
import techlib
from floorplan import Floorplan
from power.operators import Operator, operators_of
from power.schedule import run_actions
from power.work import ACTIONS


@pytest.mark.parametrize("name", sorted(techlib.language_models()))
def test_products_hold_the_parameters_of_a_model(name: str) -> None:
    model = techlib.language_models()[name]
    for packages in (1, 8):
        found = operators_of(model, packages)
        kinds = {
            kind: sum(o.parameters for o in found if o.kind == kind)
            for kind in ("dense", "expert", "head")
        }
        head = model.vocabulary * model.hidden
        assert kinds["head"] == head
        assert kinds["expert"] == pytest.approx(model.expert_parameters, rel=1e-12)
        body = model.total_parameters - model.experts * model.expert_parameters
        assert kinds["dense"] == pytest.approx(body - model.embedding_tables * head, rel=1e-12)
        assert found[-1].kind == "head"


def test_published_shapes_are_found() -> None:
    models = techlib.language_models()
    shapes = {o.name: (o.depth, o.width) for o in operators_of(models["gpt-oss-120b"], 4)}
    assert shapes == {
        "attention, in": (2880, (64 + 2 * 8) * 64 / 4),
        "attention, out": (64 * 64 / 4, 2880),
        "experts, in": (2880, 2 * 2880 / 4),
        "experts, out": (2880 / 4, 2880),
        "head": (2880, 201088 / 4),
    }
    matrices = {o.name: o for o in operators_of(models["llama-3.1-70b"], 1)}
    inner = matrices["feed-forward, out"]
    assert (inner.depth, inner.width) == (28672, 8192)
    assert inner.parameters == pytest.approx(80 * 28672 * 8192, rel=1e-3)
    assert operators_of(models["deepseek-r1"], 1)[0].name == "projections"


def test_tiles_are_filled_by_what_a_matrix_has_of_them() -> None:
    one = Operator("any", "dense", depth=65.0, width=192.0, parameters=1.0)
    assert one.fill(64, 64) == pytest.approx(65 / 128)
    assert one.fill(65, 64) == 1.0
    assert one.fill(128, 128) == pytest.approx(65 * 192 / (128 * 256))


def test_the_use_of_the_arrays_follows_from_shapes(
    toy_plan: Floorplan, operation: Callable[..., power.Operation], small_model: Any
) -> None:
    machine = power.Machine.of(toy_plan, operation(cap="1 MW"))
    for tokens in (1, 8, 64):
        trace = power.Trace("one", [0.0], [tokens], [1])
        table = power.operator_table(power.Schedule.of(trace, machine, small_model))
        work = power.Work(machine, small_model)
        row = table.loc["attention, out"]
        # Each 8 x 8 tile takes a cycle a row and 14 to fill and drain; 90 % of them without stalls.
        assert row["utilisation"] == pytest.approx(0.9 * tokens / (tokens + 14))
        experts = table.loc["experts, out"]
        rows = tokens * 2 / float(work.experts_met(tokens))
        fill = 10_000 / (3 * 64 * 4) / 16
        assert experts["fill"] == pytest.approx(fill)
        assert experts["utilisation"] == pytest.approx(0.9 * fill * rows / (rows + 14))


WAYS = (
    {},
    {"chips": 4},
    {"chips": 4, "pipeline_parallel": 2},
    {"chips": 4, "expert_parallel": 2},
    {"draft_tokens": 3},
    {"kv_admission": "grow", "prefix_caching": "on"},
)


@pytest.mark.parametrize("way", WAYS)
def test_operators_add_up_to_the_schedule(
    toy_plan: Floorplan,
    operation: Callable[..., power.Operation],
    small_model: Any,
    way: dict[str, Any],
) -> None:
    machine = power.Machine.of(toy_plan, operation(**way))
    trace = power.Trace("three", [0.0, 0.0, 1e-3], [40, 7, 90], [9, 30, 4])
    schedule = power.Schedule.of(trace, machine, small_model)
    table = power.operator_table(schedule)
    whole = run_actions(schedule.work, schedule.iterations).sum(axis=0)
    assert table[list(ACTIONS)].sum().to_numpy() == pytest.approx(whole, rel=1e-12)
    busy = schedule.iterations["hbm_s"].sum()
    if not way:
        assert table["hbm_s"].sum() == pytest.approx(busy, rel=1e-12)
    used = table["utilisation"].dropna()
    assert ((used > 0.0) & (used <= 0.9)).all()
    assert np.isnan(table.loc["activations", "fill"])
