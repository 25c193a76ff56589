"""Bump fields as a table, and every bump with its net."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.bump_tables import array_table, write_bump_csv
from floorplan.formats.registry import Content, Job
from floorplan.layout_tables import field_table, write_bumps

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield fields and arrays as CSV, and the bumps as CSV and Parquet; see `write_bumps`.

    The CSV leaves out the vias through the interposer, and core and C4 supplies unless all are
    asked for.
    """
    yield "bump_fields.csv", field_table(job.layout).to_csv(index=False, lineterminator="\n")
    yield "bump_arrays.csv", array_table(job.layout).to_csv(index=False, lineterminator="\n")
    yield "bumps.csv", lambda file: write_bump_csv(job.layout, file, every=job.every_bump)
    yield "bumps.parquet", lambda file: write_bumps(job.layout, file)
