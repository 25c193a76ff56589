"""Dynamic power: counts times energy per action, and what runs whether there is work or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floorplan import BlockKind
from power.activity import Activity
from power.machine import Machine
from power.term import Term
from techlib import HbmGeneration, Record

__all__ = ["action_terms", "background_terms", "clock_terms", "slices_at_work"]

_PJ = 1e-12
_BITS_PER_BYTE = 8.0
_GHZ = 1e9


class _Cost(NamedTuple):
    """What one counted action costs, and where."""

    component: str
    action: str
    quantity: str  #: of the energy table
    places: tuple[tuple[BlockKind, ...], ...]  #: kinds of block, in order of preference
    scaled: bool = True  #: whether the compute die's voltage acts on it


_ARRAYS = ((BlockKind.TENSOR,),)
_VECTORS = ((BlockKind.VECTOR,), *_ARRAYS)
_MEMORY = ((BlockKind.SRAM,), *_ARRAYS)
_NETWORK = ((BlockKind.ROUTER, BlockKind.NOC),)
_ROUTERS = ((BlockKind.ROUTER,), (BlockKind.NOC,))
_CACHES = ((BlockKind.SRAM, BlockKind.VECTOR, BlockKind.ROUTER, BlockKind.NOC),)
_FEEDING = ((BlockKind.SRAM, BlockKind.VECTOR), *_ARRAYS)
_COLLECTIVES = ((BlockKind.COLLECTIVE, BlockKind.ROUTER), (BlockKind.NOC,))

_COSTS = (
    _Cost("tensor", "mac_fp4", "mac_fp4_pj", _ARRAYS),
    _Cost("tensor", "mac_fp8", "mac_fp8_pj", _ARRAYS),
    _Cost("tensor", "mac_bf16", "mac_bf16_pj", _ARRAYS),
    _Cost("vector", "vector_ops", "vector_op_pj", _VECTORS),
    _Cost("sram", "sram_read_bits", "sram_read_pj_bit", _MEMORY),
    _Cost("sram", "sram_write_bits", "sram_write_pj_bit", _MEMORY),
    _Cost("delivery", "router_bits", "delivery_pj_bit", _CACHES),
    _Cost("noc", "noc_bit_mm", "wire_pj_bit_mm", _NETWORK),
    _Cost("noc", "router_bits", "router_pj_bit", _ROUTERS),
    _Cost("collective", "collective_bit_mm", "wire_pj_bit_mm", _COLLECTIVES),
    _Cost("serdes", "serdes_bits", "serdes_pj_bit", ((BlockKind.SERDES,),), scaled=False),
    _Cost("host", "host_bits", "host_pj_bit", ((BlockKind.HOST,),), scaled=False),
)

#: Kinds of block with a clock of the logic, and which busy time of `power.activity.BUSY` is theirs.
CLOCKED = {
    BlockKind.TENSOR: "tensor",
    BlockKind.VECTOR: "vector",
    BlockKind.SRAM: "sram",
    BlockKind.ROUTER: "hbm",
    BlockKind.NOC: "hbm",
    BlockKind.COLLECTIVE: "tensor",
    BlockKind.MANAGEMENT: "engine",
    BlockKind.DIE_TO_DIE: "engine",
}

#: Kinds of block that lose their supply while no step runs, where power gating is on.
GATED = (BlockKind.TENSOR, BlockKind.VECTOR, BlockKind.COLLECTIVE)


def slices_at_work(activity: Activity) -> NDArray[np.bool_]:
    """Return which entries are not in a core slice that the model leaves idle, shape (nk,).

    A small model fills the first slices of the floorplan; see `Machine.slices_used`.
    """
    work = activity.schedule.work
    used = work.machine.slices_used(work.model)
    return np.asarray(work.machine.blocks.core_slice < used) & work.machine.blocks.enabled


def action_terms(activity: Activity) -> Iterator[Term]:
    """Yield the power of every action that was counted.

    Energy on the compute die goes with the square of its voltage. Links keep their own supply.
    Where arrays are fed from registers and caches, those take `operand_share` of a MAC's energy.
    """
    machine = activity.schedule.work.machine
    blocks, energy, rates = machine.blocks, machine.energy, activity.rates
    working = slices_at_work(activity)
    for cost in _COSTS:
        choices = [blocks.of_kind(*kinds) & working for kinds in cost.places]
        rate = activity.core_rate(cost.action) if cost.scaled else rates[cost.action].to_numpy()
        watts = rate * getattr(energy, cost.quantity) * _PJ
        watts = watts * machine.voltage_ratio**2 if cost.scaled else watts
        if cost.component == "tensor":
            fed = blocks.share([blocks.of_kind(*kinds) & working for kinds in _FEEDING])
            yield Term("delivery", energy, cost.quantity, energy.operand_share * watts, fed)
            watts = (1.0 - energy.operand_share) * watts
        yield Term(cost.component, energy, cost.quantity, watts, blocks.share(choices))
    crossing = blocks.of_kind(BlockKind.DIE_TO_DIE)
    if crossing.any():
        bits = (rates["serdes_bits"] + rates["host_bits"]).to_numpy()
        watts = bits * energy.die_to_die_pj_bit * _PJ
        yield Term("die_to_die", energy, "die_to_die_pj_bit", watts, blocks.share([crossing]))
    yield from _memory_terms(activity, machine)


def _memory_terms(activity: Activity, machine: Machine) -> Iterator[Term]:
    """Yield device and PHY power of each stack: bytes lie evenly over the bandwidth."""
    blocks, rates = machine.blocks, activity.rates
    byte_s = (rates["hbm_read_bytes"] + rates["hbm_write_bytes"]).to_numpy()
    for number, stack in enumerate(machine.floorplan.stacks):
        generation = stack.generation
        part = generation.bandwidth_byte_s / machine.hbm_bandwidth_byte_s
        bit_s = byte_s * part * _BITS_PER_BYTE
        mine = blocks.stack == number
        device = bit_s * generation.device_energy_pj_bit * _PJ
        for component, part, base in _access_parts(generation):
            share = _split(machine, mine, base)
            yield Term(component, generation, "device_energy_pj_bit", part * device, share)
        phy = blocks.of_kind(BlockKind.HBM_PHY)
        place = blocks.share([mine & phy, phy])
        interface = bit_s * generation.phy_energy_pj_bit * _PJ
        yield Term("hbm_phy", generation, "phy_energy_pj_bit", interface, place)


def _access_parts(generation: HbmGeneration) -> Iterator[tuple[str, float, float]]:
    """Yield component, share of the device energy, and share of that on the base die.

    Rows are opened in the DRAM dies, bits leave through the base die, and what moves between lies
    on both, so that the base die gets its share of the whole.
    """
    activate = min(generation.activate_share, 1.0 - generation.base_share)
    crossing = min(generation.io_share, generation.base_share)
    moving = 1.0 - activate - crossing
    yield "hbm_activate", activate, 0.0
    yield "hbm_device", moving, (generation.base_share - crossing) / moving if moving else 0.0
    yield "hbm_io", crossing, 1.0


def _split(machine: Machine, mine: NDArray[np.bool_], base: float) -> NDArray[np.float64]:
    """Spread one over the base die and the DRAM dies of a stack."""
    blocks = machine.blocks
    at_base, at_dram = blocks.of_kind("base") & mine, blocks.of_kind("dram") & mine
    return np.where(at_base, base, 0.0) + np.where(at_dram, 1.0 - base, 0.0)


def background_terms(activity: Activity) -> Iterator[Term]:
    """Yield what runs all the time: memory standby, refresh, idle links, management, the rest.

    Refresh is at its base rate here; `power.leakage` says how it follows the temperature. What has
    no block of its own lies among those that are drawn, nobody knows where: each gets its part by
    area.
    """
    machine = activity.schedule.work.machine
    blocks, energy = machine.blocks, machine.energy
    always = np.ones(len(activity.counts))
    for number, stack in enumerate(machine.floorplan.stacks):
        generation: HbmGeneration = stack.generation
        mine = blocks.stack == number
        share = _split(machine, mine, generation.base_share)
        watts = always * generation.idle_power_w
        yield Term("hbm_background", generation, "idle_power_w", watts, share)
        cells = _split(machine, mine, 0.0)
        refresh = always * generation.refresh_power_w
        yield Term("refresh", generation, "refresh_power_w", refresh, cells)
    links = float(blocks.of_kind(BlockKind.HOST).any())
    fixed = (
        ("serdes", "serdes_idle_w_lane", machine.serdes_lanes, BlockKind.SERDES),
        ("host", "host_idle_w", links, BlockKind.HOST),
        ("management", "management_w", 1.0, BlockKind.MANAGEMENT),
    )
    for component, quantity, number_of, kind in fixed:
        watts = always * number_of * getattr(energy, quantity)
        yield Term(component, energy, quantity, watts, blocks.share([blocks.of_kind(kind)]))
    yield Term("undrawn", energy, "undrawn_w", always * energy.undrawn_w, blocks.share([]))


def clock_terms(activity: Activity) -> Iterator[Term]:
    """Yield the power of the clock trees, by die and by what keeps their blocks busy.

    ``W = density x area x f x (V / V_nominal)^2 x (busy + (on - busy) x gated share)``: a busy
    block has its whole tree running, an idle one what clock gating leaves, all of it where the
    operation has none. ``on`` is one, but where
    power gating is on, tensor, vector and collective blocks are off while no step runs. Spares and
    unused slices are off then throughout.
    """
    machine = activity.schedule.work.machine
    blocks, run = machine.blocks, machine.operation
    working = slices_at_work(activity)
    off = run.gated & ~working
    for number, die in enumerate(machine.floorplan.dies):
        node = die.node
        voltage = machine.die_voltage_ratio(number)
        density = node.clock_w_mm2_ghz * run.frequency_hz / _GHZ * voltage**2
        for kind, name in CLOCKED.items():
            here = (blocks.die == number) & blocks.of_kind(kind)
            gated = run.gated and kind in GATED
            on, busy = _on_and_busy(activity, name, gated=gated, own=machine.governs(number))
            left = node.gated_clock_share if run.clocks_stop else 1.0
            active = busy + (on - busy) * left
            idle = on * left
            for chosen, level in ((here & working, active), (here & ~working & ~off, idle)):
                if chosen.any():
                    area = float(blocks.area_mm2[chosen].sum())
                    yield _clock(node, density * area * level, blocks.share([chosen]))


def _on_and_busy(
    activity: Activity, name: str, *, gated: bool, own: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shares of time with a clock and with work, worth their clock power, shape (n,).

    `own` says whether the die follows the operating point of the runs; others do not.
    """
    share = activity.clocked if own else activity.busy
    on = share("engine")
    if not gated:
        on = on + 1.0 - activity.busy("engine")
    return on, share(name)


def _clock(record: Record, watts: NDArray[np.float64], share: NDArray[np.float64]) -> Term:
    return Term("clock", record, "clock_w_mm2_ghz", watts, share)
