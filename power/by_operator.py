"""What each operator of a model took over a whole schedule."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.schedule import Schedule
from power.work import ACTIONS, OPERATOR_OF_SUM, SUMS

__all__ = ["operator_table"]

_FORMATS = ("mac_fp4", "mac_fp8", "mac_bf16")


def operator_table(schedule: Schedule) -> pd.DataFrame:
    """Return shapes, actions and busy times of one package by operator.

    Parameters
    ----------
    schedule : Schedule
        The steps.

    Returns
    -------
    DataFrame
        Index: operator. Columns: ``depth`` and ``width`` of a matrix on the package, ``fill``, the
        share of array tiles that it fills (all NaN where no weights are), `power.work.ACTIONS`,
        ``array_s``, ``vector_s`` and ``hbm_s``, the time of each resource at the operation's clock
        [s], and ``utilisation`` of the arrays while the operator has them: MACs over those of the
        peak. Each action adds up to that of the schedule.

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> model = techlib.language_models()["llama-3.1-8b"]
    >>> schedule = Schedule.of(power.Trace("one", [0.0], [4000], [1]), machine, model)
    >>> table = operator_table(schedule)
    >>> bool(0.8 < table.loc["feed-forward, in", "utilisation"] < 0.9)  # of at most 0.9
    True
    """
    work, found = schedule.work, _counted(schedule)
    table = pd.DataFrame.from_dict(found, orient="index", columns=list(ACTIONS))
    shapes = {o.name: (o.depth, o.width, work.fill_of(o)) for o in work.operators}
    for place, name in enumerate(("depth", "width", "fill")):
        values = [shapes.get(str(key), (np.nan,) * 3)[place] for key in table.index]
        table.insert(place, name, values)
    seconds = table[list(ACTIONS)].to_numpy() @ work.seconds_per_action
    for place, name in enumerate(("array_s", "vector_s", "hbm_s")):
        table[name] = seconds[:, place]
    peaks = [work.machine.peak_macs_s(name.removeprefix("mac_")) for name in _FORMATS]
    needed_s = (table[list(_FORMATS)] / peaks).sum(axis=1)
    table["utilisation"] = needed_s / table["array_s"].where(table["array_s"] > 0.0)
    return table.rename_axis("operator")


def _counted(schedule: Schedule) -> dict[str, NDArray[np.float64]]:
    """Return `ACTIONS` over the schedule by operator, drafts included."""
    work, runs = schedule.work, schedule.iterations
    steps, decoding = runs["steps"].to_numpy(), runs["decode_sequences"].to_numpy()
    tokens = runs["decode_tokens"].to_numpy()
    both = work.per_step_by_operator(tokens + runs["step_prompt_tokens"].to_numpy())
    found = {name: steps @ part for name, part in both.items()}
    if (tokens > decoding).any():
        drafts = steps * (tokens - decoding) / np.maximum(decoding, 1.0)
        drafts = drafts * (work.machine.operation.draft_cost or 0.0)
        for name, part in work.per_step_by_operator(decoding).items():
            found[name] = found[name] + drafts @ part
    for name, each in zip(SUMS, work.per_sum, strict=True):
        found[OPERATOR_OF_SUM[name]] = found[OPERATOR_OF_SUM[name]] + runs[name].sum() * each
    return found
