"""The picture among the formats."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.registry import Content, Job
from floorplan.picture import draw, save_png

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan as PNG, with legend and scale bar."""
    yield "floorplan.png", lambda file: save_png(draw(job.floorplan), file)
