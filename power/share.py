"""A model on a group of packages: what each of them holds, streams and keeps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power.machine import Machine
from power.operators import Operator, operators_of
from techlib import InputError, LanguageModel

__all__ = ["Share"]


@dataclass(frozen=True, eq=False)
class Share:
    """Sizes of a model on a machine.

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

    def streamed_byte(self, tokens: ArrayLike) -> NDArray[np.float64]:
        """Return the weights that a package reads in a step, shape (m,) [byte]."""
        dense, expert = (bits / 8.0 for bits in self.machine.split_weight_bits(self.model))
        always = (self.body_parameters + self.head_parameters) * dense
        met = self.experts_met(tokens) * self.model.expert_parameters * expert
        return np.asarray((always + met) / self.machine.chips)

    @property
    def state_byte_per_sequence(self) -> float:
        """State of fixed size that a package keeps for a sequence [byte]."""
        values = self.model.state_values_per_sequence / self.machine.chips
        return values * (self.model.state_bits or self.machine.kv_bits(self.model)) / 8.0

    @cached_property
    def operators(self) -> tuple[Operator, ...]:
        """Products with weights, the head last; see `power.operators`."""
        return operators_of(self.model, self.machine.chips)

    def fill_of(self, operator: Operator) -> float:
        """Return the share of array tiles that an operator's matrices fill."""
        return operator.fill(self.machine.array_rows, self.machine.array_columns)
