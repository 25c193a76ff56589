"""The table of iterations: its columns, and which steps share a row."""

from __future__ import annotations

__all__ = ["GROWTH", "ROW"]

#: Steps share a row while the KV cache that they read stays this close to the first one's.
GROWTH = 0.05

#: Columns of a row of steps alike.
ROW = (
    "start_s",
    "end_s",
    "steps",
    "decode_sequences",  # in each step
    "step_prompt_tokens",  # in each step
    "logits",
    "products",
    "products_windowed",
    "kv_tokens",
    "kv_tokens_windowed",
    "handed_byte",
    "decoded_products",
    "tensor_s",
    "vector_s",
    "hbm_s",
    "serial_s",
    "kv_reserved_byte",
    "waiting",
    "decode_tokens",  # in each step: one of each decoding sequence, and its drafts
    "output_tokens",
    "level",  # of each step: which of `power.OperatingPoints`
    "lump_c",  # highest
)
