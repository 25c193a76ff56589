"""How loops are compiled: cached on disk, free of the interpreter lock, with their types kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba as nb

__all__ = ["compiled", "compiled_sum", "inlined"]

F = TypeVar("F", bound=Callable[..., object])

_SAFE = {"contract", "nsz"}


def compiled(function: F) -> F:
    """Compile a loop; products and sums may fuse but keep their order."""
    return _jit(_SAFE)(function)


def compiled_sum(function: F) -> F:
    """Compile a loop that holds a sum over a row, whose terms may be added in any fixed order."""
    return _jit(_SAFE | {"reassoc"})(function)


def inlined(function: F) -> F:
    """Compile a loop that only other loops call: without the way in from Python, in less time."""
    return _jit(_SAFE | {"reassoc"}, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def _jit(fastmath: set[str], **options: Any) -> Callable[[F], F]:
    options |= {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": fastmath}
    return cast("Callable[[F], F]", nb.njit(**options))
