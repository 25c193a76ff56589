"""Coefficients of a board from measured rows, and what they say of models they have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.serving import EFFICIENCIES, ENERGIES, TIMES
from scoville.validation.measured_serving import Served, predict
from techlib import Board, InputError

__all__ = ["FEWEST", "fit_board", "fold_boards", "leave_one_out"]

#: Relative residual from which a row counts by its distance, not by its square: about the spread
#: between boards that did the same work.
_OUTLIER = 0.05
_ROUNDS = 60
FEWEST = 12  #: rows of a fit with six or seven coefficients each for time and power


def fit_board(served: Sequence[Served], board: Board) -> Board:
    """Fit the coefficients of a board to measured rows.

    Power and the time of a step are linear in the coefficients (efficiencies by their inverse),
    none of which may be negative. Relative residuals are minimised with Huber's weights, so that
    a few odd rows do not pull. Without times, the shipped ones stay.

    Parameters
    ----------
    served : sequence of Served
        The rows.
    board : Board
        Where names and bands come from.

    Raises
    ------
    InputError
        Fewer than twelve rows to fit to.
    """
    if len(served) < FEWEST:
        what = f"{len(served)} rows to fit to"
        raise InputError.of("--fit", what, f"at least {FEWEST}", "leave --fit out")
    powered = _Rows.of_power(served)
    energy = _solve(powered, np.zeros(len(ENERGIES)))
    changes = dict(zip(ENERGIES, energy, strict=True))
    timed = _Rows.of_time(served)
    if len(timed.measured) >= FEWEST:
        least = np.array([float(name in EFFICIENCIES) for name in TIMES])
        pairs = zip(TIMES, _solve(timed, least), strict=True)
        changes |= {name: 1.0 / v if name in EFFICIENCIES else v for name, v in pairs}
    numbers: dict[str, Any] = {name: float(value) for name, value in changes.items()}
    return replace(board, **numbers)


@dataclass(frozen=True, eq=False)
class _Rows:
    """What coefficients are multiplied by, shape (n, m), and what comes of it, shape (n,)."""

    terms: NDArray[np.float64]
    measured: NDArray[np.float64]

    @classmethod
    def of_power(cls, served: Sequence[Served]) -> _Rows:
        terms = [s.model.power_terms(s.demand, s.row.steps_per_s) for s in served]
        return cls(np.array(terms), np.array([s.board_w for s in served]))

    @classmethod
    def of_time(cls, served: Sequence[Served]) -> _Rows:
        timed = [entry for entry in served if np.isfinite(entry.row.step_ms)]
        terms = [s.model.time_terms(s.demand) for s in timed]
        return cls(np.array(terms), np.array([1e-3 * s.row.step_ms for s in timed]))


def _solve(rows: _Rows, least: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return coefficients that minimise Huber's loss of the residuals over what was measured."""
    from scipy.optimize import lsq_linear

    scaled = rows.terms / rows.measured[:, None]
    size = np.where(scaled.max(axis=0) > 0.0, scaled.max(axis=0), 1.0)
    weight = np.ones(len(rows.measured))
    found = np.zeros(scaled.shape[1])
    for _ in range(_ROUNDS):
        fitted = lsq_linear(
            scaled / size * weight[:, None],
            weight,
            bounds=(least * size, np.inf),
            method="bvls",
        )
        last, found = found, fitted.x
        if np.allclose(last, found, rtol=1e-9, atol=0.0):
            break
        residual = np.abs(scaled / size @ found - 1.0)
        weight = np.sqrt(np.minimum(1.0, _OUTLIER / np.maximum(residual, 1e-12)))
    return np.asarray(found / size)


def fold_boards(served: Sequence[Served], board: Board) -> Mapping[str, Board]:
    """Return the board fitted without each family of models, by family."""
    families = sorted({entry.family for entry in served})
    return {
        family: fit_board([entry for entry in served if entry.family != family], board)
        for family in families
    }


def leave_one_out(served: Sequence[Served], folds: Mapping[str, Board]) -> pd.DataFrame:
    """Return what is said of each row by a board that was fitted without the row's family.

    The table is that of `predict` with ``others_mean_w``, the mean power of all other families.
    """
    parts = []
    for family, board in folds.items():
        mine = [entry for entry in served if entry.family == family]
        others = [entry.board_w for entry in served if entry.family != family]
        parts.append(predict(mine, board).assign(others_mean_w=float(np.mean(others))))
    return pd.concat(parts).sort_values("line", ignore_index=True)
