"""How far a solution is from that of an infinitely fine mesh, by a second mesh of twice the width.

Were the error of second order alone, a third of the difference between the two meshes would be
that of the finer one. Two meshes cannot tell the order, so the customary safety factor of 3 is
applied: the estimate is the difference itself.

References
----------
.. [1] P. J. Roache, "Perspective: A method for uniform reporting of grid refinement studies",
   Journal of Fluids Engineering 116, 1994.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from thermal.model import Means, ThermalModel
from thermal.temperatures import Temperatures

__all__ = ["DiscretisationError", "discretisation_error"]

_COARSER = 0.5


@dataclass(frozen=True, eq=False)
class DiscretisationError:
    """Estimated error of a solution by its mesh; an estimate, not a bound.

    Parameters
    ----------
    mean_k, max_k, peak_k : pandas.Series
        Of the mean, the hottest cell and the hottest point of each block [K].
    cells : int
        Of the coarser mesh.
    seconds : float
        Time that the coarser solution took [s].
    """

    mean_k: pd.Series[float]
    max_k: pd.Series[float]
    peak_k: pd.Series[float]
    cells: int
    seconds: float


def discretisation_error(
    found: Temperatures, *, means: Means = "cells", nonlinear: bool = True
) -> DiscretisationError:
    """Estimate the error of a steady solution by solving on a mesh of twice the width.

    Parameters
    ----------
    found : Temperatures
        The solution; the coarser one gets the same powers.
    means, nonlinear
        As in the model that gave the solution.

    Raises
    ------
    ConvergenceError
        The solve on the coarser mesh stopped short.

    Examples
    --------
    >>> from shapely import box
    >>> from package import Face, Layer, Package, Region
    >>> from techlib import Material
    >>> from thermal import Resolution
    >>> silicon = Material(
    ...     "silicon", "", {}, conductivity_w_mk=(120.0,) * 3, heat_capacity_j_m3k=1.65e6
    ... )
    >>> plate = box(0, 0, 10_000, 10_000)
    >>> core = Region("core", box(2000, 2000, 6000, 6000), silicon, "core")
    >>> layer = Layer("die", 1000.0, plate, silicon, (core,))
    >>> package = Package("plate", (layer,), silicon, Face(1e4, 25.0), Face(), Face(), 25.0)
    >>> model = ThermalModel(package, Resolution(lateral=40))
    >>> error = discretisation_error(model.steady({"core": 10.0}))
    >>> bool(0.0 < error.mean_k["core"] < 0.5)
    True
    """
    resolution = found.mesh.resolution.finer(_COARSER)
    other = ThermalModel(
        found.mesh.package, resolution, means=means, nonlinear=nonlinear, marches=False
    ).steady(found.power_w)
    return DiscretisationError(
        mean_k=(found.block_mean_c - other.block_mean_c).abs().rename("mean_k"),
        max_k=(found.block_max_c - other.block_max_c).abs().rename("max_k"),
        peak_k=(found.block_peak_c - other.block_peak_c).abs().rename("peak_k"),
        cells=other.cells,
        seconds=sum(other.seconds.values()),
    )
