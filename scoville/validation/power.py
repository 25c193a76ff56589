"""The validation of power: measured boards, a chip with nothing fitted, a disclosed accelerator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import techlib
from scoville.console import Progress
from scoville.validation.board_file import board_table
from scoville.validation.board_fit import fit_board
from scoville.validation.found import Validation
from scoville.validation.measured_boards import Boards, measured_boards
from scoville.validation.measured_rows import read_measured, refuse_all
from scoville.validation.measured_serving import Served, serve_rows
from scoville.validation.section import Section
from techlib import Board, Source, bibliography

__all__ = ["BOARD", "PowerValidation", "validate_measured", "validate_power"]

BOARD = "H100-SXM"  #: the board whose coefficients measured rows are held against


@dataclass(frozen=True, eq=False)
class PowerValidation:
    """What measured rows have shown.

    Parameters
    ----------
    boards : Boards
        Predictions and their errors.
    left_out : tuple of str
        Rows that could not be modelled, and why.
    fitted : Board or None
        Coefficients that were fitted to these rows; none where the shipped ones were used.
    sources : tuple of Source
    """

    boards: Boards
    left_out: tuple[str, ...]
    fitted: Board | None
    sources: tuple[Source, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return errors and what was left out as plain values."""
        return {
            **self.boards.to_dict(),
            "fitted": self.fitted is not None,
            "left_out": list(self.left_out),
        }

    def board_file(self) -> str:
        """Return the coefficients as a table of ``boards.toml``."""
        rows = self.boards.shipped
        chips = " and ".join(sorted(rows["chip"].unique()))
        return board_table(self.boards.board, self.boards.folds, f"{len(rows)} rows of {chips}")


def validate_measured(path: Path, *, fit: bool = False) -> PowerValidation:
    """Hold the serving model against the rows of a file.

    Parameters
    ----------
    path : Path
        CSV of measured rows; see `read_measured`.
    fit : bool
        Fit the coefficients to these rows first; otherwise those that ship are used unchanged.

    Raises
    ------
    InputError
        A file that cannot be read, or no row that can be modelled.
    """
    rows, broken = read_measured(path)
    served, unknown = serve_rows(rows)
    if not served:
        refuse_all(f"--measured {path}", [*broken, *unknown])
    shipped = techlib.boards()[BOARD]
    fitted = fit_board(served, shipped) if fit else None
    boards = Boards.of(served, fitted or shipped)
    return PowerValidation(boards, (*broken, *unknown), fitted, _sources(served))


def _sources(served: list[Served]) -> tuple[Source, ...]:
    return bibliography(source for entry in served for source in entry.model.sources)


def validate_power(
    measured: Path, *, fit: bool = False, progress: Progress = lambda _stage, _share: None
) -> tuple[Validation, PowerValidation | None]:
    """Run every comparison whose data are there.

    Parameters
    ----------
    measured : Path
        CSV of measured rows; it need not be there.
    fit : bool
        See `validate_measured`.
    progress : callable
        Called with the case and the share that is done.
    """
    from scoville.validation.disclosed import disclosed_accelerator
    from scoville.validation.unfitted import unfitted_chip

    found = None
    sections: list[Section] = []
    left_out: list[str] = []
    if measured.is_file():
        progress("measured boards", 0.0)
        found = validate_measured(measured, fit=fit)
        sections.append(measured_boards(found.boards))
        left_out += found.left_out
    else:
        left_out.append(f"measured boards: there is no {measured} (--measured FILE)")
    others: list[tuple[str, Callable[[], Section]]] = [
        ("TPU v4", unfitted_chip),
        ("Jalapeño", disclosed_accelerator),
    ]
    for index, (name, run) in enumerate(others):
        progress(name, 0.2 + 0.4 * index)
        sections.append(run())
    return Validation(tuple(sections), tuple(left_out)), found
