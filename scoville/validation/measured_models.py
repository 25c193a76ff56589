"""Which model and which chip a measured row means."""

from __future__ import annotations

import dataclasses
import math
import re

from scoville.validation.measured_rows import MeasuredRow
from techlib import LanguageModel, Library, Trust, did_you_mean

__all__ = ["chip_design", "find_model", "stored_bits"]

#: Words of a name that say nothing of the sizes.
_PLAIN = {
    "instruct", "thinking", "chat", "it", "base", "hf", "vl", "omni", "coder", "vision", "preview",
    "fp8", "fp4", "nvfp4", "mxfp4", "bf16", "fp16", "int4", "int8", "awq", "gptq", "quantized",
    "w4a16", "w8a8", "dynamic", "nvidia", "meta", "google", "openai", "reasoning", "captioner",
}  # fmt: skip
_SAME = {"llama-3.3-70b": "llama-3.1-70b", "llama-3-8b": "llama-3.1-8b",
         "llama-3-70b": "llama-3.1-70b", "deepseek-v3": "deepseek-r1",
         "deepseek-v3.1": "deepseek-r1", "deepseek-v3.2": "deepseek-r1", "deepseek-r1-0528":
         "deepseek-r1", "deepseek-v3-0324": "deepseek-r1"}  # fmt: skip
_TOLERANCE = 0.15  #: of total parameters, for encoders of images that the records leave out
_ROUTED_SHARE = 0.8
_BITS = {"float32": 32.0, "fp32": 32.0, "bfloat16": 16.0, "bf16": 16.0, "float16": 16.0,
         "fp16": 16.0, "float8": 8.0, "fp8": 8.0, "int8": 8.0, "w8a8": 8.0, "w8a16": 8.0,
         "mxfp8": 8.25, "w4a16": 4.5, "fp4": 4.5, "nvfp4": 4.5, "mxfp4": 4.25, "int4": 4.5,
         "awq": 4.5, "gptq": 4.5}  # fmt: skip
_DESIGNS = {"h100": "h100-sxm", "h200": "h200-sxm", "b200": "b200", "tpuv4": "tpu-v4"}
#: In names of other products with the same chip: other limits of power, other memory.
_OTHERS = re.compile(r"gh200|gb200|pcie|nvl(?!ink)")


def chip_design(gpu_model: str) -> str:
    """Return the built-in design of a chip by what a file calls it, empty if there is none.

    Examples
    --------
    >>> chip_design("NVIDIA H100 80GB HBM3"), chip_design("B200"), chip_design("H100 PCIe")
    ('h100-sxm', 'b200', '')
    """
    plain = re.sub(r"[^a-z0-9]", "", gpu_model.casefold())
    if _OTHERS.search(plain):
        return ""
    return next((design for key, design in _DESIGNS.items() if key in plain), "")


def stored_bits(precision: str) -> float | None:
    """Return the bits of a weight, scales of blocks included; none where a row does not say.

    Raises
    ------
    KeyError
        A precision that is not known.

    Examples
    --------
    >>> stored_bits("bfloat16"), stored_bits("float8_e4m3fn"), stored_bits("")
    (16.0, 8.0, None)
    """
    word = re.sub(r"[^a-z0-9]", "", precision.casefold())
    if not word:
        return None
    return _BITS[max((known for known in _BITS if word.startswith(known)), key=len, default=word)]


def find_model(row: MeasuredRow, models: Library[LanguageModel]) -> LanguageModel | str:
    """Return the model of a row, or why it is not known.

    By name where a record has it and its size agrees with the row's columns; otherwise the record
    that is nearest in active parameters, scaled to the row's: layers and width by the third root.

    Parameters
    ----------
    row : MeasuredRow
        With a name, or total and activated parameters.
    models : Library of LanguageModel
        What is known.
    """
    named = _by_name(row, models)
    total = row.total_billion * 1e9
    if named is not None and not abs(named.total_parameters / total - 1.0) > _TOLERANCE:
        return named
    if math.isnan(total):
        name = row.model_id or row.nickname
        cure = "give total_params_billions, and activated_params_billions of a mixture of experts"
        return f"model {name!r} is not known and has no sizes; {cure}; {did_you_mean(name, models)}"
    active = total if math.isnan(row.active_billion) else row.active_billion * 1e9
    if not active <= total * 1.001:
        return f"{active:g} active of {total:g} parameters"
    return _scaled(row, min(active, total), total, models)


def _by_name(row: MeasuredRow, models: Library[LanguageModel]) -> LanguageModel | None:
    for text in (row.model_id, row.nickname):
        words = _words(text)
        name = "-".join(words)
        for candidate in (name, _SAME.get(name, "")):
            if candidate in models:
                return models[candidate]
        fitting = [known for known in models if _begins(words, known.split("-"))]
        if fitting:
            return models[max(fitting, key=len)]
    return None


def _begins(words: list[str], known: list[str]) -> bool:
    """Whether a name begins with a record's, which must hold a size or a version."""
    return words[: len(known)] == known and any(any(c.isdigit() for c in word) for word in known)


def _words(text: str) -> list[str]:
    """Return what a name says of the model: the owner, plain words and dates left out."""
    plain = text.casefold().rpartition("/")[2].replace("_", "-").replace(" ", "-")
    plain = re.sub(r"\b(qwen|llama|gemma)-(\d)", r"\1\2", plain)
    plain = re.sub(r"\b(llama|gemma)(\d)", r"\1-\2", plain)
    words = [word for word in plain.split("-") if word]
    kept = [word for word in words if word not in _PLAIN and not re.fullmatch(r"\d{4,}", word)]
    if "coder" in words and "480b" in words:
        kept.insert(1, "coder")
    return kept


def _scaled(
    row: MeasuredRow, active: float, total: float, models: Library[LanguageModel]
) -> LanguageModel:
    """Return the nearest record of the same kind, scaled to the row's parameters."""
    sparse = active < 0.9 * total
    alike = [m for m in models.values() if bool(m.experts) == sparse and _published(m)]
    base = min(alike, key=lambda model: abs(math.log(model.active_parameters / active)))
    side = (active / base.active_parameters) ** (1.0 / 3.0)
    experts, expert = base.experts, 0.0
    if sparse:  # a token's experts hold at most what most records' do of what it meets
        most = _ROUTED_SHARE * active / base.experts_per_token
        expert = min((total - active) / (experts - base.experts_per_token), most)
        experts = base.experts_per_token + (total - active) / expert
    return dataclasses.replace(
        base,
        name=f"like {base.name}",
        title=row.nickname or row.model_id,
        layers=max(round(base.layers * side), 1),
        windowed_layers=round(base.windowed_layers * side),
        hidden=base.hidden * side,
        total_parameters=total,
        active_parameters=active,
        experts=experts,
        expert_parameters=expert,
        expert_bits=None,
        # Small tables leave room for the layers of a small model.
        vocabulary=min(base.vocabulary, 0.1 * active / (base.hidden * side)),
    )


def _published(model: LanguageModel) -> bool:
    """Whether a record is of a plain published transformer, and no guess of ours."""
    trust = model.provenance["total_parameters"].trust
    return trust == Trust.PRIMARY and model.attention_layers is None
