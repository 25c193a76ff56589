"""Differences of all other shapes, layer by layer: what only one of two layouts covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from floorplan.differences.difference import Change, Difference, difference

__all__ = ["compare_shapes"]

_ROUND_OFF_UM = 1e-6
_LISTED = 100  # pieces of one layer that are told one by one


def compare_shapes(
    before: Mapping[str, BaseGeometry], after: Mapping[str, BaseGeometry], tolerance_um: float
) -> Iterator[Difference]:
    """Yield the pieces of each layer that came or went.

    Parameters
    ----------
    before, after : mapping of str to shapely geometry
        Everything on a layer, grown together [um].
    tolerance_um : float
        Slivers no wider than twice this do not count [um].
    """
    for layer in dict.fromkeys([*before, *after]):
        one, other = (side.get(layer, Polygon()) for side in (before, after))
        for change, more, less in ((Change.REMOVED, one, other), (Change.ADDED, other, one)):
            rest = shapely.difference(more, less)
            width = tolerance_um + _ROUND_OFF_UM
            solid = rest.buffer(-width, join_style="mitre").buffer(width, join_style="mitre")
            pieces = [p for p in shapely.get_parts(solid) if isinstance(p, Polygon) and p.area]
            pieces.sort(key=lambda piece: (-piece.area, piece.bounds))
            for piece in pieces[:_LISTED]:
                yield _piece(change, layer, piece, f"{piece.area:.6g} um^2")
            if len(pieces) > _LISTED:
                others = shapely.union_all(pieces[_LISTED:])
                text = f"{len(pieces) - _LISTED} more pieces of {others.area:.6g} um^2"
                yield _piece(change, layer, others, text)


def _piece(change: Change, layer: str, piece: BaseGeometry, text: str) -> Difference:
    old, new = (text, "") if change is Change.REMOVED else ("", text)
    area_um2 = round(float(piece.area), 6)
    bounds = piece.bounds
    return difference(change, "shape", layer, old, new, bounds, amount=area_um2, unit="um^2")
