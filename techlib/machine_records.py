"""Records of what runs: language models, accelerators, measured boards."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib.library import Library
from techlib.record import Record, quantity

__all__ = [
    "Accelerator",
    "Board",
    "LanguageModel",
    "accelerators",
    "boards",
    "language_models",
]


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
