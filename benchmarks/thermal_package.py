"""The package that the thermal benchmarks solve: 64 x 64 mm, nine dies in mould, 72 blocks.

Edges of materials lie on a grid of 0.5 mm, so that uniform cells of that size or a power of two
below it have no cell with two materials.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, box

from package import Face, Layer, Package, Region
from techlib import Material
from thermal import Operator, Resolution

__all__ = ["POWER_W", "graded", "package", "power_w", "resolution"]

Array = NDArray[np.float64]

LAYERS = (  # name, thickness [um], conductivity along and across [W/(m K)], dies in mould?
    ("substrate", 1000.0, 30.0, 0.5, False),
    ("c4", 80.0, 0.4, 20.0, False),
    ("interposer", 100.0, 120.0, 120.0, False),
    ("microbump", 30.0, 0.9, 15.0, True),
    ("active", 1.0, 120.0, 120.0, True),
    ("beol", 4.0, 5.0, 2.0, True),
    ("bulk", 760.0, 130.0, 130.0, True),
    ("tim1", 50.0, 60.0, 60.0, True),
    ("lid", 2000.0, 390.0, 390.0, False),
    ("tim2", 100.0, 4.0, 4.0, False),
    ("cold plate", 4000.0, 390.0, 390.0, False),
)
EXTENT_UM = (64_000.0, 64_000.0)
COMPUTE_UM = (19_000.0, 15_500.0, 45_000.0, 48_500.0)
CORNERS_UM = [(x, y) for x in (7_000.0, 46_000.0) for y in (8_000.0, 20_000.0, 33_000.0, 45_000.0)]
STACK_UM = 11_000.0
TILES = 8  # along x and along y of the compute die
COMPUTE_W, STACK_W = 700.0, 30.0
POWER_W = COMPUTE_W + STACK_W * len(CORNERS_UM)
CAPACITY_J_M3K = 1.6e6
HEIGHTS = {24: (100.0, 0.25), 20: (200.0, 0.25)}  # cells: finest [um] and growth


def package() -> Package:
    """Return the package."""
    return Package(
        name="benchmark",
        layers=tuple(_layer(*row) for row in LAYERS),
        filler=_solid("mould", 0.9, 0.9),
        top=Face(1e4, 40.0),
        bottom=Face(100.0, 40.0),
        sides=Face(),
        ambient_c=40.0,
    )


def power_w() -> dict[str, float]:
    """Return the power of each of the 72 blocks, uneven over the tiles of the compute die [W]."""
    tiles = np.arange(TILES**2)
    share = 1.0 + 0.5 * np.sin(1.7 * tiles)
    found = {f"tile{i}": COMPUTE_W * share[i] / share.sum() for i in tiles}
    return found | {f"hbm{i}": STACK_W for i in range(len(CORNERS_UM))}


def resolution(cells: int, heights: int) -> Resolution:
    """Return `cells` x `cells` uniform cells in the plane and `heights` of them in height."""
    finest_um, growth = HEIGHTS[heights]
    return Resolution(lateral=cells, kind="uniform", finest_um=finest_um, growth=growth)


def graded(cells: int, grading: float) -> tuple[Operator, Array, Array, Array]:
    """Return a plate over a heated one on lines whose spacing spans a ratio; lines, heat [W]."""
    spacing = grading ** np.abs(np.linspace(-1.0, 1.0, cells))
    lines = np.concatenate(([0.0], np.cumsum(spacing))) * 0.06 / spacing.sum()
    dx, dz = np.diff(lines), np.array([1e-3, 5e-5, 1e-4, 8e-4, 5e-5, 1e-3, 1e-3])
    k = np.array([30.0, 1.0, 120.0, 130.0, 20.0, 390.0, 390.0])
    area = np.outer(dx, dx)
    along = (k * dz)[:, None, None]
    half_z = dz[:, None, None] / (2.0 * k[:, None, None] * area)
    outside, heat = np.zeros((2, len(k), cells, cells))
    outside[-1] = 1.0 / (half_z[-1] + 1.0 / (1e4 * area))
    heat[2] = area * (np.abs(lines[1:] - 0.03) < 0.012)
    pitch = 0.5 * (dx[1:] + dx[:-1])
    operator = Operator(
        gx=along * dx[:, None] / pitch,
        gy=along * dx / pitch[:, None],
        gz=1.0 / (half_z[1:] + half_z[:-1]),
        outside_w_k=outside,
        outside_w=np.zeros(outside.shape),
        capacity=CAPACITY_J_M3K * dz[:, None, None] * area,
        reference_c=40.0,
    )
    return operator, lines, lines, heat


def _layer(name: str, thickness_um: float, along: float, across: float, moulded: bool) -> Layer:
    plate, solid = box(0.0, 0.0, *EXTENT_UM), _solid(name, along, across)
    if not moulded:
        return Layer(name, thickness_um, plate, solid)
    stacks = {f"hbm{i}": _stack(*corner) for i, corner in enumerate(CORNERS_UM)}
    if name == "active":
        pieces = _tiles() | stacks
        regions = tuple(Region(key, piece, solid, key) for key, piece in pieces.items())
    else:
        pieces = {"compute": box(*COMPUTE_UM)} | stacks
        regions = tuple(Region(key, piece, solid) for key, piece in pieces.items())
    return Layer(name, thickness_um, plate, _solid("mould", 0.9, 0.9), regions)


def _stack(x_um: float, y_um: float) -> Polygon:
    return box(x_um, y_um, x_um + STACK_UM, y_um + STACK_UM)


def _tiles() -> dict[str, Polygon]:
    x0, y0, x1, y1 = COMPUTE_UM
    x, y = np.linspace(x0, x1, TILES + 1), np.linspace(y0, y1, TILES + 1)
    corners = itertools.product(itertools.pairwise(y), itertools.pairwise(x))
    return {f"tile{i}": box(a, c, b, d) for i, ((c, d), (a, b)) in enumerate(corners)}


def _solid(name: str, along: float, across: float) -> Material:
    k = (along, along, across)
    return Material(name, name, {}, conductivity_w_mk=k, heat_capacity_j_m3k=CAPACITY_J_M3K)
