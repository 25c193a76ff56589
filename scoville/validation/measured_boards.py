"""The serving model of GPU boards against measured rows: a section of the report."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scoville.validation.board_file import coefficient_rows
from scoville.validation.board_fit import FEWEST, fold_boards, leave_one_out
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
        """Predict all rows, and all families from the others where those are enough for a fit."""
        families = Counter(entry.family for entry in served)
        others = len(served) - max(families.values())
        if len(families) < _FEWEST_FAMILIES or others < FEWEST:
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

    Its checks hold all rows against the targets, and dense transformers whose family was left out
    of the fit; other kinds that were left out are shown without a target.
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
    checks = _checks("all rows", found.shipped)
    if len(dense):
        checks += _checks("dense models left out", dense)
    title = "GPU boards that serve language models"
    return Section("boards", title, _TEXT, checks, tables, tuple(_pictures(held_out)))


def _pictures(table: pd.DataFrame) -> Iterator[Picture]:
    for name, quantity, unit, caption in _PICTURES:
        draw = functools.partial(measured_against, table, quantity, unit)
        yield Picture(f"power_{name}.png", caption, draw)


def _table(caption: str, table: pd.DataFrame, columns: Mapping[str, str]) -> Table:
    return Table(f"{caption} (mean absolute error)", by_group(table, columns))


def _checks(name: str, table: pd.DataFrame) -> tuple[Check, ...]:
    found = summary(table)
    titles = {"power": "power", "step_time": "time of a step", "j_per_token": "energy per token"}
    checks = [
        Check(f"{name}: {titles[key]}", found[f"mape_{key}"], target, "%")
        for key, target in _TARGETS
        if found[f"mape_{key}"] is not None
    ]
    return (*checks, Check(f"{name}: power, 90th percentile", found["p90_power"], _P90_POWER, "%"))


_PICTURES = (
    ("watts", "power_w", "W a board", "Power at the measured rate, each family left out in turn"),
    ("steps", "step_ms", "ms", "Time between tokens, each family left out in turn"),
    ("joules", "joule_per_token", "J", "Energy per token, each family left out in turn"),
)
_TEXT = """
Measured rows are steady states of an inference engine on boards: batch, rate, power, time between
tokens. `power.ServingModel` says for each row the power at the measured rate, the time of a step,
and, from its own time and power, the energy per output token with prompts.

**Fitted**: seven energies and six times (last table), one set for all kinds of model, by
`scoville validate power --fit`: least squares of relative residuals with Huber's weights, none
below zero. No coefficient belongs to one model or one kind. **Set by the same rows**, as files of
this kind leave them out: the length of a prompt with a video, of a chat that no cache helps with,
and the time that images and videos take (`scoville/data/measured.toml`, with bands). With 1,500
tokens, prompts as of other models and no time in their place, the same fit is off by 6.9 % in
power (90th percentile 15.5 %), 8.6 % in time and 9.5 % in joules over all rows. **Not fitted**:
sizes of models, tiles of kernels, peak rates, bandwidths and power limits (data sheets), lengths
of other prompts (assumed by task), and all of what makes another chip different.

**Another chip** takes the coefficients by its data sheet alone: the same energy to move a bit, that
of arithmetic by board power over peak, idle power by board power, times by bandwidth and peak. The
first follows from the H200, the same die with more memory, whose wires cannot spend less on a bit.
The third agrees with what `nvidia-smi` shows of boards that hold a model and do nothing: 112 to
117 W for the H100 in public logs, 192 to 196 W for the B200 (TensorRT-LLM issue 10278), 79 W more
where the rule adds 76 W. Held against 433 rows of B200 boards of the
same leaderboard, which are not here and were not fitted to, power is off by 13 % (constant mean
26 %, TDP 58 %), joules per token by 20 %, time by 24 %; dense models by 10, 15 and 24 %. Before
these rows were looked at, moving a bit was scaled by board power over bandwidth, and power off by
19 %, all low. What is left: boards read at most 0.97 of their limit; steps of small models come at
5 ms in one task and 30 ms in another, as hosts hold them up; experts in fp8 with scales by block
run in other kernels (Qwen3 Coder 480B is 45 % low); and bandwidth is used to two thirds, while it
was fitted at its bound on the H100.

Power is linear in what is done, up to the board's limit. It looks concave against arithmetic
alone for two reasons. Bytes of weights per second fall while arithmetic rises with the batch. And
each sequence of a step costs energy beside its arithmetic (logits, sampling), so that small
models spend more joules per operation than large ones. With both apart, nothing concave is left
to explain. At the fitted energy, peak arithmetic would take more than the limit: boards throttle
there, as is known. Four rows come to the limit by the model's own time; there all takes longer, at
the same energy a step.

What sets mixtures of experts and models with states apart, without coefficients of their own:

- *Tiles*. Kernels for experts work on tiles of rows of one expert, filled up with zeros
  [vllm-experts]: 16 rows in bf16 while a step has no more tokens than a board has experts, 64
  beyond. Rows show the change as a jump of 5 to 10 ms between one batch and the next (Qwen3 30B
  on two boards from 64 to 96, 235B on eight from 16 to 32); Llama 4 Scout, with few experts on a
  board, is always beyond. Scales by block take 128 rows for each expert on the board, met or not,
  which is why their power and time hardly follow the batch. One energy and the efficiency of all
  arithmetic carry over: with that family left out of the fit, its power is as near as with it.
- *The busiest board*. Whole experts lie on boards, and all wait in each layer for the one that
  meets most. Its bytes set the time, mean bytes the energy.
- *States in fp32*, as the engine keeps them, and prompts read anew: states keep no prefix, so
  that each turn of a chat reads all turns before it. What fits is more than conversations are
  long, so part of it may be slow kernels; contexts of other models are not lengthened, as rows
  agree less then.

Tried without gain, and left out: a bandwidth of experts apart from that of other weights (worse on
families left out), launches by layer and by layer with experts, bytes of all-reduces, vocabulary
in the cost of a sequence, prompts within the median step, power of boards that wait, a smaller
energy of arithmetic in fp8 (the dense model in fp8 comes out 19 % low at half).

What is not explained:

- Pairs of runs that agree in model, boards, batch and rate differ in power by 15 % (Qwen3 30B at
  batches 256 and 512). No column tells them apart. Half of that is a floor for any model of such
  rows.
- Chats about videos: most of the error that is left in time and joules. Boards wait for inputs,
  about half a second a request where a model also hears. At 384 and 512 sequences of 1,024
  requests the window of measurement is hardly steady: the median time between tokens is about
  that of eight sequences, less than a third of what a full step takes here.
- The time of few sequences on mixtures over eight boards: 10 to 20 % long for Qwen3 235B, as much
  short for Llama 4 Scout. Routers are less even than assumed here, and no file tells by how much.
- The efficiency of bandwidth is fitted at its bound of one: fewer experts are met than if tokens
  chose evenly, or copies overlap with other kernels.
- Which kernels ran is not in the rows. That scales by block fill tiles of experts that no token
  chose is the rule of one of two kernels for them, and what power and time at small batches show;
  kernels on other chips may have tiles that follow the batch.
- Latents in place of keys and values are counted as engines keep them, a copy on each board; no
  row has any.

*Constant mean* is the mean power of all other families where one is left out, else of all rows of
the chip; *TDP* is the power limit.
"""
