"""GDSII among the formats."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.registry import Content, Job
from floorplan.gds import write_gds

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the layout as GDSII; see `floorplan.write_gds`."""
    yield f"{job.stem}.gds", lambda file: write_gds(job.layout, file)
