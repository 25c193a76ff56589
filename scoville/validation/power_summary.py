"""Errors of predicted against measured serving, as numbers and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoville.validation.measured_serving import errors_of

__all__ = ["QUANTITIES", "by_group", "summary"]

#: Quantities that are compared, with the name of their error in the summary.
QUANTITIES = {"power_w": "power", "step_ms": "step_time", "joule_per_token": "j_per_token"}


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """Return mean and 90th percentile of the absolute errors [%], baselines beside.

    Parameters
    ----------
    table : DataFrame
        Of `predict` or `leave_one_out`.

    Returns
    -------
    dict
        ``rows``, ``mape_power``, ``p90_power``, the same of ``step_time`` and ``j_per_token``;
        and ``baselines``: ``constant_mean`` (the mean power of the chip's other families where
        the table has it, else of its rows) and ``tdp`` (power at the board's limit), both with
        energy per token at the measured rate. What was not measured is None.
    """
    found: dict[str, Any] = {"rows": len(table)}
    for quantity, name in QUANTITIES.items():
        found |= _pair(errors_of(table, quantity), name)
    constant = (
        table["others_mean_w"]
        if "others_mean_w" in table
        else table.groupby("chip")["measured_power_w"].transform("mean")
    )
    found["baselines"] = {
        name: _pair(errors_of(table.assign(power_w=power_w), "power_w"), "power")
        for name, power_w in (("constant_mean", constant), ("tdp", table["limit_w"]))
    }
    return found


def _pair(errors: NDArray[np.float64], name: str) -> dict[str, float | None]:
    if not len(errors):
        return {f"mape_{name}": None, f"p90_{name}": None}
    mean, high = float(errors.mean()), float(np.percentile(errors, 90.0))
    return {f"mape_{name}": round(mean, 3), f"p90_{name}": round(high, 3)}


def by_group(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the errors of groups of rows, and the mean deviation of power [%].

    Parameters
    ----------
    table : DataFrame
        Of `predict` or `leave_one_out`.
    columns : mapping
        Columns that make a group, and what they are called.
    """
    rows = []
    for key, part in table.groupby(list(columns), sort=True):
        found = summary(part)
        deviation = 100.0 * float((part["power_w"] / part["measured_power_w"] - 1.0).mean())
        rows.append(
            {
                **dict(zip(columns.values(), key, strict=True)),
                "rows": len(part),
                "power %": found["mape_power"],
                "power, signed %": deviation,
                "step time %": found["mape_step_time"],
                "J/token %": found["mape_j_per_token"],
                "constant mean %": found["baselines"]["constant_mean"]["mape_power"],
                "TDP %": found["baselines"]["tdp"]["mape_power"],
            }
        )
    return pd.DataFrame(rows)
