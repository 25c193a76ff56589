"""Compiled loops of one multigrid cycle: relaxation of columns and transfers between levels.

A field of a level is stored in single precision as (row, parity, place): cell (z, y, x) is at
``[y + 1, x % 2, LEAD + z * stride + x // 2]``, and all else is zero. Cells of one colour of the
red-black ordering, ``(x + y) % 2``, are so contiguous in a row, and so are their four lateral
neighbours. Conductances between cells are stored at the cell to whose west, to whose south or
above which they lie. A cell at the edge finds some other cell or a zero in place of the neighbour
that it lacks, behind a conductance of zero.

Both passes work through the rows as a wavefront: stage k handles row s - k while stage 0 handles
row s, so that the rows at work stay in the cache. A pass over a range of rows that begins or ends
inside the grid narrows by one row a stage (``spread = -1``); the wedges left between two such
ranges are filled by passes that widen by one row a stage (``spread = 1``). The arithmetic does
not depend on the ranges, hence neither do the results on the number of threads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thermal.compiled import inlined, inlined_sum, pasted
from thermal.lanes import LANES, add_products, fetch, load, no_sums, nothing, store, total

__all__ = ["LEAD", "Level", "ascend", "descend", "solve_column", "span"]

Single = NDArray[np.float32]
Double = NDArray[np.float64]
Place = NDArray[np.uint64]

RED, BLACK = 0, 1

_ONE = np.uint64(1)

LEAD = 16
"""Zeros before and behind a row: one line of the cache, so that rows begin on a line."""

_AHEAD = 2
"""Rows between the first stage of a pass and the memory that is fetched for it; 3 is no better."""


class Level(NamedTuple):
    """Arrays of one level, fields in the layout of this module.

    `west`, `south`, `above` and `ground` are conductances, `inverse_pivot` and `grounded` the
    factors of the columns; `rise`, `change` and `source` are work space. `home_x` is the parent
    of each column, `home_y` the stored coarse row of each row's parent; `paired` says that the
    parent of every column x is x // 2; `stride` leads from one z to the next.
    """

    west: Single
    south: Single
    above: Single
    ground: Single
    inverse_pivot: Single
    grounded: Single
    rise: Single
    change: Single
    source: Single
    home_x: Place
    home_y: Place
    paired: bool
    stride: int


@inlined
def relax(
    level: Level,
    out: Single,
    around: Single,
    j: int,
    colour: int,
    with_source: bool,
    with_flow: bool,
    soon: Single,
    later: Single,
) -> None:
    """Solve ``T out = source + G around`` in the columns of one colour of row `j`.

    ``T`` is the part of the operator within a column and ``-G`` the part between columns. With
    ``T = (1 - L) D (1 - L')``, ``p = diag(D)``, ``e_k = p_k - gz_k`` and ``q = e / p``::

        y_k = f_k + (1 - q_(k-1)) y_(k-1),      out_k = y_k / p_k + (1 - q_k) out_(k+1)

    Storing ``q`` and not ``1 - q`` keeps a weak path to the outside beside stiff thin layers.
    The rows `soon` and `later` of other fields are fetched meanwhile.
    """
    c = (colour + j) & 1
    r, n, stride = j + 1, out.shape[2] - 2 * LEAD, level.stride
    y, f, q, p = out[r, c], level.source[r, c], level.grounded[r, c], level.inverse_pivot[r, c]
    sides = _sides(level, around, r, c)
    soon_even, soon_odd, later_even, later_odd = soon[0], soon[1], later[0], later[1]
    end = LEAD + n
    for place in range(LEAD, end, LANES):
        here = nothing()
        if with_source:
            here = load(f, place)
        if with_flow:
            here = here + _flow(sides, place)
        if place >= LEAD + stride:
            below = load(y, place - stride)
            here = here + (below - load(q, place - stride) * below)
        store(y, place, here)
        fetch(soon_even, place)
        fetch(soon_odd, place)
    for place in range(end - stride, end, LANES):
        store(y, place, load(y, place) * load(p, place))
    for first in range(end - 2 * stride, LEAD - 1, -stride):
        for place in range(first, first + stride, LANES):
            above = load(y, place + stride)
            store(y, place, load(y, place) * load(p, place) + (above - load(q, place) * above))
            fetch(later_even, place)
            fetch(later_odd, place)


class _Sides(NamedTuple):
    """Rows of the cells around those of one parity in a row, and of the conductances to them.

    Those to the west and to the east are in `beside`, `c` values apart from where their cells are.
    """

    to_south: Single
    to_north: Single
    to_west: Single
    to_east: Single
    south: Single
    north: Single
    beside: Single
    c: int


@inlined
def _sides(level: Level, around: Single, r: int, c: int) -> _Sides:
    """Return what is around the cells of parity `c` in the stored row `r`."""
    return _Sides(
        level.south[r, c],
        level.south[r + 1, c],
        level.west[r, c],
        level.west[r, 1 - c],
        around[r - 1, c],
        around[r + 1, c],
        around[r, 1 - c],
        c,
    )


@inlined
def _flow(sides: _Sides, place: int) -> Any:
    """Return ``G around`` for the cells in the lanes from `place` on."""
    east = place + sides.c
    from_south = load(sides.to_south, place) * load(sides.south, place)
    from_west = load(sides.to_west, place) * load(sides.beside, east - 1)
    along_y = from_south + load(sides.to_north, place) * load(sides.north, place)
    return along_y + (from_west + load(sides.to_east, east) * load(sides.beside, east))


@inlined
def _flow_in(level: Level, around: Single, r: int, c: int, out: Single) -> None:
    """Set ``out = G around`` for the cells of one parity in a stored row."""
    sides = _sides(level, around, r, c)
    for place in range(LEAD, out.size - LEAD, LANES):
        store(out, place, _flow(sides, place))


@inlined_sum
def _ahead(level: Level, s: int, part: int) -> tuple[Single, Single]:
    """Return what the stage that begins row `s` will need: two fields in each of four parts."""
    r = min(s + _AHEAD, level.home_y.size)
    if part == 0:
        return level.source[r], level.rise[r]
    if part == 1:
        return level.grounded[r], level.inverse_pivot[r]
    if part == 2:
        return level.south[r], level.west[r]
    return level.change[r], level.change[r]


@inlined_sum
def _prolong(level: Level, j: int, coarse: Level) -> None:
    """Add the rise of the coarse cells to the red cells of row `j`."""
    c = (RED + j) & 1
    x = level.rise[j + 1, c, LEAD:-LEAD]
    source, home = coarse.rise[level.home_y[j]], level.home_x[c::2]
    for k in range(x.size // level.stride):
        row = x[k * level.stride :]
        begin = np.uint64(LEAD + k * coarse.stride)
        if level.paired:
            even, odd = source[0, begin:], source[1, begin:]
            for m in range((home.size + 1) // 2):
                row[2 * m] += even[m]
                row[2 * m + 1] += odd[m]
        else:
            for h in range(home.size):
                row[h] += source[home[h] & _ONE, begin + (home[h] >> _ONE)]


@inlined_sum
def span(ny: int, low: int, high: int, spread: int, stage: int) -> tuple[int, int]:
    """Rows [first, last) that a stage may handle; the edges of the grid do not move."""
    first = low if low == 0 and spread < 0 else max(low - spread * stage, 0)
    last = high if high == ny and spread < 0 else min(high + spread * stage, ny)
    return first, last


@pasted
def solve_column(level: Level, products: Double) -> None:
    """Solve the coarsest level, which is one column; ``products_0 = sum rise source``."""
    here = level.rise[1]
    relax(level, level.rise, level.rise, 0, RED, True, False, here, here)
    products[0] = _product(here, level.source[1])


@pasted
def descend(level: Level, coarse: Level, low: int, high: int, spread: int) -> None:
    """Relax red, black, red, black from zero, and restrict the residual to the coarse source.

    The second pair is solved for the change alone, ``T d_red = G x_black`` and
    ``T d_black = G d_red``: the residual then is ``G d_black`` in the red cells and zero in the
    black ones, free of cancellation.
    """
    x, d = level.rise, level.change
    ny = level.home_y.size
    for s in range(max(low - 4, 0), min(high + 5, ny) + 4):  # a family may end one row further
        for stage in range(5):
            first, last = span(ny, low, high, spread, stage)
            j = s - stage
            if stage == 4:
                _restrict_family(level, coarse, j, first, last, spread)
            elif first <= j < last:
                out = x if stage < 2 else d
                around = x if stage < 3 else d
                ahead = _ahead(level, s, stage)
                relax(level, out, around, j, stage % 2, stage < 2, stage > 0, *ahead)


@inlined_sum
def _restrict_family(
    level: Level, coarse: Level, j: int, first: int, last: int, spread: int
) -> None:
    """Restrict the one or two rows of a parent once its last child `j` is ready.

    Red cells take their change, and pass their residual ``G change`` down. A narrowing pass takes
    the families inside of its rows, a widening one those that reach in.
    """
    parent = level.home_y
    if j < 0 or j >= parent.size or (j + 1 < parent.size and parent[j + 1] == parent[j]):
        return
    eldest = j - 1 if j > 0 and parent[j - 1] == parent[j] else j
    inside = eldest >= first and j < last
    reaching_in = j >= first and eldest < last
    if not ((spread < 0 and inside) or (spread > 0 and reaching_in)):
        return
    target = coarse.source[parent[j]]
    for c in range(2):
        for h in range(target.shape[1]):
            target[c, h] = 0.0
    for child in range(eldest, j + 1):
        c = (RED + child) & 1
        x, change = level.rise[child + 1, c], level.change[child + 1, c]
        for place in range(LEAD, x.size - LEAD, LANES):
            store(x, place, load(x, place) + load(change, place))
        _flow_in(level, level.change, child + 1, c, change)
        d = change[LEAD:-LEAD]
        home = level.home_x[c::2]
        for k in range(d.size // level.stride):
            row, begin = d[k * level.stride :], np.uint64(LEAD + k * coarse.stride)
            if level.paired:
                even, odd = target[0, begin:], target[1, begin:]
                for m in range((home.size + 1) // 2):
                    even[m] += row[2 * m]
                    odd[m] += row[2 * m + 1]
            else:
                for h in range(home.size):
                    target[home[h] & _ONE, begin + (home[h] >> _ONE)] += row[h]


@pasted
def ascend(level: Level, coarse: Level, low: int, high: int, spread: int, products: Double) -> None:
    """Add the coarse correction, relax black, red, black, red; ``products_j = sum rise source``.

    Only red cells take the correction: black ones are solved for next.
    """
    x = level.rise
    ny = x.shape[0] - 2
    for s in range(max(low - 4, 0), min(high + 4, ny) + 4):
        for stage in range(5):
            first, last = span(ny, low, high, spread, stage)
            j = s - stage
            if j < first or j >= last:
                continue
            if stage == 0:
                _prolong(level, j, coarse)
            else:
                ahead = _ahead(level, s, (stage - 1) % 3)
                relax(level, x, x, j, stage % 2, stage > 0, stage > 0, *ahead)
            if stage == 4:
                products[j] = _product(x[j + 1], level.source[j + 1])


@inlined
def _product(row: Single, other: Single) -> float:
    """Return the inner product of two rows, added up in double precision."""
    sums = no_sums()
    for c in range(2):
        a, b = row[c], other[c]
        for place in range(LEAD, a.size - LEAD, LANES):
            sums = add_products(sums, load(a, place), load(b, place))
    product: float = total(sums)
    return product
