"""Measured rows beside what the serving model says of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import techlib
from power import Demand, Machine, ServingModel, Work
from scoville.validation.measured_models import chip_design, find_model, stored_bits
from scoville.validation.measured_rows import MeasuredRow
from scoville.validation.tasks import Task, tasks
from techlib import Board, InputError

__all__ = ["Served", "errors_of", "predict", "serve_rows"]

_EIGHT_BITS = (6.0, 9.0)  #: stored bits of fp8, scales included


@dataclass(frozen=True, eq=False)
class Served:
    """A row, what it asks of a board, and the model of that board.

    Parameters
    ----------
    row : MeasuredRow
    family : str
        Record that gave the sizes; rows of one family are left out together.
    kind : str
        ``"dense"``, ``"hybrid"`` (attention and states), ``"experts"``, or ``"block fp8
        experts"`` for those in fp8 with scales by block.
    demand : Demand
    model : ServingModel
    """

    row: MeasuredRow
    family: str
    kind: str
    demand: Demand
    model: ServingModel

    @property
    def limit_w(self) -> float:
        """Power limit of a board [W]."""
        return self.model.accelerator.power_w

    @property
    def board_w(self) -> float:
        """Measured power of one board [W]."""
        return self.row.power_w / self.row.gpus


def serve_rows(rows: Sequence[MeasuredRow]) -> tuple[list[Served], list[str]]:
    """Return the rows that can be modelled, and why others cannot."""
    served: list[Served] = []
    left_out: list[str] = []
    for row in rows:
        found = _serve(row)
        if isinstance(found, str):
            left_out.append(f"{row.label}: {found}")
        else:
            served.append(found)
    return served, left_out


def _serve(row: MeasuredRow) -> Served | str:
    design = chip_design(row.gpu_model)
    chip = _chip(design) if design else None
    if chip is None or chip[1] is None:
        known = "H100 and H200 SXM, B200"
        return f"chip {row.gpu_model!r} has no design with a fitted board; known: {known}"
    try:
        bits = stored_bits(row.weight_precision)
    except KeyError:
        known = "such as bfloat16, fp8, mxfp4, or nothing for that of the record"
        return f"weight_precision {row.weight_precision!r} is not known; {known}"
    model = find_model(row, techlib.language_models())
    if isinstance(model, str):
        return model
    if bits is not None and not (bits < 6.0 and model.weight_bits < 6.0):
        model = replace(model, weight_bits=bits, expert_bits=None)
    # Copies of a dense model are groups of their own; experts are shared out over all boards.
    replicas = 1.0 if model.experts else row.replicas
    operation = replace(
        chip[0].operation,
        chips=row.gpus / replicas,
        expert_parallel=row.expert_groups if model.experts else 1.0,
        weight_bits=None,
    )
    task: Task = tasks().get(row.task, tasks()["other"])
    try:
        work = Work(replace(chip[0], operation=operation), model)
    except InputError as error:  # sizes that contradict one another
        return str(error.faults[0])
    demand = Demand.of(
        work,
        batch=row.batch / replicas,
        prompt_tokens=task.read_tokens(model),
        output_tokens=row.output_tokens,
        board=chip[1].board,
        input_s=task.input_s,
    )
    family = model.name.removeprefix("like ")
    return Served(row, family, _kind(model), demand, chip[1])


def _kind(model: techlib.LanguageModel) -> str:
    if not model.experts:
        return "hybrid" if model.state_values_per_sequence else "dense"
    block = model.scale_block and _EIGHT_BITS[0] < model.weight_bits <= _EIGHT_BITS[1]
    return "block fp8 experts" if block else "experts"


@functools.cache
def _chip(design: str) -> tuple[Machine, ServingModel | None]:
    """Return the machine of a built-in design, and the model of its board where it has one."""
    from scoville.design import load_design

    machine = load_design(design).machine
    run = machine.operation
    board = ServingModel.of(run.board, run.accelerator) if run.board else None
    return machine, board


def predict(served: Sequence[Served], board: Board | None = None) -> pd.DataFrame:
    """Return what the model says of each row, beside what was measured.

    Parameters
    ----------
    served : sequence of Served
        The rows.
    board : Board, optional
        Coefficients in place of the shipped ones.

    Returns
    -------
    DataFrame
        ``power_w`` of a board at the measured rate, ``step_ms`` between tokens and
        ``joule_per_token`` with everything predicted; each also ``measured_...``.
    """
    rows = []
    for entry in served:
        model = entry.model if board is None else replace(entry.model, board=board)
        rows.append(
            {
                "line": entry.row.line,
                "chip": entry.model.accelerator.name,
                "model": entry.row.nickname or entry.row.model_id,
                "family": entry.family,
                "kind": entry.kind,
                "task": entry.row.task,
                "boards": int(entry.row.gpus),
                "batch": entry.row.batch,
                "limit_w": entry.limit_w,
                "measured_power_w": entry.board_w,
                "power_w": model.power_w(entry.demand, entry.row.steps_per_s),
                "measured_step_ms": entry.row.step_ms,
                "step_ms": 1e3 * model.step_s(entry.demand),
                "measured_joule_per_token": entry.row.joule_per_token,
                "joule_per_token": model.joule_per_token(entry.demand),
            }
        )
    return pd.DataFrame(rows)


def errors_of(table: pd.DataFrame, quantity: str) -> NDArray[np.float64]:
    """Return the absolute relative errors of a quantity where it was measured [%]."""
    measured = table[f"measured_{quantity}"].to_numpy(dtype=np.float64)
    known = np.isfinite(measured)
    given = table[quantity].to_numpy(dtype=np.float64)[known]
    return np.asarray(100.0 * np.abs(given / measured[known] - 1.0))
