"""How finely a package is cut into cells, and the grid lines that follow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import shapely
from numpy.typing import NDArray

from package import Layer, Package
from techlib import Faults, did_you_mean
from thermal.grading import grading_of
from thermal.numbers import is_number, shown

__all__ = ["Kind", "Resolution", "height_lines", "lateral_lines", "material_edges"]

Array = NDArray[np.float64]
Kind = Literal["fitted", "uniform", "graded"]

_CLOSEST = 0.3  #: of the target cell width; fitted lines keep this distance
_APART = 0.7  #: the same for edges of blocks, as cells that these cut mix no materials
_FLATNESS = 0.125  #: height by width of the cells beside heat
_SAMPLES = 64  #: of the wanted height, per layer
_EDGE_UM = 1e-4  #: edges nearer than this (a tenth of the database grid) are one


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """How finely to cut a package.

    Parameters
    ----------
    lateral : int
        Cells along x and along y; ``"fitted"`` may need a few more.
    kind : {"fitted", "uniform", "graded"}
        ``"fitted"`` puts lines on the edges of materials and, where there is room, of blocks that
        heat, and fills evenly between them;
        ``"uniform"`` makes all cells of one size and mixes materials in the cells that they share;
        ``"graded"`` is fitted, and denser around blocks of high power per area.
    finest_um : float, optional
        Height of the cells in and beside heated layers; an eighth of the width of a cell unless
        given [um].
    growth : float
        By how much the height of cells grows with the distance to heat, per unit of length; of
        graded ones the width as well.
    cells_per_layer : int
        Fewest cells in the height of a layer.
    power_w : tuple of (str, float)
        Power of blocks that a graded mesh looks to; without any, all blocks count alike [W].

    Raises
    ------
    InputError
        Every setting that is out of its range.

    Examples
    --------
    >>> Resolution(lateral=128, finest_um=80.0).finer(2.0)
    Resolution(lateral=256, kind='fitted', finest_um=40.0, growth=0.125, cells_per_layer=1)
    """

    lateral: int = 96
    kind: Kind = "fitted"
    finest_um: float | None = None
    growth: float = 0.25
    cells_per_layer: int = 1
    power_w: tuple[tuple[str, float], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        faults = Faults()
        for name, cells in (("lateral", self.lateral), ("cells_per_layer", self.cells_per_layer)):
            if not (is_number(cells) and cells >= 1 and cells % 1 == 0):
                faults.add(
                    f"resolution.{name}", f"{shown(cells)} cells", "a whole number, 1 or more"
                )
        if self.kind not in get_args(Kind):
            cure = did_you_mean(str(self.kind), get_args(Kind))
            faults.add("resolution.kind", f"unknown kind {self.kind!r}", cure=cure)
        finest_um = self.finest_um
        if finest_um is not None and not (is_number(finest_um) and 0.0 < finest_um < np.inf):
            faults.add("resolution.finest_um", f"{shown(finest_um)} um", "above 0 um")
        if not (is_number(self.growth) and 0.0 <= self.growth < np.inf):
            faults.add("resolution.growth", shown(self.growth), "0 or more")
        faults.raise_if_any()

    def finer(self, factor: float) -> Resolution:
        """Return the resolution with cells smaller by a factor in all three directions."""
        return replace(
            self,
            lateral=max(1, round(self.lateral * factor)),
            finest_um=None if self.finest_um is None else self.finest_um / factor,
            growth=self.growth / factor,
        )

    def looking_to(self, power_w: Mapping[str, float]) -> Resolution:
        """Return the resolution with the powers of blocks [W], if it is a graded one."""
        if self.kind != "graded":
            return self
        return replace(self, power_w=tuple((str(k), float(w)) for k, w in power_w.items()))


def material_edges(layer: Layer, package: Package, axis: int) -> dict[float, float]:
    """Return where a layer's material changes along x (axis 0) or y (1), with a weight [um].

    The weight is the length of the edge times the logarithm of the ratio of conductivities: what
    is lost when a cell mixes the two sides.
    """
    pieces = [(layer.outline, layer.background, package.filler)]
    pieces += [(r.outline, r.material, layer.background) for r in layer.regions]
    edges: dict[float, float] = {}
    for outline, inside, outside in pieces:
        ratio = inside.conductivity_w_mk[axis] / outside.conductivity_w_mk[axis]
        contrast = abs(float(np.log(ratio)))
        if not contrast:
            continue
        x0, y0, x1, y1 = outline.bounds
        length = (y1 - y0) if axis == 0 else (x1 - x0)
        for place in (x0, x1) if axis == 0 else (y0, y1):
            edges[place] = edges.get(place, 0.0) + contrast * length
    return edges


def _cooling_edges(package: Package, axis: int) -> dict[float, float]:
    """Return where patches of faces and flows end, with the lengths of their edges [um]."""
    edges: dict[float, float] = {}
    outlines = [patch.outline for patch in (*package.top.patches, *package.bottom.patches)]
    outlines += [layer.outline for layer in package.layers if layer.flow is not None]
    for outline in outlines:
        x0, y0, x1, y1 = outline.bounds
        length = (y1 - y0) if axis == 0 else (x1 - x0)
        for place in (x0, x1) if axis == 0 else (y0, y1):
            edges[place] = edges.get(place, 0.0) + length
    return edges


def _block_edges(package: Package, axis: int) -> dict[float, float]:
    """Return where blocks that heat end, with the lengths of their edges [um]."""
    regions = [region for layer in package.layers for region in layer.regions if region.heats]
    bounds = shapely.bounds([region.outline for region in regions]).reshape(-1, 4)
    lengths = bounds[:, 3 - axis] - bounds[:, 1 - axis]
    edges: dict[float, float] = {}
    for end in (axis, axis + 2):
        for place, length in zip(bounds[:, end].tolist(), lengths.tolist(), strict=True):
            edges[place] = edges.get(place, 0.0) + length
    return edges


def lateral_lines(package: Package, resolution: Resolution, axis: int) -> Array:
    """Return the grid lines along x (axis 0) or y (1), in package coordinates [um]."""
    extent = package.extent_um
    low, high = extent[axis], extent[axis + 2]
    if resolution.kind == "uniform":
        return np.linspace(low, high, resolution.lateral + 1)
    weights: dict[float, float] = {}
    for layer in package.layers:
        for place, weight in material_edges(layer, package, axis).items():
            weights[place] = weights.get(place, 0.0) + weight
    for place, weight in _cooling_edges(package, axis).items():
        weights[place] = weights.get(place, 0.0) + weight
    if resolution.kind == "graded":
        return _graded_lines(package, resolution, axis, weights)
    target = (high - low) / resolution.lateral
    kept = _spaced(weights, (low, high), lambda _: _CLOSEST * target)
    kept = _spaced(_block_edges(package, axis), kept, lambda _: _APART * target)
    lines = [
        np.linspace(a, b, max(1, int(np.ceil((b - a) / target - 1e-9))), endpoint=False)
        for a, b in itertools.pairwise(kept)
    ]
    return np.concatenate([*lines, [high]])


def _graded_lines(
    package: Package, resolution: Resolution, axis: int, weights: Mapping[float, float]
) -> Array:
    """Return lines on edges that are as dense as the blocks' power asks for [um]."""
    extent = package.extent_um
    grading = grading_of(
        package,
        dict(resolution.power_w),
        axis,
        cells=resolution.lateral,
        growth=resolution.growth,
    )
    ends = (extent[axis], extent[axis + 2])
    kept = _spaced(weights, ends, lambda place: _CLOSEST * grading.width_at(place))
    rank = {edge: -float(index) for index, edge in enumerate(grading.edges_um)}
    kept = _spaced(rank, kept, lambda place: _APART * grading.width_at(place))
    lines = [grading.fill(a, b) for a, b in itertools.pairwise(kept)]
    return np.concatenate([*lines, [ends[1]]])


def _spaced(
    weights: Mapping[float, float], ends: Iterable[float], gap: Callable[[float], float]
) -> list[float]:
    """Return the ends and the heaviest places that keep a gap to each other, in order."""
    kept = list(ends)
    low, high = min(kept), max(kept)
    for place in sorted(weights, key=lambda p: (-weights[p], p)):
        least = max(gap(place), _EDGE_UM)
        if low < place < high and min(abs(place - k) for k in kept) >= least:
            kept.append(place)
    return sorted(kept)


def height_lines(package: Package, resolution: Resolution) -> tuple[Array, NDArray[np.int64]]:
    """Return the heights of the grid lines [um] and the layer of each cell between them.

    The wanted height of a cell is `finest_um` in a heated layer and grows by `growth` with the
    distance to the nearest one; the lines of a layer share its integral evenly.
    """
    levels = np.concatenate([[0.0], np.cumsum([layer.thickness_um for layer in package.layers])])
    heated = [
        (levels[i], levels[i + 1])
        for i, layer in enumerate(package.layers)
        if any(region.heats for region in layer.regions)
    ] or [(0.0, levels[-1])]
    finest_um = resolution.finest_um
    if finest_um is None:
        x0, y0, x1, y1 = package.extent_um
        finest_um = _FLATNESS * max(x1 - x0, y1 - y0) / resolution.lateral
    lines, owner = [np.zeros(1)], []
    for index, (bottom, top) in enumerate(itertools.pairwise(levels)):
        z = np.linspace(bottom, top, _SAMPLES + 1)
        away = np.min([np.maximum(a - z, z - b) for a, b in heated], axis=0)
        density = 1.0 / (finest_um + resolution.growth * np.maximum(away, 0.0))
        steps = 0.5 * (density[1:] + density[:-1]) * np.diff(z)
        passed = np.concatenate([[0.0], np.cumsum(steps)])
        count = max(resolution.cells_per_layer, int(np.ceil(passed[-1] - 1e-9)))
        if package.layers[index].flow is not None:
            count = 1  # the coolant has one temperature over the height
        inner = np.interp(np.arange(1, count) * passed[-1] / count, passed, z)
        lines.append(np.concatenate([inner, [top]]))
        owner += [index] * count
    return np.concatenate(lines), np.array(owner)
