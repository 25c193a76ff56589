"""Pictures of a validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

__all__ = ["convergence", "histogram", "measured_against", "over_time"]

_SIZE_INCH = (6.4, 3.8)
_DPI = 160


def _figure() -> Figure:
    figure = Figure(figsize=_SIZE_INCH, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def convergence(
    lateral: Sequence[int], errors_k: Mapping[str, Sequence[float]], target_k: float | None
) -> Figure:
    """Draw errors over the cells a side, with a line of second order."""
    figure = _figure()
    axes = figure.add_subplot()
    for name, values in errors_k.items():
        axes.loglog(lateral, values, "o-", label=name)
    cells = np.array(lateral, dtype=np.float64)
    start = max(values[0] for values in errors_k.values())
    axes.loglog(cells, start * (cells[0] / cells) ** 2, "k:", lw=1, label="second order")
    if target_k is not None:
        axes.axhline(target_k, color="tab:red", lw=1, ls="--", label=f"target {target_k:g} K")
    axes.set_xticks(list(lateral), [str(n) for n in lateral])
    axes.minorticks_off()
    axes.set_xlabel("cells a side")
    axes.set_ylabel("greatest error of a block mean / K")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    return figure


def over_time(
    times_ms: ArrayLike, curves_k: Mapping[str, ArrayLike], target_k: float | None
) -> Figure:
    """Draw differences over time."""
    figure = _figure()
    axes = figure.add_subplot()
    for name, values in curves_k.items():
        axes.plot(times_ms, values, lw=0.9, label=name)
    if target_k is not None:
        axes.axhline(target_k, color="tab:red", lw=1, ls="--", label=f"target {target_k:g} K")
    axes.set_xlabel("time / ms")
    axes.set_ylabel("greatest difference of a block mean / K")
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    return figure


def histogram(counts: Mapping[str, Sequence[int]], limit: int) -> Figure:
    """Draw how often each number of iterations was needed."""
    figure = _figure()
    axes = figure.add_subplot()
    top = max(max(values) for values in counts.values())
    bins = np.arange(0.0, top + 6.0, 5.0)
    axes.hist(list(counts.values()), bins=bins.tolist(), label=list(counts))
    axes.axvline(limit, color="tab:red", lw=1, ls="--", label=f"{limit} iterations")
    axes.set_xlabel("iterations")
    axes.set_ylabel("packages")
    axes.legend(frameon=False, fontsize=8)
    return figure


def measured_against(table: pd.DataFrame, quantity: str, unit: str) -> Figure:
    """Draw predicted over measured values by kind of model, with lines 10 % off."""
    figure = _figure()
    axes = figure.add_subplot()
    known = table[np.isfinite(table[f"measured_{quantity}"])]
    for kind, part in known.groupby("kind"):
        axes.plot(part[f"measured_{quantity}"], part[quantity], ".", ms=5, alpha=0.7, label=kind)
    both = known[[f"measured_{quantity}", quantity]].to_numpy(dtype=np.float64)
    ends = np.array([0.9 * both.min(), 1.1 * both.max()])
    axes.plot(ends, ends, "k-", lw=0.8)
    for share in (0.9, 1.1):
        axes.plot(ends, share * ends, "k:", lw=0.8)
    if both.max() > 10.0 * both.min():
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel(f"measured / {unit}")
    axes.set_ylabel(f"predicted / {unit}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    return figure
