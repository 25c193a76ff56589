"""The times of steps in tables, as the compiled loops look them up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power.parallel import ParallelWork
from power.work import Work

__all__ = ["StepTimes"]


@dataclass(frozen=True, eq=False)
class StepTimes:
    """What a step takes, in parts.

    Parameters
    ----------
    fixed_s : array, shape (chunk + 1, 5)
        By tokens of the step: time of tensor, vector, HBM and serial parts [s], and what stretches
        the longest of the first three.
    slope_s : array, shape (7, 3)
        Time of the first three for each unit of `power.work.SUMS` [s].
    draft_s : array, shape (max_batch + 1, 4)
        By decoding sequences: the same four times for drafts of full length [s].
    """

    fixed_s: NDArray[np.float64]
    slope_s: NDArray[np.float64]
    draft_s: NDArray[np.float64]

    @classmethod
    def of(cls, work: Work) -> StepTimes:
        """Tabulate a machine's work on a model."""
        run, seconds = work.machine.operation, work.seconds_per_action
        tokens = np.arange(int(run.chunk_tokens) + 1)
        parts, serial = work.per_step(tokens) @ seconds, work.serial_s(tokens)
        stretch = work.stretch(tokens) if isinstance(work, ParallelWork) else np.ones(len(tokens))
        fixed = np.column_stack([parts, serial, stretch])
        drafted = run.draft_tokens * (run.draft_cost or 0.0)
        small = slice(int(run.max_batch) + 1)
        draft = drafted * np.column_stack([parts[small], serial[small]])
        slope = work.per_sum @ seconds
        return cls(*(np.ascontiguousarray(table) for table in (fixed, slope, draft)))
