"""What is drawn on a die beyond its blocks: seal ring, marks, halos, grids and keep-outs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from floorplan.block import BlockKind
from floorplan.bump import BumpField
from floorplan.detail_rules import DetailRules
from floorplan.die import Die
from floorplan.feature import Feature

__all__ = ["alignment_marks", "die_features", "seal_ring"]

#: Macros with analogue circuits: a halo around them, no dummy fill over them.
HARD_MACROS = (BlockKind.HBM_PHY, BlockKind.SERDES, BlockKind.HOST, BlockKind.DIE_TO_DIE)


def seal_ring(die: Die, grid_um: float) -> Polygon:
    """Return the seal ring of a die, its outer corners cut at 45 degrees.

    The cut of ``(2 - sqrt(2)) w`` is the deepest that leaves a ring of width w everywhere and the
    core its square corners; it is rounded down to the grid.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> ring = seal_ring(plan.dies[0], plan.grid_um)
    >>> len(ring.exterior.coords) - 1, len(ring.interiors)
    (8, 1)
    """
    low = die.scribe_um
    right, top = die.width_um - low, die.height_um - low
    cut = math.floor((2.0 - math.sqrt(2.0)) * die.seal_ring_um / grid_um + 1e-6) * grid_um
    if die.seal_ring_um <= 0.0:
        return Polygon()
    if cut <= 0.0:
        return Polygon(box(low, low, right, top).exterior, [die.core.exterior.coords])
    corners = [
        (low + cut, low),
        (right - cut, low),
        (right, low + cut),
        (right, top - cut),
        (right - cut, top),
        (low + cut, top),
        (low, top - cut),
        (low, low + cut),
    ]
    return Polygon(corners, [die.core.exterior.coords])


def alignment_marks(die: Die, rules: DetailRules) -> tuple[Polygon, ...]:
    """Return the crosses in the corners of the core; none where the core has no room for them."""
    x0, y0, x1, y1 = die.core.bounds
    size, half = rules.mark_size_um, rules.mark_line_um / 2.0
    inset = rules.mark_inset_um + size / 2.0
    if min(x1 - x0, y1 - y0) < 2.0 * (inset + size):
        return ()
    return tuple(
        _cross(x, y, size / 2.0, half)
        for y in (y0 + inset, y1 - inset)
        for x in (x0 + inset, x1 - inset)
    )


def _cross(x: float, y: float, arm: float, half: float) -> Polygon:
    """Return a cross with arms of a length and bars of twice a half width."""
    quarter = [(arm, -half), (arm, half), (half, half), (half, arm)]
    corners = [*quarter, (-half, arm), (-half, half), (-arm, half), (-arm, -half), (-half, -half)]
    corners += [(-half, -arm), (half, -arm), (half, -half)]
    return Polygon([(x + dx, y + dy) for dx, dy in corners])


def die_features(
    die: Die,
    rules: DetailRules,
    grid_um: float,
    core: BumpField,
    interfaces: Sequence[BumpField] = (),
) -> tuple[Feature, ...]:
    """Return the features of a die in its own coordinates.

    Parameters
    ----------
    die : Die
        The die.
    rules : DetailRules
        Their sizes.
    grid_um : float
        Manufacturing grid [um].
    core : BumpField
        The core's power bumps; a strap of the power grid is reserved for each row of them.
    interfaces : sequence of BumpField
        Fields that an interface has to itself; each takes an area, which may reach beyond its
        block.
    """
    scribe = die.outline.difference(
        box(
            die.scribe_um,
            die.scribe_um,
            die.width_um - die.scribe_um,
            die.height_um - die.scribe_um,
        )
    )
    marks = alignment_marks(die, rules)
    found = [
        *_each("die.scribe", scribe),
        *_each("die.seal_ring", seal_ring(die, grid_um)),
        *(Feature("die.keepout", keepout) for keepout in die.keepouts),
        *(Feature("die.mark", mark, f"mark{index}") for index, mark in enumerate(marks)),
        *_macros(die, rules, marks),
        *_clock_spine(die, rules),
        *_bump_areas(die, grid_um, interfaces),
    ]
    return (*found, *_straps(die, rules, core))


def _each(layer: str, shape: BaseGeometry, name: str = "") -> Iterator[Feature]:
    for part in getattr(shape, "geoms", [shape]):
        if isinstance(part, Polygon) and part.area > 0.0:
            yield Feature(layer, part, name)


def _macros(die: Die, rules: DetailRules, marks: tuple[Polygon, ...]) -> Iterator[Feature]:
    """Yield a halo around each hard macro, and where no dummy metal may go."""
    for block in die.blocks:
        if block.kind in HARD_MACROS:
            grown = block.outline.buffer(rules.macro_halo_um, join_style="mitre")
            halo = grown.intersection(die.core).difference(block.outline)
            yield from _each("die.halo", halo, block.name)
            free = block.outline.buffer(rules.fill_exclusion_um, join_style="mitre")
            yield from _each("die.fill_exclusion", free.intersection(die.core), block.name)
    for mark in marks:
        yield Feature("die.fill_exclusion", box(*mark.bounds))


def _bump_areas(die: Die, grid_um: float, fields: Sequence[BumpField]) -> Iterator[Feature]:
    """Yield the area that the pads of each field take."""
    for field in fields:
        if field.count:
            half = math.ceil(field.pad_um / 2.0 / grid_um) * grid_um
            x0, y0, x1, y1 = field.bounds_um
            area = box(x0 - half, y0 - half, x1 + half, y1 + half)
            yield from _each("die.bump_area", area.intersection(die.core), field.block)


def _clock_spine(die: Die, rules: DetailRules) -> Iterator[Feature]:
    """Yield the trunk of the clock: a bar across the middle of the core each way."""
    x0, y0, x1, y1 = die.core.bounds
    edge, half = rules.bump_edge_um, rules.clock_spine_width_um / 2.0
    if min(x1 - x0, y1 - y0) > 2.0 * (edge + rules.clock_spine_width_um):
        x, y = (x0 + x1) / 2.0, (y0 + y1) / 2.0
        upright = box(x - half, y0 + edge, x + half, y1 - edge)
        yield Feature("die.clock_spine", upright, "clock_spine")
        yield Feature(
            "die.clock_spine", box(x0 + edge, y - half, x1 - edge, y + half), "clock_spine"
        )


def _straps(die: Die, rules: DetailRules, core: BumpField) -> Iterator[Feature]:
    """Yield the top-metal straps of the core supply: one for each row of bumps, as arrays.

    They keep the bumps' distance to the seal ring, and end before the alignment marks.
    """
    marks = alignment_marks(die, rules)
    x0, y0, x1, y1 = die.core.bounds
    full = (x0 + rules.bump_edge_um, x1 - rules.bump_edge_um)
    beside = 2.0 * rules.mark_inset_um + rules.mark_size_um if marks else 0.0
    short = (max(full[0], x0 + beside), min(full[1], x1 - beside))
    half = rules.power_strap_width_um / 2.0
    for net, arrays, _ in core.parts():
        pitch_um = max((array.pitch_y_um for array in arrays), default=0.0)
        first = min((array.y_um for array in arrays), default=0.0)
        last = max((array.bounds_um[3] for array in arrays), default=0.0)
        if not pitch_um > 2.0 * half:
            continue
        count = round((last - first) / pitch_um) + 1
        low = min(count, max(0, math.ceil((y0 + beside - first) / pitch_um)))
        high = max(low, count - max(0, math.ceil((last - y1 + beside) / pitch_um)))
        for start, end, (left, right) in ((0, low, short), (low, high, full), (high, count, short)):
            if end > start and right > left:
                y = first + start * pitch_um
                shape = box(left, y - half, right, y + half)
                yield Feature(
                    "die.power_grid", shape, core.nets[net], 1, end - start, 0.0, pitch_um
                )
