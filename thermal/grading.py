"""Grid lines that are dense around hot blocks and keep a bounded growth away from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from package import Package

__all__ = ["Grading", "grading_of"]

Array = NDArray[np.float64]

_COARSEST = 8.0  #: widest cell by the one in the hottest block
_SAMPLES = 4096  #: of the extent, to add up how many cells a width asks for


@dataclass(frozen=True, eq=False)
class Grading:
    """Wanted width of cells along one axis.

    Parameters
    ----------
    place_um : array (samples,)
        Along the extent, increasing [um].
    width_um : array (samples,)
        Wanted there [um].
    edges_um : tuple of float
        Of blocks, those of the hottest ones first; worth a line where there is room [um].
    """

    place_um: Array
    width_um: Array
    edges_um: tuple[float, ...]

    def width_at(self, place_um: float) -> float:
        """Return the wanted width at a place [um]."""
        return float(np.interp(place_um, self.place_um, self.width_um))

    def fill(self, low_um: float, high_um: float) -> Array:
        """Return the lines from one place to before another that share the widths evenly [um]."""
        inner = self.place_um[(self.place_um > low_um) & (self.place_um < high_um)]
        place = np.concatenate([[low_um], inner, [high_um]])
        density = 1.0 / np.interp(place, self.place_um, self.width_um)
        steps = 0.5 * (density[1:] + density[:-1]) * np.diff(place)
        passed = np.concatenate([[0.0], np.cumsum(steps)])
        count = max(1, round(float(passed[-1])))
        return np.asarray(np.interp(np.arange(count) * passed[-1] / count, passed, place))


def grading_of(
    package: Package, power_w: Mapping[str, float], axis: int, *, cells: int, growth: float
) -> Grading:
    """Return the widths along x (axis 0) or y (1) that cells of so many would have.

    A block wants cells whose width falls with the root of its power per area, and the width grows
    by `growth` with the distance to it, up to eight times that in the hottest block.

    Parameters
    ----------
    package : Package
    power_w : mapping of str to float
        Power of each block; without any, all blocks count alike [W].
    axis : int
    cells : int
        Along the whole extent.
    growth : float
        Of the width per unit of length; 0 for equal cells.
    """
    extent = package.extent_um
    low, high = extent[axis], extent[axis + 2]
    place = np.linspace(low, high, _SAMPLES + 1)
    spans, wanted = _spans(package, power_w, axis)

    def width(finest: float) -> Array:
        """Return the widths for a width in the hottest block."""
        found = np.full(len(place), _COARSEST * finest)
        for (begin, end), ratio in zip(spans, wanted, strict=True):
            away = np.maximum(np.maximum(begin - place, place - end), 0.0)
            np.minimum(found, ratio * finest + growth * away, out=found)
        return found

    def excess(finest: float) -> float:
        return float(np.trapezoid(1.0 / width(finest), place)) - cells

    even = (high - low) / cells
    if not len(spans):
        return Grading(place, np.full(len(place), even), ())
    from scipy.optimize import brentq  # a third of a second that no other mesh needs

    finest = float(brentq(excess, even / (2.0 * _COARSEST), 2.0 * even))
    edges = [edge for span in spans[np.argsort(wanted, kind="stable")] for edge in span.tolist()]
    return Grading(place, width(finest), tuple(dict.fromkeys(edges)))


def _spans(package: Package, power_w: Mapping[str, float], axis: int) -> tuple[Array, Array]:
    """Return where heated blocks lie along an axis, and their wanted widths by the finest one."""
    areas: dict[str, float] = {}
    bounds: dict[str, tuple[float, float]] = {}
    for layer in package.layers:
        for region in layer.regions:
            if region.heats:
                begin, end = region.outline.bounds[axis], region.outline.bounds[axis + 2]
                before = bounds.get(region.heats, (begin, end))
                bounds[region.heats] = (min(begin, before[0]), max(end, before[1]))
                areas[region.heats] = areas.get(region.heats, 0.0) + region.outline.area
    if not any(power_w.get(key, 0.0) > 0.0 for key in areas):
        power_w = areas
    density = {key: power_w.get(key, 0.0) / area for key, area in areas.items()}
    hot = [key for key in areas if density[key] > 0.0]
    most = max((density[key] for key in hot), default=1.0)
    rows = {(*bounds[key], min(_COARSEST, (most / density[key]) ** 0.5)) for key in hot}
    found = np.array(sorted(rows)).reshape(len(rows), 3)
    return found[:, :2], found[:, 2]
