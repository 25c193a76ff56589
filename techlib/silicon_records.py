"""Records of silicon: nodes, energies per action, memory stacks, interposers."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib.library import Library
from techlib.record import Record, quantity

__all__ = [
    "EnergyTable",
    "HbmGeneration",
    "InterposerTechnology",
    "ProcessNode",
    "energy_tables",
    "hbm_generations",
    "interposers",
    "process_nodes",
]


@dataclass(frozen=True, eq=False)
class HbmGeneration(Record):
    """One generation of high-bandwidth memory: body, inside, interface, energy, limits."""

    width_um: float = quantity("width", "um", above=0.0)  #: along the edge that faces the die
    depth_um: float = quantity("depth", "um", above=0.0)  #: away from the die
    height_um: float = quantity("height", "um", above=0.0)
    phy_width_um: float = quantity("phy_width", "um", above=0.0)
    phy_depth_um: float = quantity("phy_depth", "um", above=0.0)
    dram_dies: float = quantity("dram_dies", "", at_least=1.0)
    base_die_um: float = quantity("base_die", "um", above=0.0)
    dram_die_um: float = quantity("dram_die", "um", above=0.0)
    bond_um: float = quantity("bond", "um", above=0.0)
    microbump_count: float = quantity("microbump_count", "", at_least=1.0)
    microbump_pitch_um: float = quantity("microbump_pitch", "um", above=0.0)
    bus_bits: float = quantity("bus_bits", "", at_least=1.0)
    channels: float = quantity("channels", "", at_least=1.0)
    bandwidth_byte_s: float = quantity("bandwidth", "byte/s", above=0.0)
    capacity_byte: float = quantity("capacity", "byte", above=0.0)
    device_energy_pj_bit: float = quantity("device_energy", "pJ/bit", above=0.0)
    base_share: float = quantity("base_share", "", at_least=0.0)  #: of device energy, base die
    activate_share: float = quantity("activate_share", "", at_least=0.0)  #: of it, rows, in DRAM
    io_share: float = quantity("io_share", "", at_least=0.0)  #: of it, I/O, on the base die
    phy_energy_pj_bit: float = quantity("phy_energy", "pJ/bit", above=0.0)  #: on the compute die
    idle_power_w: float = quantity("idle_power", "W", at_least=0.0)  #: per stack, refresh apart
    refresh_power_w: float = quantity("refresh_power", "W", at_least=0.0)  #: per stack, at 1x rate
    double_refresh_c: float = quantity("double_refresh", "degC")
    limit_c: float = quantity("limit", "degC")


@dataclass(frozen=True, eq=False)
class ProcessNode(Record):
    """A logic process: voltage, speed, leakage, clock and density."""

    nominal_voltage_v: float = quantity("nominal_voltage", "V", above=0.0)
    minimum_voltage_v: float = quantity("minimum_voltage", "V", above=0.0)
    maximum_voltage_v: float = quantity("maximum_voltage", "V", above=0.0)
    threshold_voltage_v: float = quantity("threshold_voltage", "V", above=0.0)
    alpha: float = quantity("alpha", "", above=0.0)  #: exponent of the alpha-power law
    maximum_frequency_hz: float = quantity("maximum_frequency", "Hz", above=0.0)
    reference_temperature_c: float = quantity("reference_temperature", "degC")
    frequency_slope_per_k: float = quantity("frequency_slope", "1/K")  #: relative, at nominal V
    leakage_logic_w_mm2: float = quantity("leakage_logic", "W/mm^2", at_least=0.0)
    leakage_sram_w_mm2: float = quantity("leakage_sram", "W/mm^2", at_least=0.0)
    leakage_doubling_k: float = quantity("leakage_doubling", "K", above=0.0)
    leakage_voltage_exponent: float = quantity("leakage_voltage_exponent", "", at_least=0.0)
    clock_w_mm2_ghz: float = quantity("clock_power", "W/(mm^2 GHz)", at_least=0.0)
    gated_clock_share: float = quantity("gated_clock_share", "", at_least=0.0)
    gated_leakage_share: float = quantity("gated_leakage_share", "", at_least=0.0)
    energy_scale: float = quantity("energy_scale", "", above=0.0)  #: against 7 nm
    sram_bit_um2: float = quantity("sram_bit_area", "um^2", above=0.0)
    power_density_limit_w_mm2: float = quantity("power_density_limit", "W/mm^2", above=0.0)
    junction_limit_c: float = quantity("junction_limit", "degC")


@dataclass(frozen=True, eq=False)
class EnergyTable(Record):
    """Energy of one action of each component, at a node's nominal voltage.

    A multiply-accumulate includes its operand registers in the array; clock tree and leakage are
    apart, in `ProcessNode`. The energy per bit of SerDes and host links comes on top of the power
    that they take without traffic.
    """

    mac_fp4_pj: float = quantity("mac_fp4", "pJ", above=0.0)
    mac_fp8_pj: float = quantity("mac_fp8", "pJ", above=0.0)
    mac_bf16_pj: float = quantity("mac_bf16", "pJ", above=0.0)
    #: of a multiply-accumulate's energy, on registers and memory that feed the arrays
    operand_share: float = quantity("operand_share", "", default=0.0, at_least=0.0, at_most=1.0)
    vector_op_pj: float = quantity("vector_op", "pJ", above=0.0)
    sram_read_pj_bit: float = quantity("sram_read", "pJ/bit", above=0.0)
    sram_write_pj_bit: float = quantity("sram_write", "pJ/bit", above=0.0)
    wire_pj_bit_mm: float = quantity("wire", "pJ/(bit mm)", above=0.0)
    router_pj_bit: float = quantity("router", "pJ/bit", above=0.0)
    #: of a bit from memory through caches and registers, where SRAM and network do not hold it
    delivery_pj_bit: float = quantity("delivery", "pJ/bit", default=0.0, at_least=0.0)
    die_to_die_pj_bit: float = quantity("die_to_die", "pJ/bit", above=0.0)
    serdes_pj_bit: float = quantity("serdes", "pJ/bit", above=0.0)
    host_pj_bit: float = quantity("host", "pJ/bit", above=0.0)
    serdes_idle_w_lane: float = quantity("serdes_idle", "W", at_least=0.0)
    host_idle_w: float = quantity("host_idle", "W", at_least=0.0)
    management_w: float = quantity("management", "W", at_least=0.0)
    #: what runs without work and has no block of its own, on all of them by area
    undrawn_w: float = quantity("undrawn", "W", default=0.0, at_least=0.0)


@dataclass(frozen=True, eq=False)
class InterposerTechnology(Record):
    """What carries the dies: size limits, gaps, and the layers below them."""

    maximum_area_um2: float = quantity("maximum_area", "um^2", above=0.0)
    minimum_die_gap_um: float = quantity("minimum_die_gap", "um", above=0.0)
    minimum_edge_um: float = quantity("minimum_edge", "um", at_least=0.0)
    maximum_phy_gap_um: float = quantity("maximum_phy_gap", "um", above=0.0)
    thickness_um: float = quantity("thickness", "um", above=0.0)
    tsv_diameter_um: float = quantity("tsv_diameter", "um", above=0.0)
    tsv_pitch_um: float = quantity("tsv_pitch", "um", above=0.0)
    microbump_pitch_um: float = quantity("microbump_pitch", "um", above=0.0)
    microbump_diameter_um: float = quantity("microbump_diameter", "um", above=0.0)
    microbump_height_um: float = quantity("microbump_height", "um", above=0.0)
    c4_pitch_um: float = quantity("c4_pitch", "um", above=0.0)
    c4_diameter_um: float = quantity("c4_diameter", "um", above=0.0)
    c4_height_um: float = quantity("c4_height", "um", above=0.0)
    reticle_width_um: float = quantity("reticle_width", "um", above=0.0)
    reticle_height_um: float = quantity("reticle_height", "um", above=0.0)


@functools.cache
def hbm_generations() -> Library[HbmGeneration]:
    """Return the HBM generations that ship with the toolkit."""
    return Library.load("HBM generation", HbmGeneration, "hbm.toml")


@functools.cache
def process_nodes() -> Library[ProcessNode]:
    """Return the process nodes that ship with the toolkit."""
    return Library.load("process node", ProcessNode, "nodes.toml")


@functools.cache
def energy_tables() -> Library[EnergyTable]:
    """Return the tables of energy per action, by process node."""
    return Library.load("energy table", EnergyTable, "energy.toml")


@functools.cache
def interposers() -> Library[InterposerTechnology]:
    """Return the interposer technologies that ship with the toolkit."""
    return Library.load("interposer", InterposerTechnology, "interposers.toml")
