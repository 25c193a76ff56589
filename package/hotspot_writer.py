"""Write a case as a HotSpot input set for the grid model with a layer configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import shapely
from shapely import Polygon, box

from floorplan.formats.hotspot_writer import flp_line
from floorplan.formats.text import unique_names
from package.beyond import refuse_beyond
from package.case import Case
from package.foreign import kelvin
from package.hotspot_units import PlacedUnit, is_detailed, is_own, place_units
from package.layers import GRID_UM, Layer
from package.package import Package
from package.pieces import (
    FlatLayer,
    Solid,
    constant_conductivities,
    flatten_layer,
    powers_beside_a_trace,
    solid,
    solid_names,
    watts,
)
from techlib import Faults, Material
from techlib.writing import staged_files

__all__ = ["write_hotspot"]

_MOST_UNITS = 8192  # MAX_UNITS in HotSpot's flp.h
_M_PER_UM = 1e-6
_M2_PER_UM2 = 1e-12


def write_hotspot(case: Case, folder: str | Path) -> tuple[str, ...]:
    """Write a case for HotSpot 7: configuration, layers, floorplans, power trace, materials.

    The two uppermost layers become HotSpot's spreader and sink, those below its layers, all of
    one size: a smaller one is set into the package's filler. Blocks of a material other than
    their layer's have heat capacity and resistivity of their own, which HotSpot takes with
    ``-detailed_3D on``. Blocks that begin with an underscore fill what is left.

    Parameters
    ----------
    case : Case
        What to write; regions of rectilinear outline.
    folder : str or Path
        Made if it is not there.

    Returns
    -------
    tuple of str
        The command to run HotSpot with, and what it will see differently, in words.

    Raises
    ------
    InputError
        What HotSpot cannot hold: upper layers that are no squares of one isotropic material,
        anisotropic materials, a film on the bottom or on the sides, slanted edges, more than
        8192 blocks in a layer.
    """
    folder, package = Path(folder), case.package
    faults, notes = Faults(), list[str]()
    _refuse(package, faults)
    faults.raise_if_any()
    chip = package.layers[:-2]
    extent = box(*shapely.total_bounds([layer.outline for layer in chip]))
    _check_cooler(package, extent, faults)
    flat = [flatten_layer(la, extent, package.filler, package.name, faults) for la in chip]
    used = [m for layer in flat for m in (layer.background, *(p.material for p in layer.pieces))]
    used += [layer.background for layer in package.layers[-2:]]
    solids = _solids(package.name, used, faults)
    notes += constant_conductivities(used)
    notes += powers_beside_a_trace(case)
    faults.raise_if_any()
    units = place_units(flat, extent, notes)
    for layer, entries in zip(flat, units, strict=True):
        if len(entries) > _MOST_UNITS:
            what = f"{len(entries)} blocks"
            faults.add(f"{package.name}: layer {layer.name}", what, f"{_MOST_UNITS} in HotSpot")
    faults.raise_if_any()
    stem = _file_name(package.name)
    files = {
        f"{stem}.config": _config(case, flat, units, solids, stem),
        f"{stem}.lcf": _layers(flat, solids, stem),
        f"{stem}.ptrace": _powers(case, flat, units),
        f"{stem}.materials": _materials(solids),
    }
    for number, (layer, entries) in enumerate(zip(flat, units, strict=True)):
        files[f"{stem}.layer{number}.flp"] = _floorplan(layer, entries, extent)
    if not folder.exists():
        folder.mkdir(parents=True)
    with staged_files(folder, *files) as place:
        for name, text in files.items():
            (place / name).write_text(text, "utf-8")
    return (_command(stem, is_detailed(flat, units)), *notes)


def _file_name(name: str) -> str:
    return unique_names([name], illegal=r"[^\w.+-]", prefix="p", start=r"[^.-]")[name]


def _refuse(package: Package, faults: Faults) -> None:
    where = package.name
    refuse_beyond(package, "HotSpot", faults)
    if len(package.layers) < 3:
        what = f"{len(package.layers)} layers"
        faults.add(where, what, "a chip of one layer or more, a spreader and a sink in HotSpot")
    if package.top.film_w_m2k == 0.0:
        faults.add(f"{where}: top", "no film", "a convection resistance in HotSpot")
    for side, face in (("bottom", package.bottom), ("sides", package.sides)):
        if face.film_w_m2k > 0.0:
            what = f"film {face.film_w_m2k:g} W/(m^2 K)"
            cure = "HotSpot's secondary path has materials of its own; write a 3D-ICE stack"
            faults.add(f"{where}: {side}", what, "adiabatic in HotSpot", cure)
    if not any(region.heats for layer in package.layers[:-2] for region in layer.regions):
        faults.add(where, "no layer below the two uppermost is heated", "one or more")


def _check_cooler(package: Package, extent: Polygon, faults: Faults) -> None:
    """Hold the two uppermost layers against what HotSpot's spreader and sink can be."""
    under, what = extent, "the chip"
    for layer, part in zip(package.layers[-2:], ("spreader", "sink"), strict=True):
        where = f"{package.name}: layer {layer.name}"
        x0, y0, x1, y1 = layer.outline.bounds
        square = abs((x1 - x0) - (y1 - y0)) <= GRID_UM
        if not square or layer.outline.area < layer.outline.envelope.area * (1.0 - 1e-9):
            given = f"{x1 - x0:g} x {y1 - y0:g} um"
            faults.add(where, given, f"a square: it becomes HotSpot's {part}")
        if layer.regions:
            allowed = f"one material: it becomes HotSpot's {part}"
            faults.add(where, f"{len(layer.regions)} regions", allowed)
        if max(_centre_distance(layer.outline, under)) > 1.0:
            faults.add(where, f"is not centred over {what}", "one centre in HotSpot")
        if not shapely.box(*layer.outline.bounds).buffer(GRID_UM).covers(under):
            faults.add(where, f"does not cover {what}", f"as wide as {what}, or wider")
        under, what = layer.outline, "the spreader"


def _centre_distance(one: Polygon, other: Polygon) -> tuple[float, float]:
    a, b = one.envelope.centroid, other.envelope.centroid
    return abs(a.x - b.x), abs(a.y - b.y)


def _solids(where: str, used: Sequence[Material], faults: Faults) -> dict[tuple[str, Solid], str]:
    names = solid_names(used)
    for name, (k, _) in names:
        if len(set(k)) > 1:
            what = f"conductivity {k[0]:g}, {k[1]:g}, {k[2]:g} W/(m K)"
            allowed = "one number in every direction in HotSpot"
            faults.add(f"{where}: material {name}", what, allowed, "write a 3D-ICE stack")
    # a name that begins as a number does would be read as a heat capacity
    start = r"(?!inf|nan)[A-Za-z_]"
    legal = unique_names(names.values(), illegal=r"\s|#", prefix="m_", start=f"(?i){start}")
    return {at: legal[name] for at, name in names.items()}


def _command(stem: str, detailed: bool) -> str:
    command = (
        f"hotspot -c {stem}.config -p {stem}.ptrace -grid_layer_file {stem}.lcf "
        f"-materials_file {stem}.materials -model_type grid"
    )
    if not detailed:
        return command
    return (
        f"{command} -detailed_3D on (HotSpot then counts the convection resistance one and a half "
        "times)"
    )


def _config(
    case: Case,
    flat: Sequence[FlatLayer],
    units: Sequence[Sequence[PlacedUnit]],
    solids: Mapping[tuple[str, Solid], str],
    stem: str,
) -> str:
    package = case.package
    detailed = is_detailed(flat, units)
    spreader, sink = package.layers[-2:]
    side_um = _side(sink)
    resistance = 1.0 / (package.top.film_w_m2k * side_um**2 * _M2_PER_UM2)
    active_um = max(layer.thickness_um for layer in flat if layer.heated)
    entries = {
        "p": f"{stem}.ptrace",
        "grid_layer_file": f"{stem}.lcf",
        "materials_file": f"{stem}.materials",
        "model_type": "grid",
        "grid_map_mode": "avg",
        "detailed_3D": "on" if detailed else "off",
        "s_spreader": _m(_side(spreader)),
        "t_spreader": _m(spreader.thickness_um),
        "material_spreader": _name(spreader, solids),
        "s_sink": _m(side_um),
        "t_sink": _m(sink.thickness_um),
        "material_sink": _name(sink, solids),
        "r_convec": f"{resistance:.15g}",
        "ambient": f"{kelvin(package.top.temperature_c):.12g}",
        "init_temp": f"{kelvin(case.initial_c):.12g}",
        "t_active": _m(active_um),
    }
    if case.trace is not None:
        entries["sampling_intvl"] = f"{case.trace.step_s:.12g}"
    lines = "".join(f"-{key}\t{value}\n" for key, value in entries.items())
    return (
        f"# {_command(stem, detailed)}\n# HotSpot passes -t_active over: how much of a layer "
        f"dissipates, from below, in m\n{lines}"
    )


def _side(layer: Layer) -> float:
    x0, _, x1, _ = layer.outline.bounds
    return x1 - x0


def _name(layer: Layer, solids: Mapping[tuple[str, Solid], str]) -> str:
    return solids[layer.background.name, solid(layer.background)]


def _m(length_um: float) -> str:
    return f"{length_um * _M_PER_UM:.12g}"


def _layers(flat: Sequence[FlatLayer], solids: Mapping[tuple[str, Solid], str], stem: str) -> str:
    parts = []
    for number, layer in enumerate(flat):
        name = solids[layer.background.name, solid(layer.background)]
        power = "Y" if layer.heated else "N"
        parts.append(
            f"# {layer.name}\n{number}\nY\n{power}\n{name}\n{_m(layer.thickness_um)}\n"
            f"{stem}.layer{number}.flp\n"
        )
    return "\n".join(parts)


def _floorplan(layer: FlatLayer, units: Sequence[PlacedUnit], extent: Polygon) -> str:
    dx, dy = extent.bounds[:2]
    lines = []
    for unit in units:
        x0, y0, x1, y1 = unit.corners
        corners = (x0 - dx, y0 - dy, x1 - dx, y1 - dy)
        own: tuple[float, ...] = ()
        if is_own(layer, unit):
            k, capacity = solid(unit.material)
            own = (capacity, 1.0 / k[0])
        lines.append(flp_line(unit.name, corners, *own))
    return "".join(lines)


def _powers(case: Case, flat: Sequence[FlatLayer], units: Sequence[Sequence[PlacedUnit]]) -> str:
    columns = [
        unit for layer, found in zip(flat, units, strict=True) if layer.heated for unit in found
    ]
    steps = 1 if case.trace is None else len(case.trace.power_w)

    def column(unit: PlacedUnit) -> list[str]:
        if not unit.heats:
            return ["0"] * steps
        return [f"{value * unit.share:.12g}" for value in watts(case, unit.heats)]

    rows = zip(*(column(unit) for unit in columns), strict=True)
    lines = ["\t".join(unit.name for unit in columns), *("\t".join(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _materials(solids: Mapping[tuple[str, Solid], str]) -> str:
    parts = [
        f"{name}\nsolid\n{k[0]:.12g}\n{capacity:.12g}\n"
        for (_, (k, capacity)), name in solids.items()
    ]
    return "\n".join(parts)
