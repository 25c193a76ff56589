"""Whole fields out of reduced ones, checked against the full heat balance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from thermal.model import ThermalModel
from thermal.temperatures import Temperatures

__all__ = ["reconstruct"]

Array = NDArray[np.float64]


def reconstruct(
    model: ThermalModel, rise_k: Array, rate_k_s: Array, power_w: pd.Series[float], seconds: float
) -> Temperatures:
    """Return a field with its block temperatures.

    Parameters
    ----------
    model : ThermalModel
        The full model.
    rise_k, rate_k_s : array (cells,)
        Rise over the reference [K], and how fast it changes [K/s].
    power_w : pandas.Series
        Power of each block [W].
    seconds : float
        Time taken so far [s].

    Returns
    -------
    Temperatures
        Its residual is what is left of ``P + b - A T - C dT/dt`` in the cells, relative to heat
        and storage; its energy balance the same of the whole package.
    """
    operator, blocks = model.operator, model.blocks
    heat_w = (blocks.source(np.asarray(power_w, dtype=np.float64)) + operator.outside_w).ravel()
    stored_w = operator.capacity_j_k.ravel() * rate_k_s
    left_w = heat_w - stored_w - operator.apply(rise_k.reshape(operator.shape)).ravel()
    scale_w = float(np.linalg.norm(heat_w) + np.linalg.norm(stored_w))
    moved_w = float(np.abs(heat_w).sum() + np.abs(stored_w).sum())
    field_c = rise_k.reshape(operator.shape) + operator.reference_c
    index = power_w.index
    return Temperatures(
        mesh=model.mesh,
        field_c=field_c,
        power_w=power_w,
        block_mean_c=pd.Series(blocks.means(field_c), index=index, name="mean_c"),
        block_max_c=pd.Series(blocks.maxima(field_c), index=index, name="max_c"),
        residual=float(np.linalg.norm(left_w)) / scale_w if scale_w else 0.0,
        energy_balance=abs(float(left_w.sum())) / moved_w if moved_w else 0.0,
        iterations=0,
        seconds={**model.seconds, "solve": seconds},
        warnings=model.warnings,
    )
