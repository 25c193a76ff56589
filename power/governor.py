"""Voltage and frequency under a power cap: the operating points that steps can be given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from power.frequency import relative_speed
from power.machine import Machine

__all__ = ["OperatingPoints", "with_points"]

_POINTS = 33  #: voltages from the operation's down to the node's lowest
_DIVISIONS = 32  #: clocks below that, at the lowest voltage
_SLOWEST = 1.0 / 16.0  #: of the clock at the lowest voltage


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """Points on the voltage-frequency curve of a machine, the operation's own one first.

    The clock at a voltage keeps the margin that the operation's clock has to the alpha-power law:
    ``f = f_operation s(V) / s(V_operation)``. At the lowest voltage it is divided further.

    Parameters
    ----------
    voltage_v, frequency_hz : array, shape (n,)
        Of the dies with systolic arrays, falling.
    """

    voltage_v: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]

    @classmethod
    def of(cls, machine: Machine) -> OperatingPoints:
        """Return evenly spaced voltages from the operation's to the lowest of the node, and clocks.

        Examples
        --------
        >>> import floorplan, power
        >>> machine = power.Machine.of(
        ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
        >>> points = OperatingPoints.of(machine)
        >>> float(points.voltage_v[0]), round(float(points.frequency_hz[32]) / 1e9, 2)
        (0.75, 1.08)
        >>> float(points.voltage_v[-1]), round(float(points.frequency_hz[-1]) / 1e6)
        (0.55, 67)
        """
        run, node = machine.operation, machine.node
        voltage = np.linspace(run.voltage_v, node.minimum_voltage_v, _POINTS)
        speed = np.array([relative_speed(node, float(v)) for v in voltage])
        divided = speed[-1] * np.linspace(1.0, _SLOWEST, _DIVISIONS + 1)[1:]
        voltage = np.append(voltage, np.full(_DIVISIONS, voltage[-1]))
        return cls(voltage, run.frequency_hz * np.append(speed, divided) / speed[0])

    @property
    def pace(self) -> NDArray[np.float64]:
        """Clock over the operation's own, shape (n,)."""
        return np.asarray(self.frequency_hz / self.frequency_hz[0])

    @property
    def voltage_ratio(self) -> NDArray[np.float64]:
        """Voltage over the operation's own, shape (n,)."""
        return np.asarray(self.voltage_v / self.voltage_v[0])


def with_points(machine: Machine, runs: pd.DataFrame) -> pd.DataFrame:
    """Return runs with ``pace`` and ``voltage_ratio`` over the operation's own, if those change.

    Parameters
    ----------
    machine : Machine
        That ran them.
    runs : DataFrame
        With the ``level`` of each, which is taken out; ``lump_c`` stays with a throttle alone.
    """
    run = machine.operation
    heat = run.throttle_resistance_k_w is not None
    plain = runs.drop(columns=["level"] if heat else ["level", "lump_c"])
    if run.cap_w is None and not heat:
        return plain
    points, level = OperatingPoints.of(machine), runs["level"].to_numpy(dtype=np.int64)
    return plain.assign(pace=points.pace[level], voltage_ratio=points.voltage_ratio[level])
