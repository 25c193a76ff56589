"""A fitted board as the table of a data file, with bands and how it was found."""

from __future__ import annotations

from collections.abc import Mapping

from power.serving import ENERGIES, TIMES
from techlib import Board

__all__ = ["board_table", "coefficient_rows"]

#: Spread of power between boards that did the same work: pairs of runs alike in everything differ
#: by up to twice this.
_SPREAD = 0.07
_UNITS = {
    "idle_w": ("idle", "W", 1.0),
    "stream_pj_bit": ("stream", "pJ/bit", 1.0),
    "kv_pj_bit": ("kv", "pJ/bit", 1.0),
    "compute_pj_flop": ("compute", "pJ/flop", 1.0),
    "padding_pj_flop": ("padding", "pJ/flop", 1.0),
    "sequence_j": ("sequence", "mJ", 1e3),
    "routing_pj": ("routing", "nJ", 1e-3),
    "bandwidth_efficiency": ("bandwidth_efficiency", "", 1.0),
    "compute_efficiency": ("compute_efficiency", "", 1.0),
    "step_overhead_s": ("step_overhead", "ms", 1e3),
    "sequence_overhead_s": ("sequence_overhead", "us", 1e6),
    "hop_latency_s": ("hop_latency", "us", 1e6),
    "routing_time_s": ("routing_time", "ps", 1e12),
}


def _band(name: str, board: Board, folds: Mapping[str, Board]) -> tuple[float, float, float]:
    """Return value, low and high: the fits without each family, widened by the boards' spread."""
    value = float(getattr(board, name))
    all_values = [value, *(float(getattr(fold, name)) for fold in folds.values())]
    high = max(all_values) * (1.0 + _SPREAD)
    if name.endswith("efficiency"):
        high = min(high, 1.0)
    return value, min(all_values) * (1.0 - _SPREAD), high


def coefficient_rows(board: Board, folds: Mapping[str, Board]) -> list[dict[str, object]]:
    """Return coefficient, unit, value and band of each, for a table."""
    rows: list[dict[str, object]] = []
    for name in (*ENERGIES, *TIMES):
        key, unit, scale = _UNITS[name]
        value, low, high = (scale * number for number in _band(name, board, folds))
        row = {"coefficient": key, "unit": unit or "-", "value": value, "low": low, "high": high}
        rows.append(row)
    return rows


def board_table(board: Board, folds: Mapping[str, Board], origin: str) -> str:
    """Return the board as a table of ``boards.toml``.

    Parameters
    ----------
    board : Board
        As fitted.
    folds : mapping of str to Board
        Fitted without each family of models.
    origin : str
        What it was fitted to, for the notes.
    """
    lines = [f"[{board.name}]", f'title = "{board.title}"', 'source = "mlenergy"', 'trust = "W"']
    lines.append(f'valid = "{_valid(board)}"')
    for row in coefficient_rows(board, folds):
        key, unit = row["coefficient"], "" if row["unit"] == "-" else f" {row['unit']}"
        value, low, high = (f"{row[part]:.4g}" for part in ("value", "low", "high"))
        quoted = [f'"{text}{unit}"' if unit else text for text in (value, low, high)]
        note = f"{_MEANING[str(key)]}; fitted to {origin}"
        band = f"value = {quoted[0]}, low = {quoted[1]}, high = {quoted[2]}"
        lines.append(f'{key} = {{ {band}, note = "{note}" }}')
    for key, place in _TILES.items():
        origin = f'source = "vllm-experts", trust = "P", at = "{place}"'
        lines.append(f"{key} = {{ value = {getattr(board, key):g}, {origin} }}")
    return "\n".join(lines) + "\n"


def _valid(board: Board) -> str:
    return board.provenance["idle_w"].valid


_MEANING = {
    "idle": "Clocks up, kernels launched, nothing moved",
    "stream": "HBM device, PHY, network, caches and operand delivery of weights and states",
    "kv": "The same of the KV cache, with the arithmetic of attention on vector units",
    "compute": "Tensor cores and their operands, in the format that the weights are stored in",
    "padding": "The same on rows of zeros that fill up tiles of experts",
    "sequence": "Logits, sampling and bookkeeping of a sequence in a step, shared by the group",
    "routing": "Gate, gather, reduction of a hidden value of a layer with experts, on each board",
    "bandwidth_efficiency": "Sustained over peak bandwidth",
    "compute_efficiency": "Sustained over peak arithmetic, rows of zeros included",
    "step_overhead": "Scheduler and launch of a step",
    "sequence_overhead": "Sampling and bookkeeping of a sequence in a step",
    "hop_latency": "Two all-reduces of a layer, times the logarithm to base 2 of the group",
    "routing_time": "As the energy of routing",
}
_TILES = {
    "few_rows": "get_default_config: no more tokens than experts",
    "many_rows": "get_default_config: more tokens than experts",
    "block_rows": "deep_gemm_moe: alignment of the rows of each expert",
}
