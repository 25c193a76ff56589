"""How much memory this machine can still give."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available_byte"]

_MEMINFO = Path("/proc/meminfo")


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
