"""Demand: what one step of steady decoding asks of a package, prompts included."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power.work import SUMS, Work

__all__ = ["Demand"]

_EIGHT_BITS = (6.0, 9.0)  #: stored bits of fp8, scales included


@dataclass(frozen=True)
class Demand:
    """One decode step of a full batch, and the share of prompts that comes with it.

    Every sequence of the batch gets one token, at the middle of its answer. In steady state each
    step also brings the prompts of the answers that begin, ``batch / output_tokens`` of them.

    Parameters
    ----------
    batch : float
        Sequences of a step.
    packages : int
        Packages that share the model.
    stream_byte : float
        Weights and states of fixed size, read and written by a package [byte].
    kv_byte : float
        KV cache that a package reads [byte].
    flop, prompt_flop : float
        Work of a package on tokens of answers and of prompts [flop].
    hops : float
        Layers times the depth of a tree over the packages: all-reduces that nothing hides.
    routed_values, prompt_routed_values : float
        Hidden values of all layers that each package routes to experts, zero without any.
    block_flop : float
        Work of a package on experts with scales by block, whose tiles are filled up with rows of
        zeros [flop]; zero for others. It is in `flop` too, without those rows.
    weight_bits : float
        Stored bits of a weight, which set the format that work is done in.

    Examples
    --------
    >>> import floorplan, power, techlib
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> work = power.Work(machine, techlib.language_models()["llama-3.1-8b"])
    >>> demand = Demand.of(work, batch=16, prompt_tokens=200, output_tokens=400)
    >>> round(demand.stream_byte / 1e9, 1), round(demand.flop / 1e9)
    (15.0, 244)
    """

    batch: float
    packages: int
    stream_byte: float
    kv_byte: float
    flop: float
    prompt_flop: float
    hops: float
    routed_values: float
    prompt_routed_values: float
    block_flop: float
    weight_bits: float

    @classmethod
    def of(
        cls,
        work: Work,
        *,
        batch: float,
        prompt_tokens: float,
        output_tokens: float,
        tile_rows: float = 1.0,
    ) -> Demand:
        """Read the demand off the work of a model on a machine.

        Parameters
        ----------
        work : Work
            The model on its group of packages.
        batch : float
            Sequences of a step, mean over time.
        prompt_tokens, output_tokens : float
            Of a request, means.
        tile_rows : float
            Rows of a tile of the kernels for experts with scales by block.
        """
        model, chips = work.model, work.machine.chips
        context = prompt_tokens + 0.5 * output_tokens
        windowed = min(context, float(work.window_tokens))
        sums = dict(zip(SUMS, batch * _ones(context, windowed), strict=True))
        full, limited = work.attention_macs
        macs = work.active_parameters + work.head_parameters
        attention = sums["products"] * full + sums["products_windowed"] * limited
        prompts = batch / output_tokens * prompt_tokens
        mean_full, mean_limited = 0.5 * prompt_tokens, min(0.5 * prompt_tokens, windowed)
        prompt_macs = work.active_parameters + mean_full * full + mean_limited * limited
        routed = model.layers * model.hidden if model.experts else 0.0
        per_token = work.kv_byte_per_token
        kept = sums["kv_tokens"] * per_token[0] + sums["kv_tokens_windowed"] * per_token[1]
        return cls(
            batch=batch,
            packages=chips,
            stream_byte=float(work.streamed_byte(batch))
            + 2.0 * batch * work.state_byte_per_sequence,
            kv_byte=kept / chips,
            flop=2.0 * (batch * macs + attention) / chips,
            prompt_flop=2.0 * prompts * prompt_macs / chips,
            hops=model.layers * math.log2(chips),
            routed_values=batch * routed,
            prompt_routed_values=prompts * routed,
            block_flop=_block_flop(work, batch, tile_rows),
            weight_bits=work.machine.weight_bits(model),
        )


def _block_flop(work: Work, batch: float, tile_rows: float) -> float:
    """Return the work on experts with scales by block, each met with a tile of rows at least."""
    model = work.model
    if not (model.experts and model.scale_block and _EIGHT_BITS[0] < work.machine.weight_bits(model)
            <= _EIGHT_BITS[1]):  # fmt: skip
        return 0.0
    met = float(work.experts_met(batch))
    rows = max(batch * model.experts_per_token, met * tile_rows)
    return 2.0 * rows * model.expert_parameters / work.machine.chips


def _ones(context: float, windowed: float) -> NDArray[np.float64]:
    """Return the sums of one sequence that decodes; see `power.work.SUMS`."""
    return np.array([1.0, context, windowed, context, windowed])
