"""The pictures among the formats."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.bump_picture import draw_link
from floorplan.formats.registry import Content, Job
from floorplan.picture import draw, save_png

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan as PNG, with legend and scale bar, and the first HBM link."""
    yield "floorplan.png", lambda file: save_png(draw(job.floorplan), file)
    if job.layout.links:
        yield "link.png", lambda file: save_png(draw_link(job.layout), file)
