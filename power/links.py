"""Collectives of a group of packages: time on local links, and on those between local domains."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from power.operation import Operation

__all__ = ["all_reduce_s", "domains_of", "exchange_s"]

Array = NDArray[np.float64]

_BITS = 8.0


def domains_of(run: Operation, packages: int) -> int:
    """Return how many local domains packages take up, as few and as even as can be.

    Examples
    --------
    >>> import power
    >>> [domains_of(power.operations()["jalapeno"], packages) for packages in (4, 128, 192)]
    [1, 1, 2]
    """
    return 1 if run.local_domain is None else math.ceil(packages / run.local_domain)


def all_reduce_s(run: Operation, packages: int, bits: Array, number: float) -> Array:
    """Return the time of ring all-reduces over packages [s].

    Over ``g`` domains of ``d`` packages they are made in three parts: a reduce-scatter within each
    domain, an all-reduce of each package's ``1 / d`` over the domains, an all-gather within. A
    package sends ``2 (d - 1) / d`` of the bits on local links and ``2 (g - 1) / (g d)`` between
    domains: together what one ring over all packages sends.

    Parameters
    ----------
    run : Operation
        Bandwidths and latencies of the links.
    packages : int
        That join their results.
    bits : array
        That each package has before, all collectives together [bit].
    number : float
        Collectives, one after the other.

    Examples
    --------
    >>> import numpy as np, power
    >>> run = power.operations()["jalapeno"]
    >>> near, far = (all_reduce_s(run, packages, np.array([8e6]), 1.0) for packages in (128, 256))
    >>> bool(far[0] > near[0] > run.all_reduce_latency_s)
    True
    """
    domains = domains_of(run, packages)
    each = packages / domains
    inside = 2.0 * (each - 1.0) / each
    seconds = bits * (inside / _BITS / run.link_bandwidth_byte_s)
    latency_s = run.all_reduce_latency_s if packages > 1 else 0.0
    if run.scale_out_bandwidth_byte_s is not None and domains > 1:
        between = 2.0 * (domains - 1.0) / domains / each
        seconds = seconds + bits * (between / _BITS / run.scale_out_bandwidth_byte_s)
        latency_s += run.scale_out_latency_s
    return np.asarray(seconds + number * latency_s)


def exchange_s(run: Operation, packages: int, bits: Array) -> Array:
    """Return the time in which a package sends bits evenly to all others of its group [s]."""
    domains = domains_of(run, packages)
    seconds = bits / (domains * _BITS * run.link_bandwidth_byte_s)
    if run.scale_out_bandwidth_byte_s is not None and domains > 1:
        far = (domains - 1.0) / domains
        seconds = seconds + bits * (far / _BITS / run.scale_out_bandwidth_byte_s)
    return np.asarray(seconds)
