"""How much memory a trace will take, from its requests to the report."""

from __future__ import annotations

from techlib import ResourceError
from techlib.memory import available_byte

__all__ = ["check_memory", "predicted_byte"]

_BYTE_PER_REQUEST = 2900  #: measured 2,600 to 2,800 on the class `chat`, most of it for the cap
_BYTE_PER_BIN = (
    4000  #: watts of some 60 causes and of 1,400 blocks, three times while they are made
)
_SHARE = 0.9  #: of what is available that a run may take


def predicted_byte(requests: int, bins: int = 600) -> int:
    """Return the memory that serving a trace whole and its report take at their peak [byte]."""
    return requests * _BYTE_PER_REQUEST + bins * _BYTE_PER_BIN


def check_memory(requests: int, bins: int = 600, available: int | None = None) -> None:
    """Refuse a trace that would not fit whole.

    Parameters
    ----------
    requests, bins : int
        What there is to serve, and bins of time.
    available : int, optional
        In place of what the machine tells [byte].

    Raises
    ------
    ResourceError
        The prediction is above nine tenths of what is available.

    Examples
    --------
    >>> check_memory(10_000_000, available=10**9)
    Traceback (most recent call last):
    ...
    techlib.errors.ResourceError: 10,000,000 requests need about 29.0 GB, 1.0 GB are available;
    serve them stretch by stretch (--stream), or cut a window of about 300,000
    """
    there = available_byte() if available is None else available
    needed = predicted_byte(requests, bins)
    if there is None or needed <= _SHARE * there:
        return
    fits = max(1, int((_SHARE * there - bins * _BYTE_PER_BIN) / _BYTE_PER_REQUEST))
    rounded = float(f"{fits:.1g}")
    raise ResourceError(
        f"{requests:,} requests need about {needed / 1e9:.1f} GB, {there / 1e9:.1f} GB are "
        f"available; serve them stretch by stretch (--stream), or cut a window of about "
        f"{rounded:,.0f}"
    )
