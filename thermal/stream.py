"""Coolant that carries heat along a row of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stream"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
_Number = TypeVar("_Number", np.float64, np.int64)


@dataclass(frozen=True, eq=False)
class Stream:
    r"""Advection through the cells of one height, line by line, from an inlet to an outlet.

    With the heat capacity rate ``W`` of a line, cell ``i`` loses ``W (F_{i+1} - F_i)`` to the
    flow. The coolant at a face comes from the cells before it, extrapolated, which is of second
    order on any spacing ``w`` and stable for any exchange with the walls::

        F_{i+1} = T_i + c_i (T_i - T_{i-1}),   c_i = w_i / (w_i + w_{i-1})

    The inlet lies half a cell before the first centre: ``F_0 = T_{-1} = T_inlet``, ``c_0 = 1``.

    Parameters
    ----------
    z : int
        Height of the cells.
    axis : int
        1 for a flow along y, 2 along x.
    backward : bool
        Whether it flows towards lower coordinates.
    low, high : (int, int)
        First and one past the last cell along y and x.
    rate_w_k : array (lines,)
        Volume flow times heat capacity per volume, of each line of cells [W/K].
    weight : array (cells,)
        ``c`` above, in the direction of the flow.
    """

    z: int
    axis: int
    backward: bool
    low: tuple[int, int]
    high: tuple[int, int]
    rate_w_k: Array
    weight: Array

    @staticmethod
    def weights(widths_m: Array) -> Array:
        """Return the weights of extrapolation from the widths of cells in flow direction."""
        return np.concatenate([[1.0], widths_m[1:] / (widths_m[1:] + widths_m[:-1])])

    def lines(self, field: NDArray[_Number]) -> NDArray[_Number]:
        """Return a view of a field (nz, ny, nx) on the stream: (lines, cells along the flow)."""
        (y0, x0), (y1, x1) = self.low, self.high
        part = field[self.z, y0:y1, x0:x1]
        part = part if self.axis == 2 else part.T
        return part[:, ::-1] if self.backward else part

    def add_to(self, rise_k: Array, out_w: Array) -> None:
        """Add what each cell loses to the flow, for an inlet at the reference."""
        part = self.lines(rise_k)
        faces = part * (1.0 + self.weight)
        faces[:, 1:] -= self.weight[1:] * part[:, :-1]
        faces *= self.rate_w_k[:, None]
        out = self.lines(out_w)
        out += faces
        out[:, 1:] -= faces[:, :-1]

    def add_inlet_to(self, inlet_k: float, heat_w: Array) -> None:
        """Add the heat that an inlet above the reference brings into the cells."""
        heat = self.lines(heat_w)
        carried = self.rate_w_k * inlet_k
        heat[:, 0] += 2.0 * carried
        if heat.shape[1] > 1:
            heat[:, 1] -= carried

    def add_outlet_to(self, drain_w_k: Array) -> None:
        """Add what leaves at the outlet per kelvin of each cell: the sums of columns."""
        drain = self.lines(drain_w_k)
        drain[:, -1] += self.rate_w_k * (1.0 + self.weight[-1])
        if drain.shape[1] > 1:
            drain[:, -2] -= self.rate_w_k * self.weight[-1]

    def march(self, ground_w_k: Array, heat_w: Array) -> Array:
        """Solve along the flow for cells that lose ``ground T`` beside what the flow takes.

        Parameters
        ----------
        ground_w_k, heat_w : array (lines, cells)
            In the direction of the flow.

        Returns
        -------
        array (lines, cells)
            Rise over the reference [K].
        """
        rise = np.zeros_like(heat_w)
        weight, rate = self.weight, self.rate_w_k
        before = face = np.zeros(len(rate))
        for i in range(heat_w.shape[1]):
            # W ((1 + c) T_i - c T_{i-1} - F_i) + ground T_i = heat
            known = heat_w[:, i] + rate * (weight[i] * before + face)
            here = known / (ground_w_k[:, i] + rate * (1.0 + weight[i]))
            rise[:, i] = here
            face = here + weight[i] * (here - before)
            before = here
        return rise

    def entries(self, shape: tuple[int, int, int]) -> tuple[Index, Index, Array]:
        """Return rows, columns and values of the stream in the matrix over all cells."""
        number = self.lines(np.arange(np.prod(shape), dtype=np.int64).reshape(shape))
        one = self.rate_w_k[:, None] * (1.0 + self.weight)
        two = -self.rate_w_k[:, None] * self.weight
        rows, columns, values = [], [], []
        for behind, value in ((0, one), (1, two)):  # face i + 1 from cell i and the one before
            source = number[:, : number.shape[1] - behind]
            value = value[:, behind:]
            rows += [number[:, behind:], number[:, behind + 1 :]]
            columns += [source, source[:, :-1]]
            values += [value, -value[:, :-1]]
        row, column = (np.concatenate([part.ravel() for part in p]) for p in (rows, columns))
        return row, column, np.concatenate([part.ravel() for part in values])
