"""The shapes of modes: at the cells of blocks, and everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techlib import InputError
from thermal.reduced.fields import Single, combine_exactly, products_exactly, values_at
from thermal.reduced.krylov import Basis, Modes

__all__ = ["ModeShapes"]

Array = NDArray[np.float64]

_TOGETHER = 8192  #: cells whose modes are formed together


@dataclass(frozen=True, eq=False)
class ModeShapes:
    """The shapes of modes.

    Parameters
    ----------
    at_blocks : array (members, modes)
        At the cells of blocks, one block after the other.
    coefficients : array (fields, modes)
        Each mode as a combination of fields.
    fields : tuple of array (count, cells)
        Fields of the whole package; empty where they were not kept.
    """

    at_blocks: Single
    coefficients: Array
    fields: tuple[Single, ...]

    @classmethod
    def of(cls, basis: Basis, modes: Modes, members: NDArray[np.int64]) -> ModeShapes:
        """Take the shapes from a basis."""
        at_blocks = np.empty((len(members), len(modes.rates_per_s)), dtype=np.float32)
        for first in range(0, len(members), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            values = values_at(basis.fields, members[part]).astype(np.float64)
            at_blocks[part] = values.T @ modes.coefficients
        return cls(at_blocks, modes.coefficients, tuple(basis.fields))

    def maxima(self, amplitudes: Array, starts: NDArray[np.int64]) -> Array:
        """Return the greatest cell of each block (keys,) [K]."""
        cells = self.at_blocks @ amplitudes.astype(np.float32)
        return np.maximum.reduceat(cells, starts).astype(np.float64)

    def peaks(self, amplitudes: Array, starts: NDArray[np.int64]) -> Array:
        """Return the greatest cell of each block at amplitudes of its own (keys, modes) [K]."""
        ends = [*starts[1:].tolist(), len(self.at_blocks)]
        return np.array(
            [
                (self.at_blocks[first:end] @ own).max()
                for first, end, own in zip(starts, ends, amplitudes.astype(np.float32), strict=True)
            ],
            dtype=np.float64,
        )

    def whole(self, amplitudes: Array) -> Array:
        """Return whole fields (count, cells) from amplitudes (modes, count).

        Raises
        ------
        InputError
            They were not kept.
        """
        self._check()
        return combine_exactly(self.fields, self.coefficients @ amplitudes)

    def amplitudes(self, weighted: Array) -> Array:
        """Return the amplitudes (modes,) of a field, from it times the heat capacities (cells,).

        Raises
        ------
        InputError
            Whole fields were not kept.
        """
        self._check()
        return np.asarray(self.coefficients.T @ products_exactly(self.fields, weighted[None])[:, 0])

    def _check(self) -> None:
        if not self.fields:
            raise InputError.of(
                "reduced model",
                "was saved without its fields",
                cure="build it anew, or save it with fields=True",
            )
