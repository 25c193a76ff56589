"""Layers that coolant flows through: which cells, how much of it, and by which films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from package import Flow
from techlib import InputError
from thermal.mesh import Mesh
from thermal.overlap import covered_area
from thermal.stream import Stream

__all__ = ["Channel", "channels"]

Array = NDArray[np.float64]

_UM_PER_M = 1e6
_INSIDE = 0.5  #: share of a cell that makes it one of the coolant's


@dataclass(frozen=True, eq=False)
class Channel:
    """The cells of a flow.

    Parameters
    ----------
    flow : Flow
    stream : Stream
        Its cells and what they carry.
    wetted : array (ny, nx)
        Whether a cell is one of the coolant's.
    """

    flow: Flow
    stream: Stream
    wetted: NDArray[np.bool_]

    def halves(self, solid_w_k: Array, area_m2: Array) -> tuple[Array, Array]:
        """Return the conductances from the cells to their floor and to their ceiling (ny, nx).

        Films where there is coolant, half a cell elsewhere.
        """
        flow = self.flow
        floor, ceiling = (
            np.where(self.wetted, film * area_m2, solid_w_k)
            for film in (flow.floor_film_w_m2k, flow.ceiling_film_w_m2k)
        )
        return floor, ceiling

    def part(self, gx_w_k: NDArray[np.float32], gy_w_k: NDArray[np.float32]) -> None:
        """Let the coolant conduct nothing in its plane."""
        wet = self.wetted
        gx_w_k[wet[:, 1:] | wet[:, :-1]] = 0.0
        gy_w_k[wet[1:] | wet[:-1]] = 0.0

    def part_ends(self, halves_w_k: list[Array]) -> list[Array]:
        """Return what joins the cells to the sides: nothing where there is coolant."""
        wet = self.wetted
        ends = (wet[:, 0], wet[:, -1], wet[0], wet[-1])
        return [np.where(end, 0.0, half) for end, half in zip(ends, halves_w_k, strict=True)]


def channels(mesh: Mesh) -> dict[int, Channel]:
    """Return the channels of a mesh by the height of their cells.

    Raises
    ------
    InputError
        A flow that is narrower than a cell.
    """
    heights = {int(layer): k for k, layer in enumerate(mesh.layer_of_cell)}
    found = {}
    for index, layer in enumerate(mesh.package.layers):
        if layer.flow is not None:
            k = heights[index]
            found[k] = _channel(mesh, k, layer.name, layer.flow)
    return found


def _channel(mesh: Mesh, k: int, name: str, flow: Flow) -> Channel:
    layer = mesh.package.layers[int(mesh.layer_of_cell[k])]
    x_um, y_um = mesh.x_m * _UM_PER_M, mesh.y_m * _UM_PER_M
    area = np.outer(np.diff(y_um), np.diff(x_um))
    wetted = covered_area([layer.outline], x_um, y_um) >= _INSIDE * (1.0 - 1e-9) * area
    rows, columns = np.flatnonzero(wetted.any(axis=1)), np.flatnonzero(wetted.any(axis=0))
    if not rows.size:
        raise InputError.of(
            f"package {mesh.package.name}: layer {name}",
            "its flow is narrower than a cell",
            "a cell or more",
            "raise the lateral resolution",
        )
    low, high = (int(rows[0]), int(columns[0])), (int(rows[-1]) + 1, int(columns[-1]) + 1)
    dy, dx = np.diff(mesh.y_m)[low[0] : high[0]], np.diff(mesh.x_m)[low[1] : high[1]]
    across, along = (dy, dx) if flow.axis == "x" else (dx, dy)
    stream = Stream(
        z=k,
        axis=2 if flow.axis == "x" else 1,
        backward=flow.backward,
        low=low,
        high=high,
        rate_w_k=flow.capacity_rate_w_k * across / across.sum(),
        weight=Stream.weights(along[::-1] if flow.backward else along),
    )
    return Channel(flow, stream, wetted)
