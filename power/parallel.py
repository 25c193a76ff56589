"""A model over the packages of a group: tensor, pipeline and expert parallel."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power.links import exchange_s
from power.machine import Machine
from power.work import ACTIONS, ACTIVATIONS, Work
from techlib import Faults, LanguageModel

__all__ = ["ParallelWork", "work_of"]

Array = NDArray[np.float64]

_SERDES = ACTIONS.index("serdes_bits")


def work_of(machine: Machine, model: LanguageModel) -> Work:
    """Return the work of a model on a machine, in the ways in which its operation shares it.

    Raises
    ------
    InputError
        Stages that do not divide the packages or are more than layers, experts that the packages
        of a stage cannot share.
    """
    run = machine.operation
    if run.pipeline_parallel == 1 and run.expert_parallel == 1:
        return Work(machine, model)
    return ParallelWork(machine, model)


class ParallelWork(Work):
    """Actions and times where packages do not only share each layer.

    *Pipeline parallel.* The layers lie on ``p`` stages of ``chips / p`` packages, which share a
    layer tensor parallel. A step of ``T`` tokens runs in ``m = min(p, T)`` parts, one on each
    stage at a time. Each part streams all weights of a stage, so that a package streams them ``m``
    times, and works ``m / p`` of the time; activations cross ``p - 1`` links.

    *Expert parallel.* The experts of a layer lie whole on ``e`` groups of packages. Each token is
    sent to where its experts are and back, in place of the all-reduce behind them. The fullest
    group sets the pace: routing is even and independent here, so that its load is the mean and
    ``sqrt(2 ln e)`` standard deviations, the first-order maximum of ``e`` normal loads. A real
    router is less even; its training drives it to be.

    Parameters
    ----------
    machine : Machine
        The package and the size of its group.
    model : LanguageModel
        What is run.

    Raises
    ------
    InputError
        See `work_of`.

    References
    ----------
    Microbatches in a pipeline: Y. Huang et al., GPipe, NeurIPS 2019. Dispatch and combine:
    D. Lepikhin et al., GShard, ICLR 2021.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        run, model = self.machine.operation, self.model
        stages, groups, chips = self.stages, int(run.expert_parallel), self.machine.chips
        where, faults = f"model {model.name} on {chips} x {self.machine.floorplan.name}", Faults()
        if chips % stages or stages > model.layers:
            what = f"power.pipeline_parallel = {stages}"
            allowed = f"a divisor of power.chips = {chips}, at most {model.layers:g} layers"
            faults.add(where, what, allowed)
        elif groups > 1 and not model.experts:
            what = f"power.expert_parallel = {groups}, but the model has no experts"
            faults.add(where, what, "1")
        elif groups > 1 and ((chips // stages) % groups or groups > model.experts):
            what = f"power.expert_parallel = {groups}"
            allowed = f"a divisor of the {chips // stages} packages of a stage, at most "
            faults.add(where, what, allowed + f"{model.experts:g} experts")
        faults.raise_if_any()

    @property
    def stages(self) -> int:
        """Stages of the pipeline."""
        return int(self.machine.operation.pipeline_parallel)

    @cached_property
    def _stage(self) -> Work:
        """The whole model on the packages of one stage, tensor parallel."""
        return Work(_tensor_only(self.machine), self.model)

    @cached_property
    def _dense(self) -> Work:
        """The same without its experts."""
        model = self.model
        within = model.experts * model.expert_parameters
        taken = model.experts_per_token * model.expert_parameters
        dense = replace(
            model,
            total_parameters=model.total_parameters - within,
            active_parameters=model.active_parameters - taken,
            experts=0.0,
            experts_per_token=0.0,
            expert_parameters=0.0,
            weight_bits=self.machine.split_weight_bits(model)[0],
            expert_bits=None,
        )
        return Work(self._stage.machine, replace(dense, active_parameters=dense.total_parameters))

    @property
    def kv_byte_per_token(self) -> tuple[float, float]:
        """Bytes of KV cache in the whole group per token: in full and in windowed layers."""
        return self._stage.kv_byte_per_token

    @property
    def seconds_per_action(self) -> Array:
        """Time that each action takes of each resource, shape (len(ACTIONS), 3) [s]."""
        return self._stage.seconds_per_action

    @property
    def per_sum(self) -> Array:
        """Actions for each unit of `SUMS`, shape (len(SUMS), len(ACTIONS))."""
        return np.asarray(self._stage.per_sum / self.stages)

    def per_step_by_operator(self, tokens: ArrayLike) -> dict[str, Array]:
        """Return the parts of `per_step`; see `Work`."""
        count = np.asarray(tokens, dtype=np.float64)
        parts = self._parts(count)
        found = self._stage.per_step_by_operator(count / parts)
        found[ACTIVATIONS][..., _SERDES] += self._more_bits(count / parts)
        found = {name: (parts / self.stages)[..., None] * part for name, part in found.items()}
        found[ACTIVATIONS][..., _SERDES] += self._crossing_bits(count)
        return found

    def stretch(self, tokens: ArrayLike) -> Array:
        """Return the time of a step over that during which a package works, shape (m,)."""
        return np.asarray(self.stages / self._parts(np.asarray(tokens, dtype=np.float64)))

    def serial_s(self, tokens: ArrayLike) -> Array:
        """Return the time that nothing hides: overheads, collectives, the fullest group [s]."""
        run = self.machine.operation
        count = np.asarray(tokens, dtype=np.float64)
        part = count / self._parts(count)
        packages = self._stage.machine.chips
        collectives = self._stage.serial_s(part) + exchange_s(run, packages, self._more_bits(part))
        hops = (self.stages - 1) * (run.step_overhead_s + run.all_reduce_latency_s)
        if run.expert_parallel > 1:
            hops += self.model.layers * run.all_reduce_latency_s
        return np.asarray(collectives + hops + self._waiting_s(part))

    def _parts(self, count: Array) -> Array:
        return np.clip(count, 1.0, self.stages)

    def _crossing_bits(self, count: Array) -> Array:
        """Return the activations that a package hands to the next stage, mean over stages [bit]."""
        values = count * self.model.hidden * self.machine.operation.activation_bits
        return np.asarray(values * (self.stages - 1) / self.machine.chips)

    def _more_bits(self, count: Array) -> Array:
        """Return what dispatch and combine send beyond the all-reduce that they replace [bit]."""
        groups = self.machine.operation.expert_parallel
        if groups == 1:
            return np.zeros_like(count)
        packages = self._stage.machine.chips
        values = count * self.model.hidden * self.machine.operation.activation_bits
        values = values * self.model.layers
        reached = groups * (1.0 - (1.0 - 1.0 / groups) ** self.model.experts_per_token)
        sent = 2.0 * values * reached * (groups - 1.0) / groups / packages
        return np.asarray(sent - 2.0 * (packages - 1) / packages * values)

    def _waiting_s(self, count: Array) -> Array:
        """Return how long the fullest group of experts keeps the others waiting [s]."""
        model, groups = self.model, self.machine.operation.expert_parallel
        if groups == 1:
            return np.zeros_like(count)
        mine = self._stage.per_step(count) - self._dense.per_step(count)
        seconds = mine @ self.seconds_per_action
        met = 1.0 - (1.0 - model.experts_per_token / model.experts) ** count
        held = model.experts / groups
        choices = np.maximum(count * model.experts_per_token, 1e-9)
        streamed = np.sqrt(np.maximum(1.0 - met, 0.0) / np.maximum(met * held, 1e-9))
        worked = np.sqrt((groups - 1.0) / choices)
        most = math.sqrt(2.0 * math.log(groups))
        fullest = seconds.copy()
        fullest[..., 0] *= 1.0 + np.minimum(most * worked, groups - 1.0)
        fullest[..., 2] *= 1.0 + np.minimum(most * streamed, groups - 1.0)
        return np.asarray(fullest.max(axis=-1) - seconds.max(axis=-1))


def _tensor_only(machine: Machine) -> Machine:
    run = machine.operation
    chips = max(run.chips // run.pipeline_parallel, 1.0)
    alone = replace(run, chips=chips, pipeline_parallel=1.0, expert_parallel=1.0)
    return replace(machine, operation=alone)
