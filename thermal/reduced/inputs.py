"""Which powers a reduced model takes: each block on its own, or patterns of blocks."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from techlib import Faults, InputError, did_you_mean
from thermal.numbers import numbers

__all__ = ["Inputs", "Patterns", "principal_inputs"]

Array = NDArray[np.float64]
Patterns = Sequence[Sequence[str]] | NDArray[np.float64]

_LEAST = 0.01  #: of the mean nominal power; what an idle block counts as
_DEPENDENT = 1e-10  #: of the greatest singular value: a pattern that others can form
_ROWS = 8192  #: steps of a trace that are looked at together


@dataclass(frozen=True, eq=False)
class Inputs:
    """Patterns of block power; every power of a march is a combination of them.

    Parameters
    ----------
    keys : tuple of str
        Blocks.
    nominal_w : array (keys,)
        Power that each block may reach, above zero [W].
    patterns_w : array (keys, patterns)
        Power of each block in a pattern at its nominal size [W].
    plain : bool
        Whether each block is a pattern of its own, so that nothing is left out.
    """

    keys: tuple[str, ...]
    nominal_w: Array
    patterns_w: Array
    plain: bool

    @classmethod
    def of(cls, keys: tuple[str, ...], power_w: Array, patterns: Patterns | None = None) -> Inputs:
        """Make inputs from the powers that blocks may reach.

        Parameters
        ----------
        keys : tuple of str
            Blocks.
        power_w : array (keys,)
            What each may reach; blocks with less than a hundredth of the mean count as that [W].
        patterns : sequence of groups of keys, or array (keys, patterns) [W], optional
            Groups share power in the proportions of `power_w`, and every block is in one of them.

        Raises
        ------
        InputError
            No power at all, an array of another shape, groups that do not divide the blocks.
        """
        if not power_w.any():
            cure = "give the power that each block may reach"
            raise InputError.of("power_w", "no block has any power", "above 0 W", cure)
        nominal = np.maximum(power_w, _LEAST * power_w.mean())
        if patterns is None:
            return cls(keys, nominal, np.diag(nominal), plain=True)
        if not isinstance(patterns, np.ndarray):
            return cls(keys, nominal, _grouped(patterns, keys, nominal), plain=False)
        found = numbers(patterns, "inputs")
        if found.ndim != 2 or found.shape[0] != len(keys) or not found.any(axis=0).all():
            allowed = f"({len(keys)}, patterns), each with power in some block"
            raise InputError.of("inputs", f"an array of shape {found.shape}", allowed)
        if not np.isfinite(found).all():
            raise InputError.of("inputs", "holds values that are not finite", "finite powers")
        return cls(keys, nominal, found, plain=False)

    @functools.cached_property
    def projector(self) -> Array:
        """Matrix that takes powers to the combination of patterns nearest to them (keys, keys)."""
        if self.plain:
            return np.eye(len(self.keys))
        span = np.linalg.svd(self.patterns_w / self.nominal_w[:, None], full_matrices=False)
        vectors = span.U[:, _DEPENDENT * span.S[0] < span.S]
        return np.asarray(self.nominal_w[:, None] * (vectors @ vectors.T) / self.nominal_w)

    def left_out(self, power_w: Array) -> float:
        """Return the largest share of a block's nominal power that patterns cannot form.

        By the maximum principle the temperature is off by no more than that share of the rise at
        nominal power, everywhere and at all times.

        Parameters
        ----------
        power_w : array (steps, keys)
            Powers [W].
        """
        if self.plain:
            return 0.0
        left = np.abs(power_w - power_w @ self.projector.T) / self.nominal_w
        return float(left.max(initial=0.0))


def _grouped(groups: Sequence[Sequence[str]], keys: tuple[str, ...], nominal_w: Array) -> Array:
    """Return a pattern for each group of blocks."""
    faults = Faults()
    number = {key: index for index, key in enumerate(keys)}
    patterns = np.zeros((len(keys), len(groups)))
    for column, group in enumerate(groups):
        where = f"inputs: group {column}"
        if isinstance(group, str) or not group:
            faults.add(where, f"{group!r} is no list of blocks", "a list of one or more blocks")
            continue
        for key in group:
            if key not in number:
                faults.add(where, f"unknown block {key!r}", cure=did_you_mean(str(key), keys))
            elif patterns[number[key]].any():
                faults.add(where, f"block {key} is in two groups", "one group for each block")
            else:
                patterns[number[key], column] = nominal_w[number[key]]
    faults.raise_if_any()
    missing = [key for key in keys if not patterns[number[key]].any()]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        what = f"{len(missing)} blocks ({shown}) are in no group"
        faults.add("inputs", what, "every block in one group")
    faults.raise_if_any()
    return patterns


def principal_inputs(power_w: ArrayLike, nominal_w: ArrayLike, *, share: float = 1e-3) -> Array:
    """Return the fewest patterns of power that a trace is made of.

    The principal components of the powers relative to nominal, as many as it takes to give back
    every power of the trace within `share` of the block's nominal power.

    Parameters
    ----------
    power_w : array (steps, keys)
        Trace [W].
    nominal_w : array (keys,)
        Above zero [W].
    share : float
        Of the nominal power that may be left out; the temperature is then off by at most that
        share of the rise at nominal power.

    Returns
    -------
    array (keys, patterns)
        For `ReducedModel.of` [W].

    Raises
    ------
    InputError
        Arrays that do not fit, or a nominal power that is not above zero.

    Examples
    --------
    Two blocks that always share power in the same way are one input:

    >>> principal_inputs([[1.0, 2.0], [2.0, 4.0], [0.5, 1.0]], [2.0, 4.0]).round(6)
    array([[2.],
           [4.]])
    """
    table, nominal = numbers(power_w, "power_w"), numbers(nominal_w, "nominal_w")
    faults = Faults()
    if nominal.ndim != 1 or not (np.isfinite(nominal) & (nominal > 0.0)).all():
        faults.add("nominal_w", "not a list of powers above zero", "(keys,) above 0 W")
    if table.ndim != 2 or table.shape[1:] != nominal.shape or not len(table):
        faults.add("power_w", f"an array of shape {table.shape}", "(steps, keys)")
    elif not np.isfinite(table).all() or not table.any():
        faults.add("power_w", "no power, or values that are not finite", "finite powers")
    faults.raise_if_any()
    gram = np.zeros((len(nominal), len(nominal)))
    for rows in _rows(table):
        relative = rows / nominal
        gram += relative.T @ relative
    vectors = np.linalg.eigh(gram)[1][:, ::-1]
    low, high = 1, len(nominal)
    while low < high:
        middle = (low + high) // 2
        if _left_out(table, nominal, vectors[:, :middle]) <= share:
            high = middle
        else:
            low = middle + 1
    chosen = vectors[:, :low]
    amounts = [np.abs(rows / nominal @ chosen).max(axis=0) for rows in _rows(table)]
    size = np.maximum.reduce(amounts)
    sign = np.where(chosen.sum(axis=0) < 0.0, -1.0, 1.0)
    used = size > 0.0
    return np.asarray((nominal[:, None] * chosen * (size * sign))[:, used])


def _left_out(table: Array, nominal: Array, vectors: Array) -> float:
    """Return the largest part of a relative power outside of a span."""
    worst = 0.0
    for rows in _rows(table):
        relative = rows / nominal
        left = relative - (relative @ vectors) @ vectors.T
        worst = max(worst, float(np.abs(left).max()))
    return worst


def _rows(table: Array) -> list[Array]:
    return [table[first : first + _ROWS] for first in range(0, len(table), _ROWS)]
