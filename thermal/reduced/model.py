"""The reduced model: a thermal model in a few hundred modes, marched exactly in time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from techlib import InputError
from thermal.blocks import Power
from thermal.model import ThermalModel
from thermal.reduced.checks import check_settings, march_warnings, step_edges
from thermal.reduced.field import reconstruct
from thermal.reduced.history import ReducedHistory, ReducedState
from thermal.reduced.inputs import Inputs, Patterns
from thermal.reduced.march import ModalSystem, march_feedback, march_table
from thermal.reduced.problem import Problem
from thermal.reduced.recorder import Recorder
from thermal.reduced.report import ReducedReport
from thermal.reduced.search import reduce
from thermal.reduced.shapes import ModeShapes
from thermal.reduced.start import Start, start_amplitudes
from thermal.reduced.store import load_parts, save_parts
from thermal.temperatures import Temperatures
from thermal.transient import StepPower, read_power, read_table

__all__ = ["ReducedModel"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReducedModel:
    r"""A thermal model in a few hundred modes, marched exactly through piecewise-constant power.

    The heat equation ``C dT/dt = P + b - A T`` is projected on fields ``(A + s C)^-1 B`` of the
    block powers ``B`` at a few real shifts ``s``, and diagonalised. Projected so, the conductance
    ``A`` and the capacity ``C`` stay symmetric and positive, and every mode decays. Steady states
    are those of the full model, since ``s = 0`` is among the shifts; a uniform start and fluids of
    different temperature are inputs like the powers.

    Parameters
    ----------
    model : ThermalModel
        The full model.
    system : ModalSystem
        Modes with their inputs and outputs.
    shapes : ModeShapes
        What the modes look like.
    inputs : Inputs
        Powers that it can take.
    report : ReducedReport
        How it was found, and the bound of its error.

    References
    ----------
    .. [1] V. Druskin, V. Simoncini and M. Zaslavsky, "Adaptive tangential interpolation in
       rational Krylov subspaces for MIMO dynamical systems", SIAM Journal on Matrix Analysis and
       Applications 35, 2014.

    Examples
    --------
    A silicon plate of 10 x 10 x 1 mm, heated by 10 W for 2 s and cooled at its top, with the
    conductivity at its steady temperatures:

    >>> import techlib
    >>> from shapely import box
    >>> from package import Face, Layer, Package, Region
    >>> from thermal import ReducedModel, Resolution, ThermalModel
    >>> silicon, air = techlib.materials()["silicon"], techlib.materials()["air"]
    >>> plate = box(0, 0, 10_000, 10_000)
    >>> layer = Layer("die", 1000.0, plate, silicon, (Region("core", plate, silicon, "core"),))
    >>> package = Package("plate", (layer,), air, Face(1e4, 25.0), Face(), Face(), 25.0)
    >>> model = ThermalModel(package, Resolution(lateral=8))
    >>> linear = model.frozen(model.steady({"core": 10.0}))
    >>> reduced = ReducedModel.of(linear, {"core": 10.0})
    >>> history = reduced.march([[10.0], [10.0]], 1.0)
    >>> print(f"{history.block_mean_c['core'].iloc[-1]:.1f} degC")
    35.2 degC
    """

    model: ThermalModel
    system: ModalSystem
    shapes: ModeShapes
    inputs: Inputs
    report: ReducedReport

    @classmethod
    def of(
        cls,
        model: ThermalModel,
        power_w: Power,
        *,
        inputs: Patterns | None = None,
        tolerance_k: float = 0.1,
        shortest_s: float = 1e-3,
        progress: Callable[[str, float], None] = lambda _stage, _share: None,
    ) -> ReducedModel:
        """Reduce a thermal model.

        Parameters
        ----------
        model : ThermalModel
            What to reduce; linear, so one whose conductivities follow the temperature has to be
            `ThermalModel.frozen` first.
        power_w : mapping of str to float, pandas.Series, or array (keys,)
            Nominal power: what each block may reach, such as the greatest power in a trace. The
            tolerance holds for jumps of this size [W].
        inputs : sequence of groups of keys, or array (keys, patterns) [W], optional
            Blocks that share power in fixed proportions, or patterns of power as `principal_inputs`
            finds them, for packages of very many blocks. Each block is an input unless given.
        tolerance_k : float
            Error of block means that the search is after, when all blocks jump to nominal power at
            once; that of their hottest cells may be three times as much. What was reached is in
            `report` [K].
        shortest_s : float
            Time after a jump from which on temperatures count; the shortest step to march [s].
        progress : callable, optional
            Called with the stage and the share that is done.

        Raises
        ------
        InputError
            Unusable powers, inputs, tolerance or time.
        ConvergenceError
            A solve stopped short.
        ResourceError
            The fields would not fit into memory.
        """
        begun = time.perf_counter()
        nominal_w = check_settings(model, power_w, tolerance_k, shortest_s)
        chosen = Inputs.of(model.keys, nominal_w, inputs)
        problem = Problem.of(model.operator, model.solver, model.mesh, model.blocks, chosen)
        found = reduce(problem, tolerance_k, shortest_s, progress)
        system = ModalSystem.of(found.modes, chosen.projector)
        if model.blocks.corrected:
            averages = found.basis.averages(model.blocks.averaging)
            system = dataclasses.replace(system, means=averages @ found.modes.coefficients)
        shapes = ModeShapes.of(found.basis, found.modes, problem.members)
        report = ReducedReport(
            tolerance_k=tolerance_k,
            shortest_s=shortest_s,
            visits=found.visits,
            mean_bound_k=found.bound_k[0],
            max_bound_k=found.bound_k[1],
            iterations=found.iterations,
            nominal_rise_k=0.0 if chosen.plain else problem.nominal_rise_k(),
            seconds={"build": time.perf_counter() - begun},
        )
        return cls(model, system, shapes, chosen, report)

    @property
    def keys(self) -> tuple[str, ...]:
        """Blocks, in the order of all arrays of powers and block temperatures."""
        return self.model.keys

    @property
    def modes(self) -> int:
        """Number of modes."""
        return len(self.system.rates_per_s)

    @property
    def resistance_k_w(self) -> pd.DataFrame:
        """Steady rise of each block's mean (rows) by 1 W in each block (columns) [K/W].

        Symmetric, but for what corrected means (`thermal.averaging`) take off.

        Raises
        ------
        InputError
            Inputs were joined.
        """
        if not self.inputs.plain:
            what = "knows its blocks only in groups or patterns"
            cure = "build it without joining inputs"
            raise InputError.of("reduced model", what, cure=cure)
        by_rate = self.system.drive / self.system.rates_per_s[:, None]
        return pd.DataFrame(self.system.means @ by_rate, index=self._index, columns=self._index)

    def steady(self, power_w: Power) -> ReducedState:
        """Return the steady state at constant powers.

        Parameters
        ----------
        power_w : mapping of str to float, pandas.Series, or array (keys,)
            Power of each block; those that a mapping leaves out have none [W].

        Raises
        ------
        InputError
            Unknown blocks, powers that are negative or not numbers.
        """
        vector = self.model.blocks.power_vector(power_w)
        return self._state(self.system.steady(vector), vector, np.inf)

    def march(
        self,
        power_w: StepPower,
        edges_s: ArrayLike,
        start: Start | None = None,
        *,
        maxima: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> ReducedHistory:
        """March through steps of constant power, exactly in time.

        Parameters
        ----------
        power_w : array (steps, keys), DataFrame by block, or callable
            Power of each block during each step [W]. A callable gets the number of the step and
            the block means at its start (keys,) [degC], so that leakage follows the temperature
            one step behind.
        edges_s : array (steps + 1,), or float
            Ends of the steps, which may differ in length; or the length of all steps, for powers
            that are not a callable [s].
        start : ReducedState, Temperatures or float, optional
            State, field, or one temperature of everything, at the first edge; the package's
            ambient unless given [degC].
        maxima : bool
            Find the hottest cell of each block after each step too. Without it that is done only
            for the step at which the mean of the block is highest.
        progress : callable, optional
            Called now and then with the number of steps done and of all steps.

        Raises
        ------
        InputError
            Unusable times, powers or start.
        """
        begun = time.perf_counter()
        edges = step_edges(edges_s, power_w)
        durations_s = np.diff(edges)
        first, start_error_k = start_amplitudes(self.model, self.system, self.shapes, start)
        reference_c = self.model.operator.reference_c
        starts, (keys, modes) = self.model.blocks.members[1], self.system.means.shape
        cells = (self.shapes.at_blocks, starts) if maxima else None
        recorder = Recorder(len(durations_s), keys, modes, reference_c, cells)
        if callable(power_w):
            of = read_power(power_w, self.model.blocks, len(durations_s))
            last, table = march_feedback(
                self.system, of, durations_s, first, recorder, reference_c, progress=progress
            )
        else:
            table = read_table(power_w, self.model.blocks, len(durations_s))
            last = march_table(self.system, table, durations_s, first, recorder, progress=progress)
        input_error_k = self.inputs.left_out(table) * self.report.nominal_rise_k
        return ReducedHistory.of(
            recorder,
            table,
            edges,
            self.keys,
            final=last,
            peak_c=self.shapes.peaks(recorder.amplitudes, starts) + reference_c,
            start_error_k=start_error_k,
            input_error_k=input_error_k,
            seconds=time.perf_counter() - begun,
            warnings=march_warnings(
                self.report, self.inputs, durations_s, table, start_error_k, input_error_k
            ),
        )

    def mean_c(self, state: ReducedState) -> pd.Series[float]:
        """Return the mean of each block [degC]."""
        mean_c = self.system.means @ state.amplitudes + self.model.operator.reference_c
        return pd.Series(mean_c, index=self._index, name="mean_c")

    def max_c(self, state: ReducedState) -> pd.Series[float]:
        """Return the hottest cell of each block [degC]."""
        return pd.Series(self._max_c(state.amplitudes), index=self._index, name="max_c")

    def field(self, state: ReducedState) -> Temperatures:
        """Reconstruct the whole field of a state.

        Its residual and energy balance are those of the full heat equation.

        Raises
        ------
        InputError
            The model was saved without its fields.
        """
        begun = time.perf_counter()
        system, power_w = self.system, np.asarray(state.power_w, dtype=np.float64)
        forced = system.drive @ power_w + system.surroundings
        rates = forced - system.rates_per_s * state.amplitudes
        rise_k, rate_k_s = self.shapes.whole(np.stack([state.amplitudes, rates], axis=1))
        seconds = time.perf_counter() - begun
        return reconstruct(self.model, rise_k, rate_k_s, state.power_w, seconds)

    def save(self, path: str | Path, *, fields: bool = True) -> None:
        """Write the reduced model; the same model gives the same bytes.

        Parameters
        ----------
        path : str or Path
            File, by custom ``.npz``.
        fields : bool
            Whether to keep what whole fields are reconstructed from, by far the greatest part.
            Without it a march, block means and maxima work as before, but not `field`, nor a
            start from `Temperatures`.
        """
        parts = (self.system, self.shapes, self.inputs, self.report)
        save_parts(Path(path), self.model, parts, fields=fields)

    @classmethod
    def load(cls, path: str | Path, model: ThermalModel) -> ReducedModel:
        """Read a reduced model that `save` wrote, for the thermal model that it was made from.

        Raises
        ------
        InputError
            No such file, not a reduced model, or one of another mesh or package.
        """
        return cls(model, *load_parts(Path(path), model))

    @property
    def _index(self) -> pd.Index[str]:
        return pd.Index(self.keys, name="block")

    def _max_c(self, amplitudes: Array) -> Array:
        starts = self.model.blocks.members[1]
        return self.shapes.maxima(amplitudes, starts) + self.model.operator.reference_c

    def _state(self, amplitudes: Array, power_w: Array, time_s: float) -> ReducedState:
        return ReducedState(
            amplitudes, pd.Series(power_w, index=self._index, name="power_w"), time_s
        )
