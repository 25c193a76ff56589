"""Sixteen values in single precision at a time, for compiled loops over the rows of a level.

A loop over slices is compiled with a check of whether its arrays overlap, of where each slice
begins and ends, and with a rest; on the short rows of a level that takes as long as the work. With
lanes a loop says what is loaded and stored. `+`, `-` and `*` work on them; as everywhere in
compiled loops, a product and a sum may fuse, see `thermal.compiled`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from thermal.compiled import SAFE

__all__ = [
    "LANES",
    "add_products",
    "alike",
    "fetch",
    "load",
    "no_sums",
    "nothing",
    "store",
    "total",
]

LANES = 16
"""How many there are: one line of the cache."""

_IN_LEVEL_2 = 2
"""Where a line is to be kept, as `llvm.prefetch` counts: the second level of the cache."""

_ALIGNED = 4  #: of an address [byte]; neighbours begin at any value
_FLAGS = sorted(SAFE)
_NUMBER = ir.IntType(32)
_SINGLE = ir.VectorType(ir.FloatType(), LANES)
_DOUBLE = ir.VectorType(ir.DoubleType(), LANES)


class _Lanes(types.Type):
    """The type of lanes in compiled loops."""


class _Sums(types.Type):
    """The type of a sum for each lane, in double precision."""


_lanes, _sums = _Lanes("lanes"), _Sums("sums of lanes")


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    """How lanes are held: in a register."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _SINGLE)  # type: ignore[no-untyped-call]


@register_model(_Sums)
class _SumsModel(models.PrimitiveModel):
    """How sums are held: in registers."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _DOUBLE)  # type: ignore[no-untyped-call]


def _define(symbol: Callable[[Any, Any], Any], instruction: str) -> None:
    """Let compiled loops use an operator on lanes."""

    def typed(_context: Any) -> Callable[[Any, Any], Any]:
        return lambda a, b: _lanes if a is _lanes and b is _lanes else None

    def lower(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return getattr(builder, instruction)(*given, flags=_FLAGS)

    type_callable(symbol)(typed)
    lower_builtin(symbol, _lanes, _lanes)(lower)  # type: ignore[no-untyped-call]


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")


def _intrinsic(function: Callable[..., Any]) -> Any:
    """Let compiled loops call what gives types and code, by position and without the context."""
    return intrinsic(function)


def _address(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    """Return the address of ``array[place]``."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [place])


@_intrinsic
def nothing(_context: Any) -> Any:
    """Return lanes of zeros."""

    def lower(_context: Any, _builder: Any, _signature: Any, _given: Any) -> Any:
        return ir.Constant(_SINGLE, None)

    return _lanes(), lower


@_intrinsic
def alike(_context: Any, _value: Any) -> Any:
    """Return lanes that all have a value, rounded to single precision."""

    def lower(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        rounded = builder.fptrunc(given[0], ir.FloatType())
        first = builder.insert_element(ir.Constant(_SINGLE, None), rounded, _NUMBER(0))
        everywhere = ir.Constant(ir.VectorType(_NUMBER, LANES), None)
        return builder.shuffle_vector(first, first, everywhere)

    return _lanes(types.float64), lower


@_intrinsic
def load(_context: Any, values: Any, _place: Any) -> Any:
    """Return ``values[place : place + LANES]``, of a contiguous array, without a check."""

    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        address = _address(context, builder, signature.args[0], *given)
        return builder.load(builder.bitcast(address, _SINGLE.as_pointer()), align=_ALIGNED)

    return _lanes(values, types.intp), lower


@_intrinsic
def store(_context: Any, values: Any, _place: Any, lanes: Any) -> Any:
    """Set ``values[place : place + LANES]``."""

    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        address = _address(context, builder, signature.args[0], *given[:2])
        builder.store(given[2], builder.bitcast(address, _SINGLE.as_pointer()), align=_ALIGNED)
        return context.get_dummy_value()

    return types.void(values, types.intp, lanes), lower


@_intrinsic
def fetch(_context: Any, values: Any, _place: Any) -> Any:
    """Ask for the line of the cache that holds ``values[place]``, and do not wait for it.

    A loop that works on what the cache holds leaves the memory idle meanwhile.
    """

    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        address = _address(context, builder, signature.args[0], *given)
        kind = ir.FunctionType(ir.VoidType(), [address.type, _NUMBER, _NUMBER, _NUMBER])
        get: Any = cgutils.get_or_insert_function
        prefetch = get(builder.module, kind, "llvm.prefetch.p0")
        builder.call(prefetch, [address, _NUMBER(0), _NUMBER(_IN_LEVEL_2), _NUMBER(1)])  # to read
        return context.get_dummy_value()

    return types.void(values, types.intp), lower


@_intrinsic
def no_sums(_context: Any) -> Any:
    """Return sums of nothing yet."""

    def lower(_context: Any, _builder: Any, _signature: Any, _given: Any) -> Any:
        return ir.Constant(_DOUBLE, None)

    return _sums(), lower


@_intrinsic
def add_products(_context: Any, sums: Any, a: Any, b: Any) -> Any:
    """Return sums with the products of lanes added, in double precision."""

    def lower(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        wide = [builder.fpext(lanes, _DOUBLE) for lanes in given[1:]]
        return builder.fadd(given[0], builder.fmul(*wide, flags=_FLAGS), flags=_FLAGS)

    return _sums(sums, a, b), lower


@_intrinsic
def total(_context: Any, sums: Any) -> Any:
    """Return the total of sums, always added up in the same order."""

    def lower(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        parts = [builder.extract_element(given[0], _NUMBER(lane)) for lane in range(LANES)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(*pair) for pair in zip(parts[:half], parts[half:], strict=True)]
        return parts[0]

    return types.float64(sums), lower
