"""The power trace beside a case file: one column per block, one row per step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from techlib import Faults, InputError, did_you_mean

__all__ = ["CaseTrace", "read_trace"]

_SHOWN = 10  # faults of one kind that are listed one by one


@dataclass(frozen=True, eq=False)
class CaseTrace:
    """Power over time, constant within each step.

    Parameters
    ----------
    step_s : float
        Length of a step [s].
    power_w : pandas.DataFrame
        A row per step, a column per heat key [W]; row ``i`` holds from ``i step_s`` to
        ``(i + 1) step_s``.
    """

    step_s: float
    power_w: pd.DataFrame

    @property
    def edges_s(self) -> NDArray[np.float64]:
        """Bounds of the steps (n + 1,), from zero [s]."""
        return np.arange(len(self.power_w) + 1, dtype=np.float64) * self.step_s


def read_trace(path: Path, keys: Collection[str], step_s: float, steps: int) -> CaseTrace:
    """Read a trace file.

    Parameters
    ----------
    path : Path
        CSV; the header holds block names.
    keys : collection of str
        Heat keys of the case; the columns must be these, in any order.
    step_s : float
        Length of a step [s].
    steps : int
        Rows to use; there may be more.

    Raises
    ------
    InputError
        No such file, wrong columns, rows of another length, too few of them, and values that are
        not numbers of 0 W or more.
    """
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
        )
    except FileNotFoundError:
        cure = "the name is relative to the case file"
        raise InputError.of(str(path), "no such file", "a CSV of watts", cure) from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError.of(str(path), f"cannot be read: {reason}", "a CSV of watts") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for an index
        what = "rows have more values than the header has names"
        raise InputError.of(str(path), what, "a name for each value")
    faults = Faults()
    table.columns = table.columns.str.strip()
    _check_columns(path, list(table.columns), keys, faults)
    if len(table) < steps:
        what = f"{len(table)} rows for {steps} steps"
        faults.add(str(path), what, f"{steps} rows or more", "add rows, or lower transient.steps")
    faults.raise_if_any()
    texts = table.iloc[:steps][list(keys)]
    flat = pd.to_numeric(pd.Series(texts.to_numpy().ravel()), errors="coerce")
    power_w = flat.to_numpy(dtype=np.float64).reshape(texts.shape)
    _check_values(path, texts, power_w, faults)
    faults.raise_if_any()
    return CaseTrace(step_s, pd.DataFrame(power_w, columns=texts.columns))


def _check_columns(path: Path, columns: list[str], keys: Collection[str], faults: Faults) -> None:
    for column, times in Counter(columns).items():
        if times > 1:
            faults.add(str(path), f"{times} columns {column!r}", "one")
        if column not in keys:
            what = f"column {column!r} is no heated block"
            faults.add(str(path), what, cure=did_you_mean(column, keys))
    for key in keys:
        if key not in columns:
            cure = "write zeros for a block that rests"
            faults.add(str(path), f"no column {key!r}", "a column per heated block", cure)


def _check_values(
    path: Path, texts: pd.DataFrame, power_w: NDArray[np.float64], faults: Faults
) -> None:
    wrong = np.argwhere(~np.isfinite(power_w) | (power_w < 0.0))
    for row, column in wrong[:_SHOWN]:
        what = f"{texts.columns[column]} is {texts.iloc[row, column]!r}"
        faults.add(f"{path}: line {row + 2}", what, "a number of 0 W or more")
    if len(wrong) > _SHOWN:
        faults.add(str(path), f"{len(wrong) - _SHOWN} more values of this kind")
