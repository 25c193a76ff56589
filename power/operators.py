"""The products of a layer as matrices: what systolic arrays tile, fill and drain."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from techlib import LanguageModel

__all__ = ["Operator", "operators_of"]

_SLACK = 0.02  #: of the parameters outside of experts: norms, biases and routers
_NEAR = 0.25  #: of a published width, within which parameters are taken to have it


@dataclass(frozen=True)
class Operator:
    """Matrices of one shape that a token is multiplied with.

    Parameters
    ----------
    name : str
        What they do.
    kind : str
        ``"dense"`` (every token), ``"expert"`` (of one expert) or ``"head"`` (where a token is to
        be written).
    depth, width : float
        Rows and columns of one of them on one package.
    parameters : float
        Of all of them in the whole group: all layers, for experts those of one.

    Examples
    --------
    >>> Operator("up", "dense", depth=64, width=96, parameters=4 * 64 * 96).fill(64, 64)
    0.75
    """

    name: str
    kind: str
    depth: float
    width: float
    parameters: float

    def fill(self, rows: int, columns: int) -> float:
        """Return the share of an array's tiles that a matrix fills, at most 1."""
        tiles = math.ceil(self.depth / rows) * math.ceil(self.width / columns)
        return self.depth * self.width / (tiles * rows * columns)


def operators_of(model: LanguageModel, packages: int) -> tuple[Operator, ...]:
    """Return the products with weights of a model, shared tensor parallel by packages.

    Matrices that widen a hidden state are cut by columns, those that bring it back by rows, so
    that two of them need one all-reduce. Where sizes of attention are not those of plain heads
    (latents, layers with states), all that is outside of experts counts as one product of the
    hidden state.

    Parameters
    ----------
    model : LanguageModel
        Its sizes.
    packages : int
        That share each layer.

    Examples
    --------
    >>> import techlib
    >>> model = techlib.language_models()["llama-3.1-8b"]
    >>> [(found.name, found.depth, found.width) for found in operators_of(model, 2)]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('attention, in', 4096.0, 3072.0), ('attention, out', 2048.0, 4096.0),
     ('feed-forward, in', 4096.0, 14336.0), ('feed-forward, out', 7168.0, 4096.0),
     ('head', 4096.0, 64128.0)]
    """
    return tuple(_found(model, float(packages)))


def _found(model: LanguageModel, packages: float) -> Iterator[Operator]:
    head = model.vocabulary * model.hidden
    body = model.total_parameters - model.experts * model.expert_parameters
    body -= model.embedding_tables * head
    yield from _dense(model, body, packages)
    if model.experts:
        yield from _feed_forward(model, "experts", "expert", model.expert_parameters, packages)
    yield Operator("head", "head", model.hidden, model.vocabulary / packages, head)


def _dense(model: LanguageModel, body: float, packages: float) -> Iterator[Operator]:
    """Yield what every token meets; its parts have as many parameters as the body."""
    into = (model.heads + 2.0 * model.kv_heads) * model.head_dim
    back = model.heads * model.head_dim
    attention = model.layers * model.hidden * (into + back)
    plain = model.kv_values_per_token_layer == 2.0 * model.kv_heads * model.head_dim
    plain = plain and model.attending_layers == model.layers
    if not plain or attention > body * (1.0 + _SLACK):
        width = body / model.layers / model.hidden
        yield Operator("projections", "dense", model.hidden, width / packages, body)
        return
    rest = body - attention
    if rest < _SLACK * body:
        attention, rest = body, 0.0
    share = attention / (into + back)
    yield Operator("attention, in", "dense", model.hidden, into / packages, share * into)
    yield Operator("attention, out", "dense", back / packages, model.hidden, share * back)
    if rest:
        yield from _feed_forward(model, "feed-forward", "dense", rest, packages)


def _feed_forward(
    model: LanguageModel, name: str, kind: str, parameters: float, packages: float
) -> Iterator[Operator]:
    """Yield two matrices that widen a hidden state, side by side, and the one that brings it back.

    Their inner width is the published one where the parameters are near it.
    """
    inner = parameters / (3.0 * model.hidden * model.layers)
    if abs(model.feed_forward / inner - 1.0) < _NEAR:
        inner = model.feed_forward
    part = parameters / 3.0
    yield Operator(f"{name}, in", kind, model.hidden, 2.0 * inner / packages, 2.0 * part)
    yield Operator(f"{name}, out", kind, inner / packages, model.hidden, part)
