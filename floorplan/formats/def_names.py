"""Names as LEF, DEF and 3Dblox have them."""

from __future__ import annotations

import functools
import hashlib
import re

__all__ = ["def_name"]

_ILLEGAL = re.compile(r"[^\w.$-]")  # of a meaning in DEF, or what not every reader takes
_DIGITS = 6


@functools.lru_cache(maxsize=1 << 16)
def def_name(name: str) -> str:
    """Return a name with what is illegal replaced, part by part of its path.

    A part that changes gets a mark that its own letters give it, so that two names never become
    one, and a name is the same in every file, whatever stands beside it.

    Examples
    --------
    >>> def_name("host/tx0_p"), def_name("host[0]/tx0_p"), def_name("host(0)/tx0_p")
    ('host/tx0_p', 'host_0__beee79/tx0_p', 'host_0__6bd835/tx0_p')
    """
    return "/".join(_part(part) for part in name.split("/"))


def _part(part: str) -> str:
    clean = _ILLEGAL.sub("_", part)
    if clean == part and re.match(r"\w", part):
        return part
    mark = hashlib.sha256(part.encode()).hexdigest()[:_DIGITS]
    return f"n{clean}_{mark}" if not re.match(r"\w", clean) else f"{clean}_{mark}"
