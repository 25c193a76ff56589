"""What ``scoville validate power --measured`` prints and writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scoville.console import Session

if TYPE_CHECKING:
    from scoville.validation.power import PowerValidation

__all__ = ["print_measured", "save_measured"]

_MOST_SHOWN = 10


def print_measured(session: Session, found: PowerValidation) -> None:
    """Print errors beside the baselines, and what was left out."""
    content = found.to_dict()
    rows = [_row("all rows", content)]
    rows += [_row(kind, part) for kind, part in content["by_kind"].items()]
    if len(content["by_chip"]) > 1:
        rows += [_row(chip, part) for chip, part in content["by_chip"].items()]
    held_out = content["leave_one_model_out"]
    if held_out is not None:
        rows.append(_row("all rows, family left out of a fit", held_out))
        rows += [_row(f"{kind}, the same", part) for kind, part in held_out["by_kind"].items()]
    columns = ("mean absolute error, %", "rows", "power", "p90", "step time", "J/token",
               "constant mean", "TDP")  # fmt: skip
    session.table("", columns, rows)
    for note in found.left_out[:_MOST_SHOWN]:
        session.warn(f"left out: {note}")
    if len(found.left_out) > _MOST_SHOWN:
        session.warn(f"and {len(found.left_out) - _MOST_SHOWN} more rows; --json lists all")
    if found.fitted is not None:
        session.say(found.board_file())


def _row(name: str, part: Mapping[str, Any]) -> tuple[str, ...]:
    base = part["baselines"]
    numbers = (
        part["mape_power"], part["p90_power"], part["mape_step_time"], part["mape_j_per_token"],
        base["constant_mean"]["mape_power"], base["tdp"]["mape_power"],
    )  # fmt: skip
    return (name, str(part["rows"]), *("-" if n is None else f"{n:.1f}" for n in numbers))


def save_measured(session: Session, found: PowerValidation, content: Mapping[str, Any]) -> None:
    """Write errors, every row, and fitted coefficients into the folder of ``--out``."""
    if session.out is None:
        return
    from scoville.output import output_folder, write_json

    with output_folder(session.out) as folder:
        write_json(folder / "validate.json", dict(content))
        table = found.boards.shipped
        table.to_csv(folder / "rows.csv", index=False, lineterminator="\n", float_format="%.9g")
        if found.fitted is not None:
            (folder / "boards.toml").write_text(found.board_file(), encoding="utf-8")
        session.record(sources=found.sources).write(folder)
    session.say(f"wrote {session.out}")
