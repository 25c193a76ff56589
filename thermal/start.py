"""Where a solve starts: a field, one temperature of everything, or the ambient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from techlib import InputError
from thermal.mesh import Mesh
from thermal.temperatures import Temperatures

__all__ = ["start_rise"]

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
    start_c = mesh.package.ambient_c if start is None else float(start)
    if not np.isfinite(start_c):
        raise InputError.of("start", f"{start_c} degC", "a finite temperature")
    return np.full(mesh.shape, start_c - reference_c)
