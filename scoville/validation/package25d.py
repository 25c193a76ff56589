"""Against published reference figures of a 2.5-D package, steady and over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.constants import zero_Celsius

from package import Case, read_case
from scoville.validation.figures import over_time
from scoville.validation.runs import BALANCE, run_row, solve
from scoville.validation.section import Check, Picture, Section, Table
from techlib import InputError
from thermal import (
    ReducedHistory,
    ReducedModel,
    Resolution,
    TemperatureHistory,
    Temperatures,
    ThermalModel,
)
from thermal.peaks import hottest_points

__all__ = ["package25d"]

MEANS_K = {128: 0.15, 256: 0.1}  #: the reference itself is good to about 0.1 K
MAXIMA_K = 0.3  #: of the hottest cell, on cells of the reference's width
TRANSIENT_K = 0.1  #: at the end of every step, on the reference's own mesh
REDUCED_K = (0.1, 0.3)  #: of block means and maxima, at the end of every step

_BEST = "ref_0.25mm_z"
_BEST_CELL_UM = 250.0
_MAXIMA = f"{_BEST}_max"
_PEERS = {
    "HotSpot 7, 64 x 64": "hotspot_slu_64",
    "HotSpot 7, 128 x 128": "hotspot_slu_128",
    "HotSpot 7, 256 x 256": "hotspot_slu_256",
    "HotSpot 7, 128 x 128, input as its manual suggests": "hotspot_naive_slu_128",
    "3D-ICE 4, 1 mm": "3dice_steady_1.0",
    "3D-ICE 4, 0.5 mm": "3dice_steady_0.5",
    "3D-ICE 4, 0.25 mm": "3dice_steady_0.25",
    "finite volumes, one cell a layer, 0.5 mm": "ref_samegrid_0.5mm",
    "finite volumes, one cell a layer, 0.25 mm": "ref_samegrid_0.25mm",
}
_OURS = "ours"
_FINEST = Resolution(lateral=512, finest_um=15.0, growth=0.15)
_ONE_CELL_UM = 1e6  # taller than any layer: one cell a layer
_PEER_LATERAL = 128  # 0.5 mm, as the transient reference
_TRUTH_K = 0.03  # error in time that the full model is allowed where the reduced one is held to it
_HEADER = "T at end of each 1 ms slot:"


def package25d(data: Path, *, quick: bool) -> Section:
    """Hold the package against the z-refined reference, and its transient against the other."""
    folder = data / "pkg25d"
    case = read_case(folder / "case.json")
    steady_c = pd.read_csv(folder / "blocks_steady.csv", index_col="block")
    steady_c = steady_c.drop(columns="power_W") - zero_Celsius
    rows, solves, checks = _steady(case, steady_c, quick=quick)
    transient = _transient(case, folder / "reference_transient_0.5mm.csv", 100 if quick else None)
    checks += transient.reduced_checks
    checks += [
        Check("pkg25d: energy balance", max(row["energy balance"] for row in solves), BALANCE),
        Check("pkg25d: block means over time, same mesh", transient.worst_k, TRANSIENT_K, "K"),
    ]
    text = f"""
        A compute die of 26 x 33 mm with eight memory stacks under a lid, 940 W. The reference
        (`{_BEST}`) is an independent finite-volume code on cells of 0.25 mm, refined in z. Its
        means are sums over cells, with the error at the edges of sources that these have. The last
        column is against our own solution on {_FINEST.lateral} cells a side, refined in z: it shows
        what error the reference itself has, which is what is left between it and our means at 256.

        A hottest cell depends on its width wherever a block is hottest at its edge: the reference's
        own maxima change by 1 K from cells of 0.5 mm to cells of 0.25 mm. So maxima are compared on
        cells of 0.25 mm, whatever the mesh, by the profiles in its cells (`thermal.peaks`). The
        hottest cells of the mesh itself stand beside them, and the hottest points, which do
        not depend on the mesh and are hotter than any cell of 0.25 mm.

        The transient reference has cells of 0.5 mm and one cell a layer, and with them an error of
        up to {_own_error_k(steady_c):.2f} K in the steady state. The transient is therefore
        compared on that very mesh and with sums over cells, which holds the march in time against
        it and nothing else. The reference takes steps of 0.25 ms.

        The reduced model is made of the model on that mesh, for an error of {REDUCED_K[0]:g} K, and
        is held against that model marched with an error in time within {_TRUTH_K:g} K.
    """
    tables = (
        Table("Against the z-refined reference", pd.DataFrame(rows)),
        Table("Solves", pd.DataFrame(solves)),
        Table("Transient against the reference on its own mesh", transient.rows),
        Table("Reduced model against the full one", transient.reduced_rows),
    )
    picture = Picture(
        "pkg25d_transient.png",
        "Greatest difference of a block mean at the end of each millisecond",
        lambda: over_time(transient.times_ms, transient.curves_k, TRANSIENT_K),
    )
    return Section("pkg25d", "2.5-D package", text, tuple(checks), tables, (picture,))


def _steady(
    case: Case, reference_c: pd.DataFrame, *, quick: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Check]]:
    """Return the comparison, the solves and the checks of the steady state."""
    rows: list[dict[str, Any]] = []
    solves, checks = [], []
    grids = (64, 128) if quick else (64, 128, 256)
    finest_c: dict[str, pd.Series[float]] = {}
    if not quick:
        found, plain = solve(case.package, case.power_w, _FINEST)
        finest_c = {"": found.block_mean_c, ", sums over cells": plain}
        solves.append(run_row(f"{_FINEST.lateral}, refined in z", found))
        reference_c = reference_c.assign(**{_OURS: found.block_mean_c})
    for name, means_c in finest_c.items():
        label = f"this one, {_FINEST.lateral}, refined in z{name}"
        rows.append({"code": label, **_against(reference_c, means_c)})
    for lateral in grids:
        found, plain = solve(case.package, case.power_w, Resolution(lateral=lateral))
        ours = {
            **_against(reference_c, found.block_mean_c, _on_reference_cells(found)),
            "hottest own cells, greatest K": _greatest(found.block_max_c - reference_c[_MAXIMA]),
            "hottest points, greatest K": _greatest(found.block_peak_c - reference_c[_MAXIMA]),
        }
        rows.append({"code": f"this one, {lateral}", **ours})
        rows.append(
            {"code": f"this one, {lateral}, sums over cells", **_against(reference_c, plain)}
        )
        solves.append(run_row(str(lateral), found))
        if lateral in MEANS_K:
            for what, allowed_k in (("means", MEANS_K[lateral]), ("maxima", MAXIMA_K)):
                name = f"pkg25d: block {what} at {lateral}"
                checks.append(Check(name, ours[f"{what}, greatest K"], allowed_k, "K"))
    rows.append({"code": "the reference", **_against(reference_c, reference_c[_BEST])})
    for name, column in _PEERS.items():
        maxima_c = reference_c.get(f"{column}_max")
        rows.append({"code": name, **_against(reference_c, reference_c[column], maxima_c)})
    return rows, solves, checks


def _against(
    reference_c: pd.DataFrame, means_c: pd.Series[float], maxima_c: pd.Series[float] | None = None
) -> dict[str, float]:
    """Return differences to the best reference."""
    mean_k = means_c - reference_c[_BEST]
    row = {
        "means, greatest K": _greatest(mean_k),
        "means, rms K": float(np.sqrt((mean_k**2).mean())),
    }
    if _OURS in reference_c:
        row["to our finest K"] = _greatest(means_c - reference_c[_OURS])
    if maxima_c is not None:
        row["maxima, greatest K"] = _greatest(maxima_c - reference_c[_MAXIMA])
        row["hottest K"] = float(maxima_c.max() - reference_c[_MAXIMA].max())
    return row


def _greatest(difference_k: pd.Series[float]) -> float:
    return float(difference_k.abs().max())


def _on_reference_cells(found: Temperatures) -> pd.Series[float]:
    """Return the hottest cell of each block as cells of the reference's width would have it."""
    maxima_c = hottest_points(found.mesh, found.field_c, cell_um=_BEST_CELL_UM)
    return pd.Series(maxima_c, index=found.block_max_c.index)


def _own_error_k(reference_c: pd.DataFrame) -> float:
    return _against(reference_c, reference_c["ref_samegrid_0.5mm"])["means, greatest K"]


class _Transient:
    """Differences over time by number of sub-steps."""

    def __init__(self) -> None:
        self.curves_k: dict[str, NDArray[np.float64]] = {}
        self.times_ms: NDArray[np.float64] = np.zeros(0)
        self._rows: list[dict[str, Any]] = []
        self.worst_k = np.inf
        self.reduced_rows = pd.DataFrame()
        self.reduced_checks: list[Check] = []

    @property
    def rows(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows)

    def add(self, name: str, found: TemperatureHistory, reference_c: pd.DataFrame) -> None:
        """Take in a march; the last one is the one that counts."""
        off_k = (found.block_mean_c - reference_c[found.block_mean_c.columns].to_numpy()).abs()
        top_k = found.block_max_c.max(axis=1).to_numpy() - reference_c["TMAX"].to_numpy()
        self.times_ms = 1e3 * found.times_s
        self.curves_k[name] = off_k.max(axis=1).to_numpy()
        self.worst_k = float(self.curves_k[name].max())
        self._rows.append(
            {
                "steps": name,
                "means, greatest K": self.worst_k,
                "means, rms K": float(np.sqrt((off_k.to_numpy() ** 2).mean())),
                "hottest cell, greatest K": float(np.abs(top_k).max()),
                "iterations": found.iterations,
                "energy balance": found.energy_balance,
                "solve s": found.seconds["solve"],
            }
        )

    def hold(self, reduced: ReducedModel, march: ReducedHistory, truth: TemperatureHistory) -> None:
        """Hold a march of a reduced model against that of the full one."""
        tables = ((march.block_mean_c, truth.block_mean_c), (march.block_max_c, truth.block_max_c))
        off_k = [float((one - other).abs().to_numpy().max()) for one, other in tables]
        row = {
            "modes": reduced.modes,
            "means, greatest K": off_k[0],
            "bound K": reduced.report.mean_bound_k,
            "maxima, greatest K": off_k[1],
            "bound, maxima K": reduced.report.max_bound_k,
            "build s": reduced.report.seconds["build"],
            "march s": march.seconds["march"],
            "full march s": truth.seconds["solve"],
        }
        self.reduced_rows = pd.DataFrame([row])
        self.reduced_checks = [
            Check(f"pkg25d: reduced model, block {what} over time", found_k, allowed_k, "K")
            for what, found_k, allowed_k in zip(("means", "maxima"), off_k, REDUCED_K, strict=True)
        ]


def _transient(case: Case, path: Path, steps: int | None) -> _Transient:
    """March on the mesh of the reference, in fixed parts and with an error within a tolerance."""
    if case.trace is None:
        raise InputError.of(str(path.parent / "case.json"), "has no transient")
    resolution = Resolution(lateral=_PEER_LATERAL, finest_um=_ONE_CELL_UM, growth=0.0)
    model = ThermalModel(case.package, resolution, means="cells")
    power_w = case.trace.power_w[list(model.keys)].iloc[:steps]
    reference_c = pd.read_csv(path).iloc[: len(power_w)] - zero_Celsius
    reference_c.columns = reference_c.columns.str.removeprefix(f"# {_HEADER}").str.strip()
    edges_s = case.trace.edges_s[: len(power_w) + 1]
    transient = _Transient()
    watts, step_ms = power_w.to_numpy(), 1e3 * case.trace.step_s
    for substeps in (1, 2):
        found = model.transient(watts, edges_s, case.initial_c, substeps=substeps)
        transient.add(f"{step_ms / substeps:g} ms", found, reference_c)
    found = model.transient(watts, edges_s, case.initial_c, tolerance_k=TRANSIENT_K)
    transient.add(f"error within {TRANSIENT_K:g} K", found, reference_c)
    truth = model.transient(watts, edges_s, case.initial_c, tolerance_k=_TRUTH_K)
    reduced = ReducedModel.of(model, power_w.max(), tolerance_k=REDUCED_K[0])
    march = reduced.march(watts, edges_s, case.initial_c, maxima=True)
    transient.hold(reduced, march, truth)
    return transient
