"""How much memory a mesh will need, and how much there is."""

from __future__ import annotations

from collections.abc import Callable

from techlib import ResourceError
from techlib.memory import available_byte

__all__ = ["available_byte", "check_memory", "predicted_byte"]

_BYTE_PER_CELL = 125  #: measured 117, steady
_MARCHING_BYTE_PER_CELL = 135  #: measured 257 in all with steps of four lengths, 182 with one
_VARYING_BYTE_PER_CELL = 120  #: measured 119: operator and levels at other temperatures
_HEATED_BYTE_PER_CELL = 60  #: measured 59, of those that blocks heat: shares and weights of means
_FLOWING_BYTE_PER_CELL = 120  #: measured 113: vectors of the solver that is not symmetric
_SHARE = 0.9  #: of what is available that a model may take


def predicted_byte(
    cells: int,
    *,
    heated: float = 0.0,
    varies: bool = False,
    flows: bool = False,
    marches: bool = True,
) -> int:
    """Return the memory that a model of so many cells takes at its peak [byte].

    Parameters
    ----------
    cells : int
    heated : float
        Share of the cells that blocks heat.
    varies : bool
        Whether conductivities follow the temperature.
    flows : bool
        Whether coolant flows through a layer.
    marches : bool
        Whether there will be a transient.
    """
    extra = (
        _VARYING_BYTE_PER_CELL * varies
        + _FLOWING_BYTE_PER_CELL * flows
        + _MARCHING_BYTE_PER_CELL * marches
        + _HEATED_BYTE_PER_CELL * heated
    )
    return cells * round(_BYTE_PER_CELL + extra)


def check_memory(
    shape: tuple[int, int, int],
    available: int | None = None,
    *,
    heated: float = 0.0,
    varies: bool = False,
    flows: bool = False,
    marches: bool = True,
    needed_at: Callable[[int], int] | None = None,
) -> None:
    """Refuse a grid that would not fit.

    Parameters
    ----------
    shape : (int, int, int)
        Cells along z, y and x.
    available : int, optional
        In place of what the machine tells [byte].
    heated, varies, flows, marches
        As in `predicted_byte`.
    needed_at : callable, optional
        Memory at another lateral resolution, for the advice; that of as many cells along z unless
        given [byte].

    Raises
    ------
    ResourceError
        The prediction is above nine tenths of what is available.

    Examples
    --------
    >>> check_memory((20, 1024, 1024), available=10**9)
    Traceback (most recent call last):
    ...
    techlib.errors.ResourceError: 20 x 1024 x 1024 cells need about 5.5 GB, 1.0 GB are available;
    lower the lateral resolution to 416
    """
    there = available_byte() if available is None else available
    column = predicted_byte(shape[0], heated=heated, varies=varies, flows=flows, marches=marches)
    needed = column * shape[1] * shape[2]
    if there is None or needed <= _SHARE * there:
        return
    fits = _greatest(_SHARE * there, needed_at or (lambda lateral: column * lateral**2))
    cure = f"lower the lateral resolution to {fits}" if fits else "allow fewer cells along z"
    raise ResourceError(
        f"{shape[0]} x {shape[1]} x {shape[2]} cells need about {needed / 1e9:.1f} GB, "
        f"{there / 1e9:.1f} GB are available; {cure}"
    )


def _greatest(there: float, needed_at: Callable[[int], int]) -> int:
    """Return the greatest lateral resolution that fits, 0 where none does."""
    above = 1
    while needed_at(above) <= there:
        above *= 2
    low, high = above // 2, above  # the first fits, the last does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if needed_at(middle) <= there else (low, middle)
    return low
