"""How much the response to jumps of power changes when a basis grows: an estimate of its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermal.reduced.fields import values_at
from thermal.reduced.krylov import Basis, Modes
from thermal.reduced.problem import Problem

__all__ = ["Witness"]

Array = NDArray[np.float64]

_TIMES = 32  #: from the shortest time of interest to the end
_END = 4.0  #: in time constants of the slowest mode


@dataclass(frozen=True, eq=False)
class Witness:
    """Block means, and one cell of each block, that are watched while a basis grows.

    Parameters
    ----------
    problem : Problem
        With the inputs that jump.
    cells : array (keys,)
        The hottest cell of each block when all blocks have nominal power.
    shortest_s : float
        Time after a jump from which on temperatures count [s].
    """

    problem: Problem
    cells: NDArray[np.int64]
    shortest_s: float

    @classmethod
    def of(cls, problem: Problem, basis: Basis, modes: Modes, shortest_s: float) -> Witness:
        """Choose the cells by the steady state of a basis."""
        nominal = modes.sources[:, : problem.keys] @ problem.inputs.nominal_w / modes.rates_per_s
        rise = values_at(basis.fields, problem.members).T @ (modes.coefficients @ nominal)
        ends = np.append(problem.starts[1:], len(rise))
        hottest = [
            first + int(np.argmax(rise[first:end]))
            for first, end in zip(problem.starts, ends, strict=True)
        ]
        return cls(problem, problem.members[hottest], shortest_s)

    def outputs(self, basis: Basis, modes: Modes) -> tuple[Array, Array]:
        """Return block means and watched cells of each mode (keys, modes)."""
        cells = values_at(basis.fields, self.cells).T @ modes.coefficients
        return modes.sources[:, : self.problem.keys].T, cells

    def change_k(self, old: tuple[Modes, tuple[Array, Array]], basis: Basis, new: Modes) -> Change:
        """Return by how much the response to a jump of all inputs has changed, at most [K].

        It is reckoned for any signs of the inputs at their nominal size, at all times from the
        shortest one on, apart for block means and for cells.
        """
        modes, outputs = old
        end_s = max(self.shortest_s, _END / new.rates_per_s[0])
        times_s = np.geomspace(self.shortest_s, end_s, _TIMES)
        worst = [0.0, 0.0]
        pairs = list(zip(outputs, self.outputs(basis, new), strict=True))
        for time_s in times_s:
            before = _jump(modes, self.problem.mixing, time_s)
            after = _jump(new, self.problem.mixing, time_s)
            for index, (old_rows, new_rows) in enumerate(pairs):
                difference = np.abs(new_rows @ after - old_rows @ before).sum(axis=1)
                worst[index] = max(worst[index], float(difference.max()))
        return worst[0], worst[1]


Change = tuple[float, float]


def _jump(modes: Modes, mixing: Array, time_s: float) -> Array:
    """Return the amplitudes after a jump of each input (modes, inputs)."""
    grown = -np.expm1(-modes.rates_per_s * time_s) / modes.rates_per_s
    return np.asarray(grown[:, None] * (modes.sources @ mixing))
