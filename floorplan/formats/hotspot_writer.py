"""HotSpot's floorplans (``.flp``): a die in rectangles that tile it, lengths in metres."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.die import Die
from floorplan.formats.nanometres import NM_PER_UM, Box
from floorplan.formats.rectangles import Rectangle
from floorplan.formats.registry import Content, Job
from floorplan.formats.text import unique_names
from floorplan.formats.tiling import block_pieces, void_pieces

__all__ = ["files", "flp_line", "flp_text"]

_M_PER_UM = 1e-6
_DEAD = "_void"  # HotSpot passes a name that begins with an underscore over in its power trace


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan of each die."""
    for die in job.floorplan.dies:
        yield job.die_file(die.name, "hotspot.flp"), flp_text(die)


def flp_text(die: Die) -> str:
    """Return a die as a HotSpot floorplan.

    A block of several rectangles is written in parts, ``NAME.1``, ``NAME.2`` and so on. What no
    block covers becomes dead space, so that the die is covered, as HotSpot asks for.

    Raises
    ------
    InputError
        Every block with a slanted edge.
    """
    pieces = block_pieces(die, "HotSpot")
    legal = unique_names(pieces, illegal=r"\s", prefix="b", start=r"[^_#-]")
    lines = ["# name, width, height, left x, bottom y in m\n"]
    for block, parts in pieces.items():
        for number, corners in enumerate(parts, 1):
            name = legal[block] if len(parts) == 1 else f"{legal[block]}.{number}"
            lines.append(_line(name, corners))
    lines += [_line(f"{_DEAD}{n}", corners) for n, corners in enumerate(void_pieces(die), 1)]
    return "".join(lines)


def _line(name: str, corners: Box) -> str:
    x0, y0, x1, y1 = (value / NM_PER_UM for value in corners)
    return flp_line(name, (x0, y0, x1, y1))


def flp_line(name: str, corners_um: Rectangle, *more: float) -> str:
    """Return a line of a floorplan: a rectangle [um], and heat capacity and resistivity if any."""
    x0, y0, x1, y1 = corners_um
    values = [f"{value * _M_PER_UM:.12g}" for value in (x1 - x0, y1 - y0, x0, y0)]
    return "\t".join([name, *values, *(f"{value:.15g}" for value in more)]) + "\n"
