"""Rows of measured serving: a CSV of steady states, each of a model on some boards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from techlib import Faults, InputError, did_you_mean

__all__ = ["MeasuredRow", "read_measured"]

_NUMBERS = {
    "num_gpus": "gpus",
    "avg_batch_size": "batch",
    "avg_output_len": "output_tokens",
    "output_throughput_tokens_per_sec": "tokens_per_s",
    "avg_power_watts": "power_w",
}
_OPTIONAL_NUMBERS = {
    "median_itl_ms": "step_ms",
    "energy_per_token_joules": "joule_per_token",
    "total_params_billions": "total_billion",
    "activated_params_billions": "active_billion",
    "data_parallel": "replicas",
    "expert_parallel": "expert_groups",
}
_TEXTS = ("gpu_model", "model_id", "nickname", "weight_precision", "architecture", "task")


@dataclass(frozen=True)
class MeasuredRow:
    """One steady state of a model on some boards; what the file leaves out is NaN or empty.

    Parameters
    ----------
    line : int
        Line in the file, the header being the first.
    gpu_model, model_id, nickname, weight_precision, architecture, task : str
    gpus : float
        Boards that share the model.
    batch, output_tokens : float
        Sequences of a step and tokens of an answer, means.
    tokens_per_s, power_w : float
        Output tokens per second, and watts of all boards.
    step_ms, joule_per_token : float
        Median time between tokens; energy of all boards per output token.
    total_billion, active_billion : float
        Parameters of the model.
    replicas : float
        Copies of the model that share the batch, each on its part of the boards.
    expert_groups : float
        Groups of boards that hold whole experts.
    """

    line: int
    gpu_model: str
    model_id: str
    nickname: str
    weight_precision: str
    architecture: str
    task: str
    gpus: float
    batch: float
    output_tokens: float
    tokens_per_s: float
    power_w: float
    step_ms: float
    joule_per_token: float
    total_billion: float
    active_billion: float
    replicas: float = 1.0
    expert_groups: float = 1.0

    @property
    def label(self) -> str:
        """What the row is called in a report."""
        return f"line {self.line}, {self.nickname or self.model_id or 'no model'}"

    @property
    def steps_per_s(self) -> float:
        """Steps of a second [1/s]."""
        return self.tokens_per_s / self.batch


def read_measured(path: Path) -> tuple[list[MeasuredRow], list[str]]:
    """Read the rows of a file, and why some cannot be used.

    Parameters
    ----------
    path : Path
        CSV with a header; other columns than the known ones are ignored.

    Returns
    -------
    rows : list of MeasuredRow
    left_out : list of str
        One reason for each row that is not whole.

    Raises
    ------
    InputError
        No such file, no table, columns that are missing, or no row that can be used.
    """
    where = f"--measured {path}"
    if not path.is_file():
        raise InputError.of(where, "there is no such file", "a CSV of measured rows")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError.of(where, f"cannot be read: {reason}", "a CSV with a header") from None
    _check_columns(table, where)
    rows: list[MeasuredRow] = []
    left_out: list[str] = []
    for index, record in enumerate(table.to_dict("records")):
        cells = {str(key): str(value).strip() for key, value in record.items()}
        found = _row(index + 2, cells)
        if isinstance(found, str):
            left_out.append(found)
        else:
            rows.append(found)
    if not rows:
        why = left_out[0] if left_out else "it has no row below its header"
        raise InputError.of(where, f"no row can be used: {why}", "at least one whole row")
    return rows, left_out


def _check_columns(table: pd.DataFrame, where: str) -> None:
    faults = Faults()
    for name in ("gpu_model", *_NUMBERS):
        if name not in table.columns:
            cure = did_you_mean(name, map(str, table.columns))
            faults.add(where, f"has no column {name}", cure=cure)
    named = {"model_id", "nickname", "total_params_billions"} & set(table.columns)
    if not named:
        allowed = "model_id, nickname or total_params_billions"
        faults.add(where, "no column says which model ran", allowed)
    faults.raise_if_any()


def _row(line: int, cells: Mapping[str, str]) -> MeasuredRow | str:
    """Return a row, or why it cannot be used."""
    texts = {name: cells.get(name, "") for name in _TEXTS}
    numbers: dict[str, float] = {}
    for column, name in {**_NUMBERS, **_OPTIONAL_NUMBERS}.items():
        value = _number(cells.get(column, ""))
        if column in _NUMBERS and not (math.isfinite(value) and value > 0.0):
            return f"line {line}: {column} is {cells.get(column, '')!r}, not a number above 0"
        numbers[name] = value if value > 0.0 else math.nan
    if numbers["gpus"] % 1.0:
        return f"line {line}: num_gpus is {numbers['gpus']:g}, not a whole number"
    for column, name in (("data_parallel", "replicas"), ("expert_parallel", "expert_groups")):
        if math.isnan(numbers[name]):
            numbers[name] = 1.0
        if numbers["gpus"] % numbers[name]:
            return f"line {line}: {column} {numbers[name]:g} does not divide num_gpus"
    if math.isnan(numbers["joule_per_token"]):
        numbers["joule_per_token"] = numbers["power_w"] / numbers["tokens_per_s"]
    return MeasuredRow(line=line, **texts, **numbers)  # type: ignore[arg-type]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
