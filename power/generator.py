"""Traces drawn from a class of workload, the same for the same seed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from power.trace import Trace
from power.workload import Workload
from techlib import Faults, InputError

__all__ = ["generate"]

_MOST_REQUESTS = 50_000_000


def generate(
    workload: Workload,
    *,
    seed: int,
    duration_s: float | None = None,
    rate_per_s: float | None = None,
) -> Trace:
    """Draw a trace.

    Arrivals, prompts and outputs come from streams of their own: the same seed at another rate
    gives the same requests, only closer together or further apart.

    Parameters
    ----------
    workload : Workload
        The class of workload.
    seed : int
        Seed of numpy's default generator; not negative.
    duration_s : float, optional
        Time in which requests arrive [s]; the class's own by default.
    rate_per_s : float, optional
        Mean rate of arrival [1/s]; the class's own by default.

    Returns
    -------
    Trace
        Named after the class and the seed.

    Raises
    ------
    InputError
        A duration, rate or seed that cannot be, or no request within the duration.

    Examples
    --------
    >>> import power
    >>> trace = generate(power.workloads()["chat"], seed=1, duration_s=20.0)
    >>> again = generate(power.workloads()["chat"], seed=1, duration_s=20.0)
    >>> len(trace) == len(again) and bool((trace.arrival_s == again.arrival_s).all())
    True
    """
    duration = workload.duration_s if duration_s is None else duration_s
    rate = workload.rate_per_s if rate_per_s is None else rate_per_s
    where = f"workload {workload.name}"
    faults = Faults()
    for name, value, unit in (("duration_s", duration, "s"), ("rate_per_s", rate, "1/s")):
        if not (math.isfinite(value) and value > 0.0):
            faults.add(f"{where}: {name}", f"{value:g} {unit}", f"above 0 {unit}")
    if seed < 0:
        faults.add(f"{where}: seed", f"{seed}", "0 or above")
    faults.raise_if_any()
    if rate * duration > _MOST_REQUESTS:
        what = f"about {rate * duration:.3g} requests"
        raise InputError.of(where, what, f"at most {_MOST_REQUESTS:,}", "shorten the duration")
    arrivals, prompts, outputs = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(3)
    )
    arrival_s = _arrivals(arrivals, rate, workload.arrival_cv, duration)
    if not len(arrival_s):
        what = f"no request arrives in {duration:g} s at {rate:g} per second"
        raise InputError.of(where, what, cure="lengthen the duration or raise the rate")
    number = len(arrival_s)
    return Trace(
        f"{workload.name}-{seed}",
        arrival_s,
        _lengths(prompts, workload, "prompt", number),
        _lengths(outputs, workload, "output", number),
    )


def _arrivals(
    generator: np.random.Generator, rate: float, cv: float, duration: float
) -> NDArray[np.float64]:
    """Draw times of arrival until the duration is over, shape (n,) [s]."""
    shape, scale = cv**-2, cv**2 / rate
    times = np.zeros(1)
    while times[-1] < duration:
        expected = rate * (duration - times[-1])
        gaps = generator.gamma(shape, scale, size=int(expected + 10.0 * cv * expected**0.5) + 16)
        times = np.concatenate([times, times[-1] + np.cumsum(gaps)])
    return times[1:][times[1:] < duration]


def _lengths(
    generator: np.random.Generator, workload: Workload, part: str, number: int
) -> NDArray[np.int64]:
    """Draw token counts, shape (n,)."""
    median, sigma, most = (
        getattr(workload, f"{part}_{which}") for which in ("median_tokens", "sigma", "max_tokens")
    )
    drawn = generator.lognormal(math.log(median), sigma, size=number)
    return np.rint(np.clip(drawn, 1.0, most)).astype(np.int64)
