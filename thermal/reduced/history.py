"""What a reduced model knows of a moment, and of a march through many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from thermal.reduced.recorder import Recorder

__all__ = ["ReducedHistory", "ReducedState"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReducedState:
    """A moment of a reduced model, from which its field can be reconstructed.

    Parameters
    ----------
    amplitudes : array (modes,)
        Of the modes.
    power_w : pandas.Series
        Power of each block up to this moment [W].
    time_s : float
        When; infinite for a steady state [s].
    """

    amplitudes: Array
    power_w: pd.Series[float]
    time_s: float


@dataclass(frozen=True, eq=False)
class ReducedHistory:
    """Temperatures over time, in single precision; row ``i`` is the end of step ``i``.

    Parameters
    ----------
    block_mean_c : pandas.DataFrame
        Mean of each block, rows by time [s] [degC].
    block_max_c : pandas.DataFrame or None
        Hottest cell of each block at every time, if it was asked for [degC].
    block_peak_c : pandas.Series
        Hottest cell of each block at the time when its mean is highest [degC].
    block_peak_s : pandas.Series
        That time [s].
    power_w : pandas.DataFrame
        Power of each block during the step that ends at that time [W].
    final : ReducedState
        At the end of the last step.
    hottest : ReducedState
        At the time of the greatest peak of all blocks.
    hottest_step : int
        Number of the step that ends there.
    start_error_k : float
        By how much the start, as the modes can form it, differs from the one that was given, on
        the cells of blocks [K].
    input_error_k : float
        Bound of the error by the power that the inputs cannot form [K]; 0 unless inputs were
        joined.
    seconds : mapping of str to float
        Time taken by ``march`` [s].
    warnings : tuple of str
        What limits the trust in the numbers.
    """

    block_mean_c: pd.DataFrame
    block_max_c: pd.DataFrame | None
    block_peak_c: pd.Series[float]
    block_peak_s: pd.Series[float]
    power_w: pd.DataFrame
    final: ReducedState
    hottest: ReducedState
    hottest_step: int
    start_error_k: float
    input_error_k: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        recorder: Recorder,
        power_w: Array,
        edges_s: Array,
        keys: tuple[str, ...],
        *,
        final: Array,
        peak_c: Array,
        start_error_k: float,
        input_error_k: float,
        seconds: float,
        warnings: tuple[str, ...],
    ) -> ReducedHistory:
        """Label what a march recorded; `final` are amplitudes, `peak_c` maxima by block."""
        times = pd.Index(edges_s[1:], name="time_s")
        blocks = pd.Index(keys, name="block")

        def state(step: int, amplitudes: Array) -> ReducedState:
            power = pd.Series(power_w[step], index=blocks, name="power_w")
            return ReducedState(amplitudes, power, float(edges_s[step + 1]))

        def table(values: NDArray[np.floating]) -> pd.DataFrame:
            return pd.DataFrame(values, index=times, columns=blocks, copy=False)

        hottest = int(np.argmax(peak_c))
        hottest_step = int(recorder.peak_step[hottest])
        return cls(
            block_mean_c=table(recorder.mean_c),
            block_max_c=None if recorder.max_c is None else table(recorder.max_c),
            block_peak_c=pd.Series(peak_c, index=blocks, name="peak_c"),
            block_peak_s=pd.Series(edges_s[1:][recorder.peak_step], index=blocks, name="peak_s"),
            power_w=table(power_w),
            final=state(len(power_w) - 1, final),
            hottest=state(hottest_step, recorder.amplitudes[hottest]),
            hottest_step=hottest_step,
            start_error_k=start_error_k,
            input_error_k=input_error_k,
            seconds={"march": seconds},
            warnings=warnings,
        )

    @property
    def max_c(self) -> float:
        """The hottest cell of any block, by `block_peak_c` [degC]."""
        return float(self.block_peak_c.max())

    @property
    def times_s(self) -> Array:
        """Ends of the steps [s]."""
        return np.asarray(self.block_mean_c.index, dtype=np.float64)
