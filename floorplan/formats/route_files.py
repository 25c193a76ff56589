"""The links across the interposer: one row for each of them, and one for each bundle."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.registry import Content, Job
from floorplan.layout_tables import link_table
from floorplan.route import route_table

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield both tables as CSV; see `floorplan.link_table` and `floorplan.route_table`."""
    yield "links.csv", link_table(job.layout).to_csv(index=False, lineterminator="\n")
    yield "routes.csv", route_table(job.layout.bundles).to_csv(index=False, lineterminator="\n")
