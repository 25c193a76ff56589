"""Where a solve starts: a field, one temperature of everything, or the ambient."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from techlib import InputError
from thermal.mesh import Mesh
from thermal.numbers import is_number, shown
from thermal.temperatures import Temperatures

__all__ = ["start_rise", "start_temperature"]

Array = NDArray[np.float64]


def start_rise(start: Temperatures | float | None, mesh: Mesh, reference_c: float) -> Array:
    """Return a start as the rise over a reference (nz, ny, nx) [K].

    Parameters
    ----------
    start : Temperatures or float, optional
        Field, or temperature of everything; the package's ambient unless given [degC].
    mesh : Mesh
        That the field must be on.
    reference_c : float
        [degC].

    Raises
    ------
    InputError
        A field of another mesh, or a temperature that is not finite.
    """
    if isinstance(start, Temperatures):
        if start.field_c.shape != mesh.shape:
            raise InputError.of(
                "start",
                f"a field of {start.field_c.shape} cells",
                f"{mesh.shape}",
                "take one that was solved at the same resolution",
            )
        return start.field_c - reference_c
    return np.full(mesh.shape, start_temperature(start, mesh.package.ambient_c) - reference_c)


def start_temperature(start: float | None, ambient_c: float) -> float:
    """Return the one temperature of everything that a start gives, the ambient without any [degC].

    Raises
    ------
    InputError
        It is no finite number.
    """
    start_c = ambient_c if start is None else start
    if not (is_number(start_c) and math.isfinite(start_c)):
        raise InputError.of("start", f"{shown(start_c)} degC", "a finite temperature")
    return float(start_c)
