"""The drawing among the formats."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.formats.registry import Content, Job
from floorplan.picture import draw, save_svg

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan as SVG, with legend and scale bar; texts are texts."""
    yield f"{job.stem}.svg", lambda file: save_svg(draw(job.floorplan), file)
