"""Voltage and frequency under a power cap: which operating point each run of steps is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.frequency import relative_speed
from power.machine import Machine
from power.work import Work

__all__ = ["Governed", "OperatingPoints", "govern"]

_POINTS = 33  #: voltages from the operation's down to the node's lowest
_CORE = ("tensor", "vector")  #: resources that follow the clock of the logic


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """Points on the voltage-frequency curve of a machine, the operation's own one first.

    The clock at a voltage keeps the margin that the operation's clock has to the alpha-power law:
    ``f = f_operation s(V) / s(V_operation)``.

    Parameters
    ----------
    voltage_v, frequency_hz : array, shape (n,)
        Of the dies with systolic arrays, falling.
    """

    voltage_v: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]

    @classmethod
    def of(cls, machine: Machine) -> OperatingPoints:
        """Return evenly spaced voltages from the operation's to the lowest of the node.

        Examples
        --------
        >>> import floorplan, power
        >>> machine = power.Machine.of(
        ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
        >>> points = OperatingPoints.of(machine)
        >>> float(points.voltage_v[0]), round(float(points.frequency_hz[-1]) / 1e9, 2)
        (0.75, 1.08)
        """
        run, node = machine.operation, machine.node
        voltage = np.linspace(run.voltage_v, node.minimum_voltage_v, _POINTS)
        speed = np.array([relative_speed(node, float(v)) for v in voltage])
        return cls(voltage, run.frequency_hz * speed / speed[0])

    @property
    def pace(self) -> NDArray[np.float64]:
        """Clock over the operation's own, shape (n,)."""
        return np.asarray(self.frequency_hz / self.frequency_hz[0])

    @property
    def voltage_ratio(self) -> NDArray[np.float64]:
        """Voltage over the operation's own, shape (n,)."""
        return np.asarray(self.voltage_v / self.voltage_v[0])


@dataclass(frozen=True, eq=False)
class Governed:
    """Runs of steps with the operating point of each.

    Parameters
    ----------
    runs : DataFrame
        As they were given, with the new ``start_s``, ``end_s`` and busy times, and with columns
        ``pace`` and ``voltage_ratio`` over the operation's own.
    before_s, after_s : array, shape (2 m,)
        Starts and ends of the runs before and after, one behind the other [s].
    """

    runs: pd.DataFrame
    before_s: NDArray[np.float64]
    after_s: NDArray[np.float64]

    def moved(
        self,
        admitted_s: NDArray[np.float64],
        first_token_s: NDArray[np.float64],
        finish_s: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return when requests are admitted, answered first and done after all [s].

        Within a run time stretches evenly. A request is admitted where a run begins, and answered
        where one ends: these differ where the pause between two runs has changed.
        """
        start, first, last = (
            np.interp(times, before, after)
            for times, before, after in (
                (admitted_s, self.before_s[::2], self.after_s[::2]),
                (first_token_s, self.before_s, self.after_s),
                (finish_s, self.before_s, self.after_s),
            )
        )
        return start, first, last


def govern(
    work: Work,
    runs: pd.DataFrame,
    cap_w: float,
    temperature_c: float,
    *,
    not_before_s: float = -np.inf,
) -> Governed:
    """Give each run the fastest operating point at which a package stays below its cap.

    A lower voltage costs each action of the logic ``(V / V_operation)^2`` and each time of the
    arrays and vector units ``f_operation / f``; memory and links keep their own supplies. Runs
    keep their order and their members: one that takes longer delays those behind it, and idle
    time takes the delay up. Where even the lowest voltage is above the cap, it is taken.

    Parameters
    ----------
    work : Work
        The machine and the model.
    runs : DataFrame
        Runs of steps alike, as `Schedule.iterations`.
    cap_w : float
        Highest mean power of a package over a run [W].
    temperature_c : float
        At which leakage and refresh are counted [degC].
    not_before_s : float
        When the runs before these end after all [s].
    """
    points = OperatingPoints.of(work.machine)
    level = np.zeros(len(runs), np.int64)
    above = np.flatnonzero(_watts(work, runs, points, level, temperature_c) > cap_w)
    # The first point that keeps the cap lies in (low, high]; power falls from point to point.
    low, high = np.zeros_like(above), np.full_like(above, len(points.pace) - 1)
    while (open_runs := np.flatnonzero(high - low > 1)).size:
        middle = (low[open_runs] + high[open_runs]) // 2
        part = runs.iloc[above[open_runs]]
        kept = _watts(work, part, points, middle, temperature_c) <= cap_w
        high[open_runs[kept]], low[open_runs[~kept]] = middle[kept], middle[~kept]
    level[above] = high
    slower = _at(runs, points, level)
    if not level.any() and not_before_s <= float(runs["start_s"].iloc[0]):
        bounds = runs[["start_s", "end_s"]].to_numpy().ravel()
        return Governed(slower, bounds, bounds)
    return _retimed(runs, slower, not_before_s)


def _watts(
    work: Work,
    runs: pd.DataFrame,
    points: OperatingPoints,
    level: NDArray[np.int64],
    temperature_c: float,
) -> NDArray[np.float64]:
    """Return the mean power of a package over each run at an operating point, shape (m,) [W]."""
    from power.activity import Activity, counts_of_runs
    from power.block_power import BlockPower

    part = _at(runs, points, level)
    edges = np.concatenate([[0.0], np.cumsum((part["end_s"] - part["start_s"]).to_numpy())])
    watts = BlockPower.of(Activity(_Ran(work), edges, counts_of_runs(work, part)))
    return watts.package_w(temperature_c)


@dataclass(frozen=True)
class _Ran:
    """What `Activity` asks of whoever ran the steps."""

    work: Work


def _at(runs: pd.DataFrame, points: OperatingPoints, level: NDArray[np.int64]) -> pd.DataFrame:
    """Return runs at operating points, each beginning when it did."""
    pace, voltage = points.pace[level], points.voltage_ratio[level]
    names = [f"{name}_s" for name in (*_CORE, "hbm")]
    busy = runs[names].to_numpy()
    slower = busy / np.column_stack([pace, pace, np.ones(len(pace))])
    longer = slower.max(axis=1) - busy.max(axis=1)
    columns = {name: slower[:, place] for place, name in enumerate(names[:2])}
    end = runs["end_s"].to_numpy() + longer
    return runs.assign(**columns, end_s=end, pace=pace, voltage_ratio=voltage)


def _retimed(before: pd.DataFrame, after: pd.DataFrame, not_before_s: float) -> Governed:
    """Let runs that take longer delay those behind them."""
    start = before["start_s"].to_numpy()
    lasting = after["end_s"].to_numpy() - start
    done = np.cumsum(lasting)
    # A run ends at the latest, over all runs j up to it, of start j and what lasts from there on.
    free = np.maximum(start, not_before_s)
    end = done + np.maximum.accumulate(free - (done - lasting))
    begin = np.maximum(free, np.concatenate([[-np.inf], end[:-1]]))
    bounds = np.column_stack([start, before["end_s"].to_numpy()]).ravel()
    moved = np.column_stack([begin, end]).ravel()
    return Governed(after.assign(start_s=begin, end_s=end), bounds, moved)
