"""What one step of inference costs on one package: actions, and the time that they take.

A step of ``T`` tokens (one of each decoding sequence, and chunks of prompts) costs

* what depends on ``T`` alone: weights streamed once, linear layers, norms, transfers;
* what is linear in seven sums over its sequences: logits, products of queries and context (all of
  it, and within the window of windowed layers), tokens of KV cache read (the same two), KV cache of
  the group that is handed to groups that decode [byte], and those products that are of decoding
  sequences.

So a step's actions are ``per_step(T) + sums @ per_sum``, and so are its times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power.links import all_reduce_s
from power.machine import Machine
from techlib import InputError, LanguageModel

__all__ = ["ACTIONS", "RESOURCES", "SUMS", "Work"]

#: Sums over the sequences of a step.
SUMS = (
    "logits",
    "products",
    "products_windowed",
    "kv_tokens",
    "kv_tokens_windowed",
    "handed_byte",
    "decoded_products",
)

#: Actions of one package that are counted.
ACTIONS = (
    "mac_fp4",
    "mac_fp8",
    "mac_bf16",
    "tensor_cycles",
    "vector_ops",
    "sram_read_bits",
    "sram_write_bits",
    "hbm_read_bytes",
    "hbm_write_bytes",
    "noc_bit_mm",
    "router_bits",
    "collective_bit_mm",
    "serdes_bits",
    "host_bits",
)

#: What works side by side in a step; the slowest one sets its time.
RESOURCES = ("tensor", "vector", "hbm")

_COLUMN = {name: index for index, name in enumerate(ACTIONS)}


@dataclass(frozen=True, eq=False)
class Work:
    """Actions and times of a model's steps on a machine.

    Systolic arrays hold their stationary operand (weights, or the KV cache) in tiles of rows x
    columns. A tile through which ``m`` rows stream takes ``m + rows + columns - 2`` cycles, so

    ``cycles = (MACs + (rows + columns - 2) x stationary operands) / (arrays' MACs x rate x
    padding x efficiency)``

    with ``padding`` the share of a tile that the model's sizes fill. Prompts of many tokens thus
    use the arrays well, single tokens hardly. Tensor parallel packages share MACs, weights and KV
    cache evenly, and join their results in two ring all-reduces a layer.

    Parameters
    ----------
    machine : Machine
        The package and the size of its group.
    model : LanguageModel
        What is run.

    Raises
    ------
    InputError
        The sizes of the model contradict one another.

    References
    ----------
    The cycle count is that of A. Samajdar et al., SCALE-Sim, ISPASS 2020, with the next tile
    loaded while one is in use.
    """

    machine: Machine
    model: LanguageModel

    def __post_init__(self) -> None:
        model = self.model
        if model.experts == 0.0 and model.active_parameters < 0.99 * model.total_parameters:
            what = "fewer active than total parameters, but no experts"
            allowed = "experts, experts_per_token and expert_parameters of a mixture of experts"
            raise InputError.of(f"model {model.name}", what, allowed)
        if self.body_parameters <= 0.0:
            what = f"{model.total_parameters:g} parameters do not hold embeddings and experts"
            allowed = "total_parameters above experts x expert_parameters + 2 vocabulary x hidden"
            raise InputError.of(f"model {model.name}", what, allowed)

    @property
    def head_parameters(self) -> float:
        """Parameters that turn a hidden state into logits; the embedding has as many."""
        return self.model.vocabulary * self.model.hidden

    @property
    def body_parameters(self) -> float:
        """Parameters that every token meets: all but experts, embedding and head."""
        model = self.model
        dense = model.total_parameters - model.experts * model.expert_parameters
        return dense - model.embedding_tables * self.head_parameters

    @property
    def active_parameters(self) -> float:
        """Parameters that one token meets, embedding and head apart."""
        return self.body_parameters + self.model.experts_per_token * self.model.expert_parameters

    @property
    def full_layers(self) -> float:
        """Layers that attend to the whole context."""
        return self.model.attending_layers - self.model.windowed_layers

    @property
    def window_tokens(self) -> int:
        """Context that windowed layers see [tokens]."""
        return int(self.model.attention_window)

    @property
    def attention_macs(self) -> tuple[float, float]:
        """MACs of the group for a token and one of its context: full and windowed layers."""
        each = 2.0 * self.model.heads * self.model.head_dim
        return each * self.full_layers, each * self.model.windowed_layers

    @property
    def latent(self) -> bool:
        """Whether all heads read one latent in place of keys and values of their own."""
        model = self.model
        return model.kv_values_per_token_layer < 2.0 * model.kv_heads * model.head_dim

    @property
    def decoded_attention_macs(self) -> tuple[float, float]:
        """`attention_macs` of a sequence that decodes.

        Each head takes its product with a latent itself, which no head expands.
        """
        full, windowed = self.attention_macs
        if not self.latent:
            return full, windowed
        wider = self.model.kv_values_per_token_layer / self.model.head_dim
        return full * wider, windowed * wider

    @property
    def kv_byte_per_token(self) -> tuple[float, float]:
        """Bytes of KV cache in the whole group per token: in full and in windowed layers.

        A package keeps whole heads, so that a group of more packages than heads keeps copies.
        """
        each = self.model.kv_values_per_token_layer * self.machine.kv_bits(self.model) / 8.0
        each *= max(self.machine.chips / self.model.kv_heads, 1.0)
        return each * self.full_layers, each * self.model.windowed_layers

    def experts_met(self, tokens: ArrayLike) -> NDArray[np.float64]:
        """Return how many experts of a layer a step meets: E (1 - (1 - k/E)^T).

        Tokens choose their k of E experts independently and evenly.
        """
        count = np.asarray(tokens, dtype=np.float64)
        if not self.model.experts:
            return np.zeros_like(count)
        missed = 1.0 - self.model.experts_per_token / self.model.experts
        return self.model.experts * (1.0 - missed**count)

    def _weights_met(
        self, tokens: NDArray[np.float64], dense: float, expert: float
    ) -> NDArray[np.float64]:
        """Return weights that a package streams in a step, each counted at its kind's weight."""
        always = (self.body_parameters + self.head_parameters) * dense
        met = self.experts_met(tokens) * self.model.expert_parameters * expert
        return np.asarray((always + met) / self.machine.chips)

    def streamed_byte(self, tokens: ArrayLike) -> NDArray[np.float64]:
        """Return the weights that a package reads in a step, shape (m,) [byte]."""
        dense, expert = self.machine.split_weight_bits(self.model)
        return self._weights_met(np.asarray(tokens, dtype=np.float64), dense / 8.0, expert / 8.0)

    @property
    def state_byte_per_sequence(self) -> float:
        """State of fixed size that a package keeps for a sequence [byte]."""
        values = self.model.state_values_per_sequence / self.machine.chips
        return values * (self.model.state_bits or self.machine.kv_bits(self.model)) / 8.0

    def per_step(self, tokens: ArrayLike) -> NDArray[np.float64]:
        """Return the actions that depend on a step's number of tokens alone.

        Parameters
        ----------
        tokens : array, shape (m,)
            Tokens of the step.

        Returns
        -------
        array, shape (m, len(ACTIONS))
            Actions of one package.
        """
        machine, model, run = self.machine, self.model, self.machine.operation
        count = np.asarray(tokens, dtype=np.float64)
        actions = np.zeros((*count.shape, len(ACTIONS)))
        stationary = self._weights_met(count, 1.0, 1.0)
        self._add_macs(actions, self._linear, count * self.active_parameters, stationary)
        spill = self._spilled_bytes(count)
        kept = count * sum(self.kv_byte_per_token) / machine.chips
        self._add_hbm(actions, self.streamed_byte(count) + spill, spill + kept)
        ops = count * model.layers * model.hidden * run.vector_ops_per_value
        moved = count * model.layers * model.hidden * run.activation_bits
        actions[..., _COLUMN["vector_ops"]] = ops / machine.chips
        sent = moved * run.transfers_per_layer
        actions[..., _COLUMN["collective_bit_mm"]] = sent * machine.tree_mm
        ring = 2.0 * (machine.chips - 1) / machine.chips
        actions[..., _COLUMN["serdes_bits"]] = 2.0 * ring * moved
        actions[..., _COLUMN["host_bits"]] = count * run.host_bits_per_token / machine.chips
        return actions

    @property
    def per_sum(self) -> NDArray[np.float64]:
        """Actions for each unit of `SUMS`, shape (len(SUMS), len(ACTIONS))."""
        machine, model, run = self.machine, self.model, self.machine.operation
        actions = np.zeros((len(SUMS), len(ACTIONS)))
        self._add_macs(actions[0], self._linear, self.head_parameters, 0.0)
        state = self.state_byte_per_sequence
        self._add_hbm(actions[0], state, state)
        self._add_sampling(actions[0])
        layers = (self.full_layers, model.windowed_layers)
        for row, count, macs in zip((1, 2), layers, self.attention_macs, strict=True):
            self._add_macs(actions[row], self._attention, macs, 0.0)
            ops = model.heads * count * run.vector_ops_per_score
            actions[row, _COLUMN["vector_ops"]] = ops / machine.chips
        for row, count in zip((3, 4), layers, strict=True):
            values = model.kv_values_per_token_layer * count
            values /= min(machine.chips, model.kv_heads)
            self._add_macs(actions[row], self._attention, 0.0, values)
            self._add_hbm(actions[row], values * machine.kv_bits(model) / 8.0, 0.0)
        actions[5, _COLUMN["serdes_bits"]] = 8.0 / machine.chips
        # No windowed layer has latents.
        more = self.decoded_attention_macs[0] - self.attention_macs[0]
        self._add_macs(actions[6], self._attention, more, 0.0)
        return actions

    def _add_sampling(self, actions: NDArray[np.float64]) -> None:
        """Add what follows the product with the head: logits read once, and their softmax."""
        mine, run = self.model.vocabulary / self.machine.chips, self.machine.operation
        actions[_COLUMN["vector_ops"]] += mine * run.vector_ops_per_score
        actions[_COLUMN["sram_read_bits"]] += mine * run.activation_bits

    @property
    def _linear(self) -> tuple[str, float]:
        """Format and depth of the products with weights."""
        return self.machine.linear_format(self.model), self.model.hidden

    @property
    def _attention(self) -> tuple[str, float]:
        """Format and depth of the products with the KV cache."""
        return self.machine.attention_format(self.model), self.model.head_dim

    def _add_macs(
        self,
        actions: NDArray[np.float64],
        product: tuple[str, float],
        macs: ArrayLike,
        stationary: ArrayLike,
    ) -> None:
        """Add MACs of the group, the array cycles for them, and operands from and to SRAM."""
        machine, run = self.machine, self.machine.operation
        number_format, depth = product
        mine = np.asarray(macs) / machine.chips
        rows, columns = machine.array_rows, machine.array_columns
        padding = depth / (np.ceil(depth / rows) * rows)
        used = machine.slices_used(self.model) / machine.blocks.slice_count
        width = machine.macs * used * run.rate(number_format) * run.array_efficiency * padding
        fill = (rows + columns - 2) * np.asarray(stationary)
        actions[..., _COLUMN[f"mac_{number_format}"]] += mine
        actions[..., _COLUMN["tensor_cycles"]] += (mine + fill) / width
        actions[..., _COLUMN["sram_read_bits"]] += mine / columns * run.activation_bits
        actions[..., _COLUMN["sram_write_bits"]] += mine / depth * run.activation_bits

    def _add_hbm(self, actions: NDArray[np.float64], read: ArrayLike, written: ArrayLike) -> None:
        """Add bytes of one package: through the network into SRAM, and out of it once."""
        read, written = np.asarray(read, np.float64), np.asarray(written, np.float64)
        bits = (read + written) * 8.0
        actions[..., _COLUMN["hbm_read_bytes"]] += read
        actions[..., _COLUMN["hbm_write_bytes"]] += written
        for name in ("sram_read_bits", "sram_write_bits", "router_bits"):
            actions[..., _COLUMN[name]] += bits
        actions[..., _COLUMN["noc_bit_mm"]] += bits * self.machine.hbm_distance_mm

    def _spilled_bytes(self, tokens: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return activations that do not fit into SRAM, once for each layer [byte]."""
        machine, model, run = self.machine, self.model, self.machine.operation
        live = 2.0 * tokens * model.hidden * run.activation_bits / 8.0 / machine.chips
        room = machine.sram_byte * run.activation_share
        return np.asarray(np.maximum(live - room, 0.0) * model.layers)

    @property
    def seconds_per_action(self) -> NDArray[np.float64]:
        """Time that each action takes of each resource, shape (len(ACTIONS), 3) [s]."""
        machine, run = self.machine, self.machine.operation
        seconds = np.zeros((len(ACTIONS), len(RESOURCES)))
        vector_rate = machine.vector_units * run.vector_width * run.frequency_hz
        vector_rate *= machine.slices_used(self.model) / machine.blocks.slice_count
        byte_s = machine.hbm_bandwidth_byte_s * run.hbm_efficiency
        seconds[_COLUMN["tensor_cycles"], 0] = 1.0 / run.frequency_hz
        seconds[_COLUMN["vector_ops"], 1] = 1.0 / vector_rate
        seconds[_COLUMN["hbm_read_bytes"], 2] = 1.0 / byte_s
        seconds[_COLUMN["hbm_write_bytes"], 2] = 1.0 / byte_s
        return seconds

    def serial_s(self, tokens: ArrayLike) -> NDArray[np.float64]:
        """Return the time that nothing hides: overhead and all-reduces, shape (m,) [s]."""
        run, reduces = self.machine.operation, 2.0 * self.model.layers
        count = np.asarray(tokens, dtype=np.float64)
        joined = reduces * count * self.model.hidden * run.activation_bits
        return run.step_overhead_s + all_reduce_s(run, self.machine.chips, joined, reduces)

    def actions(
        self, steps: ArrayLike, tokens: ArrayLike, sums: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the actions of runs of equal steps.

        Parameters
        ----------
        steps : array, shape (m,)
            Number of steps of each run.
        tokens : array, shape (m,)
            Tokens of each of its steps.
        sums : array, shape (m, len(SUMS))
            `SUMS` over the whole run.

        Returns
        -------
        array, shape (m, len(ACTIONS))
            Actions of one package.
        """
        return np.asarray(np.asarray(steps)[:, None] * self.per_step(tokens) + sums @ self.per_sum)
