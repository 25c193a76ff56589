"""What a mesh resolves too coarsely, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from package import Region
from thermal.mesh import Mesh

__all__ = ["coarseness_warnings"]

_NAMED = 3  #: examples per warning


def coarseness_warnings(mesh: Mesh) -> tuple[str, ...]:
    """Return a warning for blocks, and one for each layer's materials, narrower than a cell.

    Their power and their material are kept exactly; what suffers is the peak temperature, since
    the hottest cell is a mean over more than the block.
    """
    blocks: dict[str, None] = {}
    messages = []
    for layer in mesh.package.layers:
        narrow = _narrower(mesh, layer.regions)
        blocks |= {region.heats: None for region in narrow if region.heats}
        names = [r.name for r in narrow if r.material.name != layer.background.name]
        if names:
            messages.append(
                f"layer {layer.name}: {_some(names, 'region')} narrower than a cell; "
                "materials are mixed there"
            )
    if blocks:
        messages.insert(
            0,
            f"{_some(list(blocks), 'block')} narrower than a cell; "
            "their maxima are means over a cell: raise the lateral resolution",
        )
    return tuple(messages)


def _narrower(mesh: Mesh, regions: Sequence[Region]) -> list[Region]:
    """Return the regions whose lesser side is below the width of the cell at their middle."""
    if not regions:
        return []
    bounds = shapely.bounds([region.outline for region in regions]) * 1e-6
    narrow = np.zeros(len(regions), dtype=bool)
    for low, high, lines in ((0, 2, mesh.x_m), (1, 3, mesh.y_m)):
        middle = 0.5 * (bounds[:, low] + bounds[:, high])
        cell = np.clip(np.searchsorted(lines, middle, side="right") - 1, 0, len(lines) - 2)
        narrow |= bounds[:, high] - bounds[:, low] < _nearly(np.diff(lines)[cell])
    return [region for region, is_narrow in zip(regions, narrow, strict=True) if is_narrow]


def _nearly(width: NDArray[np.float64]) -> NDArray[np.float64]:
    return width * (1.0 - 1e-6)


def _some(names: list[str], noun: str) -> str:
    """Return ``"2 blocks (a, b) are"`` and the like."""
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({shown}) " + (
        "are" if len(names) > 1 else "is"
    )
