"""How loops are compiled: cached on disk, free of the interpreter lock, with their types kept."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba as nb
from numba.core.caching import FunctionCache
from numba.extending import register_jitable

__all__ = ["SAFE", "anywhere", "compiled", "compiled_sum", "inlined", "inlined_sum", "pasted"]

F = TypeVar("F", bound=Callable[..., object])

SAFE = {"contract", "nsz"}
"""What compiled loops may do to arithmetic: fuse a product and a sum, forget the sign of zero."""

_BORROWED = {"_nrt": False}
"""No counting of references to arrays, which belong to the caller: so loops allocate none.

A loop over rows takes a dozen slices of each, and threads would wait for each other's counts.
"""


def compiled(function: F) -> F:
    """Compile a loop; products and sums may fuse but keep their order."""
    return _jit(SAFE)(function)


def compiled_sum(function: F) -> F:
    """Compile a loop that holds a sum over a row, whose terms may be added in any fixed order."""
    return _jit(SAFE | {"reassoc"})(function)


def inlined(function: F) -> F:
    """Compile a loop that only other loops call: without the way in from Python, in less time."""
    return _jit(SAFE, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def inlined_sum(function: F) -> F:
    """Compile one that holds a sum as `compiled_sum` has it."""
    return _jit(SAFE | {"reassoc"}, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def anywhere(function: F) -> F:
    """Let compiled loops call a function too."""
    return register_jitable(**_BORROWED)(function)


def pasted(function: F) -> F:
    """Compile a loop with the one loop that calls it, which takes less time than on its own."""
    return _jit(SAFE | {"reassoc"}, inline="always")(function)


def _jit(fastmath: set[str], **options: Any) -> Callable[[F], F]:
    options |= {"nogil": True, "error_model": "numpy", "fastmath": fastmath} | _BORROWED

    def compile_later(function: F) -> F:
        loop = nb.njit(**options)(function)
        with contextlib.suppress(RuntimeError):  # no folder can be written to: nothing is kept
            loop._cache = _Cache(function)  # type: ignore[no-untyped-call]
        return cast("F", loop)

    return compile_later


class _Cache(FunctionCache):
    """A loop on disk, which holds those that it calls: of use until any of their sources change.

    What it is derived from looks at the file of the loop alone.
    """

    def _index_key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
        key: tuple[Any, ...] = super()._index_key(signature, codegen)  # type: ignore[no-untyped-call]
        return (*key, _sources())


@functools.cache
def _sources() -> str:
    """Return a digest of this room's modules."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
