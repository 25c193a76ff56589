from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from package.homogenise import homogenised
from techlib import Material, materials

NUMBER = st.floats(1e-2, 1e3)


@st.composite
def piles(draw: st.DrawFn) -> list[tuple[float, Material]]:
    stock = materials()["silicon"]
    return [
        (
            draw(NUMBER),
            dataclasses.replace(
                stock,
                conductivity_w_mk=(draw(NUMBER), draw(NUMBER), draw(NUMBER)),
                heat_capacity_j_m3k=draw(NUMBER),
            ),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]


@given(piles())
def test_series_along_z_parallel_along_x_and_y(pile: list[tuple[float, Material]]) -> None:
    total, one = sum(t for t, _ in pile), homogenised("one", pile)
    kx, ky, kz = one.conductivity_w_mk
    assert total / kz == pytest.approx(sum(t / m.conductivity_w_mk[2] for t, m in pile))
    assert total * kx == pytest.approx(sum(t * m.conductivity_w_mk[0] for t, m in pile))
    assert total * ky == pytest.approx(sum(t * m.conductivity_w_mk[1] for t, m in pile))
    capacity = sum(t * m.heat_capacity_j_m3k for t, m in pile)
    assert total * one.heat_capacity_j_m3k == pytest.approx(capacity)


@given(piles(), st.integers(2, 5))
def test_repeating_the_pile_changes_nothing(pile: list[tuple[float, Material]], times: int) -> None:
    once, often = homogenised("a", pile), homogenised("a", pile * times)
    assert often.conductivity_w_mk == pytest.approx(once.conductivity_w_mk)


def test_sources_of_all_parts_are_kept() -> None:
    stock = materials()
    pair = homogenised("pair", [(1.0, stock["dram_die"]), (1.0, stock["hbm_bond"])])
    assert set(pair.sources) == {*stock["dram_die"].sources, *stock["hbm_bond"].sources}


def test_a_pile_follows_the_temperature_to_first_order() -> None:
    """Against mixing at the temperature: what is off grows with the square of the change."""
    stock = materials()
    parts = [(39.0, stock["silicon"]), (2.0, stock["beol"]), (30.0, stock["copper"])]
    one = homogenised("pile", parts)
    assert one.reference_temperature_c == stock["silicon"].reference_temperature_c
    errors = []
    for change_k in (20.0, 40.0):
        at_c = one.reference_temperature_c + change_k
        warm = [
            (t, dataclasses.replace(m, conductivity_w_mk=m.conductivity_at(at_c))) for t, m in parts
        ]
        constant = [
            (t, dataclasses.replace(m, conductivity_exponent=(0.0, 0.0, 0.0))) for t, m in warm
        ]
        anew = homogenised("anew", constant).conductivity_w_mk
        pairs = zip(one.conductivity_at(at_c), anew, strict=True)
        errors.append([abs(a / b - 1.0) for a, b in pairs])
    assert max(errors[0]) < 2e-3
    for small, large in zip(*errors, strict=True):
        assert large / small == pytest.approx(4.0, abs=0.5)
