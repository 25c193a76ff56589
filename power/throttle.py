"""Thermal throttle: the clock falls when a block gets too hot, and comes back with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass

from power.operation import Operation

__all__ = ["Throttle"]


@dataclass(frozen=True)
class Throttle:
    """When the clock falls and comes back.

    Parameters
    ----------
    limit_c : float
        Above this temperature of the hottest block it falls [degC].
    hysteresis_k : float
        It comes back this much below the limit [K].
    pace : float
        Clock over the operation's own while throttled.

    Examples
    --------
    >>> throttle, now, seen = Throttle(100.0, 5.0, 0.5), False, []
    >>> for hottest_c in (99.0, 101.0, 97.0, 94.0):
    ...     now = throttle.next(now, hottest_c)
    ...     seen.append(now)
    >>> seen
    [False, True, True, False]
    """

    limit_c: float
    hysteresis_k: float
    pace: float

    @classmethod
    def of(cls, operation: Operation) -> Throttle | None:
        """Return the throttle of an operation, none where it has no such limit."""
        if operation.throttle_c is None:
            return None
        return cls(operation.throttle_c, operation.throttle_hysteresis_k, operation.throttle_pace)

    def next(self, throttled: bool, hottest_c: float) -> bool:
        """Return whether the clock is throttled, from whether it was and the hottest block."""
        limit = self.limit_c - self.hysteresis_k if throttled else self.limit_c
        return hottest_c > limit
