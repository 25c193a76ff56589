"""The march of modes through steps of constant power, exact in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled
from thermal.reduced.fields import Single
from thermal.reduced.krylov import Modes
from thermal.reduced.recorder import Recorder
from thermal.reduced.rounds import Round
from thermal.workers import single_threaded_blas

__all__ = ["ModalSystem", "march_feedback", "march_table"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

_CHUNK = 1024  #: steps whose inputs and outputs are one matrix product each
_ROUND = 2 * _CHUNK  #: steps that are taken at once; two rounds of them stay in the cache
_EVEN = 1e-9  #: steps whose lengths differ by less, relatively, are of one length
_FORGOTTEN = 21.0  #: time constants after which a mode has less than 1e-9 of where it was


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
            surroundings=modes.sources[:, keys].copy(),  # a column; loops want it in one piece
            uniform=modes.sources[:, keys + 1] / modes.rates_per_s,
            means=np.ascontiguousarray(modes.sources[:, :keys].T),
        )

    def part(self, modes: slice) -> ModalSystem:
        """Return some of the modes."""
        return ModalSystem(
            self.rates_per_s[modes],
            self.drive[modes],
            self.surroundings[modes],
            self.uniform[modes],
            np.ascontiguousarray(self.means[:, modes]),
        )

    def steady(self, power_w: Array) -> Array:
        """Return the steady amplitudes (..., modes) at powers (..., keys) [W]."""
        return np.asarray((power_w @ self.drive.T + self.surroundings) / self.rates_per_s)

    def factors(self, durations_s: Array) -> tuple[Array, Array]:
        """Return decay and gain of modes over steps; one row where all are of one length.

        ``exp(-rate h)`` and ``(1 - exp(-rate h)) / rate``.
        """
        if np.ptp(durations_s) <= _EVEN * durations_s[0]:
            durations_s = durations_s[:1]
        exponent = -np.outer(durations_s, self.rates_per_s)
        return np.exp(exponent), -np.expm1(exponent) / self.rates_per_s


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
    single precision. Modes that forget during every step where they were are steady at its end, so
    block means get their share straight from the powers. Threads share the chunks of a round; one
    takes the other modes from step to step, which is little work. The result is the same for any
    number of threads.
    """
    steps, modes = len(power_w), len(amplitudes)
    slow = modes  # all, for the cells of blocks
    if recorder.max_c is None:
        slow = int(np.searchsorted(system.rates_per_s * durations_s.min(), _FORGOTTEN))
    kept, fast = system.part(slice(slow)), system.part(slice(slow, modes))
    drive, straight = _single(kept.drive.T), fast.drive / fast.rates_per_s[:, None]
    evenly_k = fast.means @ (fast.surroundings / fast.rates_per_s)
    means = _single(np.vstack([kept.means.T, (fast.means @ straight).T, evenly_k]))
    decay, gain = kept.factors(durations_s)
    x, at_once = amplitudes[:slow].copy(), min(_ROUND, steps)
    lines = np.ones((2, at_once, len(means)), np.float32)  # amplitudes, powers and 1; two rounds

    def force(step: int) -> None:
        chunk, powers = _chunk(lines, step, steps), power_w[step : step + _CHUNK]
        chunk[:, slow:-1] = powers
        np.matmul(chunk[:, slow:-1], drive, out=chunk[:, :slow])

    def recur(step: int) -> None:
        own = slice(step, step + _ROUND) if len(decay) > 1 else slice(None)
        rows = lines[step // _ROUND % 2, : steps - step]
        _recur(x, decay[own], gain[own], kept.surroundings, rows)

    def record(step: int) -> None:
        chunk = _chunk(lines, step, steps)
        recorder.take(step, chunk @ means, chunk[:, :slow])

    with single_threaded_blas():
        for step in range(0, min(_ROUND, steps), _CHUNK):
            force(step)
        for first in range(0, steps, _ROUND):
            last = min(first + _ROUND, steps)
            ahead = range(last, min(last + _ROUND, steps), _CHUNK)
            Round(partial(recur, first), force, ahead, record, range(first, last, _CHUNK)).run()
            recorder.settle()
            if progress is not None:
                progress(last, steps)
    recorder.amplitudes[:, slow:] = fast.steady(power_w[recorder.peak_step])
    return np.concatenate([x, fast.steady(power_w[-1])])


def _single(matrix: Array) -> Single:
    return np.ascontiguousarray(matrix, np.float32)


def _chunk(lines: Single, step: int, steps: int) -> Single:
    """Return the lines of the steps that begin with one."""
    begin = step % _ROUND
    return lines[step // _ROUND % 2, begin : min(begin + _CHUNK, begin + steps - step)]


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
    rows = np.empty((min(_CHUNK, steps), len(amplitudes)), dtype=np.float32)
    means = system.means.T.astype(np.float32)
    x, first = amplitudes.copy(), 0
    for step in range(steps):
        power_w[step] = power_of(step, system.means @ x + reference_c)
        row = 0 if alike else step
        x = decay[row] * x + gain[row] * (system.drive @ power_w[step] + system.surroundings)
        rows[step - first] = x
        if step + 1 - first == len(rows) or step + 1 == steps:
            taken = rows[: step + 1 - first]
            recorder.take(first, taken @ means, taken)
            recorder.settle()
            first = step + 1
            if progress is not None:
                progress(first, steps)
    return x, power_w


@compiled
def _recur(x: Array, decay: Array, gain: Array, added: Array, rows: Single) -> None:
    """``x <- decay x + gain (row + added)`` at the beginning of each row, which takes it."""
    alike = decay.shape[0] == 1
    for step in range(rows.shape[0]):
        at = 0 if alike else step
        row, d, g = rows[step], decay[at], gain[at]
        for i in range(x.size):
            x[i] = d[i] * x[i] + g[i] * (row[i] + added[i])
            row[i] = x[i]
