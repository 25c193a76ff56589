"""Checks of the blocks on one die."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from floorplan.block import Block
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.violation import Violation

__all__ = ["die_violations", "off_grid_um"]

_ROUND_OFF_UM2 = 1e-6  # areas below come from rounding of coordinates to floats
_ROUND_OFF_UM = 1e-6  # lengths below as well


def off_grid_um(coordinates: np.ndarray, grid_um: float) -> np.ndarray:
    """Return the distance of coordinates from the nearest grid line [um]."""
    distance = np.abs(coordinates - np.round(coordinates / grid_um) * grid_um)
    return np.where(distance > _ROUND_OFF_UM, distance, 0.0)


def die_violations(die: Die, floorplan: Floorplan) -> Iterator[Violation]:
    """Yield what is wrong on one die."""
    sound = []
    for block in die.blocks:
        if fault := _polygon_fault(block.outline):
            yield _at_block(die, block, "polygon", 0.0, 0.0, "", f"outline {fault}; redraw it")
        else:
            sound.append(block)
    yield from _outside(die, sound)
    yield from _overlaps(die, sound)
    yield from _keepouts(die, sound)
    yield from _off_grid(die, sound, floorplan.grid_um)


def _polygon_fault(outline: BaseGeometry) -> str:
    """Return what makes an outline unusable, or nothing."""
    if outline.is_empty:
        return "is empty"
    if not np.isfinite(outline.bounds).all():
        return "has coordinates that are not finite"
    if not outline.is_valid:
        return f"is not valid ({shapely.is_valid_reason(outline)})"
    return "has no area" if outline.area <= _ROUND_OFF_UM2 else ""


def _at_block(
    die: Die,
    block: Block,
    rule: str,
    amount: float,
    limit: float,
    unit: str,
    what: str,
    *,
    piece: BaseGeometry | None = None,
) -> Violation:
    """Make a violation of one block, placed at the middle of `piece` or of the block."""
    bounds = (block.outline if piece is None else piece).bounds
    if not np.isfinite(bounds).all():
        bounds = (0.0, 0.0, 0.0, 0.0)
    key = f"{die.name}/{block.name}"
    return Violation(
        rule=rule,
        where=(key,),
        x_um=round(die.x_um + (bounds[0] + bounds[2]) / 2, 6),
        y_um=round(die.y_um + (bounds[1] + bounds[3]) / 2, 6),
        amount=float(amount),
        limit=float(limit),
        unit=unit,
        message=f"{key}: {what}",
    )


def _outside(die: Die, blocks: Sequence[Block]) -> Iterator[Violation]:
    core = die.core
    outlines = np.array([block.outline for block in blocks], dtype=object)
    rest = shapely.difference(outlines, core)
    areas = shapely.area(rest)
    for index in np.flatnonzero(areas > _ROUND_OFF_UM2):
        what = (
            f"{areas[index]:.6g} um^2 lie outside the seal ring of die {die.name}; move the block "
            "inwards or shrink it"
        )
        yield _at_block(
            die,
            blocks[int(index)],
            "block-outside",
            areas[index],
            0.0,
            "um^2",
            what,
            piece=rest[index],
        )


def _overlaps(die: Die, blocks: Sequence[Block]) -> Iterator[Violation]:
    outlines = np.array([block.outline for block in blocks], dtype=object)
    first, second = STRtree(outlines).query(outlines)
    bounds = shapely.bounds(outlines)
    width = np.minimum(bounds[first, 2], bounds[second, 2])
    width -= np.maximum(bounds[first, 0], bounds[second, 0])
    height = np.minimum(bounds[first, 3], bounds[second, 3])
    height -= np.maximum(bounds[first, 1], bounds[second, 1])
    deep = (first < second) & (width > 0.0) & (height > 0.0)  # leaves those that only touch
    first, second = first[deep], second[deep]
    common = shapely.intersection(outlines[first], outlines[second])
    areas = shapely.area(common)
    for index in np.flatnonzero(areas > _ROUND_OFF_UM2):
        a, b = sorted((blocks[first[index]], blocks[second[index]]), key=lambda block: block.name)
        other = f"{die.name}/{b.name}"
        what = f"overlaps {other} by {areas[index]:.6g} um^2; move or shrink one of them"
        made = _at_block(
            die, a, "block-overlap", areas[index], 0.0, "um^2", what, piece=common[index]
        )
        yield Violation(**{**made.__dict__, "where": (*made.where, other)})


def _keepouts(die: Die, blocks: Sequence[Block]) -> Iterator[Violation]:
    for number, keepout in enumerate(die.keepouts):
        for block in blocks:
            common = shapely.intersection(block.outline, keepout)
            if common.area > _ROUND_OFF_UM2:
                what = (
                    f"lies on keep-out {number} of die {die.name} with {common.area:.6g} um^2; "
                    "move it off"
                )
                yield _at_block(
                    die, block, "block-keepout", common.area, 0.0, "um^2", what, piece=common
                )


def _off_grid(die: Die, blocks: Sequence[Block], grid_um: float) -> Iterator[Violation]:
    outlines = np.array([block.outline for block in blocks], dtype=object)
    vertices, owners = shapely.get_coordinates(outlines, return_index=True)
    distance = off_grid_um(vertices, grid_um).max(axis=1, initial=0.0)
    for owner in np.unique(owners[distance > 0.0]):
        worst = np.flatnonzero(owners == owner)[distance[owners == owner].argmax()]
        what = (
            f"vertex ({vertices[worst, 0]:.6f}, {vertices[worst, 1]:.6f}) um of the die lies "
            f"{distance[worst] * 1e3:.4g} nm off the {grid_um * 1e3:g} nm grid; snap it"
        )
        yield _at_block(
            die,
            blocks[int(owner)],
            "grid",
            distance[worst],
            0.0,
            "um",
            what,
            piece=shapely.Point(vertices[worst]),
        )
