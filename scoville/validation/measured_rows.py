"""Rows of measured serving: a CSV of steady states, each of a model on some boards."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from techlib import Faults, InputError, did_you_mean

__all__ = ["MeasuredRow", "read_measured", "refuse_all"]

_MOST_LISTED = 20

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
        CSV with a header, in any case; other columns than the known ones are ignored.

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
    rows: list[MeasuredRow] = []
    left_out: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.reader(file, strict=True)
            head = [name.strip().casefold() for name in next(table, [])]
            if not head:
                raise InputError.of(where, "is empty", "a CSV with a header")
            _check_columns(head, where)
            for cells in filter(None, table):
                found = _row(table.line_num, head, cells)
                (left_out if isinstance(found, str) else rows).append(found)  # type: ignore[arg-type]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError.of(where, f"cannot be read: {error}", "a CSV with a header") from None
    if not rows:
        refuse_all(where, left_out or ["it has no row below its header"])
    return rows, left_out


def refuse_all(where: str, reasons: Sequence[str]) -> NoReturn:
    """Raise that no row can be used, with the reasons of the first twenty."""
    faults = Faults()
    for reason in reasons[:_MOST_LISTED]:
        faults.add(where, reason)
    more = len(reasons) - _MOST_LISTED
    what = f"no row can be used, and {more} more are left out" if more > 0 else "no row can be used"
    faults.add(where, what, "at least one whole row of a known chip and model")
    raise InputError(faults.found)


def _check_columns(head: Sequence[str], where: str) -> None:
    faults = Faults()
    for name in ("gpu_model", *_NUMBERS):
        if name not in head:
            cure = did_you_mean(name, head)
            faults.add(where, f"has no column {name}", cure=cure)
    named = {"model_id", "nickname", "total_params_billions"} & set(head)
    if not named:
        allowed = "model_id, nickname or total_params_billions"
        faults.add(where, "no column says which model ran", allowed)
    faults.raise_if_any()


def _row(line: int, head: Sequence[str], given: Sequence[str]) -> MeasuredRow | str:
    """Return a row, or why it cannot be used."""
    if len(given) > len(head):
        return f"line {line}: {len(given)} fields, {len(head)} in the header"
    cells = dict(zip(head, map(str.strip, given), strict=False))
    texts = {name: cells.get(name, "") for name in _TEXTS}
    numbers: dict[str, float] = {}
    for column, name in {**_NUMBERS, **_OPTIONAL_NUMBERS}.items():
        value = _number(cells.get(column, ""))
        if column in _NUMBERS and not (math.isfinite(value) and value > 0.0):
            found = cells.get(column)
            what = f"is {found!r}, not a number above 0" if found else "is missing"
            return f"line {line}: {column} {what}"
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
