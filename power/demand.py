"""Demand: what one step of steady decoding asks of a package, prompts included."""

from __future__ import annotations

import math
from dataclasses import dataclass

from power.expert_load import ExpertLoad
from power.work import Work
from techlib import Board

__all__ = ["Demand"]


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
    stream_byte, busiest_stream_byte : float
        Weights and states of fixed size, read and written by a package: on the mean, and by the
        one that meets most experts, for which the others wait [byte].
    kv_byte : float
        KV cache that a package reads [byte].
    flop, prompt_flop : float
        Work of a package on tokens of answers and of prompts [flop].
    padding_flop, busiest_padding_flop : float
        Work on rows of zeros that fill up tiles of experts: on the mean, and of the busiest
        package [flop].
    hops : float
        Layers times the depth of a tree over the packages: all-reduces that nothing hides.
    routed_values, prompt_routed_values : float
        Hidden values of all layers that each package routes to experts, zero without any.
    input_s : float
        Time in which inputs other than text are read, which holds up the step [s].
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
    busiest_stream_byte: float
    kv_byte: float
    flop: float
    padding_flop: float
    busiest_padding_flop: float
    prompt_flop: float
    hops: float
    routed_values: float
    prompt_routed_values: float
    input_s: float
    weight_bits: float

    @classmethod
    def of(
        cls,
        work: Work,
        *,
        batch: float,
        prompt_tokens: float,
        output_tokens: float,
        board: Board | None = None,
        input_s: float = 0.0,
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
        board : Board, optional
            Whose kernels fill tiles of experts up; none fills nothing up.
        input_s : float
            Time that images or videos of a request take before its prompt is read [s].
        """
        model, chips = work.model, work.machine.chips
        context = prompt_tokens + 0.5 * output_tokens
        windowed = min(context, float(work.window_tokens))
        full, limited = work.attention_macs
        decoded = work.decoded_attention_macs
        experts = ExpertLoad.of(work, batch, board)
        macs = work.active_parameters + work.head_parameters
        attention = batch * (context * decoded[0] + windowed * decoded[1])
        prompts = batch / output_tokens * prompt_tokens
        mean_full, mean_limited = 0.5 * prompt_tokens, min(0.5 * prompt_tokens, windowed)
        prompt_macs = work.active_parameters + mean_full * full + mean_limited * limited
        routed = model.layers * model.hidden if model.experts else 0.0
        per_token = _kv_byte_per_token(work)
        always = float(work.streamed_byte(batch)) - experts.met_byte
        always += 2.0 * batch * work.state_byte_per_sequence
        kept = batch * (context * per_token[0] + windowed * per_token[1])
        return cls(
            batch=batch,
            packages=chips,
            stream_byte=always + experts.met_byte,
            busiest_stream_byte=always + experts.busiest_met_byte,
            kv_byte=kept / chips,
            flop=2.0 * (batch * macs + attention) / chips,
            padding_flop=experts.padding_flop,
            busiest_padding_flop=experts.busiest_padding_flop,
            prompt_flop=2.0 * prompts * prompt_macs / chips,
            hops=model.layers * math.log2(chips),
            routed_values=batch * routed,
            prompt_routed_values=prompts * routed,
            input_s=batch / output_tokens * input_s,
            weight_bits=work.machine.weight_bits(model),
        )


def _kv_byte_per_token(work: Work) -> tuple[float, float]:
    """Return bytes of KV cache of the group as `Work.kv_byte_per_token`; latents lie on each."""
    copies = work.machine.chips if work.latent else 1.0
    full, limited = work.kv_byte_per_token
    return full * copies, limited * copies
