"""Write a case as a 3D-ICE stack description with its floorplans and layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import box

from floorplan.formats.ice_text import KEYWORDS
from floorplan.formats.rectangles import Rectangle
from floorplan.formats.text import some, unique_names
from package.beyond import refuse_beyond
from package.case import Case
from package.foreign import kelvin, renamed
from package.layers import Face
from package.pieces import (
    FlatLayer,
    Piece,
    Solid,
    constant_conductivities,
    flatten_layer,
    power_shares,
    powers_beside_a_trace,
    solid,
    solid_names,
    watts,
)
from techlib import Faults, Material
from techlib.writing import staged_files

__all__ = ["write_ice"]

_CELLS = 64  # a side; a power of two divides every length without a remainder


@dataclass(frozen=True, eq=False)
class _Names:
    """Names as 3D-ICE allows them, by those of the package."""

    layers: Mapping[str, str]
    keys: Mapping[str, str]
    solids: Mapping[tuple[str, Solid], str]

    def of(self, material: Material) -> str:
        return self.solids[material.name, solid(material)]


def write_ice(case: Case, path: str | Path) -> tuple[str, ...]:
    """Write a case for 3D-ICE 4.

    Every layer becomes an element of the stack with the package's extent, its lower left corner
    at the origin; a heated one is a die with a source layer alone. Materials within a layer go
    into a layout file. Beside ``name.stk`` stand ``name_<layer>.flp`` and ``name_<layer>.lay``.

    Parameters
    ----------
    case : Case
        What to write; regions of rectilinear outline.
    path : str or Path
        The ``.stk``.

    Returns
    -------
    tuple of str
        What 3D-ICE will see differently, in words.

    Raises
    ------
    InputError
        What the format cannot hold: a film on the sides, slanted edges, no heated layer, or one
        layer between two heat sinks.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from package import Case, Face, Layer, Package, Region, read_any_case, write_ice
    >>> from shapely import box
    >>> from techlib import materials
    >>> square, silicon = box(0.0, 0.0, 10_000.0, 10_000.0), materials()["silicon"]
    >>> die = Layer("die", 100.0, square, silicon, (Region("hot", square, silicon, "hot"),))
    >>> slab = Package("slab", (die,), materials()["air"], Face(1e4, 40.0), Face(), Face(), 40.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "slab.stk"
    ...     notes = write_ice(Case(slab, {"hot": 10.0}, initial_c=40.0), file)
    ...     read_any_case(file).power_w
    {'hot': 10.0}
    """
    path, package = Path(path), case.package
    faults, notes = Faults(), list[str]()
    x0, y0, x1, y1 = package.extent_um
    extent = box(x0, y0, x1, y1)
    layers = [
        flatten_layer(layer, extent, package.filler, package.name, faults)
        for layer in package.layers
    ]
    _refuse(case, layers, faults)
    faults.raise_if_any()
    names = _names(case, layers, notes)
    notes += constant_conductivities(m for layer in layers for m in _in(layer))
    notes += powers_beside_a_trace(case)
    files = {path.name: _stack(case, layers, names, path.stem, (x1 - x0, y1 - y0))}
    shares = power_shares(layers)
    for layer in layers:
        stem = f"{path.stem}_{names.layers[layer.name]}"
        if layer.heated:
            files[f"{stem}.flp"] = _floorplan(case, layer, names, shares, (x0, y0))
        if _apart(layer):
            files[f"{stem}.lay"] = _layout(layer, names, (x0, y0))
    with staged_files(path.parent, *files) as place:
        for name, text in files.items():
            (place / name).write_text(text, "utf-8")
    return tuple(notes)


def _refuse(case: Case, layers: Sequence[FlatLayer], faults: Faults) -> None:
    package = case.package
    refuse_beyond(package, "3D-ICE", faults)
    if package.sides.film_w_m2k > 0.0:
        what = f"film {package.sides.film_w_m2k:g} W/(m^2 K) on the sides"
        faults.add(f"{package.name}: sides", what, "adiabatic sides in 3D-ICE")
    if not any(layer.heated for layer in layers):
        faults.add(package.name, "no layer is heated", "one or more: a stack needs a die")
    if len(layers) == 1 and package.top.film_w_m2k > 0.0 and package.bottom.film_w_m2k > 0.0:
        allowed = "two layers or more between two heat sinks in 3D-ICE"
        faults.add(package.name, "has one layer", allowed, "cut it into two")


def _names(case: Case, layers: Sequence[FlatLayer], notes: list[str]) -> _Names:
    def allowed(names: Sequence[str]) -> dict[str, str]:
        return unique_names(
            names, illegal=r"[^A-Za-z0-9_]", prefix="n_", start="[A-Za-z]", taken=KEYWORDS
        )

    solids = solid_names(
        [m for layer in layers for m in (layer.background, *(p.material for p in layer.pieces))]
    )
    legal = allowed(list(solids.values()))
    found = _Names(
        layers=allowed([layer.name for layer in layers]),
        keys=allowed(case.package.heat_keys),
        solids={at: legal[name] for at, name in solids.items()},
    )
    for what, names in (("layers", found.layers), ("heat keys", found.keys), ("materials", legal)):
        if changed := renamed(names):
            notes.append(f"other names of {what}: {some(changed)}")
    several = [key for key in case.package.heat_keys if len(case.package.layers_of(key)) > 1]
    if several:
        notes.append(
            f"blocks that heat in several layers share their power by volume: {some(several)}"
        )
    return found


def _stack(
    case: Case,
    layers: Sequence[FlatLayer],
    names: _Names,
    stem: str,
    size_um: tuple[float, float],
) -> str:
    package = case.package
    materials = {names.of(m): m for layer in layers for m in _in(layer)}
    parts = [
        *(_material(name, material) for name, material in materials.items()),
        _wall("top", package.top),
        _wall("bottom", package.bottom),
        _dimensions(size_um),
        *(_template(layer, names, stem) for layer in layers),
        *(
            f"die {names.layers[layer.name]} :\n   source {names.layers[layer.name]} ;\n"
            for layer in layers
            if layer.heated
        ),
        "stack :\n" + "".join(_element(layer, names, stem) for layer in reversed(layers)),
        _solver(case),
        _output(case, [layer for layer in layers if layer.heated], names),
    ]
    return "\n".join(part for part in parts if part)


def _dimensions(size_um: tuple[float, float]) -> str:
    length, width = size_um
    return (
        f"dimensions :\n   chip length {length:.12g}, width {width:.12g} ;\n"
        f"   cell length {length / _CELLS!r}, width {width / _CELLS!r} ;\n"
    )


def _in(layer: FlatLayer) -> list[Material]:
    return [layer.background, *(piece.material for piece in layer.pieces)]


def _material(name: str, material: Material) -> str:
    kx, ky, kz = material.conductivity_w_mk
    values = [kx] if kx == ky == kz else [kx, ky, kz]
    conductivity = ", ".join(f"{value * 1e-6:.12g}" for value in values)
    return (
        f"material {name} :\n   thermal conductivity {conductivity} ;\n"
        f"   volumetric heat capacity {material.heat_capacity_j_m3k * 1e-18:.12g} ;\n"
    )


def _wall(side: str, face: Face) -> str:
    if face.film_w_m2k == 0.0:
        return ""
    return (
        f"{side} heat sink :\n   heat transfer coefficient {face.film_w_m2k * 1e-12:.12g} ;\n"
        f"   temperature {kelvin(face.temperature_c):.12g} ;\n"
    )


def _apart(layer: FlatLayer) -> list[Piece]:
    """Return the pieces whose material is another than the background's."""
    return [p for p in layer.pieces if solid(p.material) != solid(layer.background)]


def _template(layer: FlatLayer, names: _Names, stem: str) -> str:
    name = names.layers[layer.name]
    layout = f'   layout "{stem}_{name}.lay" ;\n' if _apart(layer) else ""
    return (
        f"layer {name} :\n   height {layer.thickness_um:.12g} ;\n"
        f"   material {names.of(layer.background)} ;\n{layout}"
    )


def _element(layer: FlatLayer, names: _Names, stem: str) -> str:
    name = names.layers[layer.name]
    if layer.heated:
        return f'   die {name} {name} floorplan "{stem}_{name}.flp" ;\n'
    return f"   layer {name} {name} ;\n"


def _solver(case: Case) -> str:
    if case.trace is None:
        kind = "steady"
    else:
        kind = f"transient step {case.trace.step_s:.12g}, slot {case.trace.step_s:.12g}"
    return f"solver :\n   {kind} ;\n   initial temperature {kelvin(case.initial_c):.12g} ;\n"


def _output(case: Case, heated: Sequence[FlatLayer], names: _Names) -> str:
    when = "final" if case.trace is None else "slot"
    lines = (
        f'   Tflp ( {name}, "{name}.txt", average, {when} ) ;\n'
        for name in (names.layers[layer.name] for layer in heated)
    )
    return "output :\n" + "".join(lines)


def _rectangle(corners: Rectangle, origin: tuple[float, float]) -> str:
    x0, y0, x1, y1 = corners
    values = (x0 - origin[0], y0 - origin[1], x1 - x0, y1 - y0)
    return f"   rectangle ({', '.join(f'{value:.12g}' for value in values)}) ;\n"


def _floorplan(
    case: Case,
    layer: FlatLayer,
    names: _Names,
    shares: Mapping[tuple[str, str], float],
    origin: tuple[float, float],
) -> str:
    areas: dict[str, str] = {}
    for piece in layer.pieces:
        if piece.heats:
            text = "".join(_rectangle(corners, origin) for corners in piece.rectangles_um)
            areas[piece.heats] = areas.get(piece.heats, "") + text
    parts = []
    for key, text in areas.items():
        share = shares[layer.name, key]
        values = ", ".join(f"{value * share:.12g}" for value in watts(case, key))
        parts.append(f"{names.keys[key]} :\n{text}   power values {values} ;\n")
    return "\n".join(parts)


def _layout(layer: FlatLayer, names: _Names, origin: tuple[float, float]) -> str:
    """Write the materials of a layer, each once, as the format has it."""
    areas: dict[str, str] = {}
    for piece in _apart(layer):
        name = names.of(piece.material)
        text = "".join(_rectangle(corners, origin) for corners in piece.rectangles_um)
        areas[name] = areas.get(name, "") + text
    return "\n".join(f"{name} :\n{text}" for name, text in areas.items())
