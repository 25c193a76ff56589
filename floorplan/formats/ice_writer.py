"""3D-ICE's floorplans (``.flp``): the blocks of a die in rectangles, lengths in micrometres."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from floorplan.die import Die
from floorplan.formats.ice_text import KEYWORDS
from floorplan.formats.nanometres import Box, um_text
from floorplan.formats.registry import Content, Job
from floorplan.formats.text import unique_names
from floorplan.formats.tiling import block_pieces

__all__ = ["files", "ice_text"]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the floorplan of each die."""
    for die in job.floorplan.dies:
        yield job.die_file(die.name, "3d-ice.flp"), ice_text(die, job.power_w)


def ice_text(die: Die, power_w: Mapping[str, float]) -> str:
    """Return a die as a 3D-ICE floorplan, with the power of each block that has one.

    Parameters
    ----------
    die : Die
        Its lower left corner becomes that of the chip.
    power_w : mapping of str to float
        Power by heat key [W].

    Raises
    ------
    InputError
        Every block with a slanted edge.
    """
    pieces = block_pieces(die, "3D-ICE")
    names = unique_names(
        pieces, illegal=r"[^A-Za-z0-9_]", prefix="n_", start="[A-Za-z]", taken=KEYWORDS
    )
    parts = []
    for block, corners in pieces.items():
        areas = "".join(f"   rectangle ({_area(piece)}) ;\n" for piece in corners)
        power = power_w.get(f"{die.name}/{block}")
        watts = "" if power is None else f"   power values {power:.12g} ;\n"
        parts.append(f"{names[block]} :\n{areas}{watts}")
    return "\n".join(parts)


def _area(corners: Box) -> str:
    x0, y0, x1, y1 = corners
    return ", ".join(um_text(value) for value in (x0, y0, x1 - x0, y1 - y0))
