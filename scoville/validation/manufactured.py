r"""Order of convergence on a manufactured solution with a jump in conductivity.

A plate with one cell along z, ``T = X(x) cos(pi y / L)``, with ``k X' = sin(pi x / L)``
continuous over the jump at ``x_j``, so that
``X = -(L / pi) (cos(pi x / L) - cos(pi x_j / L)) / k``. The source balances conduction in the plane
and what the film takes.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
from shapely import box

from package import Face, Layer, Package, Region
from scoville.validation.section import Check, Section, Table
from techlib import Material
from thermal import Resolution, ThermalModel

__all__ = ["manufactured"]

ORDER = 1.85  #: second order, less what is not yet asymptotic on the two finest meshes

_SIDE_M, _THICK_M = 0.01, 1e-3
_JUMP = 0.6  #: of the side
_FILM_W_M2K = 2e3
_ALONG_Z = 40.0  # conductivity [W/(m K)]
_CONTRASTS = ((100.0, 2.0), (390.0, 0.9))  # on both sides of the jump [W/(m K)]
_TOLERANCE = 1e-11


def manufactured(*, quick: bool) -> Section:
    """Find the order of convergence over three or four meshes."""
    grids = (20, 40, 80) if quick else (20, 40, 80, 160)
    rows, worst = [], math.inf
    for left, right in _CONTRASTS:
        for kind in ("fitted", "uniform"):
            errors = [_error(n, kind == "fitted", left, right) for n in grids]
            orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
            worst = min(worst, orders[-1])
            row: dict[str, object] = {"k W/(m K)": f"{left:g} | {right:g}", "mesh": kind}
            row |= {f"error at {n}": e for n, e in zip(grids, errors, strict=True)}
            rows.append(row | {"order": orders[-1]})
    text = """
        A plate with a jump in conductivity, the solution chosen and the source computed from it;
        relative 2-norm of the error. The jump lies on a grid line of both kinds of mesh.
    """
    check = Check("manufactured solution with a jump: least order", worst, ORDER, at_least=True)
    table = Table("Relative error over cells a side", pd.DataFrame(rows))
    return Section("manufactured", "Manufactured solution", text, (check,), (table,))


def _error(lateral: int, fitted: bool, left: float, right: float) -> float:
    package = _plate(left, right)
    resolution = Resolution(
        lateral=lateral, kind="fitted" if fitted else "uniform", finest_um=1e6 * _SIDE_M
    )
    model = ThermalModel(package, resolution)
    mesh, wave = model.mesh, math.pi / _SIDE_M
    x = (0.5 * (mesh.x_m[1:] + mesh.x_m[:-1]))[None, :]
    y = (0.5 * (mesh.y_m[1:] + mesh.y_m[:-1]))[:, None]
    k = np.where(x > _JUMP * _SIDE_M, right, left)
    profile = -(np.cos(wave * x) - math.cos(wave * _JUMP * _SIDE_M)) / (wave * k)
    exact = profile * np.cos(wave * y)
    per_area = 1.0 / (_THICK_M / 2.0 / _ALONG_Z + 1.0 / _FILM_W_M2K)
    source = (-wave * np.cos(wave * x) + k * wave**2 * profile) * np.cos(wave * y)
    source = (source + per_area / _THICK_M * exact) * mesh.volume_m3[0]
    found = model.solver.solve(source[None], tolerance=_TOLERANCE).rise_k[0]
    area = np.outer(np.diff(mesh.y_m), np.diff(mesh.x_m))
    return float(np.sqrt((area * (found - exact) ** 2).sum() / (area * exact**2).sum()))


def _plate(left: float, right: float) -> Package:
    side_um = _SIDE_M * 1e6

    def solid(k: float) -> Material:
        conductivity = (k, k, _ALONG_Z)
        return Material(f"{k:g}", "", {}, conductivity_w_mk=conductivity, heat_capacity_j_m3k=1e6)

    part = box(_JUMP * side_um, 0.0, side_um, side_um)
    layer = Layer(
        "plate",
        _THICK_M * 1e6,
        box(0.0, 0.0, side_um, side_um),
        solid(left),
        (Region("right", part, solid(right)),),
    )
    face = Face(_FILM_W_M2K, 0.0)
    return Package("plate", (layer,), solid(left), face, Face(), Face(), 0.0)
