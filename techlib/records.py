"""The kinds of technology record, and the libraries that hold them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib.library import Library
from techlib.record import Record, quantity

__all__ = [
    "Accelerator",
    "Board",
    "Constants",
    "Coolant",
    "EnergyTable",
    "HbmGeneration",
    "InterposerTechnology",
    "LanguageModel",
    "Material",
    "ProcessNode",
    "accelerators",
    "boards",
    "constants",
    "coolants",
    "energy_tables",
    "hbm_generations",
    "interposers",
    "language_models",
    "materials",
    "process_nodes",
    "zero_celsius_k",
]


@dataclass(frozen=True, eq=False)
class Constants(Record):
    """Constants of a system of units."""

    zero_celsius_k: float = quantity("zero_celsius", "K", above=0.0)


@dataclass(frozen=True, eq=False)
class Material(Record):
    """A homogenised solid: conductivity along x, y and z, and heat capacity per volume.

    Where an exponent ``n`` is given, the conductivity along that axis follows the temperature as
    ``k (T / T0)^-n``, both in kelvin; `reference_temperature_c` is ``T0``.
    """

    conductivity_w_mk: tuple[float, float, float] = quantity(
        "conductivity", "W/(m K)", size=3, above=0.0
    )
    heat_capacity_j_m3k: float = quantity("heat_capacity", "J/(m^3 K)", above=0.0)
    conductivity_exponent: tuple[float, float, float] = quantity(
        "conductivity_exponent", "", size=3, default=(0.0, 0.0, 0.0)
    )
    reference_temperature_c: float = quantity(
        "reference_temperature", "degC", default=25.0, at_least=-200.0
    )

    @property
    def varies(self) -> bool:
        """Whether the conductivity depends on the temperature."""
        return any(self.conductivity_exponent)

    def conductivity_at(self, temperature_c: float) -> tuple[float, float, float]:
        """Return the conductivity along x, y and z at a temperature [W/(m K)].

        Examples
        --------
        >>> silicon = materials()["silicon"]
        >>> [round(silicon.conductivity_at(t)[2]) for t in (27.0, 85.0, 127.0)]
        [148, 117, 101]
        """
        zero = zero_celsius_k()
        ratio = (temperature_c + zero) / (self.reference_temperature_c + zero)
        x, y, z = (
            k * ratio**-n
            for k, n in zip(self.conductivity_w_mk, self.conductivity_exponent, strict=True)
        )
        return x, y, z


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


@dataclass(frozen=True, eq=False)
class Coolant(Record):
    """A cooling solution on one side of the package, as a film on its face."""

    film_w_m2k: float = quantity("film", "W/(m^2 K)", above=0.0)
    temperature_c: float = quantity("temperature", "degC")


@dataclass(frozen=True, eq=False)
class LanguageModel(Record):
    """A decoder-only transformer as the sizes that set its work and its memory."""

    layers: float = quantity("layers", "", at_least=1.0)
    hidden: float = quantity("hidden", "", at_least=1.0)
    heads: float = quantity("heads", "", at_least=1.0)
    kv_heads: float = quantity("kv_heads", "", at_least=1.0)
    head_dim: float = quantity("head_dim", "", at_least=1.0)
    kv_values_per_token_layer: float = quantity("kv_values_per_token_layer", "", above=0.0)
    total_parameters: float = quantity("total_parameters", "", above=0.0)
    active_parameters: float = quantity("active_parameters", "", above=0.0)
    expert_parameters: float = quantity("expert_parameters", "", default=0.0, at_least=0.0)
    experts: float = quantity("experts", "", default=0.0, at_least=0.0)
    experts_per_token: float = quantity("experts_per_token", "", default=0.0, at_least=0.0)
    weight_bits: float = quantity("weight_bits", "", above=0.0)
    #: bits of a weight of an expert where they differ from the mean over all weights
    expert_bits: float | None = quantity("expert_bits", "", default=None, above=0.0)
    #: rows and columns of the blocks that share a scale where weights are stored in fp8; 0 for
    #: scales by channel
    scale_block: float = quantity("scale_block", "", default=0.0, at_least=0.0, whole=True)
    kv_bits: float = quantity("kv_bits", "", above=0.0)
    #: layers with attention, where others hold a state of fixed size
    attention_layers: float | None = quantity("attention_layers", "", default=None, at_least=0.0)
    state_values_per_sequence: float = quantity(
        "state_values_per_sequence", "", default=0.0, at_least=0.0
    )
    #: bits of a value of such a state; those of the KV cache where they are not given
    state_bits: float | None = quantity("state_bits", "", default=None, above=0.0)
    #: 1 where input and output share a table
    embedding_tables: float = quantity(
        "embedding_tables", "", default=2.0, at_least=1.0, at_most=2.0, whole=True
    )
    attention_window: float = quantity("attention_window", "", default=0.0, at_least=0.0)
    windowed_layers: float = quantity("windowed_layers", "", default=0.0, at_least=0.0)
    vocabulary: float = quantity("vocabulary", "", at_least=1.0)
    #: inner width of the feed-forward network, of one expert where there are experts
    feed_forward: float = quantity("feed_forward", "", default=0.0, at_least=0.0)

    @property
    def attending_layers(self) -> float:
        """Layers with attention."""
        return self.layers if self.attention_layers is None else self.attention_layers


@dataclass(frozen=True, eq=False)
class Accelerator(Record):
    """A shipped chip, for comparison."""

    power_w: float = quantity("power", "W", above=0.0)
    memory_byte: float = quantity("memory", "byte", above=0.0)
    bandwidth_byte_s: float = quantity("bandwidth", "byte/s", above=0.0)
    peak_flop_s: float = quantity("peak", "flop/s", above=0.0)  #: dense, in `peak_bits`
    peak_bits: float = quantity("peak_bits", "", above=0.0)
    #: dense, where the chip has the format
    peak_fp8_flop_s: float | None = quantity("peak_fp8", "flop/s", default=None, above=0.0)
    peak_fp4_flop_s: float | None = quantity("peak_fp4", "flop/s", default=None, above=0.0)
    die_area_mm2: float | None = quantity("die_area", "mm^2", default=None, above=0.0)


@dataclass(frozen=True, eq=False)
class Board(Record):
    """An accelerator board that serves language models: what work costs it, in joules and seconds.

    Its numbers are fitted to measured boards, so that each holds for the whole path of its action:
    device, network, caches and operand delivery, with everything that runs beside. It has the name
    of the accelerator whose boards were measured.
    """

    idle_w: float = quantity("idle", "W", at_least=0.0)  #: clocks up, no work
    stream_pj_bit: float = quantity("stream", "pJ/bit", at_least=0.0)  #: weights and states
    kv_pj_bit: float = quantity("kv", "pJ/bit", at_least=0.0)  #: the KV cache, attention included
    compute_pj_flop: float = quantity("compute", "pJ/flop", at_least=0.0)
    #: the same on rows of zeros that fill up the tiles of experts
    padding_pj_flop: float = quantity("padding", "pJ/flop", at_least=0.0)
    sequence_j: float = quantity("sequence", "J", at_least=0.0)  #: a sequence in a step, group
    routing_pj: float = quantity("routing", "pJ", at_least=0.0)  #: value of a layer, board
    bandwidth_efficiency: float = quantity("bandwidth_efficiency", "", above=0.0, at_most=1.0)
    compute_efficiency: float = quantity("compute_efficiency", "", above=0.0, at_most=1.0)
    step_overhead_s: float = quantity("step_overhead", "s", at_least=0.0)
    sequence_overhead_s: float = quantity("sequence_overhead", "s", at_least=0.0)
    hop_latency_s: float = quantity("hop_latency", "s", at_least=0.0)  #: a layer, log2 of the group
    routing_time_s: float = quantity("routing_time", "s", at_least=0.0)
    #: rows of a tile of the kernels for experts: while a step has no more tokens than a board has
    #: experts, and in formats with tiles of their own; beyond; and with scales by block
    few_rows: float = quantity("few_rows", "", at_least=1.0, whole=True)
    many_rows: float = quantity("many_rows", "", at_least=1.0, whole=True)
    block_rows: float = quantity("block_rows", "", at_least=1.0, whole=True)


@functools.cache
def constants() -> Library[Constants]:
    """Return the constants of systems of units, by system."""
    return Library.load("system of units", Constants, "constants.toml")


@functools.cache
def zero_celsius_k() -> float:
    """Return the thermodynamic temperature of 0 degC [K].

    Examples
    --------
    >>> zero_celsius_k()
    273.15
    """
    return constants()["si"].zero_celsius_k


@functools.cache
def materials() -> Library[Material]:
    """Return the materials that ship with the toolkit."""
    return Library.load("material", Material, "materials.toml")


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


@functools.cache
def coolants() -> Library[Coolant]:
    """Return the cooling solutions that ship with the toolkit."""
    return Library.load("coolant", Coolant, "coolants.toml")


@functools.cache
def language_models() -> Library[LanguageModel]:
    """Return the language models that ship with the toolkit."""
    return Library.load("language model", LanguageModel, "llms.toml")


@functools.cache
def accelerators() -> Library[Accelerator]:
    """Return the published accelerators that ship with the toolkit."""
    return Library.load("accelerator", Accelerator, "accelerators.toml")


@functools.cache
def boards() -> Library[Board]:
    """Return the boards whose power and speed were fitted to measurements."""
    return Library.load("board", Board, "boards.toml")
