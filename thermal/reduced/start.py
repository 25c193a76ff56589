"""Where a march of a reduced model starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from techlib import InputError
from thermal.model import ThermalModel
from thermal.reduced.history import ReducedState
from thermal.reduced.march import ModalSystem
from thermal.reduced.shapes import ModeShapes
from thermal.start import start_temperature
from thermal.temperatures import Temperatures

__all__ = ["Start", "start_amplitudes"]

Array = NDArray[np.float64]
Start = ReducedState | Temperatures | float


def start_amplitudes(
    model: ThermalModel, system: ModalSystem, shapes: ModeShapes, start: Start | None
) -> tuple[Array, float]:
    """Return the amplitudes of a start, and what they miss of it in the cells of blocks."""
    operator = model.operator
    reference_c = operator.reference_c
    if isinstance(start, ReducedState):
        if start.amplitudes.shape != system.uniform.shape:
            what = f"a state of {len(start.amplitudes)} modes"
            raise InputError.of("start", what, f"{len(system.uniform)}", "take one of this model")
        return start.amplitudes, 0.0
    if isinstance(start, Temperatures):
        if start.field_c.shape != model.mesh.shape:
            what = f"a field of {start.field_c.shape} cells"
            cure = "take one of the same resolution"
            raise InputError.of("start", what, f"{model.mesh.shape}", cure)
        rise_k = (start.field_c - reference_c).ravel()
        found = shapes.amplitudes(rise_k * operator.capacity_j_k.ravel())
        formed_k = shapes.at_blocks @ found.astype(np.float32)
        missed_k = np.abs(formed_k - rise_k[model.blocks.members[0]])
        return found, float(missed_k.max())
    start_c = start_temperature(start, model.package.ambient_c)
    return (start_c - reference_c) * system.uniform, 0.0
