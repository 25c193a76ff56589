"""A measured board under steady load: watts, time of a step, joules per token."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power.demand import Demand
from techlib import Accelerator, Board, Library, Source, accelerators, bibliography

__all__ = ["EFFICIENCIES", "ENERGIES", "TIMES", "ServingModel"]

#: Fields of `techlib.Board` that power is linear in, in the order of `ServingModel.power_terms`.
ENERGIES = ("idle_w", "stream_pj_bit", "kv_pj_bit", "compute_pj_flop", "padding_pj_flop",
            "sequence_j", "routing_pj")  # fmt: skip
#: Those that the time of a step is linear in (efficiencies by their inverse).
TIMES = ("bandwidth_efficiency", "compute_efficiency", "step_overhead_s", "sequence_overhead_s",
         "hop_latency_s", "routing_time_s")  # fmt: skip
#: Those of `TIMES` that act by their inverse.
EFFICIENCIES = tuple(name for name in TIMES if name.endswith("efficiency"))

_PJ = 1e-12
_BITS = 8.0
_EIGHT_BITS, _FOUR_BITS = 9.0, 6.0  #: widest stored weight of a format, block scales included


@dataclass(frozen=True, eq=False)
class ServingModel:
    """An accelerator's board that serves a language model in steady state.

    ``P = idle + steps/s x (e_stream bits + e_kv bits + e_compute flop + e_padding flop_zeros +
    e_sequence batch / packages + e_routing values)``, at most the board's limit.

    Kernels follow one another on a GPU, so the times of memory and arithmetic add up:
    ``t = bytes / (efficiency x bandwidth) + (flop + flop_zeros) / (efficiency x peak) + step +
    sequence x batch + hop x layers x log2(packages) + routing x values``. Packages that hold whole
    experts wait for the busiest one; see `power.ExpertLoad`. Where steps with their prompts would
    take the board above its limit, all of it slows down until it is at the limit.

    Coefficients were fitted on one accelerator. Another one takes them by its data sheet: moving
    data costs the same energy, for more bandwidth comes of more stacks and wires of the same kind
    (one die with another memory would else spend less on its own wires), and time as one over
    bandwidth; arithmetic costs as board power over peak, and one over peak; idle power goes with
    board power. Latencies and the host's overheads stay.

    Parameters
    ----------
    board : Board
        Coefficients, fitted on the boards of its accelerator.
    accelerator : Accelerator
        The chip that serves.
    fitted_on : Accelerator
        The chip of the coefficients.

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["h100-sxm"]), power.operations()["h100-sxm"])
    >>> work = power.Work(machine, techlib.language_models()["llama-3.1-8b"])
    >>> demand = power.Demand.of(work, batch=64, prompt_tokens=200, output_tokens=400)
    >>> served = ServingModel.of("H100-SXM", "H100-SXM")
    >>> 500.0 < served.power_w(demand, served.steps_per_s(demand)) < 700.0
    True
    """

    board: Board
    accelerator: Accelerator
    fitted_on: Accelerator

    @classmethod
    def of(
        cls,
        board: str,
        accelerator: str,
        *,
        boards: Library[Board] | None = None,
        chips: Library[Accelerator] | None = None,
    ) -> ServingModel:
        """Look a board and an accelerator up.

        Raises
        ------
        InputError
            An unknown name.
        """
        import techlib

        found = (techlib.boards() if boards is None else boards).find(board, where="board")
        known = accelerators() if chips is None else chips
        chip = known.find(accelerator, where="accelerator")
        return cls(found, chip, known.find(board, where="board"))

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the model's numbers."""
        return bibliography((*self.board.sources, *self.accelerator.sources))

    @property
    def _scales(self) -> tuple[float, float, float]:
        """Board power, energy to compute and time to move, each over that of the fitted chip."""
        chip, base = self.accelerator, self.fitted_on
        limit = chip.power_w / base.power_w
        compute_j = limit * base.peak_flop_s / chip.peak_flop_s
        return limit, compute_j, base.bandwidth_byte_s / chip.bandwidth_byte_s

    def peak_flop_s(self, weight_bits: float) -> float:
        """Return the peak of the narrowest format that the chip has for a weight [flop/s].

        Weights in a format that the chip lacks are widened before they are multiplied.
        """
        chip = self.accelerator
        if weight_bits <= _FOUR_BITS and chip.peak_fp4_flop_s:
            return chip.peak_fp4_flop_s
        if _FOUR_BITS < weight_bits <= _EIGHT_BITS and chip.peak_fp8_flop_s:
            return chip.peak_fp8_flop_s
        return chip.peak_flop_s

    def power_terms(self, demand: Demand, steps_per_s: float) -> NDArray[np.float64]:
        """Return what each of `ENERGIES` is multiplied by to give watts of a package, shape (7,).

        Parameters
        ----------
        demand : Demand
            Of one step.
        steps_per_s : float
            Steps in a second [1/s].
        """
        limit, compute_j, _ = self._scales
        flop = demand.flop + demand.prompt_flop
        routed = demand.routed_values + demand.prompt_routed_values
        per_step = (
            demand.stream_byte * _BITS * _PJ,
            demand.kv_byte * _BITS * _PJ,
            compute_j * flop * _PJ,
            compute_j * demand.padding_flop * _PJ,
            demand.batch / demand.packages,
            routed * _PJ,
        )
        return np.array([limit, *(steps_per_s * part for part in per_step)])

    def power_w(self, demand: Demand, steps_per_s: float) -> float:
        """Return the mean power of a package, at most the board's limit [W]."""
        return min(self._needed_w(demand, steps_per_s), self.accelerator.power_w)

    def _needed_w(self, demand: Demand, steps_per_s: float) -> float:
        coefficients = [getattr(self.board, name) for name in ENERGIES]
        return float(self.power_terms(demand, steps_per_s) @ coefficients)

    def time_terms(self, demand: Demand) -> NDArray[np.float64]:
        """Return what each of `TIMES` is multiplied by to give the time of a decode step [s].

        Efficiencies are multiplied by their inverse; shape (6,).
        """
        moved = demand.busiest_stream_byte + demand.kv_byte
        worked = demand.flop + demand.busiest_padding_flop
        return np.array(
            [
                moved / self.accelerator.bandwidth_byte_s,
                worked / self.peak_flop_s(demand.weight_bits),
                1.0,
                demand.batch,
                demand.hops,
                self._scales[2] * demand.routed_values,
            ]
        )

    @property
    def _time_coefficients(self) -> NDArray[np.float64]:
        given = {name: float(getattr(self.board, name)) for name in TIMES}
        return np.array([1.0 / v if name in EFFICIENCIES else v for name, v in given.items()])

    def step_s(self, demand: Demand) -> float:
        """Return the time of a step without prompts: the time between two tokens [s]."""
        return self._slowdown(demand) * self._free_step_s(demand)

    def _free_step_s(self, demand: Demand) -> float:
        return float(self.time_terms(demand) @ self._time_coefficients)

    def _slowdown(self, demand: Demand) -> float:
        """Return how much longer everything takes than without the board's limit."""
        idle_w, limit_w = self._needed_w(demand, 0.0), self.accelerator.power_w
        step_j = self._needed_w(demand, 1.0) - idle_w
        free_s = self._free_step_s(demand) + self._free_prompt_s(demand)
        return max(step_j / ((limit_w - idle_w) * free_s), 1.0) if limit_w > idle_w else math.inf

    def prompt_s(self, demand: Demand) -> float:
        """Return the time that the prompts of a step take: at the arithmetic's rate, inputs [s]."""
        return self._slowdown(demand) * self._free_prompt_s(demand)

    def _free_prompt_s(self, demand: Demand) -> float:
        rate = self.board.compute_efficiency * self.peak_flop_s(demand.weight_bits)
        routing = self._scales[2] * self.board.routing_time_s * demand.prompt_routed_values
        return demand.prompt_flop / rate + routing + demand.input_s

    def steps_per_s(self, demand: Demand) -> float:
        """Return the steps of a second, prompts between them [1/s]."""
        return 1.0 / (self.step_s(demand) + self.prompt_s(demand))

    def joule_per_token(self, demand: Demand) -> float:
        """Return the energy of all packages per output token, prompts included [J]."""
        rate = self.steps_per_s(demand)
        return self.power_w(demand, rate) * demand.packages / (rate * demand.batch)
