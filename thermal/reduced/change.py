"""How much the response to jumps of power changes when a basis grows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermal.reduced.fields import values_at
from thermal.reduced.krylov import Basis, Modes
from thermal.reduced.problem import Problem

__all__ = ["Change", "View", "Witness"]

Array = NDArray[np.float64]
Change = tuple[float, float]  #: of block means and of cells [K]

_TIMES = 32  #: from the shortest time of interest to the end
_END = 4.0  #: in time constants of the slowest mode


@dataclass(frozen=True, eq=False)
class View:
    """Modes, with the block means and the watched cells of each.

    Parameters
    ----------
    modes : Modes
    rows : (array (keys, modes), array (cells, modes))
        Block means and cells.
    """

    modes: Modes
    rows: tuple[Array, Array]

    def jump(self, mixing: Array, time_s: float) -> tuple[Array, Array]:
        """Return what a jump of each input gives after a time (keys, inputs), (cells, inputs)."""
        rates = self.modes.rates_per_s
        grown = -np.expm1(-rates * time_s) / rates
        amplitudes = grown[:, None] * (self.modes.sources @ mixing)
        return self.rows[0] @ amplitudes, self.rows[1] @ amplitudes


@dataclass(frozen=True, eq=False)
class Witness:
    """Block means, and some cells of blocks, that are watched while a basis grows.

    Parameters
    ----------
    problem : Problem
        With the inputs that jump.
    cells : array (cells,)
        The hottest cell of each block when all blocks have nominal power, and maybe others.
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
        return cls(problem, problem.greatest(rise), shortest_s)

    def view(self, basis: Basis, modes: Modes) -> View:
        """Return the outputs of modes, which may be of the first fields alone."""
        count = len(modes.coefficients)
        cells = values_at(basis.fields, self.cells)[:count].T @ modes.coefficients
        return View(modes, (modes.sources[:, : self.problem.keys].T, cells))

    def change_k(self, old: View, new: View) -> Change:
        """Return by how much the response to a jump of all inputs has changed, at most [K].

        It is reckoned for any signs of the inputs at their nominal size, at all times from the
        shortest one on, apart for block means and for cells.
        """
        worst = [0.0, 0.0]
        for pair in self._changes(old, new):
            for index, change in enumerate(pair):
                worst[index] = max(worst[index], float(change.sum(axis=1).max()))
        return worst[0], worst[1]

    def scattered_change_k(self, old: View, new: View) -> Change:
        """Return the same where each input jumps once, at a moment of its own [K]."""
        first, *rest = self._changes(old, new)
        means, cells = first
        for pair in rest:
            means, cells = np.maximum(means, pair[0]), np.maximum(cells, pair[1])
        return float(means.sum(axis=1).max()), float(cells.sum(axis=1).max())

    def _changes(self, old: View, new: View) -> Iterator[tuple[Array, Array]]:
        """Yield the sizes of the changes of means and cells by each input, at some times."""
        end_s = max(self.shortest_s, _END / new.modes.rates_per_s[0])
        for time_s in np.geomspace(self.shortest_s, end_s, _TIMES):
            before = old.jump(self.problem.mixing, time_s)
            after = new.jump(self.problem.mixing, time_s)
            yield np.abs(after[0] - before[0]), np.abs(after[1] - before[1])
