"""The shipped numbers agree with one another and with what is published."""

import math

import pytest

import techlib
from techlib import LanguageModel, ProcessNode


def attention_parameters(model: LanguageModel) -> float:
    """Query and output projections, and keys and values of all heads that have their own."""
    widths = 2 * model.heads + 2 * model.kv_heads
    return model.hidden * model.head_dim * widths * model.attending_layers


def state_parameters(model: LanguageModel) -> float:
    """Projections of Mamba-2 layers of 128 heads x 80, with a state of 128 in eight groups."""
    inner, gates = 128 * 80, 2 * 8 * 128 + 128
    layers = model.state_values_per_sequence / (inner * 128)
    return layers * model.hidden * (3 * inner + gates)


def feed_forward_parameters(model: LanguageModel) -> float:
    """Of a dense model: three matrices a layer, two where layers are of one kind each."""
    if model.experts:  # Llama 4 has a shared expert a layer, and dense layers between Maverick's
        shared = model.name.startswith("llama-4")
        dense_layers = model.layers - model.expert_parameters / (
            3 * model.hidden * model.feed_forward
        )
        width = model.feed_forward * (model.layers + dense_layers)
        return 3 * model.hidden * width if shared else 0.0
    if model.state_values_per_sequence:
        states = model.state_values_per_sequence / (128 * 80 * 128)
        layers = model.layers - model.attending_layers - states
        return 2 * model.hidden * model.feed_forward * layers
    return 3 * model.hidden * model.feed_forward * model.layers


def parameters(model: LanguageModel, experts: float) -> float:
    embeddings = model.embedding_tables * model.vocabulary * model.hidden
    dense = feed_forward_parameters(model) + state_parameters(model)
    return embeddings + attention_parameters(model) + dense + experts * model.expert_parameters


@pytest.mark.parametrize("name", techlib.language_models())
def test_total_parameters_follow_from_the_sizes(name: str) -> None:
    model = techlib.language_models()[name]
    # Norms, biases, routers and shared experts are left out, and latent attention is taken as if
    # it were full: 3 % for R1, below 1 % for the others.
    derived = parameters(model, model.experts)
    assert derived == pytest.approx(model.total_parameters, rel=0.035)


@pytest.mark.parametrize(
    "name",
    ["gpt-oss-20b", "gpt-oss-120b", "codex-spark", "qwen3-30b-a3b", "qwen3-235b-a22b",
     "qwen3-coder-480b-a35b", "llama-4-scout", "llama-4-maverick"],
)  # fmt: skip
def test_active_parameters_follow_from_the_sizes(name: str) -> None:
    model = techlib.language_models()[name]
    derived = parameters(model, model.experts_per_token)
    # Whether both embeddings count as active differs between reports.
    one_embedding = model.vocabulary * model.hidden
    assert derived - one_embedding <= 1.02 * model.active_parameters
    assert model.active_parameters <= 1.02 * derived


@pytest.mark.parametrize("name", techlib.language_models())
def test_an_experts_parameters_are_its_three_matrices(name: str) -> None:
    model = techlib.language_models()[name]
    if not model.experts:
        assert model.active_parameters == model.total_parameters
        return
    per_layer = 3 * model.hidden * model.feed_forward
    layers = model.expert_parameters / per_layer
    # R1's first three layers are dense, and every other one of Maverick.
    least = model.layers / 2 if name == "llama-4-maverick" else model.layers - 3.01
    assert least <= layers <= model.layers * 1.002
    assert model.experts_per_token < model.experts


@pytest.mark.parametrize("name", techlib.language_models())
def test_cached_values_are_keys_and_values_or_less(name: str) -> None:
    model = techlib.language_models()[name]
    grouped = 2 * model.kv_heads * model.head_dim
    latent = 512 + 64
    assert model.kv_values_per_token_layer == (grouped if grouped < 16384 else latent)
    assert model.windowed_layers <= model.layers
    assert model.heads % model.kv_heads == 0


def relative_speed(node: ProcessNode, voltage_v: float) -> float:
    return (voltage_v - node.threshold_voltage_v) ** node.alpha / voltage_v


@pytest.mark.parametrize("name", techlib.process_nodes())
def test_a_node_is_in_order(name: str) -> None:
    node = techlib.process_nodes()[name]
    assert node.threshold_voltage_v < node.minimum_voltage_v < node.nominal_voltage_v
    assert node.nominal_voltage_v < node.maximum_voltage_v
    assert node.leakage_sram_w_mm2 < node.leakage_logic_w_mm2
    assert node.gated_leakage_share < 1.0
    assert node.gated_clock_share < 1.0
    assert relative_speed(node, node.minimum_voltage_v) < relative_speed(node, 0.75)
    assert node.leakage_doubling_k == 12.7  # CACTI, high-performance devices


def test_energy_speed_and_leakage_go_one_way_from_node_to_node() -> None:
    nodes = [techlib.process_nodes()[name] for name in ("N7", "N5", "N4", "N3", "N3E", "N3P")]
    scale = [node.energy_scale for node in nodes]
    speed = [node.maximum_frequency_hz for node in nodes]
    assert scale == sorted(scale, reverse=True)
    assert speed == sorted(speed)
    leakage = [node.leakage_logic_w_mm2 for node in nodes[:4]]
    assert leakage == sorted(leakage)


@pytest.mark.parametrize(("name", "number"), [("N7", 7), ("N5", 5), ("N3", 3)])
def test_the_energy_scale_is_the_root_of_the_node_number(name: str, number: int) -> None:
    scale = techlib.process_nodes()[name].energy_scale
    assert scale == pytest.approx(math.sqrt(number / 7.0), abs=0.01)


def test_a_3_nm_reticle_leaks_5_to_10_percent_of_700_w() -> None:
    node = techlib.process_nodes()["N3"]
    half_logic = 0.5 * (node.leakage_logic_w_mm2 + node.leakage_sram_w_mm2)
    assert 0.05 * 700.0 < 840.0 * half_logic < 0.10 * 700.0
    assert node.reference_temperature_c == 85.0


def test_1700_mhz_closes_at_the_junction_limit_with_margin() -> None:
    node = techlib.process_nodes()["N3"]
    warmer_k = node.junction_limit_c - node.reference_temperature_c
    fastest = node.maximum_frequency_hz * (1.0 + node.frequency_slope_per_k * warmer_k)
    assert 1.05 < fastest / 1.7e9 < 1.25


@pytest.mark.parametrize("name", sorted(techlib.energy_tables().keys() - {"H100", "B200"}))
def test_compute_energies_are_those_of_7_nm_times_the_nodes_scale(name: str) -> None:
    tables, scale = techlib.energy_tables(), techlib.process_nodes()[name].energy_scale
    for field in ("mac_fp4_pj", "mac_fp8_pj", "mac_bf16_pj", "vector_op_pj", "sram_read_pj_bit"):
        expected = getattr(tables["N7"], field) * scale
        assert getattr(tables[name], field) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["H100", "B200"])
def test_arrays_of_fitted_boards_take_what_those_of_their_node_do(name: str) -> None:
    fitted, node = techlib.energy_tables()[name], techlib.energy_tables()["N4"]
    arrays_pj = (1.0 - fitted.operand_share) * fitted.mac_bf16_pj
    assert arrays_pj == pytest.approx(node.mac_bf16_pj, rel=0.01)
    assert fitted.router_pj_bit == node.router_pj_bit


def test_energies_at_7_nm_are_made_of_published_ones() -> None:
    table = techlib.energy_tables()["N7"]
    int8_multiply, bf16_multiply, fp32_add, int32_add = 0.07, 0.21, 0.38, 0.03  # Jouppi 2021
    assert int8_multiply / 4 + int32_add < table.mac_fp4_pj < int8_multiply + int32_add
    assert int8_multiply < table.mac_fp8_pj < bf16_multiply + fp32_add
    assert table.mac_bf16_pj == pytest.approx(bf16_multiply + fp32_add, rel=0.1)
    assert 8.5 / 64 < table.sram_read_pj_bit < 14.0 / 64  # 32 KB and 1 MB
    assert table.mac_fp4_pj < table.mac_fp8_pj < table.mac_bf16_pj < table.vector_op_pj


def test_the_arrays_at_peak_leave_room_in_the_package_but_not_for_peak_memory_too() -> None:
    chip = techlib.accelerators()["jalapeno-hc26"]
    energy = techlib.energy_tables()["N3"]
    hbm = techlib.hbm_generations()["HBM4"]
    arrays_w = chip.peak_flop_s / 2 * energy.mac_fp4_pj * 1e-12
    memory_w = (
        chip.bandwidth_byte_s * 8 * (hbm.device_energy_pj_bit + hbm.phy_energy_pj_bit) * 1e-12
    )
    assert 200.0 < arrays_w < 350.0
    assert 400.0 < memory_w < 500.0
    assert max(arrays_w, memory_w) < chip.power_w < arrays_w + memory_w + 50.0


PINS = {
    "HBM2": 2.344e9,
    "HBM3-H100": 5.234e9,
    "HBM3E-B200": 7.8125e9,
    "HBM2E": 3.6e9,
    "HBM3": 6.4e9,
    "HBM3E": 9.2e9,
    "HBM4": 10e9,
}


@pytest.mark.parametrize("name", techlib.hbm_generations())
def test_a_stack_fits_its_body_and_its_pins_carry_its_bandwidth(name: str) -> None:
    hbm = techlib.hbm_generations()[name]
    carried = hbm.bus_bits * PINS[name] / 8
    assert hbm.bandwidth_byte_s == pytest.approx(carried, rel=0.005)
    inner_um = hbm.base_die_um + hbm.dram_dies * (hbm.bond_um + hbm.dram_die_um)
    assert hbm.dram_die_um < hbm.height_um - inner_um + hbm.dram_die_um < 5 * hbm.dram_die_um
    assert hbm.phy_width_um <= hbm.width_um
    assert hbm.double_refresh_c < hbm.limit_c
    area = hbm.microbump_count * hbm.microbump_pitch_um**2
    assert area < hbm.width_um * hbm.depth_um
    rows = hbm.capacity_byte / 1024
    assert hbm.refresh_power_w == pytest.approx(rows * 909e-12 / 32e-3, rel=0.01)


def test_six_hbm4_are_the_memory_that_was_disclosed() -> None:
    chip, hbm = techlib.accelerators()["jalapeno-hc26"], techlib.hbm_generations()["HBM4"]
    assert 6 * hbm.bandwidth_byte_s == pytest.approx(chip.bandwidth_byte_s, rel=0.005)
    assert 6 * hbm.capacity_byte == chip.memory_byte
    assert (hbm.width_um, hbm.depth_um) == (11000.0, 12800.0)


def test_eight_hbm3e_are_the_memory_of_the_card() -> None:
    card, hbm = techlib.accelerators()["jalapeno"], techlib.hbm_generations()["HBM3E"]
    assert 8 * hbm.bandwidth_byte_s == pytest.approx(card.bandwidth_byte_s)
    assert 8 * hbm.capacity_byte == card.memory_byte
    macs = 64 * 15 * 64 * 64
    assert card.peak_flop_s == pytest.approx(2 * macs * 1.7e9, rel=0.005)


def through(material: str) -> float:
    return techlib.materials()[material].conductivity_w_mk[2]


def rayleigh(matrix: float, inclusion: float, share: float) -> float:
    """Conductivity across parallel cylinders, to first order in Rayleigh's series."""
    contrast = (inclusion - matrix) / (inclusion + matrix)
    return matrix * (1 + share * contrast) / (1 - share * contrast)


@pytest.mark.parametrize(
    ("material", "measured", "within"),
    [  # Incropera, Table A.1: W/(m K) by K
        ("silicon", {200: 264.0, 300: 148.0, 400: 98.9, 500: 76.2}, 0.04),
        ("copper", {200: 413.0, 300: 401.0, 400: 393.0, 600: 379.0}, 0.01),
    ],
)
def test_conductivity_follows_the_measured_ones_over_the_temperature(
    material: str, measured: dict[int, float], within: float
) -> None:
    record = techlib.materials()[material]
    low_c, high_c = record.provenance["conductivity_exponent"].valid_range["temperature_c"]
    for temperature_k, expected in measured.items():
        assert low_c <= temperature_k - 273.15 <= high_c
        found = record.conductivity_at(temperature_k - 273.15)
        assert found == pytest.approx((expected,) * 3, rel=within)


def test_a_layer_takes_its_exponent_from_its_silicon() -> None:
    """The exponent of a mixture is that of its parts by their share in its conductivity."""
    stock = techlib.materials()
    silicon = stock["silicon"].conductivity_exponent[2]
    for die, silicon_um in (("dram_die", 39.0), ("hbm_base", 46.0)):
        thickness_um = {"dram_die": 41.0, "hbm_base": 50.0}[die]
        share = silicon_um / through("silicon") / (thickness_um / through(die))
        assert stock[die].conductivity_exponent[2] == pytest.approx(share * silicon, abs=0.02)


@pytest.mark.parametrize(
    ("layer", "matrix", "inclusion", "diameter_um", "pitch_um"),
    [
        ("c4_layer", "underfill", "solder_sac", 80.0, 150.0),
        ("tsv_silicon", "silicon", "copper", 10.0, 50.0),
    ],
)
def test_a_layer_of_bumps_or_vias_is_their_mean_by_area(
    layer: str, matrix: str, inclusion: str, diameter_um: float, pitch_um: float
) -> None:
    share = math.pi * (diameter_um / 2) ** 2 / pitch_um**2
    mean = share * through(inclusion) + (1 - share) * through(matrix)
    assert through(layer) == pytest.approx(mean, rel=0.02)
    in_plane = techlib.materials()[layer].conductivity_w_mk[0]
    if layer == "c4_layer":
        assert in_plane == pytest.approx(rayleigh(0.5, 57.0, share), rel=0.03)
    else:  # 0.5 um of oxide around the copper: k of the coated via, then Rayleigh
        core, liner = through("copper"), through("sio2")
        coated = rayleigh(liner, core, (4.5 / 5.0) ** 2)
        assert in_plane == pytest.approx(rayleigh(through("silicon"), coated, share), rel=0.02)


def test_microbumps_have_the_measured_resistance() -> None:
    technology = techlib.interposers()["CoWoS-S"]
    resistance_k_mm2_w = technology.microbump_height_um / through("microbump_layer")
    assert resistance_k_mm2_w == pytest.approx(8.0, rel=0.02)  # Colgan and Andry, 50 um pitch


def test_a_stack_of_dies_and_bonds_conducts_as_measured() -> None:
    hbm = techlib.hbm_generations()["HBM3E"]
    resistance = hbm.dram_die_um / through("dram_die") + hbm.bond_um / through("hbm_bond")
    effective = (hbm.dram_die_um + hbm.bond_um) / resistance
    assert effective == pytest.approx(7.0, rel=0.1)  # Chalise and Cahill


def test_dies_in_series_with_their_metal() -> None:
    for die, silicon_um, metal_um, metal in (
        ("dram_die", 39.0, 2.0, 0.85),
        ("hbm_base", 46.0, 4.0, through("beol")),
    ):
        series = (silicon_um + metal_um) / (silicon_um / through("silicon") + metal_um / metal)
        assert through(die) == pytest.approx(series, rel=0.08)


def test_a_cold_plate_on_a_60_mm_lid() -> None:
    plate = techlib.coolants()["water_cold_plate"]
    resistance_k_w = 1.0 / (plate.film_w_m2k * 0.06**2)
    assert 0.02 < resistance_k_w < 0.03
    assert plate.temperature_c == 40.0


@pytest.mark.parametrize("name", techlib.interposers())
def test_bumps_are_smaller_than_their_pitch(name: str) -> None:
    t = techlib.interposers()[name]
    assert t.microbump_diameter_um < t.microbump_pitch_um < t.c4_pitch_um
    assert t.c4_diameter_um < t.c4_pitch_um
    assert t.tsv_diameter_um < t.tsv_pitch_um
    assert t.reticle_width_um * t.reticle_height_um == pytest.approx(858e6)
    assert t.maximum_area_um2 > 858e6
