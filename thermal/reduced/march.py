"""The march of modes through steps of constant power, exact in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import compiled
from thermal.reduced.fields import Single
from thermal.reduced.krylov import Modes
from thermal.reduced.recorder import Recorder
from thermal.workers import shared, single_threaded_blas

__all__ = ["ModalSystem", "march_feedback", "march_table"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

_BLOCK = 1024  #: steps whose inputs and outputs are one matrix product each
_BUNDLES = 4  #: of modes, which threads take
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

    def factors(self, durations_s: Array, part: slice = slice(None)) -> tuple[Array, Array]:
        """Return decay and gain of modes over steps; one row where all are of one length.

        ``exp(-rate h)`` and ``(1 - exp(-rate h)) / rate``.
        """
        if np.ptp(durations_s) <= _EVEN * durations_s[0]:
            durations_s = durations_s[:1]
        rates_per_s = self.rates_per_s[part]
        exponent = -np.outer(durations_s, rates_per_s)
        return np.exp(exponent), -np.expm1(exponent) / rates_per_s


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
    single precision. Each thread takes some of the modes, which know nothing of one another.
    """
    steps, keys = power_w.shape
    bundles = [
        _Bundle.of(system, durations_s, amplitudes, part) for part in _parts(len(amplitudes))
    ]
    rows = np.empty((min(_BLOCK, steps), len(amplitudes)), np.float32)
    rises = np.empty((len(bundles), len(rows), keys), np.float32)
    with single_threaded_blas():
        for first in range(0, steps, _BLOCK):
            power = power_w[first : first + _BLOCK].astype(np.float32)

            def loop(low: int, high: int, first: int = first, power: Single = power) -> None:
                for number in range(low, high):
                    bundles[number].march(first, power, rows, rises[number])

            shared(loop, len(bundles))
            taken = len(power)
            recorder.take(first, rises[:, :taken].sum(axis=0), rows[:taken])
            if progress is not None:
                progress(first + taken, steps)
    return np.concatenate([bundle.amplitudes for bundle in bundles])


@dataclass(frozen=True, eq=False)
class _Bundle:
    """Some of the modes on their way through a march; `amplitudes` follow, `forced` is a buffer."""

    part: slice
    drive: Single
    surroundings: Single
    means: Single
    decay: Array
    gain: Array
    amplitudes: Array
    forced: Single

    @classmethod
    def of(cls, system: ModalSystem, durations_s: Array, start: Array, part: slice) -> _Bundle:
        decay, gain = system.factors(durations_s, part)
        return cls(
            part,
            np.ascontiguousarray(system.drive[part].T, np.float32),
            system.surroundings[part].astype(np.float32),
            np.ascontiguousarray(system.means[:, part].T, np.float32),
            decay,
            gain,
            start[part].copy(),
            np.empty((min(_BLOCK, len(durations_s)), part.stop - part.start), np.float32),
        )

    def march(self, first: int, power: Single, rows: Single, rise: Single) -> None:
        """Set its columns of `rows` (steps, modes), and what they add to the rise of the means."""
        steps = len(power)
        forced = np.matmul(power, self.drive, out=self.forced[:steps])
        forced += self.surroundings
        own = slice(first, first + steps) if len(self.decay) > 1 else slice(None)
        _recur(self.amplitudes, self.decay[own], self.gain[own], forced)
        rows[:steps, self.part] = forced
        np.matmul(forced, self.means, out=rise[:steps])


def _parts(modes: int) -> list[slice]:
    """Return the modes of each bundle: the same ones however many threads there are."""
    ends = [modes * number // _BUNDLES for number in range(_BUNDLES + 1)]
    return [slice(low, high) for low, high in pairwise(ends) if low < high]


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
