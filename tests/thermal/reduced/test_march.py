"""The march of modes against a plain loop in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from thermal.reduced.march import ModalSystem, march_table
from thermal.reduced.recorder import Recorder

Array = NDArray[np.float64]
KEYS, MODES, STEPS = 5, 40, 5000


def system() -> ModalSystem:
    """Return modes with rates from 1 to 1e5 1/s."""
    draw = np.random.default_rng(3)
    rates = np.sort(10.0 ** draw.uniform(0.0, 5.0, MODES))
    shape = draw.normal(size=(MODES, KEYS)) * np.sqrt(rates)[:, None]
    around = draw.normal(size=MODES) * np.sqrt(rates)
    return ModalSystem(rates, shape, around, np.ones(MODES), np.ascontiguousarray(shape.T))


def exact(modes: ModalSystem, power_w: Array, durations_s: Array, start: Array) -> Array:
    """Return the amplitudes after each step."""
    x, found = start, []
    for power, duration in zip(power_w, durations_s, strict=True):
        steady = (modes.drive @ power + modes.surroundings) / modes.rates_per_s
        x = steady + np.exp(-modes.rates_per_s * duration) * (x - steady)
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("shortest_s", [1e-9, 1e-3, 100.0])
@pytest.mark.parametrize("even", [True, False])
def test_march_is_that_of_each_mode(shortest_s: float, even: bool) -> None:
    """Whether no mode, some or all are steady at the end of each step."""
    modes, draw = system(), np.random.default_rng(5)
    power_w = draw.uniform(0.0, 2.0, (STEPS, KEYS))
    durations_s = shortest_s * (np.ones(STEPS) if even else draw.uniform(1.0, 3.0, STEPS))
    start, recorder = draw.normal(size=MODES), Recorder(STEPS, KEYS, MODES, 25.0)
    last = march_table(modes, power_w, durations_s, start, recorder)
    path = exact(modes, power_w, durations_s, start)
    means_c = path @ modes.means.T + 25.0
    size = np.abs(means_c).max()
    assert np.abs(recorder.mean_c - means_c).max() < 1e-5 * size
    assert np.abs(last - path[-1]).max() < 1e-5 * np.abs(path).max()
    peaks = recorder.mean_c.argmax(axis=0)
    assert recorder.peak_step.tolist() == peaks.tolist()
    assert np.abs(recorder.amplitudes - path[peaks]).max() < 1e-5 * np.abs(path).max()
