"""Coarsening, the split of rows among threads, and what the multigrid solver refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from techlib import InputError
from thermal import kernels, preparation
from thermal.cycle import Cycle
from thermal.hierarchy import Grid, hierarchy
from thermal.multigrid import Multigrid
from thermal.operator import Operator
from thermal.workers import Workers, hired

Array = NDArray[np.float64]

SINGLE = 2.0**-23
"""Conductances are rounded to single precision, by 2^-24 each: two of them in a ratio."""


def plate(x: Array, y: Array, ky: float = 1.0) -> Operator:
    """Two equal layers of conductivity (1, ky, 1), 1 m thick each, with films on top."""
    dx, dy = np.diff(x), np.diff(y)[:, None]
    area = np.broadcast_to(dy * dx, (2, dy.size, dx.size))
    gx = dy * 2 / (dx[1:] + dx[:-1])
    gy = ky * dx * 2 / (dy[1:] + dy[:-1])
    outside = area * np.array([0.0, 3.0])[:, None, None]
    return Operator(
        np.stack((gx, gx)),
        np.stack((gy, gy)),
        area[:1].copy(),
        outside,
        np.zeros(area.shape),
        area * 2.0,
        reference_c=25.0,
    )


def levels_of(operator: Operator, x: Array, y: Array) -> list[Grid]:
    return list(hierarchy(operator, operator.outside_w_k, x, y))


def test_uniform_grids_merge_two_by_two() -> None:
    lines = np.arange(9.0)
    levels = levels_of(plate(lines, lines), lines, lines)
    assert [level.shape for level in levels] == [
        (2, 8, 8),
        (2, 4, 4),
        (2, 2, 2),
        (2, 1, 1),
    ]


@pytest.mark.parametrize(("shift", "sides"), [(0.1, [8, 4, 2, 1]), (0.5, [8, 4, 1]), (2.0, [8, 1])])
def test_levels_end_where_heat_stays_in_its_column(shift: float, sides: list[int]) -> None:
    """A cell of side a stores 2 s a^2 and gives 4 to its neighbours: apart from s a^2 = 2 on.

    The column that ends the levels has the sums of all columns.
    """
    lines = np.arange(9.0)
    operator = plate(lines, lines)
    workers = hired(1, operator.shape)
    steady = Cycle.of(workers, hierarchy(operator, operator.outside_w_k, lines, lines))
    stored = operator.outside_w_k + shift * operator.capacity_j_k
    cycle = steady.grounded(workers, stored)
    assert cycle.shapes == tuple((2, side, side) for side in sides)
    column = cycle.level(len(sides) - 1)
    assert column.ground.sum() == pytest.approx(stored.sum())
    assert column.above.sum() == pytest.approx(operator.gz.sum())


def test_coarse_operator_is_that_of_the_coarse_mesh() -> None:
    """On a homogeneous plate, rescaled sums are the finite volumes of the merged cells."""
    x = np.cumsum([0, 1, 1.2, 0.9, 1.1, 1, 1, 0.8, 1.3])
    y = np.cumsum([0, 1.1, 0.9, 1, 1.2, 1, 1.1, 0.9])
    levels = levels_of(plate(x, y), x, y)
    assert len(levels) >= 3
    for level in levels[1:]:
        direct = plate(level.x_m, level.y_m)
        pairs = ((level.gx, direct.gx), (level.gy, direct.gy), (level.gz, direct.gz))
        for found, expected in (*pairs, (level.ground, direct.outside_w_k)):
            np.testing.assert_allclose(found, expected, rtol=len(levels) * SINGLE)


def test_weak_lines_wait_for_coarser_levels() -> None:
    """Fine cells merge first: neighbours 1 apart, not those 10 apart."""
    x = np.array([0.0, 10.0, 20.0, 21.0, 22.0, 23.0, 24.0, 34.0, 44.0])
    y = np.array([0.0, 100.0])
    first, second, *_ = levels_of(plate(x, y), x, y)
    assert first.parent_x.tolist() == [0, 1, 2, 2, 3, 3, 4, 5]
    assert second.x_m.tolist() == [0.0, 10.0, 20.0, 22.0, 24.0, 34.0, 44.0]


def test_only_the_strong_direction_merges() -> None:
    lines = np.arange(9.0)
    shapes = [level.shape[1:] for level in levels_of(plate(lines, lines, 1e-3), lines, lines)]
    assert shapes == [(8, 8), (8, 4), (8, 2), (8, 1), (4, 1), (2, 1), (1, 1)]


def test_every_level_keeps_the_way_out() -> None:
    x, y = np.cumsum(np.arange(1.0, 20.0)), np.arange(8.0)
    operator = plate(x, y)
    for level in levels_of(operator, x, y):
        assert level.ground.sum() == pytest.approx(operator.outside_w_k.sum(), rel=SINGLE)


def test_slabs_cover_the_rows_once() -> None:
    for ny in (64, 97, 128, 301):
        slabs = Workers(3).slabs((50, ny, 400))
        rows = [row for low, high in slabs for row in range(low, high)]
        assert rows == list(range(ny))
        assert len(slabs) == min(3, ny // 32)


def test_small_fields_are_not_shared() -> None:
    assert Workers(8).slabs((24, 40, 40)) == [(0, 40)]
    assert hired(8, (24, 40, 40)).pool is None


def test_a_fault_in_a_thread_comes_back() -> None:
    def loop(low: int, high: int) -> None:
        if low > 0:
            raise ArithmeticError("row")

    shape = (50, 128, 400)
    workers = hired(2, shape)
    with pytest.raises(ArithmeticError, match="row"):
        workers.run(loop, workers.slabs(shape))


def test_an_insulated_operator_is_refused() -> None:
    lines = np.arange(4.0)
    operator = replace(plate(lines, lines), outside_w_k=np.zeros((2, 3, 3)))
    with pytest.raises(InputError) as caught:
        Multigrid(operator)
    assert str(caught.value) == (
        "operator: has no path for heat to the outside, so its temperature is undefined; "
        "allowed: a film or fixed temperature on some face, or a shift above 0 with heat capacity; "
        "give the package cooling on at least one side"
    )
    insulated = Multigrid(replace(operator, shift_per_s=1.0))
    with pytest.raises(InputError, match="no path for heat to the outside"):
        insulated.shifted(0.0)


def test_every_fault_is_listed() -> None:
    lines = np.arange(4.0)
    operator = plate(lines, lines)
    gx, gz = operator.gx.copy(), operator.gz.copy()
    gx[0, 0, 0], gz[0, 1, 1] = -1.0, np.nan
    faulty = replace(operator, gx=gx, gz=gz)
    negative = (
        "holds values below 0 or not finite; allowed: finite and not negative; "
        "check the conductivities and cell sizes"
    )
    with pytest.raises(InputError) as caught:
        Multigrid(faulty, x_m=[0.0, 1.0, 1.0, 2.0], y_m=[0.0, 1.0], threads=0)
    assert [str(fault) for fault in caught.value.faults] == [
        f"operator.gx: {negative}",
        f"operator.gz: {negative}",
        "x_m: does not increase from line to line; allowed: strictly increasing lines",
        "y_m: has the shape (2,); allowed: (4,) grid lines",
        "threads: is 0; allowed: a whole number of at least 1",
    ]


@pytest.mark.parametrize("shift", [-1.0, np.nan, np.inf])
def test_shifts_must_be_finite_and_not_negative(shift: float) -> None:
    lines = np.arange(4.0)
    with pytest.raises(InputError, match=r"operator.shift_per_s: is .* 1/s; allowed: finite"):
        Multigrid(plate(lines, lines)).shifted(shift)


def test_wrong_fields_are_refused() -> None:
    lines = np.arange(4.0)
    solver = Multigrid(plate(lines, lines))
    with pytest.raises(
        InputError, match=r"rhs_w: has the shape \(3, 3\); allowed: .* = \(2, 3, 3\)"
    ):
        solver.solve(np.ones((3, 3)))
    bad = np.ones((2, 3, 3))
    bad[1, 2, 0] = np.nan
    with pytest.raises(InputError, match="rhs_w: holds values that are not finite"):
        solver.solve(bad)
    with pytest.raises(InputError, match="start_k: holds values that are not finite"):
        solver.solve(np.ones((2, 3, 3)), bad)


def test_views_and_read_only_arrays_do_not_compile_again() -> None:
    lines = np.arange(7.0)
    operator = plate(lines, lines)
    plain = Multigrid(operator).solve(operator.outside_w_k)
    compiled = len(kernels.residual.signatures), len(preparation.pack.signatures)
    gx = np.asfortranarray(operator.gx)
    capacity = np.broadcast_to(2.0, operator.shape)
    outside = operator.outside_w_k.copy()
    outside.flags.writeable = False
    view = replace(operator, gx=gx, capacity=capacity, outside_w_k=outside)
    again = Multigrid(view).solve(outside, np.asfortranarray(0.0 * outside))
    assert again.rise_k.tobytes() == plain.rise_k.tobytes()
    assert (len(kernels.residual.signatures), len(preparation.pack.signatures)) == compiled
