"""How much memory a mesh will need, and how much there is."""

from __future__ import annotations

import os
from pathlib import Path

from techlib import ResourceError

__all__ = ["available_byte", "check_memory", "predicted_byte"]

_BYTE_PER_CELL = 260  #: measured 256 after a transient: operator, solver levels, vectors
_SHARE = 0.9  #: of what is available that a model may take

_MEMINFO = Path("/proc/meminfo")


def predicted_byte(cells: int) -> int:
    """Return the memory that a model of so many cells takes at its peak [byte]."""
    return cells * _BYTE_PER_CELL


def available_byte() -> int | None:
    """Return the memory that this machine can still give, None where it does not tell [byte]."""
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def check_memory(shape: tuple[int, int, int], available: int | None = None) -> None:
    """Refuse a grid that would not fit.

    Parameters
    ----------
    shape : (int, int, int)
        Cells along z, y and x.
    available : int, optional
        In place of what the machine tells [byte].

    Raises
    ------
    ResourceError
        The prediction is above nine tenths of what is available.

    Examples
    --------
    >>> check_memory((20, 1024, 1024), available=10**9)
    Traceback (most recent call last):
    ...
    techlib.errors.ResourceError: 20 x 1024 x 1024 cells need about 5.5 GB, 1.0 GB are available;
    lower the lateral resolution to about 416
    """
    cells = shape[0] * shape[1] * shape[2]
    there = available_byte() if available is None else available
    if there is None or predicted_byte(cells) <= _SHARE * there:
        return
    fits = _SHARE * there / predicted_byte(shape[0])
    raise ResourceError(
        f"{shape[0]} x {shape[1]} x {shape[2]} cells need about "
        f"{predicted_byte(cells) / 1e9:.1f} GB, {there / 1e9:.1f} GB are available; "
        f"lower the lateral resolution to about {max(1, int(fits**0.5))}"
    )
