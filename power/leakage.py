"""What depends on temperature: leakage of the logic, refresh of the memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from floorplan import BlockKind
from power.activity import Activity
from power.energy import GATED, slices_at_work
from power.machine import Machine
from power.term import Term

__all__ = ["TemperatureLaw", "leakage_terms"]

_MOST_DOUBLINGS = 256.0  #: far beyond any silicon; keeps sums and squares of powers finite


def leakage_terms(activity: Activity) -> Iterator[Term]:
    """Yield the leakage of the logic at its node's reference temperature, by die and state.

    ``W = density x area x (V / V_nominal)^exponent x (on + (1 - on) x gated share)``, with the
    density of SRAM or of logic; filler does not leak. ``on`` is one, but where power gating is on:
    tensor, vector and collective blocks are on while steps run, spares and unused slices never.
    """
    machine = activity.schedule.work.machine
    blocks, run = machine.blocks, machine.operation
    working = slices_at_work(activity)
    always = np.ones(len(activity.counts))
    for number, die in enumerate(machine.floorplan.dies):
        node = die.node
        ratio = machine.die_voltage_ratio(number)
        raised = ratio**node.leakage_voltage_exponent
        gated = node.gated_leakage_share
        engine = activity.busy("engine")
        leaking = activity.leaking if machine.governs(number) else engine
        states = (
            (working & ~blocks.of_kind(*GATED), leaking + 1.0 - engine),
            (working & blocks.of_kind(*GATED), leaking + (1.0 - engine) * gated),
            (~working, always * gated),
        )
        here = (blocks.die == number) & ~blocks.of_kind(BlockKind.FILLER)
        memory = blocks.of_kind(BlockKind.SRAM)
        parts = (("leakage_logic_w_mm2", ~memory), ("leakage_sram_w_mm2", memory))
        for quantity, kind in parts:
            density = getattr(node, quantity) * raised
            for state, level in states:
                chosen = here & kind & state
                if chosen.any():
                    on = level if run.gated else leaking + 1.0 - engine
                    area = float(blocks.area_mm2[chosen].sum())
                    share = blocks.share([chosen])
                    yield Term("leakage", node, quantity, density * area * on, share)


@dataclass(frozen=True, eq=False)
class TemperatureLaw:
    """How leakage and refresh follow the temperature of their block.

    Leakage doubles every `doubling_k`: ``2^((T - T_reference) / doubling)``. Refresh runs at its
    base rate up to `double_refresh_c`, doubles there and again every `refresh_step_k` above; each
    doubling ramps up over `refresh_ramp_k`, as the channels of a stack do not switch together.
    Both are held at 256 doublings, so that a temperature beyond any silicon gives a finite number.

    Parameters
    ----------
    reference_c, doubling_k : array, shape (nk,)
        Of a block's node [degC], [K]; memory dies carry those of no effect.
    double_refresh_c : array, shape (nk,)
        Of a DRAM's generation [degC]; infinite elsewhere.
    refresh_step_k, refresh_ramp_k : float
        Between doublings, and over each of them [K].
    """

    reference_c: NDArray[np.float64]
    doubling_k: NDArray[np.float64]
    double_refresh_c: NDArray[np.float64]
    refresh_step_k: float
    refresh_ramp_k: float

    @classmethod
    def of(cls, machine: Machine) -> TemperatureLaw:
        """Read the law off a machine's nodes and memory."""
        blocks, run = machine.blocks, machine.operation
        reference, doubling = np.zeros(len(blocks)), np.full(len(blocks), np.inf)
        threshold = np.full(len(blocks), np.inf)
        for number, die in enumerate(machine.floorplan.dies):
            reference[blocks.die == number] = die.node.reference_temperature_c
            doubling[blocks.die == number] = die.node.leakage_doubling_k
        for number, stack in enumerate(machine.floorplan.stacks):
            cells = blocks.of_kind("dram") & (blocks.stack == number)
            threshold[cells] = stack.generation.double_refresh_c
        return cls(reference, doubling, threshold, run.refresh_step_k, run.refresh_ramp_k)

    def factors(self, temperature_c: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return what temperature makes of leakage and refresh, each of shape (..., nk)."""
        return {
            "leakage": self.leakage_factor(temperature_c),
            "refresh": self.refresh_factor(temperature_c),
        }

    def leakage_factor(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Return leakage against that at the reference temperature, shape (..., nk)."""
        above = np.asarray(temperature_c, dtype=np.float64) - self.reference_c
        return np.asarray(np.exp2(np.minimum(above / self.doubling_k, _MOST_DOUBLINGS)))

    def refresh_factor(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Return refresh against its base rate, shape (..., nk)."""
        above = np.asarray(temperature_c, dtype=np.float64) - self.double_refresh_c
        above = np.where(np.isfinite(above), above, -1.0)
        whole = np.floor(above / self.refresh_step_k)
        into = np.minimum((above - whole * self.refresh_step_k) / self.refresh_ramp_k, 1.0)
        doublings = np.where(above > 0.0, whole + into, 0.0)
        return np.asarray(np.exp2(np.minimum(doublings, _MOST_DOUBLINGS)))
