"""Energies of nodes without a table of their own."""

import pytest

import techlib


def node(scale: float) -> techlib.ProcessNode:
    changes = {"energy_scale": {"value": scale, "low": 0.4, "high": 0.7, "source": "scoville",
                                "trust": "W", "valid": "test", "note": "made up"}}  # fmt: skip
    return techlib.process_nodes().derive("N3", changes, name="N2", where="test")


@pytest.mark.parametrize("name", ["N5", "N4", "N3", "N3E", "N3P"])
def test_scaling_gives_the_arithmetic_of_every_shipped_table(name: str) -> None:
    tables, nodes = techlib.energy_tables(), techlib.process_nodes()
    other = techlib.process_nodes().derive(name, {}, name="other", where="test")
    found = techlib.energy_table_of(other, tables)
    assert nodes[name].energy_scale == other.energy_scale
    for field in ("mac_fp4_pj", "mac_bf16_pj", "vector_op_pj", "sram_read_pj_bit"):
        assert getattr(found, field) == pytest.approx(getattr(tables[name], field), rel=1e-3)


def test_a_nodes_own_table_goes_first() -> None:
    tables = techlib.energy_tables()
    assert techlib.energy_table_of(techlib.process_nodes()["N3"], tables) is tables["N3"]


def test_bands_multiply_and_links_stay() -> None:
    tables = techlib.energy_tables()
    found = techlib.energy_table_of(node(0.5), tables)
    low, high = tables["N7"].band("mac_fp8_pj")
    assert found.mac_fp8_pj == pytest.approx(0.5 * tables["N7"].mac_fp8_pj)
    assert found.band("mac_fp8_pj") == pytest.approx((0.4 * low, 0.7 * high))
    for field in ("wire_pj_bit_mm", "serdes_pj_bit", "host_idle_w", "management_w"):
        assert getattr(found, field) == getattr(tables["N7"], field)
        assert found.band(field) == tables["N7"].band(field)
