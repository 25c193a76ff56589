"""The files of a power analysis: watts by time and block, and a summary by component."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from numpy.typing import ArrayLike

from power import BlockPower, PowerReport

__all__ = ["write_power"]


def write_power(
    watts: BlockPower, report: PowerReport, temperature_c: ArrayLike, folder: Path
) -> tuple[str, ...]:
    """Write ``power.parquet`` (time x block), ``power_summary.csv`` and ``requests.parquet``."""
    watts.to_dataframe(temperature_c).reset_index().to_parquet(
        folder / "power.parquet", index=False, compression="zstd"
    )
    report.components().reset_index().to_csv(
        folder / "power_summary.csv", index=False, lineterminator="\n", float_format="%.9g"
    )
    schedule = report.schedule
    requests = schedule.trace.to_dataframe().assign(
        admitted_s=schedule.admitted_s,
        first_token_s=schedule.first_token_s,
        finish_s=schedule.finish_s,
    )
    pd.DataFrame(requests).to_parquet(folder / "requests.parquet", index=False, compression="zstd")
    return ("power.parquet", "power_summary.csv", "requests.parquet")
