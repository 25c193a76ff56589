"""How loops are compiled: cached on disk, free of the interpreter lock, with their types kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba as nb

__all__ = ["compiled", "compiled_sum"]

F = TypeVar("F", bound=Callable[..., object])

_SAFE = {"contract", "nsz"}


def compiled(function: F) -> F:
    """Compile a loop; products and sums may fuse but keep their order."""
    return _jit(_SAFE)(function)


def compiled_sum(function: F) -> F:
    """Compile a loop that holds a sum over a row, whose terms may be added in any fixed order."""
    return _jit(_SAFE | {"reassoc"})(function)


def _jit(fastmath: set[str]) -> Callable[[F], F]:
    decorator = nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)
    return cast("Callable[[F], F]", decorator)
