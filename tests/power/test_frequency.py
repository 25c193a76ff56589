import pytest
from hypothesis import given
from hypothesis import strategies as st

import power
import techlib
from techlib import InputError

NODE = techlib.process_nodes()["N3"]


def test_the_law_at_its_own_point() -> None:
    at = power.maximum_frequency_hz(NODE, NODE.nominal_voltage_v, NODE.reference_temperature_c)
    assert at == NODE.maximum_frequency_hz


def test_voltage_by_hand() -> None:
    low, high = 0.65, NODE.nominal_voltage_v
    speeds = [(v - NODE.threshold_voltage_v) ** NODE.alpha / v for v in (low, high)]
    ratio = power.maximum_frequency_hz(NODE, low, 85.0) / power.maximum_frequency_hz(
        NODE, high, 85.0
    )
    assert ratio == pytest.approx(speeds[0] / speeds[1], rel=1e-12)


def test_temperature_by_hand() -> None:
    hot, reference = (
        power.maximum_frequency_hz(NODE, NODE.nominal_voltage_v, t)
        for t in (NODE.reference_temperature_c + 20.0, NODE.reference_temperature_c)
    )
    assert hot / reference - 1.0 == pytest.approx(20.0 * NODE.frequency_slope_per_k, rel=1e-9)


@given(st.floats(0.2, 1.0), st.floats(0.0, 125.0))
def test_the_least_voltage_just_meets_the_clock(share: float, temperature_c: float) -> None:
    top = power.maximum_frequency_hz(NODE, NODE.maximum_voltage_v, temperature_c)
    voltage = power.minimum_voltage_v(NODE, share * top, temperature_c)
    reached = power.maximum_frequency_hz(NODE, voltage, temperature_c)
    if voltage == NODE.minimum_voltage_v:
        assert reached >= share * top
    else:
        assert reached == pytest.approx(share * top, rel=1e-9)


def test_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"voltage: 1.2 V on N3; allowed: 0.55 V to 0.95 V"):
        power.maximum_frequency_hz(NODE, 1.2, 85.0)
    with pytest.raises(InputError, match=r"frequency: 9 GHz at 85 degC on N3; allowed: up to"):
        power.minimum_voltage_v(NODE, 9e9, 85.0)
