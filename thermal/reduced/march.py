"""The march of modes through steps of constant power, exact in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled
from thermal.reduced.fields import Single
from thermal.reduced.krylov import Modes
from thermal.workers import available_threads, side_by_side

__all__ = ["ModalSystem", "Recorder", "march_feedback", "march_table"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

_BLOCK = 512  #: steps whose inputs and outputs are one matrix product each
_EVEN = 1e-9  #: steps whose lengths differ by less, relatively, are of one length


@dataclass(frozen=True, eq=False)
class ModalSystem:
    r"""Modes with their inputs and outputs.

    .. math:: \dot x = -\Lambda x + D p + d, \qquad \bar T = M x

    Parameters
    ----------
    rates_per_s : array (modes,)
        :math:`\Lambda` [1/s].
    drive : array (modes, keys)
        :math:`D`, by block power.
    surroundings : array (modes,)
        :math:`d`, by fluids that are warmer than the reference.
    uniform : array (modes,)
        Amplitudes of a rise by 1 K everywhere.
    means : array (keys, modes)
        :math:`M`, the mean of each mode over each block.
    """

    rates_per_s: Array
    drive: Array
    surroundings: Array
    uniform: Array
    means: Array

    @classmethod
    def of(cls, modes: Modes, projector: Array) -> ModalSystem:
        """Take inputs and outputs from modes whose sources are keys, fluids and the outside.

        `projector` (keys, keys) takes block powers to those that the inputs can form.
        """
        keys = len(projector)
        return cls(
            rates_per_s=modes.rates_per_s,
            drive=modes.sources[:, :keys] @ projector,
            surroundings=modes.sources[:, keys],
            uniform=modes.sources[:, keys + 1] / modes.rates_per_s,
            means=np.ascontiguousarray(modes.sources[:, :keys].T),
        )

    def factors(self, durations_s: Array) -> tuple[Array, Array]:
        """Return decay and gain over steps; one row where all are of one length.

        ``exp(-rate h)`` and ``(1 - exp(-rate h)) / rate``.
        """
        if np.ptp(durations_s) <= _EVEN * durations_s[0]:
            durations_s = durations_s[:1]
        exponent = -np.outer(durations_s, self.rates_per_s)
        return np.exp(exponent), -np.expm1(exponent) / self.rates_per_s


class Recorder:
    """Turns amplitudes into block temperatures, and keeps the hottest moment of each block.

    After the march `mean_c` and `max_c` (steps, keys) hold temperatures [degC]; `peak_step` (keys,)
    and `amplitudes` (keys, modes) hold the step at which the mean of each block is highest.

    Parameters
    ----------
    means : array (keys, modes)
        Block means of the modes.
    steps : int
        Of the march.
    reference_c : float
        Added to all rises [degC].
    cells : (array (members, modes), array (keys,)), optional
        The modes at the cells of blocks, one block after the other, and where each block begins;
        then maxima are kept too.
    """

    def __init__(
        self,
        means: Array,
        steps: int,
        reference_c: float,
        cells: tuple[Single, NDArray[np.int64]] | None = None,
    ) -> None:
        keys, modes = means.shape
        self._means = means.T.astype(np.float32)
        self._reference_c = reference_c
        self._cells = cells
        self._peak_k = np.full(keys, -np.inf, dtype=np.float32)
        self.mean_c = np.empty((steps, keys))
        self.max_c = None if cells is None else np.empty((steps, keys))
        self.peak_step = np.zeros(keys, dtype=np.int64)
        self.amplitudes = np.zeros((keys, modes))

    def take(self, first: int, amplitudes: Single) -> None:
        """Record consecutive steps (steps, modes), of which `first` is the number of the first."""
        rise = amplitudes @ self._means
        np.add(rise, self._reference_c, out=self.mean_c[first : first + len(rise)])
        best = rise.argmax(axis=0)
        peak = rise.max(axis=0)
        better = peak > self._peak_k
        self._peak_k[better] = peak[better]
        self.peak_step[better] = first + best[better]
        self.amplitudes[better] = amplitudes[best[better]]
        if self._cells is not None and self.max_c is not None:
            shapes, starts = self._cells
            cells = np.maximum.reduceat(shapes @ amplitudes.T, starts, axis=0)
            np.add(cells.T, self._reference_c, out=self.max_c[first : first + len(rise)])


def march_table(
    system: ModalSystem,
    power_w: Array,
    durations_s: Array,
    amplitudes: Array,
    recorder: Recorder,
    *,
    progress: Progress | None = None,
) -> Array:
    """March through known powers (steps, keys); return the amplitudes at the end.

    Amplitudes are added up in double precision; the products with inputs and outputs are in
    single precision. A second thread takes the inputs of the next steps meanwhile.
    """
    steps = len(power_w)
    drive = system.drive.T.astype(np.float32)
    surroundings = system.surroundings.astype(np.float32)
    decay, gain = system.factors(durations_s)
    alike = len(decay) == 1
    x = amplitudes.copy()
    parts = [slice(first, min(first + _BLOCK, steps)) for first in range(0, steps, _BLOCK)]

    def driven(_place: int, part: slice) -> Single:
        rows = power_w[part].astype(np.float32) @ drive
        rows += surroundings
        return rows

    blocks = side_by_side(driven, parts, min(available_threads() - 1, 1))
    for part, rows in zip(parts, blocks, strict=True):
        _recur(x, decay if alike else decay[part], gain if alike else gain[part], rows)
        recorder.take(part.start, rows)
        if progress is not None:
            progress(part.stop, steps)
    return x


def march_feedback(
    system: ModalSystem,
    power_of: Callable[[int, Array], Array],
    durations_s: Array,
    amplitudes: Array,
    recorder: Recorder,
    reference_c: float,
    *,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """March with powers that follow the block means at the start of each step.

    Returns
    -------
    amplitudes : array (modes,)
        At the end.
    power_w : array (steps, keys)
        Powers [W].
    """
    steps = len(durations_s)
    decay, gain = system.factors(durations_s)
    alike = len(decay) == 1
    power_w = np.empty((steps, len(system.means)))
    rows = np.empty((min(_BLOCK, steps), len(amplitudes)), dtype=np.float32)
    x, first = amplitudes.copy(), 0
    for step in range(steps):
        power_w[step] = power_of(step, system.means @ x + reference_c)
        row = 0 if alike else step
        x = decay[row] * x + gain[row] * (system.drive @ power_w[step] + system.surroundings)
        rows[step - first] = x
        if step + 1 - first == len(rows) or step + 1 == steps:
            recorder.take(first, rows[: step + 1 - first])
            first = step + 1
            if progress is not None:
                progress(first, steps)
    return x, power_w


@compiled
def _recur(x: Array, decay: Array, gain: Array, rows: Single) -> None:
    """``x <- decay x + gain row`` for each row, which takes the new ``x``."""
    alike = decay.shape[0] == 1
    for step in range(rows.shape[0]):
        row = rows[step]
        d, g = (decay[0], gain[0]) if alike else (decay[step], gain[step])
        for i in range(x.size):
            x[i] = d[i] * x[i] + g[i] * row[i]
            row[i] = x[i]
