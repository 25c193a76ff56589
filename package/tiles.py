"""Areas of a foreign floorplan made fit for a layer: clipped, trimmed, laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from package.layers import GRID_UM, Region
from techlib import Faults, Material

__all__ = ["Tile", "fit", "overlay"]

SLIVER = 0.02  #: share of a block that rounding of coordinates may cost; more is a fault


@dataclass(frozen=True)
class Tile:
    """A named area of one layer.

    Parameters
    ----------
    name : str
        For messages.
    outline : shapely.geometry.base.BaseGeometry
        Polygon or polygons in package coordinates [um].
    where : str
        File and line that it comes from.
    material : Material or None
        None leaves the material to what lies below.
    heats : str
        Heat key, or empty.
    """

    name: str
    outline: BaseGeometry
    where: str
    material: Material | None = None
    heats: str = ""


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """Return the parts of a shape that have an area."""
    return [
        part
        for part in shapely.get_parts(shape)
        if isinstance(part, Polygon) and part.area > GRID_UM * part.length
    ]


def fit(
    tiles: Sequence[Tile], outline: Polygon, faults: Faults, notes: list[str]
) -> tuple[Tile, ...]:
    """Clip tiles to their layer, and trim slivers by which they lie on one another.

    Coordinates in these formats are rounded, so that neighbours overlap by a little: the later
    one gives way, and a note says so. Tiles that overlap by more than 2 % of the smaller one, or
    reach outside by more than 2 %, are faults.
    """
    known = len(faults.found)
    fitted = [_clipped(tile, outline, faults) for tile in tiles]
    if len(faults.found) > known:
        return tuple(fitted)
    shapes = [tile.outline for tile in fitted]
    trimmed: dict[str, float] = {}
    for i, j in _pairs(shapes):
        common = shapely.intersection(shapes[i], shapes[j])
        if common.area <= GRID_UM * shapes[i].length:
            continue
        share = common.area / min(shapes[i].area, shapes[j].area)
        if share > SLIVER:
            what = f"overlaps {fitted[i].name!r} ({fitted[i].where}) on {share:.0%} of its area"
            faults.add(fitted[j].where, f"{fitted[j].name!r} {what}", "no overlap", "move one")
            continue
        trimmed[fitted[j].name] = max(share, trimmed.get(fitted[j].name, 0.0))
        shapes[j] = shapely.difference(shapes[j], shapes[i])
        fitted[j] = replace(fitted[j], outline=shapes[j])
    if trimmed:
        worst = max(trimmed, key=lambda name: trimmed[name])
        notes.append(
            f"{len(trimmed)} blocks overlapped a neighbour by rounding and were trimmed, most "
            f"{worst!r} by {trimmed[worst]:.2%}"
        )
    return tuple(fitted)


def _clipped(tile: Tile, outline: Polygon, faults: Faults) -> Tile:
    if tile.outline.area <= GRID_UM * tile.outline.length:
        faults.add(tile.where, f"{tile.name!r} has no area", "wider than a nanometre")
        return tile
    inside = shapely.intersection(tile.outline, outline)
    lost = 1.0 - inside.area / tile.outline.area
    if lost > SLIVER:
        x0, y0, x1, y1 = outline.bounds
        allowed = f"inside {x1 - x0:g} x {y1 - y0:g} um"
        faults.add(tile.where, f"{tile.name!r} lies outside the chip by {lost:.0%}", allowed)
        return tile
    return replace(tile, outline=inside) if lost > 0.0 else tile


def _pairs(shapes: Sequence[BaseGeometry]) -> list[tuple[int, int]]:
    if not shapes:
        return []
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    return sorted((i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True) if i < j)


def overlay(below: Sequence[Tile], above: Sequence[Tile], background: Material) -> list[Region]:
    """Lay tiles with heat over tiles with materials, and return regions that do not overlap.

    Parameters
    ----------
    below : sequence of Tile
        With materials; apart from one another.
    above : sequence of Tile
        With heat; apart from one another. A material of theirs replaces the one below.
    background : Material
        Where nothing lies below.
    """
    regions = []
    beneath, atop = _neighbours(above, below), _neighbours(below, above)
    for tile, unders in zip(above, beneath, strict=True):
        rest = tile.outline
        if tile.material is None:
            for under in unders:
                common = shapely.intersection(tile.outline, under.outline)
                regions += _regions(tile, common, under.material or background)
                rest = shapely.difference(rest, under.outline)
        regions += _regions(tile, rest, tile.material or background)
    for under, covers in zip(below, atop, strict=True):
        covered = shapely.union_all([tile.outline for tile in covers])
        free = shapely.difference(under.outline, covered) if covers else under.outline
        regions += _regions(under, free, under.material or background)
    return regions


def _neighbours(tiles: Sequence[Tile], others: Sequence[Tile]) -> list[list[Tile]]:
    """Return the others that each tile touches."""
    if not others:
        return [[] for _ in tiles]
    tree = STRtree([other.outline for other in others])
    return [
        [others[i] for i in sorted(tree.query(tile.outline, predicate="intersects").tolist())]
        for tile in tiles
    ]


def _regions(tile: Tile, shape: BaseGeometry, material: Material) -> list[Region]:
    return [Region(tile.name, part, material, tile.heats) for part in polygons(shape)]
