"""A package as HotSpot's grid model has it: one node a layer, and rims of a few nodes.

Inside the outline of the die every layer is one cell high, with its node on its bottom face, from
where heat crosses the whole layer to the next node; the lateral flow of the layer runs at the
temperature of that face.

The rim of the spreader becomes four nodes, one beside each edge of the die; the sink gets four
above those and four more outside of the spreader. Each is joined

- to the edge cells of its layer through a bar as long as half the rim is wide,
- to the node of the sink above it through the spreader's thickness,
- to the outer node of its side, and
- to the fluid through the sink's thickness and its share of the film.

So temperature cannot vary along a rim, nor heat spread in it towards the corners.

References
----------
.. [1] K. Skadron et al., "Temperature-aware microarchitecture: modeling and implementation", ACM
   Transactions on Architecture and Code Optimization 1, 2004.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from package import Package
from thermal import Operator, Resolution, ThermalModel, sparse_matrix

__all__ = ["hotspot_like_means"]

Array = NDArray[np.float64]

_M_PER_UM = 1e-6
_ONE_NODE = Resolution(finest_um=1e6, growth=0.0)
_REFINED = Resolution(finest_um=62.5, growth=0.5)
_SIDES = ("west", "east", "south", "north")


@dataclass(frozen=True)
class _Plate:
    """A square plate wider than the die: conductivity [W/(m K)], thickness and side [m]."""

    conductivity_w_mk: float
    thickness_m: float
    side_m: float


def hotspot_like_means(
    package: Package, power_w: Mapping[str, float], lateral: int, *, one_node: bool = True
) -> pd.Series[float]:
    """Return block means with the rims of the two uppermost layers lumped [degC].

    Parameters
    ----------
    package : Package
        A die under a square spreader and a square sink, both centred on it, with a film on top.
    power_w : mapping of str to float
        Power of each block [W].
    lateral : int
        Cells a side inside the outline of the die.
    one_node : bool
        Whether each layer is one node on its bottom face; otherwise cells are refined along z.
    """
    die = package.layers[0].outline
    x0, y0, x1, y1 = (value * _M_PER_UM for value in die.bounds)
    inner = tuple(replace(layer, outline=die) for layer in package.layers)
    resolution = replace(_ONE_NODE if one_node else _REFINED, lateral=lateral)
    model = ThermalModel(replace(package, layers=inner), resolution, means="cells")
    operator = _on_bottom_faces(model) if one_node else model.operator
    spreader, sink = (
        _Plate(
            layer.background.conductivity_w_mk[0],
            layer.thickness_um * _M_PER_UM,
            (layer.outline.bounds[2] - layer.outline.bounds[0]) * _M_PER_UM,
        )
        for layer in package.layers[-2:]
    )
    cells = model.mesh.cells
    links = _Links(cells)
    for index, side in enumerate(_SIDES):
        across, along = (x1 - x0, y1 - y0) if side in ("west", "east") else (y1 - y0, x1 - x0)
        nodes = (cells + index, cells + 4 + index, cells + 8 + index)
        _add_edge_cells(links, model, side, (spreader, sink), nodes[:2], across, along)
        _add_side(links, spreader, sink, nodes, across, along, package.top.film_w_m2k)
    matrix = links.matrix(cells + 12)
    matrix = matrix + sparse.block_diag([sparse_matrix(operator), sparse.csc_array((12, 12))])
    rhs = np.zeros(cells + 12)
    rhs[:cells] = model.blocks.source(model.blocks.power_vector(dict(power_w))).ravel()
    rhs[:cells] += operator.outside_w.ravel()
    rise_k = splu(sparse.csc_matrix(matrix)).solve(rhs)[:cells].reshape(model.mesh.shape)
    means_c = model.blocks.means(rise_k) + model.operator.reference_c
    return pd.Series(means_c, index=pd.Index(model.keys, name="block"))


def _on_bottom_faces(model: ThermalModel) -> Operator:
    """Return the operator with the node of each layer, one cell high, on its bottom face."""
    mesh, package = model.mesh, model.package
    area_m2 = np.outer(np.diff(mesh.y_m), np.diff(mesh.x_m))
    through = [
        layer.background.conductivity_w_mk[2] / (layer.thickness_um * _M_PER_UM)
        for layer in package.layers
    ]
    outside_w_k = np.zeros(mesh.shape)
    outside_w_k[-1] = area_m2 / (1.0 / through[-1] + 1.0 / package.top.film_w_m2k)
    gz = np.array(through[:-1])[:, None, None] * area_m2
    rise_k = package.top.temperature_c - model.operator.reference_c
    return replace(
        model.operator,
        gz=gz.astype(np.float32),
        outside_w_k=outside_w_k,
        outside_w=outside_w_k * rise_k,
    )


class _Links:
    """Collects conductances between nodes, and to the fluid [W/K]."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._first: list[int] = []
        self._second: list[int] = []
        self._conductance: list[float] = []
        self._ground: dict[int, float] = {}

    def join(self, first: int, second: int, resistance_k_w: float) -> None:
        self._first.append(first)
        self._second.append(second)
        self._conductance.append(1.0 / resistance_k_w)

    def cool(self, node: int, resistance_k_w: float) -> None:
        self._ground[node] = self._ground.get(node, 0.0) + 1.0 / resistance_k_w

    def matrix(self, size: int) -> sparse.csc_array:
        i, j = np.array(self._first), np.array(self._second)
        g = np.array(self._conductance)
        off = sparse.coo_array((-g, (i, j)), shape=(size, size))
        diagonal = np.bincount(i, weights=g, minlength=size)
        diagonal += np.bincount(j, weights=g, minlength=size)
        for node, conductance in self._ground.items():
            diagonal[node] += conductance
        return sparse.csc_array(off + off.T + sparse.diags_array(diagonal))


def _bar(plate: _Plate, length_m: float, width_m: float) -> float:
    """Return the resistance of a bar as high as a plate [K/W]."""
    return length_m / (plate.conductivity_w_mk * width_m * plate.thickness_m)


def _add_edge_cells(
    links: _Links,
    model: ThermalModel,
    side: str,
    plates: tuple[_Plate, _Plate],
    nodes: tuple[int, ...],
    across_m: float,
    along_m: float,
) -> None:
    """Join the cells of both plates at one edge of the die to the nodes beside them."""
    mesh = model.mesh
    number = np.arange(mesh.cells).reshape(mesh.shape)
    place = {"west": np.s_[:, :, 0], "east": np.s_[:, :, -1]}
    edge = number[place.get(side, np.s_[:, 0, :] if side == "south" else np.s_[:, -1, :])]
    lines, other = (mesh.x_m, mesh.y_m) if side in place else (mesh.y_m, mesh.x_m)
    half_m = 0.5 * (lines[1] - lines[0] if side in ("west", "south") else lines[-1] - lines[-2])
    layers = len(mesh.package.layers)
    rim_m = (plates[0].side_m - across_m) / 4.0
    width_m = (plates[0].side_m + 3.0 * along_m) / 4.0
    for layer, plate, node in zip((layers - 2, layers - 1), plates, nodes, strict=True):
        heights = mesh.layer_cells(mesh.package.layers[layer].name)
        for k in heights:
            height_m = mesh.z_m[k + 1] - mesh.z_m[k]
            for cell, length_m in zip(edge[k], np.diff(other), strict=True):
                share = length_m / along_m * height_m / plate.thickness_m
                half = half_m / (plate.conductivity_w_mk * length_m * height_m)
                links.join(int(cell), node, half + _bar(plate, rim_m, width_m) / share)


def _add_side(
    links: _Links,
    spreader: _Plate,
    sink: _Plate,
    nodes: tuple[int, int, int],
    across_m: float,
    along_m: float,
    film_w_m2k: float,
) -> None:
    """Join the three nodes of one side with each other and with the fluid."""
    on_spreader, under_it, outside = nodes
    inner_m2 = (spreader.side_m + along_m) * (spreader.side_m - across_m) / 4.0
    outer_m2 = (sink.side_m**2 - spreader.side_m**2) / 4.0
    links.join(
        on_spreader, under_it, spreader.thickness_m / (spreader.conductivity_w_mk * inner_m2)
    )
    rim = _bar(sink, (spreader.side_m - across_m) / 4.0, (3.0 * spreader.side_m + along_m) / 4.0)
    rim += _bar(
        sink, (sink.side_m - spreader.side_m) / 4.0, (sink.side_m + 3.0 * spreader.side_m) / 4.0
    )
    links.join(under_it, outside, rim)
    through = sink.thickness_m / sink.conductivity_w_mk + 1.0 / film_w_m2k
    links.cool(under_it, through / inner_m2)
    links.cool(outside, through / outer_m2)
