"""Bump fields as a table, and every bump with its net."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.registry import Content, Job
from floorplan.layout_tables import field_table, write_bumps

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the fields as CSV and the bumps as Parquet; see `floorplan.write_bumps`."""
    yield "bumps.csv", field_table(job.layout).to_csv(index=False, lineterminator="\n")
    yield "bumps.parquet", lambda file: write_bumps(job.layout, file)
