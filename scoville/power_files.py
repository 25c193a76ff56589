"""The files of a power analysis: watts by time and block, and a summary by component."""

from __future__ import annotations

from pathlib import Path

from numpy.typing import ArrayLike

from power import BlockPower, PowerReport

__all__ = ["write_power"]


def write_power(
    watts: BlockPower, report: PowerReport, temperature_c: ArrayLike, folder: Path
) -> tuple[str, ...]:
    """Write ``power.parquet`` (time x block), ``power_summary.csv`` and ``requests.parquet``.

    ``operating_points.parquet`` has clock and voltage of the logic over the runs of steps.
    """
    watts.to_dataframe(temperature_c).reset_index().to_parquet(
        folder / "power.parquet", index=False, compression="zstd"
    )
    report.components().reset_index().to_csv(
        folder / "power_summary.csv", index=False, lineterminator="\n", float_format="%.9g"
    )
    report.schedule.to_dataframe().to_parquet(
        folder / "requests.parquet", index=False, compression="zstd"
    )
    report.schedule.operating_points().to_parquet(
        folder / "operating_points.parquet", index=False, compression="zstd"
    )
    names = ("power.parquet", "power_summary.csv", "requests.parquet")
    return (*names, "operating_points.parquet")
