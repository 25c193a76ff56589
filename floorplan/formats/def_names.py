"""Names as LEF, DEF and 3Dblox have them."""

from __future__ import annotations

import functools
import hashlib
import re

__all__ = ["body_name", "def_name"]

_ILLEGAL = re.compile(r"[^\w.$-]")  # of a meaning in DEF, or what not every reader takes
_ILLEGAL_OF_BODY = re.compile(r"[^\w$-]")  # 3Dblox and file names have dots of their own
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
    return "/".join(_part(part, _ILLEGAL) for part in name.split("/"))


@functools.lru_cache(maxsize=1 << 10)
def body_name(name: str) -> str:
    """Return the name of a die or stack as one word, for instances, chiplets and files.

    Examples
    --------
    >>> body_name("hbm_w0"), body_name("io/die.1")
    ('hbm_w0', 'io_die_1_d1df13')
    """
    return _part(name, _ILLEGAL_OF_BODY)


def _part(part: str, illegal: re.Pattern[str]) -> str:
    clean = illegal.sub("_", part)
    if clean == part and re.match(r"\w", part):
        return part
    mark = hashlib.sha256(part.encode()).hexdigest()[:_DIGITS]
    return f"n{clean}_{mark}" if not re.match(r"\w", clean) else f"{clean}_{mark}"
