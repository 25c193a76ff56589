"""A thermal run of its own: a design under its sustained load, or a case file of any tool.

What designs and pictures need is imported where it is used: a case file needs neither.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from package import Case, read_any_case, write_case
from scoville.console import Progress
from scoville.design_file import Override
from scoville.output import write_json
from scoville.run_record import RunRecord, input_hash
from scoville.settings import TimeSteps, thermal_settings
from techlib import Faults, InputError, did_you_mean
from thermal import Resolution, TemperatureHistory, Temperatures, ThermalModel
from thermal.discretisation import DiscretisationError, discretisation_error
from thermal.resolution import Kind

if TYPE_CHECKING:
    from scoville.design import Design

__all__ = ["Options", "ThermalRun", "history_table", "run_case", "run_design"]

_PRESET = "standard"  #: thermal settings whose error in time holds for case files


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says on mesh and march.

    Parameters
    ----------
    grid : int, optional
        Lateral cells a side.
    mesh : str, optional
        Kind of `thermal.Resolution`.
    time_tolerance_k : float, optional
        Estimated error in time of a part of a step [K].
    substeps : int, optional
        Equal parts of each step, in place of the tolerance.

    Raises
    ------
    InputError
        An unknown kind, a tolerance that is not above zero, or one beside `substeps`.
    """

    grid: int | None = None
    mesh: str | None = None
    time_tolerance_k: float | None = None
    substeps: int | None = None

    def __post_init__(self) -> None:
        faults = Faults()
        if self.mesh is not None and self.mesh not in get_args(Kind):
            cure = did_you_mean(self.mesh, get_args(Kind))
            faults.add("--mesh", f"unknown kind {self.mesh!r}", cure=cure)
        tolerance_k = self.time_tolerance_k
        if tolerance_k is not None and not 0.0 < tolerance_k < math.inf:
            faults.add("--time-tolerance", f"{tolerance_k:g} K", "above 0 K, finite")
        if tolerance_k is not None and self.substeps is not None:
            faults.add("--substeps", "is given beside --time-tolerance", "one of them")
        faults.raise_if_any()

    def resolution(self) -> Resolution:
        """Return the mesh of a case file."""
        given: dict[str, Any] = {"lateral": self.grid, "kind": self.mesh}
        return Resolution(**{key: value for key, value in given.items() if value is not None})

    def time_steps(self) -> TimeSteps:
        """Return the march of a case file."""
        if self.time_tolerance_k is None and self.substeps is None:
            return thermal_settings()[_PRESET].time_steps
        return {"substeps": self.substeps, "tolerance_k": self.time_tolerance_k}

    def overrides(self) -> list[Override]:
        """Return the entries of a design's ``[thermal]`` that they stand for."""
        tolerance = None if self.time_tolerance_k is None else f"{self.time_tolerance_k!r} K"
        given: list[tuple[str, str, Any]] = [
            ("--grid", "lateral", self.grid),
            ("--mesh", "kind", self.mesh),
            ("--time-tolerance", "time_tolerance", tolerance),
            ("--substeps", "substeps", self.substeps),
        ]
        return [
            Override(option, f"thermal.{key}", value)
            for option, key, value in given
            if value is not None
        ]


@dataclass(frozen=True, eq=False)
class ThermalRun:
    """Temperatures, and what made them.

    Parameters
    ----------
    name : str
        Of the design or case.
    temperatures : Temperatures
        The steady state.
    history : TemperatureHistory or None
        The transient, if one was asked for.
    record : RunRecord
        For the output folder.
    design : Design or None
        None for a case file.
    notes : tuple of str
        What was read otherwise than the other tool would have, or left out.
    error : DiscretisationError or None
        Of the steady state, if an estimate was asked for.
    """

    name: str
    temperatures: Temperatures
    history: TemperatureHistory | None
    record: RunRecord
    design: Design | None = None
    notes: tuple[str, ...] = ()
    error: DiscretisationError | None = None

    @property
    def seconds(self) -> Mapping[str, float]:
        """Wall time of assembly, set-up and solve [s]."""
        return (self.temperatures if self.history is None else self.history).seconds

    def to_dict(self) -> dict[str, Any]:
        """Return the temperatures as plain values, for JSON output."""
        steady = self.temperatures
        table = steady.to_dataframe().drop(columns="power_w")
        content: dict[str, Any] = {
            "name": self.name,
            "blocks": {
                str(key): {name: float(value) for name, value in row.items()}
                for key, row in table.iterrows()
            },
            "max_c": steady.max_c,
            "power_w": float(steady.power_w.sum()),
            "residual": float(steady.residual),
            "iterations": int(steady.iterations),
            "fixed_point_iterations": int(steady.fixed_point_iterations),
            "energy_balance": float(steady.energy_balance),
            "cells": steady.cells,
            "seconds": dict(steady.seconds),
            "warnings": list(steady.warnings),
            "notes": list(self.notes),
        }
        if self.error is not None:
            kinds = {
                "mean_k": self.error.mean_k,
                "max_k": self.error.max_k,
                "peak_k": self.error.peak_k,
            }
            content["error_estimate"] = {
                "blocks": {
                    str(key): {kind: float(errors[key]) for kind, errors in kinds.items()}
                    for key in table.index
                },
                **{kind: float(errors.max()) for kind, errors in kinds.items()},
                "cells": self.error.cells,
            }
        if self.history is not None:
            content["transient"] = {
                "steps": len(self.history.times_s),
                "max_c": self.history.max_c,
                "residual": float(self.history.residual),
                "energy_balance": float(self.history.energy_balance),
                "iterations": int(self.history.iterations),
                "parts": self.history.parts,
                "rejected_parts": self.history.rejected_parts,
                "time_error_k": self.history.time_error_k,
                "seconds": dict(self.history.seconds),
            }
        return content

    def write(self, folder: Path, *, png: bool) -> None:
        """Write the field (NetCDF), the blocks (CSV, JSON), the history (Parquet), the maps.

        The history is written twice: ``temperatures.parquet`` in long form with means, maxima and
        powers, ``block_means.parquet`` with a row per step and a column per block.
        """
        content = self.to_dict()
        for part in (content, content.get("transient", {})):
            part.pop("seconds", None)  # a result holds no timings: they are in the run record
        write_json(folder / "thermal.json", content)
        self.temperatures.to_netcdf(folder / "temperature.nc")
        self.temperatures.to_dataframe().to_csv(folder / "blocks.csv", lineterminator="\n")
        if self.history is not None:
            wide = self.history.block_mean_c.reset_index()
            long = history_table(self.history)
            for name, table in (("temperatures", long), ("block_means", wide)):
                table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        if png:
            plan = None if self.design is None else self.design.floorplan
            from scoville.pictures import write_temperature_maps

            write_temperature_maps(self.temperatures, plan, folder)


def history_table(history: TemperatureHistory) -> pd.DataFrame:
    """Return time, block, mean, maximum and power in long form, a row per step and block."""
    blocks = [str(key) for key in history.block_mean_c.columns]
    return pd.DataFrame(
        {
            "time_s": np.repeat(history.times_s, len(blocks)),
            "block": blocks * len(history.times_s),
            "mean_c": history.block_mean_c.to_numpy().ravel(),
            "max_c": history.block_max_c.to_numpy().ravel(),
            "power_w": history.power_w.to_numpy().ravel(),
        }
    )


def run_design(
    name: str,
    overrides: Sequence[str | Override],
    *,
    options: Options | None = None,
    transient: bool,
    progress: Progress,
    error_estimate: bool = False,
) -> ThermalRun:
    """Solve for the temperatures of a design under its sustained load.

    Raises
    ------
    InputError, ConvergenceError, ResourceError
        As `run_signoff` does.
    """
    from scoville.analysis import analyse_heat, analyse_power
    from scoville.design import load_design

    design = load_design(name, [*overrides, *(options or Options()).overrides()])
    progress("scheduling the trace", 0.05)
    power = analyse_power(design, design.trace())
    heat = analyse_heat(design, power, transient=transient, progress=progress)
    record = RunRecord("thermal", design.input_hash, design.seed, design.sources)
    error = None
    if error_estimate:
        progress("coarser mesh for the error estimate", 0.95)
        error = discretisation_error(heat.steady)
    return ThermalRun(design.name, heat.steady, heat.history, record, design, error=error)


def run_case(
    path: str,
    flags: Sequence[str] = (),
    *,
    options: Options | None = None,
    transient: bool,
    progress: Progress,
    error_estimate: bool = False,
) -> ThermalRun:
    """Solve for the temperatures of a case file, whichever tool it was written for.

    Parameters
    ----------
    path : str
        What `package.read_any_case` reads.
    flags : sequence of str
        ``"key=value"``, for HotSpot's own options.
    options : Options, optional
        Of mesh and march; those that are not given are the engine's own, and the error in time is
        that of the standard settings.

    Raises
    ------
    InputError
        Every fault of the case, or ``--transient`` for one that has no trace.
    """
    case = read_any_case(path, _flags(flags))
    if transient and case.trace is None:
        raise InputError.of(path, "has no transient", cure="leave --transient out")
    options = options or Options()
    resolution = options.resolution().looking_to(case.power_w)
    progress("meshing the package", 0.1)
    model = ThermalModel(case.package, resolution, means="corrected", marches=transient)
    progress("steady state", 0.2)
    steady = model.steady(dict(case.power_w))
    error = discretisation_error(steady, means="corrected") if error_estimate else None
    history = None
    if transient and case.trace is not None:
        powers = case.trace.power_w.reindex(columns=list(model.keys), fill_value=0.0)
        history = model.transient(
            powers.to_numpy(),
            case.trace.edges_s,
            case.initial_c,
            **options.time_steps(),
            progress=lambda done, steps: progress("transient", 0.3 + 0.7 * done / steps),
        )
    settings: dict[str, Any] = {"resolution": dataclasses.asdict(resolution)}
    if history is not None:
        settings["time_steps"] = dict(options.time_steps())
    digest = input_hash(settings, _content(case))
    return ThermalRun(
        case.package.name,
        steady,
        history,
        RunRecord("thermal", digest, sources=case.package.sources),
        notes=tuple(case.notes),
        error=error,
    )


def _flags(given: Sequence[str]) -> dict[str, str]:
    """Split ``key=value``; an option that stands alone is switched on."""
    pairs = (item.partition("=") for item in given)
    return {key.lstrip("-"): value if equals else "on" for key, equals, value in pairs}


def _content(case: Case) -> bytes:
    """Return a case as bytes that do not depend on the files that it was read from."""
    with tempfile.TemporaryDirectory() as folder:
        write_case(case, Path(folder) / "case.json")
        return b"".join(file.read_bytes() for file in sorted(Path(folder).iterdir()))
