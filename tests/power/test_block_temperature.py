"""Watts of blocks as temperature has them: leakage, refresh, the dies of a stack."""

import numpy as np
import pytest

import power
from techlib import InputError


@pytest.mark.parametrize("shape", ["number", "blocks", "time and blocks"])
def test_block_watts_sum_to_the_package(decode: power.BlockPower, shape: str) -> None:
    generator = np.random.default_rng(1)
    size = {
        "number": (),
        "blocks": (len(decode.keys),),
        "time and blocks": (len(decode.bin_s), len(decode.keys)),
    }[shape]
    temperature = generator.uniform(40.0, 110.0, size)
    watts = decode.watts(temperature)
    assert watts.shape == (len(decode.bin_s), len(decode.keys))
    assert (watts >= 0.0).all()
    package = decode.package_w(temperature)
    assert np.abs(watts.sum(axis=1) / package - 1.0).max() < 1e-9
    assert np.abs(decode.components(temperature).sum(axis=1) / package - 1.0).max() < 1e-9


def test_mean_watts_are_the_mean_of_the_watts(decode: power.BlockPower) -> None:
    temperature = np.random.default_rng(2).uniform(40.0, 110.0, len(decode.keys))
    mean = decode.bin_s @ decode.watts(temperature) / decode.bin_s.sum()
    assert decode.mean_watts(temperature) == pytest.approx(mean, rel=1e-12)


def test_power_stays_finite_at_any_temperature(decode: power.BlockPower) -> None:
    boundless = decode.watts(1e300)
    assert np.isfinite(boundless).all()
    assert boundless.sum() > 1e70 * decode.watts(100.0).sum()
    assert (decode.watts(-273.0) <= decode.watts(20.0)).all()


def test_leakage_doubles_as_its_node_says(decode: power.BlockPower, machine: power.Machine) -> None:
    node = machine.node
    reference = node.reference_temperature_c
    cool, hot = (
        decode.components(reference + rise)["leakage"] for rise in (0.0, node.leakage_doubling_k)
    )
    assert hot.to_numpy() == pytest.approx(2.0 * cool.to_numpy(), rel=1e-12)
    at = decode.watts(reference) - decode.dynamic_w - decode.refresh_at_base_w
    assert np.abs(at - decode.leakage_at_reference_w).max() < 1e-12


def test_refresh_doubles_above_its_threshold(decode: power.BlockPower) -> None:
    def refresh(temperature_c: float) -> float:
        return float(decode.components(temperature_c)["refresh"].iloc[0])

    base = refresh(25.0)
    assert refresh(85.0) == pytest.approx(base)
    assert refresh(86.0) == pytest.approx(base * 2.0**0.5)  # half of the ramp of 2 K
    assert refresh(87.0) == pytest.approx(2.0 * base)
    assert refresh(95.0) == pytest.approx(2.0 * base)
    assert refresh(98.0) == pytest.approx(4.0 * base)


def test_refresh_heats_the_dram_and_not_the_base(decode: power.BlockPower) -> None:
    change = (decode.watts(98.0) - decode.watts(80.0))[0]
    by_key = dict(zip(decode.keys, change, strict=True))
    assert by_key["hbm_w0/base"] == pytest.approx(0.0, abs=1e-12)
    assert by_key["hbm_w0/dram"] > 1.0


def test_temperatures_that_cannot_be(decode: power.BlockPower) -> None:
    with pytest.raises(InputError, match=r"temperature_c: shape \(3,\); allowed: a number, or"):
        decode.watts(np.zeros(3))
    with pytest.raises(InputError, match="temperature_c: is not finite everywhere"):
        decode.mean_watts(float("nan"))


def test_hbm_power_is_split_by_the_base_share(
    decode: power.BlockPower, machine: power.Machine
) -> None:
    share = machine.floorplan.stacks[0].generation.base_share
    keys = list(decode.keys)
    base, dram = (decode.dynamic_w[3, keys.index(f"hbm_e1/{part}")] for part in ("base", "dram"))
    assert base / (base + dram) == pytest.approx(share)


def test_accesses_of_a_stack_by_part(decode: power.BlockPower, machine: power.Machine) -> None:
    """Rows cost in the DRAM, I/O on the base die, and both together the base die's share."""
    generation = machine.floorplan.stacks[0].generation
    parts = decode.components(60.0).sum()
    device = parts[["hbm_activate", "hbm_device", "hbm_io"]].sum()
    assert parts["hbm_activate"] == pytest.approx(generation.activate_share * device)
    assert parts["hbm_io"] == pytest.approx(generation.io_share * device)
    keys = np.array(decode.keys)
    for component, share in (("hbm_activate", 0.0), ("hbm_io", 1.0)):
        found = sum(t.watts.sum() * t.share for t in decode.terms if t.component == component)
        on_base = found[np.char.endswith(keys, "/base")].sum()
        assert on_base == pytest.approx(share * found.sum()), component
