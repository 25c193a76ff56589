"""Temperatures over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from thermal.netcdf import Labelled
from thermal.temperatures import Temperatures
from thermal.transient import March

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TemperatureHistory"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TemperatureHistory:
    """Temperatures over time; row ``i`` is the end of step ``i``.

    Parameters
    ----------
    block_mean_c, block_max_c : pandas.DataFrame
        Mean and hottest cell of each block, rows by time [s] [degC].
    power_w : pandas.DataFrame
        Power of each block during the step that ends at that time [W].
    final : Temperatures
        At the end of the last step.
    hottest : Temperatures
        At the end of the step with the hottest cell of any block.
    hottest_step : int
        Number of that step.
    residual : float
        Largest of all solves.
    energy_balance : float
        Heat in less heat out less heat stored, over all steps, relative to the heat in.
    iterations : int
        Of the linear solver, all steps together.
    parts : int
        Steps that the march took; one or more for each step of constant power.
    rejected_parts : int
        Those that it tried again with a shorter length.
    part_error_k : pandas.Series
        Estimated errors of the parts of each step, added up, in the cell where each is greatest;
        not a number where parts are of a fixed length [K].
    seconds : mapping of str to float
        Time taken by ``assembly``, ``setup`` and ``solve`` [s].
    warnings : tuple of str
        What is resolved too coarsely, and materials out of their range in the hottest field.
    """

    block_mean_c: pd.DataFrame
    block_max_c: pd.DataFrame
    power_w: pd.DataFrame
    final: Temperatures
    hottest: Temperatures
    hottest_step: int
    residual: float
    energy_balance: float
    iterations: int
    parts: int
    rejected_parts: int
    part_error_k: pd.Series[float]
    seconds: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        found: March,
        edges_s: Array,
        ends: tuple[Temperatures, Temperatures],
        seconds: Mapping[str, float],
    ) -> TemperatureHistory:
        """Label the arrays of a march; `ends` are the final and the hottest field."""
        final, hottest = ends
        index = pd.Index(edges_s[1:], name="time_s")
        columns = final.power_w.index
        return cls(
            block_mean_c=pd.DataFrame(found.mean_c, index=index, columns=columns),
            block_max_c=pd.DataFrame(found.max_c, index=index, columns=columns),
            power_w=pd.DataFrame(found.power_w, index=index, columns=columns),
            final=final,
            hottest=hottest,
            hottest_step=found.hottest_step,
            residual=found.residual,
            energy_balance=found.energy_balance,
            iterations=found.iterations,
            parts=found.taken,
            rejected_parts=found.rejected,
            part_error_k=pd.Series(found.error_k, index=index, name="part_error_k"),
            seconds=seconds,
            warnings=hottest.warnings,
        )

    @property
    def max_c(self) -> float:
        """The hottest cell of any block at the end of any step [degC]."""
        return float(self.block_max_c.to_numpy().max())

    @property
    def time_error_k(self) -> float | None:
        """Estimated error of the march in time, none where its parts were of a fixed length [K].

        The greatest sum over the parts of a step. Errors of earlier steps fade like the heat that
        they stand for; on the other hand each estimate is that of a second-order part, and has
        been taken out of the result.
        """
        error_k = float(self.part_error_k.max())
        return None if math.isnan(error_k) else error_k

    @property
    def times_s(self) -> Array:
        """Ends of the steps [s]."""
        return np.asarray(self.block_mean_c.index, dtype=np.float64)

    @property
    def dataset(self) -> xr.Dataset:
        """Means, maxima and powers by time and block, with units and origin."""
        return self._labelled().dataset()

    def _labelled(self) -> Labelled:
        origin = self.final.provenance()
        blocks = [str(key) for key in self.block_mean_c.columns]
        tables = {
            "mean_c": (self.block_mean_c, "degC", "mean temperature at the end of the step"),
            "max_c": (self.block_max_c, "degC", "hottest cell at the end of the step"),
            "power_w": (self.power_w, "W", "power during the step"),
        }
        variables = {
            name: (("time", "block"), table.to_numpy(), {"units": unit, "long_name": meaning})
            for name, (table, unit, meaning) in tables.items()
        }
        times = ("time", self.times_s, {"units": "s", "long_name": "end of step"})
        attributes = {
            "title": f"Temperatures over time of {self.final.mesh.package.name}",
            "source": origin["source"],
            "references": origin["references"],
            "residual": self.residual,
            "energy_balance": self.energy_balance,
            "iterations": self.iterations,
            "parts": self.parts,
            "rejected_parts": self.rejected_parts,
        }
        if self.time_error_k is not None:
            attributes["time_error_k"] = self.time_error_k
        coordinates = {"time": times, "block": ("block", np.array(blocks), {})}
        return Labelled(variables, coordinates, attributes)

    def to_netcdf(self, path: str | Path) -> None:
        """Write `dataset` as NetCDF; the same history gives the same bytes."""
        self._labelled().write(path)
