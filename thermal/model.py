"""The thermal model of a package: set up once, solved for many powers."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from package import Package
from techlib import InputError, did_you_mean
from thermal.assembly import assemble
from thermal.averaging import block_averages
from thermal.blocks import BlockCells, Power
from thermal.coarseness import coarseness_warnings
from thermal.effort import effort_warnings
from thermal.feedback import fixed_point
from thermal.history import TemperatureHistory
from thermal.mesh import Mesh
from thermal.numbers import numbers
from thermal.operator import Operator
from thermal.pace import pace_of
from thermal.resolution import Resolution
from thermal.solver import Solver, set_up_solver
from thermal.start import start_rise
from thermal.steady import SteadyField, solve_steady
from thermal.temperatures import Temperatures
from thermal.transient import StepPower, march, read_edges, read_power
from thermal.varying import Conduction, Following, Frozen, solve_varying

__all__ = ["Means", "ThermalModel"]

Array = NDArray[np.float64]
Means = Literal["corrected", "cells"]


class ThermalModel:
    """A package with its mesh, its conduction operator and a solver that is set up.

    Parameters
    ----------
    package : Package
    resolution : Resolution, optional
    solver : callable, optional
        Makes the linear solver from operator and mesh; multigrid unless given.
    means : {"corrected", "cells"}
        How block means follow from cells: freed of the leading discretisation error (see
        `thermal.averaging`), or plainly weighted by volume, as other finite-volume codes do.
    nonlinear : bool
        Follow the temperature where the conductivity of a material depends on it; otherwise the
        one at its reference temperature holds everywhere.
    marches : bool
        Refuse a mesh that leaves no memory for a transient; otherwise only one too large for a
        steady state.

    Raises
    ------
    InputError
        Unknown `means`; blocks whose power would be lost, or overlapping regions.
    ResourceError
        Too many cells for the memory.

    Examples
    --------
    A silicon plate of 10 x 10 x 1 mm, heated by 10 W and cooled at its top:

    >>> import techlib
    >>> from shapely import box
    >>> from package import Face, Layer, Package, Region
    >>> silicon, air = techlib.materials()["silicon"], techlib.materials()["air"]
    >>> plate = box(0, 0, 10_000, 10_000)
    >>> layer = Layer("die", 1000.0, plate, silicon, (Region("core", plate, silicon, "core"),))
    >>> package = Package("plate", (layer,), air, Face(1e4, 25.0), Face(), Face(), 25.0)
    >>> model = ThermalModel(package, Resolution(lateral=8))
    >>> found = model.steady({"core": 10.0})
    >>> print(f"{found.block_mean_c['core']:.2f} degC")
    35.24 degC
    """

    def __init__(
        self,
        package: Package,
        resolution: Resolution | None = None,
        *,
        solver: Callable[[Operator, Mesh], Solver] | None = None,
        means: Means = "cells",
        nonlinear: bool = True,
        marches: bool = True,
    ) -> None:
        if means not in get_args(Means):
            cure = did_you_mean(means, get_args(Means))
            raise InputError.of("means", f"unknown kind {means!r}", cure=cure)
        begun = time.perf_counter()
        self.package = package
        self.mesh = Mesh.of(package, resolution, nonlinear=nonlinear, marches=marches)
        self.operator = assemble(self.mesh)
        averaging = block_averages(self.mesh, self.operator) if means == "corrected" else None
        self.blocks = BlockCells(self.mesh, averaging)
        self.warnings = coarseness_warnings(self.mesh)
        assembled = time.perf_counter()
        set_up = solver or set_up_solver
        self.solver = set_up(self.operator, self.mesh)
        reference = Frozen(self.operator, self.solver)
        self._conduction = Conduction(self.mesh, reference, set_up, varies=nonlinear)
        self.seconds = {
            "assembly": assembled - begun,
            "setup": time.perf_counter() - assembled,
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """Blocks, in the order of all arrays of powers and block temperatures."""
        return self.mesh.keys

    @property
    def nonlinear(self) -> bool:
        """Whether conductivities follow the temperature."""
        return self._conduction.varies

    def frozen(self, temperatures: Temperatures) -> ThermalModel:
        """Return the linear model with the conductivities of a field, e.g. to reduce it.

        Raises
        ------
        InputError
            A field of another resolution.
        """
        other = copy.copy(self)
        other._conduction = self._conduction.based_at(self._rise_at(temperatures), varies=False)
        other.operator, other.solver = other._conduction.reference
        return other

    def steady(self, power_w: Power, *, start: Temperatures | None = None) -> Temperatures:
        """Solve for the temperatures at constant powers.

        Parameters
        ----------
        power_w : mapping of str to float, pandas.Series, or array (keys,)
            Power of each block; those that a mapping leaves out have none [W].
        start : Temperatures, optional
            Of a similar power, to start from.

        Raises
        ------
        InputError
            Unknown blocks, powers that are negative or not numbers.
        ConvergenceError
            Residual or heat balance is not good enough.
        """
        vector = self.blocks.power_vector(power_w)
        begun = time.perf_counter()
        solved = self._solve(vector, None if start is None else self._rise_at(start))
        seconds = time.perf_counter() - begun
        effort = () if self.nonlinear else effort_warnings(self.package, solved.iterations)
        return self._temperatures(vector, solved, seconds, warnings=effort)

    def steady_with_feedback(
        self,
        power_of: Callable[[Array], ArrayLike],
        *,
        start: Temperatures | None = None,
        tolerance_k: float = 0.01,
        maximum_iterations: int = 50,
    ) -> Temperatures:
        """Solve for the temperatures where powers depend on them, as leakage does.

        Parameters
        ----------
        power_of : callable
            Powers of the blocks (keys,) [W] from their mean temperatures (keys,) [degC].
        start : Temperatures, optional
            To start from; the package's ambient unless given.
        tolerance_k : float
            Distance of the block means to the fixed point [K].
        maximum_iterations : int
            Steady solves at most.

        Raises
        ------
        ConvergenceError
            Thermal runaway: there is no stable temperature; or too many rounds.
        """
        begun = time.perf_counter()
        reference_c = self.operator.reference_c
        start_k = self._rise_at(start)
        solved: list[SteadyField] = []

        def mean_of(power_w: Array) -> Array:
            solved.append(self._solve(power_w, solved.pop().rise_k if solved else start_k))
            iterations.append(solved[-1].iterations)
            return self.blocks.means(solved[-1].rise_k) + reference_c

        iterations: list[int] = []
        found = fixed_point(
            mean_of,
            lambda mean_c: self._checked(power_of(mean_c)),
            self.blocks.means(start_k) + reference_c,
            self.keys,
            tolerance_k=tolerance_k,
            maximum_iterations=maximum_iterations,
        )
        last = dataclasses.replace(solved[-1], iterations=sum(iterations))
        seconds = time.perf_counter() - begun
        return self._temperatures(found.power_w, last, seconds, rounds=found.iterations)

    def transient(
        self,
        power_w: StepPower,
        edges_s: ArrayLike,
        start: Temperatures | float | None = None,
        *,
        substeps: int | None = None,
        tolerance_k: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> TemperatureHistory:
        """March through steps of constant power.

        Each step is crossed in one go, in `substeps` equal parts, or, with `tolerance_k`, in as
        many parts as the estimated error of each asks for. Conductivities that depend on the
        temperature are assembled afresh after a part wherever one of them has changed by more than
        a per cent, or by less where `tolerance_k` is below 0.1 K.

        Parameters
        ----------
        power_w : array (steps, keys), DataFrame by block, or callable
            Power of each block during each step [W]. A callable gets the number of the step and
            the block means at its start (keys,) [degC], so that leakage follows the temperature
            one step behind.
        edges_s : array (steps + 1,)
            Ends of the steps; power jumps there and nowhere else [s].
        start : Temperatures or float, optional
            Field, or one temperature of everything, at the first edge; the package's ambient
            unless given [degC].
        substeps : int, optional
            Equal parts that each step is marched in, each second-order accurate; 1 unless given.
        tolerance_k : float, optional
            In place of `substeps`: error that a part may have in the cell where it is greatest.
            It is estimated for a second-order part, and taken out; what is left at the end of a
            step is less [K].
        progress : callable, optional
            Called after each step with the number of steps done and of all steps.

        Raises
        ------
        InputError
            Unusable times, powers, sub-steps or tolerance.
        ConvergenceError
            A linear solve failed, heat is unaccounted for, or no step is short enough.

        Examples
        --------
        A plate of 10 x 10 x 1 mm under a film, heated by 10 W for as long as its time constant:

        >>> import techlib
        >>> from shapely import box
        >>> from package import Face, Layer, Package, Region
        >>> copper, plate = techlib.materials()["copper"], box(0, 0, 10_000, 10_000)
        >>> layer = Layer("die", 1000.0, plate, copper, (Region("core", plate, copper, "core"),))
        >>> package = Package("plate", (layer,), copper, Face(1e4, 25.0), Face(), Face(), 25.0)
        >>> model = ThermalModel(package, Resolution(lateral=2))
        >>> found = model.transient([[10.0]], [0.0, 0.345], tolerance_k=0.01)
        >>> round(found.final.max_c, 1), found.time_error_k < 0.1
        (31.5, True)
        """
        edges = read_edges(edges_s)
        pace = pace_of(substeps, tolerance_k)
        begun = time.perf_counter()
        start_k = self._rise_at(start)
        conduction = Following(self._conduction, start_k, tolerance_k)
        found = march(
            *conduction.start,
            self.blocks,
            read_power(power_w, self.blocks, len(edges) - 1),
            edges,
            start_k,
            pace=pace,
            follow=conduction.moved,
            progress=progress,
        )
        seconds = time.perf_counter() - begun
        final, hottest = (
            self._temperatures(
                found.power_w[step],
                SteadyField(rise_k, found.iterations, found.residual, found.energy_balance),
                seconds,
            )
            for step, rise_k in ((-1, found.final_k), (found.hottest_step, found.hottest_k))
        )
        return TemperatureHistory.of(found, edges, (final, hottest), final.seconds)

    def _rise_at(self, start: Temperatures | float | None) -> Array:
        return start_rise(start, self.mesh, self.operator.reference_c)

    def _checked(self, power_w: ArrayLike) -> Array:
        """Return powers that a callable gave; infinite ones are left to the fixed point."""
        vector = numbers(power_w, "power")
        if vector.shape == (len(self.keys),) and not np.isfinite(vector).all():
            return vector
        return self.blocks.power_vector(vector)

    def _solve(self, power_w: Array, start_k: Array | None) -> SteadyField:
        source_w = self.blocks.source(power_w)
        if self.nonlinear:
            start_k = self._rise_at(None) if start_k is None else start_k
            return solve_varying(self._conduction, source_w, start_k)
        return solve_steady(self.operator, self.solver, source_w, start_k)

    def _temperatures(
        self,
        power_w: Array,
        solved: SteadyField,
        seconds: float,
        *,
        rounds: int = 0,
        warnings: tuple[str, ...] = (),
    ) -> Temperatures:
        return Temperatures.of(
            self.mesh,
            self.blocks,
            solved.rise_k + self.operator.reference_c,
            power_w,
            residual=solved.residual,
            energy_balance=solved.energy_balance,
            iterations=solved.iterations,
            fixed_point_iterations=rounds,
            seconds={**self.seconds, "solve": seconds},
            warnings=(*self.warnings, *warnings),
        )
