"""A reduced model's parts as a file, and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from techlib import InputError
from thermal.model import ThermalModel
from thermal.reduced.file import fingerprint, read_arrays, write_arrays
from thermal.reduced.inputs import Inputs
from thermal.reduced.march import ModalSystem
from thermal.reduced.report import ReducedReport
from thermal.reduced.search import Visit
from thermal.reduced.shapes import ModeShapes

__all__ = ["load_parts", "save_parts"]

Parts = tuple[ModalSystem, ModeShapes, Inputs, ReducedReport]

_SHAPES: dict[str, tuple[str, ...]] = {
    "rates_per_s": ("modes",),
    "drive": ("modes", "keys"),
    "surroundings": ("modes",),
    "uniform": ("modes",),
    "means": ("keys", "modes"),
    "at_blocks": ("members", "modes"),
    "coefficients": ("fields", "modes"),
    "nominal_w": ("keys",),
    "patterns_w": ("keys", "patterns"),
}


def save_parts(path: Path, model: ThermalModel, parts: Parts, *, fields: bool) -> None:
    """Write the parts of a reduced model of `model`."""
    system, shapes, inputs, report = parts
    holders = (system, shapes, inputs)
    arrays = {
        name: getattr(next(holder for holder in holders if hasattr(holder, name)), name)
        for name in _SHAPES
    }
    kept = shapes.fields if fields else ()
    arrays |= {f"fields_{number}": part for number, part in enumerate(kept)}
    notes = {
        "fingerprint": fingerprint(model.mesh, model.operator, corrected=model.blocks.corrected),
        "plain": inputs.plain,
        "blocks_of_fields": len(kept),
        "visits": [dataclasses.asdict(visit) for visit in report.visits],
        "mean_bound_k": report.mean_bound_k,
        "max_bound_k": report.max_bound_k,
        "iterations": report.iterations,
        "tolerance_k": report.tolerance_k,
        "shortest_s": report.shortest_s,
        "nominal_rise_k": report.nominal_rise_k,
    }
    write_arrays(path, arrays, notes)


def load_parts(path: Path, model: ThermalModel) -> Parts:
    """Read the parts of a reduced model of `model`.

    Raises
    ------
    InputError
        Not such a file, or one of another mesh or package.
    """
    sizes = {
        "keys": len(model.keys),
        "members": len(model.blocks.members[0]),
        "cells": model.mesh.cells,
    }
    digest = fingerprint(model.mesh, model.operator, corrected=model.blocks.corrected)
    arrays, notes = read_arrays(path, _SHAPES, sizes, digest)
    try:
        kept = [arrays[f"fields_{number}"] for number in range(notes["blocks_of_fields"])]
        report = ReducedReport(
            tolerance_k=float(notes["tolerance_k"]),
            shortest_s=float(notes["shortest_s"]),
            visits=tuple(Visit(**visit) for visit in notes["visits"]),
            mean_bound_k=float(notes["mean_bound_k"]),
            max_bound_k=float(notes["max_bound_k"]),
            iterations=int(notes["iterations"]),
            nominal_rise_k=float(notes["nominal_rise_k"]),
        )
        plain = bool(notes["plain"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError.of(str(path), f"a note is missing or malformed ({error})") from None
    rows = sum(len(part) for part in kept)
    if kept and (rows != len(arrays["coefficients"]) or kept[0].shape[1] != sizes["cells"]):
        raise InputError.of(f"{path}: fields", f"{rows} fields do not fit the coefficients")
    names = [field.name for field in dataclasses.fields(ModalSystem)]
    return (
        ModalSystem(**{name: arrays[name] for name in names}),
        ModeShapes(arrays["at_blocks"], arrays["coefficients"], tuple(kept)),
        Inputs(model.keys, arrays["nominal_w"], arrays["patterns_w"], plain),
        report,
    )
