"""Tables as rows of plain values."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

__all__ = ["plain_rows", "rows_of"]


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows by column name.

    Examples
    --------
    >>> rows_of(pd.DataFrame({"a": [1, 2]}))
    [{'a': 1}, {'a': 2}]
    """
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows for JSON output; what is missing or not a number is None.

    Examples
    --------
    >>> plain_rows(pd.DataFrame({"a": [1.5, float("nan")]}))
    [{'a': 1.5}, {'a': None}]
    """
    return [{key: _plain(value) for key, value in row.items()} for row in rows_of(table)]


def _plain(value: Any) -> Any:
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
