"""Random packages: what a solver may meet, and worse."""

from __future__ import annotations

import itertools

import numpy as np
from shapely import Polygon, box

from package import Face, Layer, Package, Region
from techlib import Material

__all__ = ["random_stack"]

_BEST_W_MK = 1e3  #: conductivity; the worst is this over the contrast
_THICKNESS_UM = (0.5, 1e4)  #: log-uniform
_WIDTH_UM = (2e3, 6e4)  #: log-uniform
_ANISOTROPY = 30.0  #: up to this and its inverse, along each axis
_FILM_W_M2K = (1e2, 1e5)  #: log-uniform
_LAYERS = (3, 9)
_TILES = (2, 7)  #: along x and along y, of the pattern that islands are taken from
_HEAT_CAPACITY_J_M3K = 1.6e6  # of silicon; a steady field does not depend on it


def random_stack(seed: int, contrast: float = 1e5) -> tuple[Package, dict[str, float]]:
    """Return a package and the powers of its blocks [W]; the same seed gives the same package.

    Thicknesses lie between 0.5 um and 10 mm; in each layer islands of other materials stand on a
    background with gaps between them, every third material conducts by axis, some layers are
    smaller than the package, and the rest of their slab is filled by what conducts worst.

    Parameters
    ----------
    seed : int
    contrast : float
        Greatest ratio of conductivities in the package.

    Examples
    --------
    >>> package, power_w = random_stack(3)
    >>> package.heat_keys == tuple(power_w)
    True
    """
    random = np.random.default_rng(seed)
    range_w_mk = (_BEST_W_MK / contrast, _BEST_W_MK)
    width, depth = (_spread(random, *_WIDTH_UM) for _ in range(2))
    whole = box(0.0, 0.0, width, depth)
    count = int(random.integers(*_LAYERS))
    heated = int(random.integers(count))
    layers = []
    for index in range(count):
        outline = whole if index in (heated, count - 1) else _outline(random, width, depth)
        regions = tuple(
            Region(
                f"r{index}_{number}",
                tile,
                _material(random, range_w_mk),
                f"b{number}" if index == heated else "",
            )
            for number, tile in enumerate(_islands(random, outline))
        )
        thickness_um = _spread(random, *_THICKNESS_UM)
        layers.append(
            Layer(f"l{index}", thickness_um, outline, _material(random, range_w_mk), regions)
        )
    filler = _solid("gap", (range_w_mk[0],) * 3)
    top = Face(_spread(random, *_FILM_W_M2K), 25.0)
    bottom = Face(_spread(random, *_FILM_W_M2K), 40.0) if random.random() < 0.5 else Face()
    package = Package(f"stack {seed}", tuple(layers), filler, top, bottom, Face(), 25.0)
    return package, {key: float(random.uniform(0.5, 20.0)) for key in package.heat_keys}


def _spread(random: np.random.Generator, low: float, high: float) -> float:
    """Return a value whose logarithm is evenly distributed."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _material(random: np.random.Generator, range_w_mk: tuple[float, float]) -> Material:
    """Return a solid; every third conducts by axis."""
    conductivity = _spread(random, *range_w_mk)
    ratios = np.ones(3)
    if random.random() < 1 / 3:
        ratios = np.exp(random.uniform(-1.0, 1.0, 3) * np.log(_ANISOTROPY))
    x, y, z = np.clip(conductivity * ratios, *range_w_mk)
    return _solid(f"{conductivity:.3g}", (float(x), float(y), float(z)))


def _solid(name: str, conductivity_w_mk: tuple[float, float, float]) -> Material:
    return Material(
        name,
        name,
        {},
        conductivity_w_mk=conductivity_w_mk,
        heat_capacity_j_m3k=_HEAT_CAPACITY_J_M3K,
    )


def _outline(random: np.random.Generator, width: float, depth: float) -> Polygon:
    """Return the whole rectangle, or an eccentric part of it."""
    if random.random() < 0.6:
        return box(0.0, 0.0, width, depth)
    x0, x1 = np.sort(random.uniform(0.0, 1.0, 2)) * [0.5, 1.0] + [0.0, 0.2]
    y0, y1 = np.sort(random.uniform(0.0, 1.0, 2)) * [0.5, 1.0] + [0.0, 0.2]
    x1, y1 = min(x1, 1.0), min(y1, 1.0)
    corner = (float(x0) * width, float(y0) * depth, float(x1) * width, float(y1) * depth)
    return Polygon.from_bounds(*corner)


def _islands(random: np.random.Generator, outline: Polygon) -> list[Polygon]:
    """Return some tiles of an uneven pattern, each with a gap of its own around it."""
    x0, y0, x1, y1 = outline.bounds
    x = x0 + (x1 - x0) * _cuts(random)
    y = y0 + (y1 - y0) * _cuts(random)
    tiles = [box(a, c, b, d) for a, b in itertools.pairwise(x) for c, d in itertools.pairwise(y)]
    taken = [tile for tile in tiles if random.random() < 0.6] or tiles[:1]
    shrunk = []
    for tile in taken:
        a, c, b, d = tile.bounds
        gap = 0.5 * min(b - a, d - c) * random.choice([0.0, 0.02, 0.3])
        shrunk.append(box(a + gap, c + gap, b - gap, d - gap))
    return shrunk


def _cuts(random: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return increasing places from 0 to 1 that keep a distance."""
    steps = random.uniform(0.2, 1.0, int(random.integers(*_TILES)))
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])
