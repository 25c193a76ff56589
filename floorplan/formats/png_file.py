"""The pictures among the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from floorplan.bump_picture import draw_link
from floorplan.formats.registry import Content, Job
from floorplan.picture import draw, save_png

__all__ = ["files"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan as PNG, with legend and scale bar, and the first link of each kind."""
    yield "floorplan.png", lambda file: save_png(draw(job.floorplan), file)
    stacks = {stack.name for stack in job.floorplan.stacks}
    for picture, of_stack in (("link.png", True), ("die_link.png", False)):
        names = [link.name for link in job.layout.links if (link.name in stacks) is of_stack]
        if names:
            yield picture, _drawer(job, names[0])


def _drawer(job: Job, link: str) -> Callable[[Path], object]:
    return lambda file: save_png(draw_link(job.layout, link), file)
