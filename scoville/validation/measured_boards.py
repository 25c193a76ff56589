"""The serving model of GPU boards against measured rows: a section of the report."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scoville.validation.board_file import coefficient_rows
from scoville.validation.board_fit import fold_boards, leave_one_out
from scoville.validation.figures import measured_against
from scoville.validation.measured_serving import Served, predict
from scoville.validation.power_summary import by_group, summary
from scoville.validation.section import Check, Picture, Section, Table
from techlib import Board

__all__ = ["Boards", "measured_boards"]

_FEWEST_FAMILIES = 4  #: to leave one out and still have something to fit to
_TARGETS = (("power", 6.0), ("step_time", 9.0), ("j_per_token", 8.0))
_P90_POWER = 15.0


@dataclass(frozen=True, eq=False)
class Boards:
    """Predictions for measured rows.

    Parameters
    ----------
    shipped : DataFrame
        Of `predict` with the given board.
    held_out : DataFrame or None
        Of `leave_one_out`; none where there are too few families.
    board : Board
        Coefficients of `shipped`.
    folds : mapping of str to Board
        Fits without each family.
    """

    shipped: pd.DataFrame
    held_out: pd.DataFrame | None
    board: Board
    folds: Mapping[str, Board]

    @classmethod
    def of(cls, served: Sequence[Served], board: Board) -> Boards:
        """Predict all rows, and all families from the others where there are enough."""
        families = {entry.family for entry in served}
        if len(families) < _FEWEST_FAMILIES:
            return cls(predict(served, board), None, board, {})
        folds = fold_boards(served, board)
        return cls(predict(served, board), leave_one_out(served, folds), board, folds)

    def to_dict(self) -> dict[str, Any]:
        """Return the errors as plain values [%]."""
        held_out = None if self.held_out is None else _with_kinds(self.held_out)
        return {**_with_kinds(self.shipped), "unit": "%", "leave_one_model_out": held_out}


def _with_kinds(table: pd.DataFrame) -> dict[str, Any]:
    kinds = {str(kind): summary(part) for kind, part in table.groupby("kind")}
    chips = {str(chip): summary(part) for chip, part in table.groupby("chip")}
    return {**summary(table), "by_kind": kinds, "by_chip": chips}


def measured_boards(found: Boards) -> Section:
    """Return the section of the report.

    Its checks hold the families that were left out of the fit against what a prototype of this
    model reached, for dense transformers; other kinds are shown without a target.
    """
    held_out = found.shipped if found.held_out is None else found.held_out
    dense = held_out[held_out["kind"] == "dense"]
    kinds = {"chip": "chip", "kind": "kind"}
    each = {**kinds, "family": "family", "task": "task"}
    coefficients = pd.DataFrame(coefficient_rows(found.board, found.folds))
    tables = (
        _table("Shipped coefficients, by kind of model", found.shipped, kinds),
        _table("Families left out of the fit, by kind", held_out, kinds),
        _table("Families left out of the fit, each", held_out, each),
        Table("Coefficients, with the band of the fits without each family", coefficients),
    )
    checks = tuple(_checks(dense)) if len(dense) else ()
    title = "GPU boards that serve language models"
    return Section("boards", title, _TEXT, checks, tables, tuple(_pictures(held_out)))


def _pictures(table: pd.DataFrame) -> Iterator[Picture]:
    for name, quantity, unit, caption in _PICTURES:
        draw = functools.partial(measured_against, table, quantity, unit)
        yield Picture(f"power_{name}.png", caption, draw)


def _table(caption: str, table: pd.DataFrame, columns: Mapping[str, str]) -> Table:
    return Table(f"{caption} (mean absolute error)", by_group(table, columns))


def _checks(dense: pd.DataFrame) -> list[Check]:
    found = summary(dense)
    titles = {"power": "power", "step_time": "time of a step", "j_per_token": "energy per token"}
    checks = [
        Check(f"dense models left out: {titles[name]}", found[f"mape_{name}"], target, "%")
        for name, target in _TARGETS
        if found[f"mape_{name}"] is not None
    ]
    name = "dense models left out: power, 90th percentile"
    return [*checks, Check(name, found["p90_power"], _P90_POWER, "%")]


_PICTURES = (
    ("watts", "power_w", "W a board", "Power at the measured rate, each family left out in turn"),
    ("steps", "step_ms", "ms", "Time between tokens, each family left out in turn"),
    ("joules", "joule_per_token", "J", "Energy per token, each family left out in turn"),
)
_TEXT = """
Measured rows are steady states of an inference engine on boards: batch, rate, power, time between
tokens. `power.ServingModel` says for each row the power at the measured rate, the time of a step,
and, from its own time and power, the energy per output token with prompts.

**Fitted**: seven energies and seven times (last table), one set for all models, by `scoville
validate power --fit`: least squares of relative residuals with Huber's weights, none below zero.
**Not fitted**: sizes of models, peak rates, bandwidths and power limits (data sheets), lengths of
prompts (assumed by task), and all of what makes another chip different: it takes the coefficients
by its data sheet alone.

Power is linear in what is done, up to the board's limit. It looks concave against arithmetic
alone for two reasons. Bytes of weights per second fall while arithmetic rises with the batch. And
each sequence of a step costs energy beside its arithmetic (logits, sampling), so that small
models spend more joules per operation than large ones. With both apart, nothing concave is left
to explain. At the fitted energy, peak arithmetic would take more than the limit: boards throttle
there, as is known.

What is not explained:

- Pairs of runs that agree in model, boards, batch and rate differ in power by 15 % (Qwen3 30B at
  batches 256 and 512). No column tells them apart. Half of that is a floor for any model of such
  rows.
- Experts in fp8 with scales by block. Their kernels fill tiles of 64 rows, which costs time and
  energy that bytes and arithmetic do not show. Two of the coefficients are theirs, fitted to the
  one family that has them: what is shown for it with the shipped coefficients is a fit, and left
  out of the fit it is far off.
- Models with states of fixed size draw more on short chats than on long answers, beyond their
  work.
- Boards that wait for a video to be decoded draw less, and step less often, than the model says.

*Constant mean* is the mean power of all other families where one is left out, else of all rows of
the chip; *TDP* is the power limit.
"""
