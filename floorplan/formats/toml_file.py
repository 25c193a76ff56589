"""The floorplan in full among the formats."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.explicit_writer import write_floorplan
from floorplan.formats.registry import Content, Job

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan as TOML; see `floorplan.write_floorplan`."""
    yield "floorplan.toml", lambda file: write_floorplan(job.floorplan, file)
