"""Two layouts against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from shapely import Polygon, affinity
from shapely.geometry.base import BaseGeometry

from floorplan.artwork import Artwork, artwork_of
from floorplan.differences.bodies import compare_bodies
from floorplan.differences.bumps import compare_bumps
from floorplan.differences.difference import Difference
from floorplan.differences.shapes import compare_shapes
from floorplan.file_artwork import artwork_of_file, outline_of
from floorplan.file_pads import pads_of_file
from floorplan.floorplan import Floorplan
from floorplan.layer_map import LayerMap, layer_map
from floorplan.layout import Layout
from floorplan.layout_file import LayoutFile
from floorplan.pads import pads_of

__all__ = ["diff", "diff_files"]

#: Layers that dies, stacks, blocks and bumps are made of; they are compared as these.
_KNOWN = ("package.", "block.", "bump.", "die.outline")
_HAIRLINE_UM = 0.0005  # half the width that a shape without an area is compared with


def diff(
    before: Floorplan | Layout, after: Floorplan | Layout, *, tolerance_um: float = 0.0
) -> tuple[Difference, ...]:
    """Compare two floorplans, or two layouts with their bumps.

    Parameters
    ----------
    before, after : Floorplan or Layout
        Bumps and drawn features are compared where both are a `Layout`.
    tolerance_um : float
        Lengths up to this do not count [um].

    Returns
    -------
    tuple of Difference
        By kind of thing, name and change; empty if there is none.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> floorplan.diff(plan, plan)
    ()
    >>> moved = plan.with_stack_at("hbm_w0", x_um=250.0, y_um=10_800.0)
    >>> print(*floorplan.diff(plan, moved))
    stack hbm_w0 moved: (250, 10900) um -> (250, 10800) um
    """
    plans = tuple(one.floorplan if isinstance(one, Layout) else one for one in (before, after))
    first, second = artwork_of(before), artwork_of(after)
    found = list(compare_bodies(first, second, tolerance_um, (plans[0], plans[1])))
    if isinstance(before, Layout) and isinstance(after, Layout):
        corners = (_corners(first), _corners(second))
        found += compare_bumps(pads_of(before), pads_of(after), corners, tolerance_um)
        found += compare_shapes(_features(before), _features(after), tolerance_um)
    else:
        keepouts = [_keepouts(artwork) for artwork in (first, second)]
        found += compare_shapes(keepouts[0], keepouts[1], tolerance_um)
    return _in_order(found)


def diff_files(
    before: LayoutFile,
    after: LayoutFile,
    layers: LayerMap | None = None,
    after_layers: LayerMap | None = None,
    *,
    tolerance_um: float = 0.0,
) -> tuple[Difference, ...]:
    """Compare two GDSII or OASIS files.

    Parameters
    ----------
    before, after : LayoutFile
        See `read_layout`.
    layers : LayerMap, optional
        What their layers hold; the map of our own files if not given. Shapes on layers that are
        not in it are compared as well.
    after_layers : LayerMap, optional
        The same of the second file, where it is another.
    tolerance_um : float
        Lengths up to this do not count [um].

    Raises
    ------
    InputError
        No layer of a file is in the layer map.
    """
    layers = layer_map() if layers is None else layers
    sides = ((before, layers), (after, layers if after_layers is None else after_layers))
    first, second = (artwork_of_file(*side) for side in sides)
    pads = [
        pads_of_file(*side, artwork) for side, artwork in zip(sides, (first, second), strict=True)
    ]
    found = list(compare_bodies(first, second, tolerance_um))
    corners = (_corners(first), _corners(second))
    found += compare_bumps(pads[0], pads[1], corners, tolerance_um)
    shapes = [_layers(*side) for side in sides]
    found += compare_shapes(shapes[0], shapes[1], tolerance_um)
    return _in_order(found)


def _in_order(found: Iterable[Difference]) -> tuple[Difference, ...]:
    order = ("interposer", "die", "stack", "block", "bumps", "shape")
    return tuple(sorted(found, key=lambda d: (order.index(d.what), d.name, d.change, d.before)))


def _corners(artwork: Artwork) -> dict[str, tuple[float, float]]:
    corners = {name: outline.bounds[:2] for name, outline in artwork.bodies}
    carriers = {"interposer": artwork.interposer, "substrate": artwork.substrate}
    return corners | {name: area.bounds[:2] for name, area in carriers.items() if area is not None}


def _keepouts(artwork: Artwork) -> Mapping[str, BaseGeometry]:
    every = [keepout for die in artwork.dies for keepout in die.keepouts]
    return {"die.keepout": shapely.union_all(every)} if every else {}


def _features(layout: Layout) -> Mapping[str, BaseGeometry]:
    """Return all that is drawn on dies beyond their blocks, and all routes, by layer."""
    shapes: dict[str, list[Polygon]] = {}
    for bundle in layout.bundles:
        shapes.setdefault(bundle.layer, []).append(bundle.outline)
    for die, features in layout.features.items():
        x_um, y_um = layout.origin_um(die)
        for feature in features:
            steps = (
                (x_um + column * feature.pitch_x_um, y_um + row * feature.pitch_y_um)
                for column in range(feature.columns)
                for row in range(feature.rows)
            )
            placed = (affinity.translate(feature.outline, *step) for step in steps)
            shapes.setdefault(feature.layer, []).extend(placed)
    return {layer: shapely.union_all(parts) for layer, parts in sorted(shapes.items())}


def _layers(layout: LayoutFile, layers: LayerMap) -> Mapping[str, BaseGeometry]:
    """Return what is no die, stack, block or bump by layer, with those that are broken."""
    shapes: dict[str, list[BaseGeometry]] = {}
    for drawn in layout.drawn:
        name = layers.name_of(*drawn.layer) or "{}/{}".format(*drawn.layer)
        for outline in outline_of(drawn.points_um):
            sound = outline.is_valid and outline.area > 0.0
            if name.startswith("bump.") or (sound and name.startswith(_KNOWN)):
                continue
            area = outline if sound else _area_of(outline)
            places = np.asarray(drawn.origins_um).tolist()
            shapes.setdefault(name, []).extend(affinity.translate(area, x, y) for x, y in places)
    return {layer: shapely.union_all(parts) for layer, parts in sorted(shapes.items())}


def _area_of(outline: Polygon) -> BaseGeometry:
    """Return what a broken outline covers; a hairline where that is nothing."""
    parts = shapely.get_parts(shapely.make_valid(outline))
    area = shapely.union_all([part for part in parts if isinstance(part, Polygon)])
    return area if area.area > 0.0 else outline.convex_hull.buffer(_HAIRLINE_UM)
