"""Prompts read by some groups, answers written by others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from power.server import Server
from power.trace import Trace
from power.work import Work
from techlib import InputError

__all__ = ["Handover", "hand_over", "prompt_byte", "prompts_only"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Handover:
    """Requests on their way from the groups that read prompts to those that decode.

    Parameters
    ----------
    trace : Trace
        Requests of one decoding group, in the order in which their KV cache is there.
    asked_s, first_token_s : array, shape (n,)
        When each came to the front door, and got its first token from the group that read its
        prompt [s].
    """

    trace: Trace
    asked_s: Array
    first_token_s: Array


def prompt_byte(trace: Trace, work: Work) -> Array:
    """Return the KV cache of each prompt, in the whole group, shape (n,) [byte]."""
    full, windowed = work.kv_byte_per_token
    tokens = trace.prompt_tokens.astype(np.float64)
    return np.asarray(tokens * full + np.minimum(tokens, work.window_tokens) * windowed)


def prompts_only(trace: Trace) -> Trace:
    """Return what a group that reads prompts does of requests: one token each."""
    return replace(trace, output_tokens=np.ones(len(trace), np.int64))


def hand_over(trace: Trace, work: Work, capacity_byte: float, *, seed: int = 0) -> Handover:
    """Serve the prompts of a trace, and say what the first group that decodes gets when.

    Requests go to the groups in turn, both those that read prompts and those that decode. A KV
    cache takes its bytes over the links of all packages of a group, one after the other with
    nothing else.

    Parameters
    ----------
    trace : Trace
        What all groups together are asked.
    work : Work
        One group; its operation says how many there are of each kind.
    capacity_byte : float
        KV cache of a group [byte].
    seed : int
        As for `Server`.

    Raises
    ------
    InputError
        There are more groups than requests, or no answer is longer than its first token.
    """
    run = work.machine.operation
    readers, writers = int(run.prefill_groups), int(run.decode_groups)
    first_s = np.empty(len(trace))
    for index in range(readers):
        part = prompts_only(trace.replica(readers, index))
        first_s[index::readers] = Server(work, capacity_byte, seed=seed).serve(part).first_token_s
    link_byte_s = work.machine.chips * run.link_bandwidth_byte_s
    there_s = first_s + prompt_byte(trace, work) / link_byte_s
    rows = np.flatnonzero(trace.output_tokens > 1)
    rows = rows[np.argsort(there_s[rows], kind="stable")][::writers]
    if not len(rows):
        what = "no answer is longer than one token"
        raise InputError.of(f"trace {trace.name}", what, cure="set power.role = prefill")
    blocks = None if trace.blocks is None else trace.blocks.take(rows)
    columns = (there_s[rows], trace.prompt_tokens[rows], trace.output_tokens[rows])
    part = Trace(trace.name, *columns, blocks, trace.left_out)
    return Handover(part, trace.arrival_s[rows], first_s[rows])
