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

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power.links import all_reduce_s
from power.operators import Operator
from power.share import Share

__all__ = ["ACTIONS", "ACTIVATIONS", "ATTENTION", "OPERATOR_OF_SUM", "RESOURCES", "SUMS", "Work"]

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

#: Operators beside the products with weights.
ATTENTION, ACTIVATIONS = "attention", "activations"

#: Which operator each of `SUMS` belongs to.
OPERATOR_OF_SUM = dict.fromkeys(SUMS, ATTENTION) | {
    "logits": "head",
    "handed_byte": ACTIVATIONS,
}

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
class Work(Share):
    """Actions and times of a model's steps on a machine.

    Systolic arrays hold their stationary operand (weights, or the KV cache) in tiles of rows x
    columns. A tile through which ``m`` rows stream takes ``m + rows + columns - 2`` cycles, so

    ``cycles = (MACs + (rows + columns - 2) x stationary operands) / (arrays' MACs x rate x
    fill x efficiency)``

    for each product (`power.operators`), with ``fill`` the share of its tiles that the sizes of a
    matrix fill. Prompts of many tokens thus use the arrays well, single tokens hardly. Tensor
    parallel packages share MACs, weights and KV cache evenly, and join their results in two ring
    all-reduces a layer.

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
        return np.asarray(sum(self.per_step_by_operator(tokens).values()))

    def per_step_by_operator(self, tokens: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return the parts of `per_step`: each product, attention's KV cache, and activations."""
        count = np.asarray(tokens, dtype=np.float64)
        parts = {found.name: self._product(found, count) for found in self.operators}
        written = np.zeros((*count.shape, len(ACTIONS)))
        self._add_hbm(written, 0.0, count * sum(self.kv_byte_per_token) / self.machine.chips)
        return parts | {ATTENTION: written, ACTIVATIONS: self._activations(count)}

    def _activations(self, count: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what hidden states take: norms and the like, transfers, links, what spills."""
        machine, model, run = self.machine, self.model, self.machine.operation
        actions = np.zeros((*count.shape, len(ACTIONS)))
        spill = self._spilled_bytes(count)
        self._add_hbm(actions, spill, spill)
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
        self._add_weights(actions[0], self.operators[-1], self.head_parameters, 0.0)
        state = self.state_byte_per_sequence
        self._add_hbm(actions[0], state, state)
        self._add_sampling(actions[0])
        layers = (self.full_layers, model.windowed_layers)
        for row, count, macs in zip((1, 2), layers, self.attention_macs, strict=True):
            self._add_macs(actions[row], self._attention, macs, 0.0, self._heads)
            ops = model.heads * count * run.vector_ops_per_score
            actions[row, _COLUMN["vector_ops"]] = ops / machine.chips
        for row, count in zip((3, 4), layers, strict=True):
            values = model.kv_values_per_token_layer * count
            values /= min(machine.chips, model.kv_heads)
            self._add_macs(actions[row], self._attention, 0.0, values, self._heads)
            self._add_hbm(actions[row], values * machine.kv_bits(model) / 8.0, 0.0)
        actions[5, _COLUMN["serdes_bits"]] = 8.0 / machine.chips
        # No windowed layer has latents.
        more = self.decoded_attention_macs[0] - self.attention_macs[0]
        self._add_macs(actions[6], self._attention, more, 0.0, self._heads)
        return actions

    def _add_sampling(self, actions: NDArray[np.float64]) -> None:
        """Add what follows the product with the head: logits read once, and their softmax."""
        mine, run = self.model.vocabulary / self.machine.chips, self.machine.operation
        actions[_COLUMN["vector_ops"]] += mine * run.vector_ops_per_score
        actions[_COLUMN["sram_read_bits"]] += mine * run.activation_bits

    @property
    def _attention(self) -> str:
        """Format of the products with the KV cache."""
        return self.machine.attention_format(self.model)

    @property
    def _heads(self) -> tuple[float, float]:
        """The same of the products with the KV cache, whose contexts are long."""
        depth, rows = self.model.head_dim, self.machine.array_rows
        return depth, depth / (math.ceil(depth / rows) * rows)

    def _product(self, operator: Operator, count: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a product of all tokens; the head's are counted by tokens that are written.

        All weights are streamed, and all tiles loaded, once a step, those of experts where a token
        meets them.
        """
        actions = np.zeros((*count.shape, len(ACTIONS)))
        dense_bits, expert_bits = self.machine.split_weight_bits(self.model)
        each, met, bits = operator.parameters, np.ones_like(count), dense_bits
        taken = count * each
        if operator.kind == "expert":
            taken, met, bits = (
                taken * self.model.experts_per_token, self.experts_met(count), expert_bits,
            )  # fmt: skip
        elif operator.kind == "head":
            taken = np.zeros_like(count)
        stationary = met * each / self.machine.chips
        self._add_weights(actions, operator, taken, stationary)
        self._add_hbm(actions, stationary * bits / 8.0, 0.0)
        return actions

    def _add_weights(
        self,
        actions: NDArray[np.float64],
        operator: Operator,
        macs: ArrayLike,
        stationary: ArrayLike,
    ) -> None:
        """Add MACs with the weights of an operator; see `_add_macs`."""
        tiles = operator.depth, self.fill_of(operator)
        number_format = self.machine.linear_format(self.model)
        self._add_macs(actions, number_format, macs, stationary, tiles)

    def _add_macs(
        self,
        actions: NDArray[np.float64],
        number_format: str,
        macs: ArrayLike,
        stationary: ArrayLike,
        tiles: tuple[float, float],
    ) -> None:
        """Add MACs of the group, the array cycles for them, and operands from and to SRAM."""
        machine, run = self.machine, self.machine.operation
        mine = np.asarray(macs) / machine.chips
        rows, columns = machine.array_rows, machine.array_columns
        depth, filled = tiles
        used = machine.slices_used(self.model) / machine.blocks.slice_count
        width = machine.macs * used * run.rate(number_format) * run.array_efficiency * filled
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
