"""OASIS among the formats."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.registry import Content, Job
from floorplan.gds import write_oasis

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the layout as OASIS; see `floorplan.write_oasis`."""
    yield f"{job.stem}.oas", lambda file: write_oasis(job.layout, file)
