"""Numbers that come in from outside, as arrays."""

from __future__ import annotations

import numbers as kinds
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from techlib import InputError

__all__ = ["is_number", "numbers", "shown"]

Array = NDArray[np.float64]


def numbers(values: ArrayLike, where: str) -> Array:
    """Return values as a plain array; what is one already is not copied.

    Parameters
    ----------
    values : array-like
        Any shape.
    where : str
        For error messages.

    Raises
    ------
    InputError
        Values that are masked, complex or no numbers at all, or rows of unequal length.

    Examples
    --------
    >>> numbers([1, 2], "power_w")
    array([1., 2.])
    """
    allowed = "numbers, in rows of one length"
    if np.ma.is_masked(values):
        raise InputError.of(where, "holds masked values", allowed, "fill them")
    if hasattr(values, "dtype") and np.iscomplexobj(values):
        raise InputError.of(where, "holds complex values", allowed)
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError.of(where, f"is no array of numbers ({error})", allowed) from None


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a real number, so that it can be compared."""
    return isinstance(value, kinds.Real)


def shown(value: Any) -> str:
    """Return a value as a message shows it."""
    return f"{value:g}" if is_number(value) else repr(value)
