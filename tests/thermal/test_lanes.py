"""Sixteen values at a time in compiled loops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from thermal.compiled import compiled
from thermal.lanes import LANES, add_products, alike, fetch, load, no_sums, nothing, store, total

Single = NDArray[np.float32]


@compiled
def combined(a: Single, b: Single, c: Single, start: int, out: Single) -> float:
    """Set ``out = a b + (c / 3 - 0)``, `a` from a start on; return the sum of its products by c."""
    sums = no_sums()
    for place in range(0, out.size, LANES):
        fetch(b, place)
        here = load(a, start + place) * load(b, place)
        here = here + (alike(1.0 / 3.0) * load(c, place) - nothing())
        store(out, place, here)
        sums = add_products(sums, here, load(c, place))
    products: float = total(sums)
    return products


@pytest.mark.parametrize("start", [0, 1, 16])
def test_lanes_do_the_arithmetic_of_arrays(start: int) -> None:
    """From any place on, and with nothing written behind the last lane."""
    draw = np.random.default_rng(start)
    a, b, c = (draw.normal(size=4 * LANES + start).astype(np.float32) for _ in range(3))
    memory = np.full(6 * LANES, 7.0, np.float32)
    products = combined(a, b, c, start, memory[LANES:-LANES])
    found, exact = (
        memory[LANES:-LANES],
        a[start:].astype(float) * b[: 4 * LANES] + c[: 4 * LANES] / 3.0,
    )
    assert np.allclose(found, exact, rtol=0.0, atol=1e-6)
    assert (memory[:LANES] == 7.0).all()
    assert (memory[-LANES:] == 7.0).all()
    assert products == pytest.approx(float(found.astype(float) @ c[: 4 * LANES]), rel=1e-14)


@compiled
def ones_after(first: Single, ones: Single, count: int) -> float:
    """Return the total of sums where 1 follows large numbers many times."""
    sums = add_products(no_sums(), load(first, 0), load(first, 0))
    for _ in range(count):
        sums = add_products(sums, load(ones, 0), load(ones, 0))
    products: float = total(sums)
    return products


def test_products_add_up_in_double_precision() -> None:
    """In single precision 1 is lost beside 2^24."""
    first, ones = (np.full(LANES, value, np.float32) for value in (2.0**12, 1.0))
    assert ones_after(first, ones, 1000) == LANES * (2.0**24 + 1000)
