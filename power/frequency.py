"""Voltage and frequency: the alpha-power law of a process node."""

from __future__ import annotations

from techlib import InputError, ProcessNode

__all__ = ["maximum_frequency_hz", "minimum_voltage_v", "relative_speed"]


def maximum_frequency_hz(node: ProcessNode, voltage_v: float, temperature_c: float) -> float:
    """Return the highest clock at which logic meets its timing [Hz].

    ``f = f_max (s(V) / s(V_nominal)) (1 + slope (T - T_reference))`` with
    ``s(V) = (V - V_threshold)^alpha / V``.

    Parameters
    ----------
    node : ProcessNode
        The process; its maximum frequency holds at nominal voltage and reference temperature.
    voltage_v : float
        Supply voltage [V].
    temperature_c : float
        Temperature of the hottest logic [degC].

    Returns
    -------
    float
        Clock [Hz]; never below zero.

    Raises
    ------
    InputError
        The voltage is outside the node's range.

    References
    ----------
    T. Sakurai and A. R. Newton, IEEE J. Solid-State Circuits 25(2), 1990.

    Examples
    --------
    >>> import techlib
    >>> node = techlib.process_nodes()["N3"]
    >>> maximum_frequency_hz(node, node.nominal_voltage_v, node.reference_temperature_c) / 1e9
    1.95
    """
    low, high = node.minimum_voltage_v, node.maximum_voltage_v
    if not low <= voltage_v <= high:
        raise InputError.of(
            "voltage", f"{voltage_v:g} V on {node.name}", f"{low:g} V to {high:g} V"
        )
    speed = relative_speed(node, voltage_v) / relative_speed(node, node.nominal_voltage_v)
    drift = 1.0 + node.frequency_slope_per_k * (temperature_c - node.reference_temperature_c)
    return max(node.maximum_frequency_hz * speed * drift, 0.0)


def relative_speed(node: ProcessNode, voltage_v: float) -> float:
    """Return the alpha-power law's ``(V - V_threshold)^alpha / V``; ratios of it are of use."""
    return float(max(voltage_v - node.threshold_voltage_v, 0.0) ** node.alpha / voltage_v)


def minimum_voltage_v(node: ProcessNode, frequency_hz: float, temperature_c: float) -> float:
    """Return the lowest voltage of the node's range at which a clock meets its timing [V].

    Parameters
    ----------
    node : ProcessNode
        The process.
    frequency_hz : float
        Clock [Hz].
    temperature_c : float
        Temperature of the hottest logic [degC].

    Raises
    ------
    InputError
        The clock is out of reach even at the highest voltage.
    """
    from scipy.optimize import brentq  # half a second that no other part of the room needs

    low, high = node.minimum_voltage_v, node.maximum_voltage_v
    if maximum_frequency_hz(node, low, temperature_c) >= frequency_hz:
        return low
    reach = maximum_frequency_hz(node, high, temperature_c)
    if reach < frequency_hz:
        raise InputError.of(
            "frequency",
            f"{frequency_hz / 1e9:g} GHz at {temperature_c:g} degC on {node.name}",
            f"up to {reach / 1e9:.3g} GHz at {high:g} V",
        )

    def short_by(voltage_v: float) -> float:
        return maximum_frequency_hz(node, voltage_v, temperature_c) - frequency_hz

    return float(brentq(short_by, low, high, xtol=1e-12))
