"""The time that a layout file is stamped with: fixed, or that of ``SOURCE_DATE_EPOCH``."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from techlib import InputError

__all__ = ["file_time"]

_FIXED = datetime(2000, 1, 1)
_LATEST_S = 253_402_300_799  # 9999-12-31T23:59:59, the last second that a date can hold


def file_time() -> datetime:
    """Return the time stamp of layout files, in UTC without a zone.

    It is 2000-01-01 unless ``SOURCE_DATE_EPOCH`` gives another (seconds since 1970), as
    reproducible builds have it.

    Raises
    ------
    InputError
        The variable is set to something else than a number of seconds.

    Examples
    --------
    >>> file_time().year >= 2000
    True
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return _FIXED
    if not given.isdecimal() or int(given) > _LATEST_S:
        allowed = "whole seconds since 1970-01-01, e.g. 1700000000"
        raise InputError.of("SOURCE_DATE_EPOCH", f"{given!r}", allowed, "correct or unset it")
    return datetime.fromtimestamp(int(given), UTC).replace(tzinfo=None)
