"""How far the bands of numbers move the power of a package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from power.leakage import TemperatureLaw
from power.term import Term

__all__ = ["band_moves"]

Array = NDArray[np.float64]


def band_moves(
    terms: Sequence[Term], law: TemperatureLaw, temperature_c: Array
) -> tuple[Array, Array]:
    """Return how far the power may lie below and above its value, each of shape (n,) [W].

    Terms of the same number move together; numbers are independent, so that their deviations add
    up as the root of the sum of squares, apart for low and high.

    Parameters
    ----------
    terms : sequence of Term
        Everything that dissipates.
    law : TemperatureLaw
        How leakage and refresh follow the temperature; its doubling has a band too.
    temperature_c : array, of shape (), (nk,) or (n, nk)
        Temperatures of the blocks [degC].
    """
    factors = law.factors(temperature_c)
    moves: dict[tuple[str, str], list[Array]] = {}
    for term in terms:
        watts = term.package_w(factors)
        low, high = (part * watts for part in term.relative_band)
        moved = moves.setdefault(term.cause, [np.zeros_like(watts), np.zeros_like(watts)])
        moved[0], moved[1] = moved[0] + low, moved[1] + high
    moves["leakage", "doubling"] = _doubling_moves(terms, law, temperature_c)
    down = np.sqrt(sum(np.square(move[0]) for move in moves.values()))
    up = np.sqrt(sum(np.square(move[1]) for move in moves.values()))
    return down, up


def _doubling_moves(
    terms: Sequence[Term], law: TemperatureLaw, temperature_c: Array
) -> list[Array]:
    """Return how far leakage moves when it doubles faster or slower, low and high [W]."""
    leaking = [term for term in terms if term.part == "leakage"]
    usual = law.factors(temperature_c)
    found = [np.zeros(len(terms[0].watts))]
    for end in (0, 1):
        doubling = law.doubling_k.copy()
        for term in leaking:
            value = term.record.leakage_doubling_k  # type: ignore[attr-defined]
            limit = term.record.band("leakage_doubling_k")[end]
            doubling = np.where(term.share > 0.0, limit * doubling / value, doubling)
        other = replace(law, doubling_k=doubling).factors(temperature_c)
        changes = (term.package_w(other) - term.package_w(usual) for term in leaking)
        found.append(sum(changes, start=np.zeros(len(terms[0].watts))))
    return [np.min(found, axis=0), np.max(found, axis=0)]
