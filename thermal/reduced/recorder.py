"""What is kept of a march of modes: block temperatures, and the hottest moment of each block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermal.reduced.fields import Single

__all__ = ["Recorder"]

Index = NDArray[np.int64]


class Recorder:
    """Turns rises into block temperatures, and keeps the hottest moment of each block.

    After the march `mean_c` and `max_c` (steps, keys) hold temperatures, in single precision as
    the products that they are found by [degC]; `peak_step` (keys,) and `amplitudes` (keys, modes)
    hold the step at which the mean of each block is highest.

    Parameters
    ----------
    steps, keys, modes : int
        Of the march.
    reference_c : float
        Added to all rises [degC].
    cells : (array (members, modes), array (keys,)), optional
        The modes at the cells of blocks, one block after the other, and where each block begins;
        then maxima are kept too.
    """

    def __init__(
        self,
        steps: int,
        keys: int,
        modes: int,
        reference_c: float,
        cells: tuple[Single, NDArray[np.int64]] | None = None,
    ) -> None:
        self._reference_c = reference_c
        self._cells = cells
        self._peak_k = np.full(keys, -np.inf, dtype=np.float32)
        self._higher: dict[int, tuple[Index, Single, Index, Single]] = {}
        self.mean_c = np.empty((steps, keys), np.float32)
        self.max_c = None if cells is None else np.empty((steps, keys), np.float32)
        self.peak_step = np.zeros(keys, dtype=np.int64)
        self.amplitudes = np.zeros((keys, modes))

    def take(self, first: int, rise: Single, amplitudes: Single) -> None:
        """Record consecutive steps, of which `first` is the number of the first.

        Threads may record different steps at once; then `settle` has to follow.

        Parameters
        ----------
        first : int
        rise : array (steps, keys)
            Of block means [K].
        amplitudes : array (steps, modes)
            Of the slowest modes; those of others are left to the caller.
        """
        own = slice(first, first + len(rise))
        np.add(rise, self._reference_c, out=self.mean_c[own])
        peak = rise.max(axis=0)
        keys = np.flatnonzero(peak > self._peak_k)
        best = rise[:, keys].argmax(axis=0)
        self._higher[first] = keys, peak[keys], first + best, amplitudes[best]
        if self._cells is not None and self.max_c is not None:
            shapes, starts = self._cells
            cells = np.maximum.reduceat(shapes @ amplitudes.T, starts, axis=0)
            np.add(cells.T, self._reference_c, out=self.max_c[own])

    def settle(self) -> None:
        """Keep what is higher than before of all steps that were recorded since."""
        for _, (keys, peak, step, amplitudes) in sorted(self._higher.items(), key=lambda at: at[0]):
            still = peak > self._peak_k[keys]
            better = keys[still]
            self._peak_k[better] = peak[still]
            self.peak_step[better] = step[still]
            self.amplitudes[better, : amplitudes.shape[1]] = amplitudes[still]
        self._higher.clear()
