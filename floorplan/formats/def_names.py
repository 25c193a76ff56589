"""Names as LEF, DEF and 3Dblox have them."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from floorplan.formats.text import unique_names

__all__ = ["def_name", "def_names"]

_ILLEGAL = r"[^\w/.$-]"  # what DEF has a meaning of its own for, and what not every reader takes


def def_names(names: Iterable[str]) -> dict[str, str]:
    """Map names to legal ones, each to one of its own."""
    return unique_names(names, illegal=_ILLEGAL, prefix="n", start=r"\w")


@functools.lru_cache(maxsize=1 << 16)
def def_name(name: str) -> str:
    """Return a name with what is illegal replaced.

    Examples
    --------
    >>> def_name("host[0]/tx0 p")
    'host_0_/tx0_p'
    """
    return def_names([name])[name]
