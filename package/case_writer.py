"""Write neutral case files, ``thermal-case/1``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from shapely import Polygon

from floorplan.formats.rectangles import rectangles
from package.case import Case
from package.layers import Face, Flow, Layer, Patch, Region
from package.package import Package
from techlib import Faults, Material, zero_celsius_k
from techlib import materials as known_materials
from techlib.writing import staged_files

__all__ = ["write_case"]

_M_PER_UM = 1e-6
_PICOMETRE_DIGITS = 12


def write_case(case: Case, path: str | Path) -> None:
    """Write a case, and beside it ``<stem>_trace.csv`` if it has a trace.

    The format knows rectangles alone: other rectilinear regions are cut into several of one name,
    which share the region's power. The same case gives the same bytes.

    Parameters
    ----------
    case : Case
        What to write.
    path : str or Path
        The JSON file.

    Raises
    ------
    InputError
        Outlines with slanted edges, layers that are no rectangles, and two materials of one name.

    Examples
    --------
    See `package.read_case`.
    """
    path, package = Path(path), case.package
    faults = Faults()
    content: dict[str, Any] = {
        "schema": "thermal-case/1",
        "name": package.name,
        "description": case.description,
        "layers_order": "bottom to top",
        "ambient_K": _kelvin(package.ambient_c),
        "initial_K": _kelvin(case.initial_c),
    }
    if _names_filler(package):
        content["filler"] = package.filler.name
    content["materials"] = _materials(package, faults)
    content["layers"] = [_layer(layer, package.name, faults) for layer in package.layers]
    content["power_W"] = dict(case.power_w)
    faces = {"top": package.top, "bottom": package.bottom, "sides": package.sides}
    content["boundary"] = {
        side: _face(face, f"{package.name}: {side}", faults) for side, face in faces.items()
    }
    faults.raise_if_any()
    trace_file = f"{path.stem}_trace.csv"
    files = {}
    if case.trace is not None:
        content["transient"] = {
            "dt_s": case.trace.step_s,
            "steps": len(case.trace.power_w),
            "trace_file": trace_file,
        }
        files[trace_file] = case.trace.power_w.to_csv(index=False, lineterminator="\n")
    files[path.name] = json.dumps(content, indent=1) + "\n"
    with staged_files(path.parent, *files) as place:
        for name, text in files.items():
            (place / name).write_text(text, "utf-8", newline="\n")


def _names_filler(package: Package) -> bool:
    """Whether the filler is another than the air that a reader assumes."""
    return package.filler is not known_materials()["air"]


def _kelvin(temperature_c: float) -> float:
    return round(temperature_c + zero_celsius_k(), 9)


def _m(length_um: float) -> float:
    return round(length_um * _M_PER_UM, _PICOMETRE_DIGITS)


def _materials(package: Package, faults: Faults) -> dict[str, dict[str, Any]]:
    """Collect the materials in use; two of one name must be equal."""
    used: dict[str, dict[str, Any]] = {}
    for material in _in_use(package):
        kx, ky, kz = material.conductivity_w_mk
        entry: dict[str, Any] = {
            "k_W_mK": kx if kx == ky == kz else [kx, ky, kz],
            "cv_J_m3K": material.heat_capacity_j_m3k,
        }
        if material.varies:
            nx, ny, nz = material.conductivity_exponent
            entry["k_exponent"] = nx if nx == ny == nz else [nx, ny, nz]
            entry["k_T0_K"] = _kelvin(material.reference_temperature_c)
        if used.setdefault(material.name, entry) != entry:
            what = f"two materials are named {material.name!r}"
            faults.add(f"{package.name}: materials", what, "one", "rename one of them")
    return used


def _in_use(package: Package) -> list[Material]:
    found = [package.filler] if _names_filler(package) else []
    for layer in package.layers:
        found += [layer.background, *(region.material for region in layer.regions)]
    return list({id(material): material for material in found}.values())


def _layer(layer: Layer, name: str, faults: Faults) -> dict[str, Any]:
    where = f"{name}: layer {layer.name}"
    x0, y0, x1, y1 = (_m(value) for value in layer.outline.bounds)
    if layer.outline.area < layer.outline.envelope.area * (1.0 - 1e-12):
        faults.add(where, "outline is no rectangle", "a rectangle", "use regions for other shapes")
    content: dict[str, Any] = {
        "name": layer.name,
        "thickness_m": _m(layer.thickness_um),
        "extent_m": [x0, y0, x1, y1],
        "background": layer.background.name,
        "heat": any(region.heats for region in layer.regions),
    }
    if layer.contact_resistance_k_m2_w:
        content["contact_K_m2_W"] = layer.contact_resistance_k_m2_w
    if layer.flow is not None:
        content["flow"] = _flow(layer.flow)
    blocks = [block for region in layer.regions for block in _blocks(region, where, faults)]
    return {**content, "blocks": blocks} if blocks else content


def _blocks(region: Region, where: str, faults: Faults) -> list[dict[str, Any]]:
    return [
        {"name": region.heats or region.name, "rect_m": corners, "material": region.material.name}
        for corners in _cut(region.outline, f"{where}: {region.name}", faults)
    ]


def _cut(outline: Polygon, where: str, faults: Faults) -> list[list[float]]:
    """Return the corners of the rectangles that make up an outline [m]."""
    try:
        pieces = rectangles(outline)
    except ValueError as error:
        cure = "replace slanted edges by steps"
        faults.add(where, str(error), "rectilinear outlines", cure)
        return []
    return [[_m(value) for value in piece] for piece in pieces]


def _flow(flow: Flow) -> dict[str, Any]:
    return {
        "axis": flow.axis,
        "backward": flow.backward,
        "volume_m3_s": flow.volume_m3_s,
        "cv_J_m3K": flow.heat_capacity_j_m3k,
        "T_inlet_K": _kelvin(flow.inlet_c),
        "h_floor_W_m2K": flow.floor_film_w_m2k,
        "h_ceiling_W_m2K": flow.ceiling_film_w_m2k,
    }


def _face(face: Face, where: str, faults: Faults) -> dict[str, Any]:
    content = _exchange(face)
    patches = [
        {"rect_m": corners, **_exchange(patch)}
        for index, patch in enumerate(face.patches)
        for corners in _cut(patch.outline, f"{where}: patch {index}", faults)
    ]
    return {**content, "patches": patches} if patches else content


def _exchange(part: Face | Patch) -> dict[str, Any]:
    if part.film_w_m2k == 0.0:
        return {"type": "adiabatic"}
    temperature_k = _kelvin(part.temperature_c)
    if math.isinf(part.film_w_m2k):
        return {"type": "fixed", "T_K": temperature_k}
    return {"type": "convection", "h_W_m2K": part.film_w_m2k, "T_K": temperature_k}
