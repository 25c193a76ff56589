"""The passes of the conjugate-gradient iteration over the fields of one operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thermal import kernels
from thermal.cycle import packed
from thermal.levels import empty_field
from thermal.operator import Operator, single
from thermal.relaxation import Level, Single
from thermal.workers import Workers

__all__ = ["Gradients"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gradients:
    """An operator with the fields of a conjugate-gradient iteration.

    The solution and the residual that it is judged by are in double precision. Residual,
    direction and its image follow their recurrences in single precision, with conductances in
    single precision; what that leaves out is put right by computing the residual afresh.

    Parameters
    ----------
    operator : Operator
    ground_w_k : array (nz, ny, nx)
        Conductance to the outside and shift times capacity of each cell [W/K].
    level : Level
        The same operator in single precision. Its `source` is the residual, its `change` the image
        of the direction. Its `rise` is the preconditioned residual, then the direction.
    direction : array
        In the layout of the level: the direction before, which takes turns with the `rise`.
    """

    operator: Operator
    ground_w_k: Array
    level: Level
    direction: Single

    @classmethod
    def of(cls, operator: Operator, ground_w_k: Array, level: Level) -> Gradients:
        """Allocate the direction beside the fields of a level."""
        return cls(operator, ground_w_k, level, empty_field(operator.shape))

    def grounded(self, ground_w_k: Array, ground: Single) -> Gradients:
        """Return those of the operator with other conductances to the outside."""
        return replace(self, ground_w_k=ground_w_k, level=self.level._replace(ground=ground))

    def twin(self, level: Level) -> Gradients:
        """Return the same operator with the work space of another level, and its own direction."""
        level = self.level._replace(rise=level.rise, change=level.change, source=level.source)
        return replace(self, level=level, direction=empty_field(self.operator.shape))

    def updated(self, workers: Workers, operator: Operator, ground_w_k: Array) -> Gradients:
        """Return those of another operator on the same grid."""
        fields = operator.gx, operator.gy, operator.gz, single(ground_w_k)
        shape = operator.shape
        stored = [packed(workers, field, shape, empty_field(shape)) for field in fields]
        west, south, above, ground = stored
        level = self.level._replace(west=west, south=south, above=above, ground=ground)
        return replace(self, operator=operator, ground_w_k=ground_w_k, level=level)

    def residual(self, workers: Workers, rhs: Array, rise: Array | None, scale: float) -> float:
        """Set the residual to ``scale (rhs - A rise)`` and return its norm; None is a rise of 0."""
        o = self.operator
        none, x = np.zeros(o.shape[2], np.float32), rhs if rise is None else rise

        def loop(low: int, high: int, squares: Array) -> None:
            kernels.residual(
                o.gx,
                o.gy,
                o.gz,
                self.ground_w_k,
                none,
                rhs,
                x,
                rise is None,
                scale,
                np.zeros(o.shape[2]),
                self.level.source,
                squares,
                low,
                high,
            )

        return float(np.sqrt(self._total(workers, loop)))

    def _total(self, workers: Workers, loop: Callable[[int, int, Array], None]) -> float:
        """Run a loop over all rows; return the total of what it leaves for each."""
        rows = np.empty(self.operator.shape[1])
        workers.run(lambda low, high: loop(low, high, rows), workers.slabs(self.operator.shape))
        return float(rows.sum())
