"""How much memory this process can still get."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["available_byte"]


def available_byte(root: Path = Path("/")) -> int | None:
    """Return the memory that can still be had, None where the machine does not tell [byte].

    The least of what is free on the machine and of what the limits of the control groups that
    this process is in, a container's for one, leave. Files that are only cached count as free.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are.
    """
    free = [*_machine(root), *_groups(root)]
    return min(free, default=None)


def _machine(root: Path) -> Iterator[int]:
    """Yield what is free on the machine [byte]."""
    for line in _lines(root / "proc" / "meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
            return
    try:
        yield os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return


def _groups(root: Path) -> Iterator[int]:
    """Yield what each limit of the control groups leaves, those of version 2 and 1 [byte]."""
    mounted = root / "sys" / "fs" / "cgroup"
    for line in _lines(root / "proc" / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base, limit, used, cached = mounted, "max", "current", "inactive_file"
        elif "memory" in controllers.split(","):
            base = mounted / "memory"
            limit, used, cached = "limit_in_bytes", "usage_in_bytes", "total_inactive_file"
        else:
            continue
        group = base / path.strip("/")
        for folder in (group, *group.parents):
            allowed, taken = (_number(folder / f"memory.{name}") for name in (limit, used))
            if allowed is not None and taken is not None:
                files = dict(line.split() for line in _lines(folder / "memory.stat"))
                yield max(0, allowed - taken + int(files.get(cached, 0)))
            if folder == base:
                break


def _number(file: Path) -> int | None:
    """Return the number in a file, None where there is none or another word (``max``)."""
    text = "".join(_lines(file)).strip()
    return int(text) if text.isdecimal() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
