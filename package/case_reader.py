"""Read neutral case files, ``thermal-case/1``."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path

from shapely import Polygon, box

from package.case import Case
from package.case_schema import (
    BlockModel,
    BoundaryModel,
    CaseModel,
    FaceModel,
    FlowModel,
    LayerModel,
    PatchModel,
    parse_case,
)
from package.case_trace import CaseTrace, read_trace
from package.layers import Face, Flow, Layer, Patch, Region
from package.package import Package
from techlib import (
    Faults,
    InputError,
    Material,
    Provenance,
    Trust,
    data_sources,
    did_you_mean,
    zero_celsius_k,
)
from techlib import materials as known_materials

__all__ = ["read_case"]

_UM_PER_M = 1e6
_FILLER = "air"
_ALLOWED = "a thermal-case/1 file"


def read_case(path: str | Path) -> Case:
    """Read a case file, and the trace beside it if it has a transient.

    A block of a heated layer (``heat: true``, or the ``power_layer``) dissipates if ``power_W``
    names it; without ``power_W`` every such block does, by its mean in the trace. Blocks of one
    name share their power by volume. Outside a layer's extent there is air (the file's
    own, if it has a material of this name), unless ``filler`` names another material.

    Parameters
    ----------
    path : str or Path
        The JSON file.

    Raises
    ------
    InputError
        Every fault of the file, of its trace and of the package that they describe.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from package import Case, Face, Layer, Package, Region, read_case, write_case
    >>> from shapely import box
    >>> from techlib import materials
    >>> square, silicon = box(0.0, 0.0, 10_000.0, 10_000.0), materials()["silicon"]
    >>> die = Layer("die", 100.0, square, silicon, (Region("hot", square, silicon, "hot"),))
    >>> slab = Package("slab", (die,), materials()["air"], Face(1e4, 40.0), Face(), Face(), 40.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "case.json"
    ...     write_case(Case(slab, {"hot": 10.0}, initial_c=40.0), file)
    ...     read_case(file).power_w
    {'hot': 10.0}
    """
    path = Path(path)
    model, notes = parse_case(_text_of(path), str(path))
    faults = Faults()
    initial_c = _celsius(_initial_k(model))
    materials = _materials(model)
    keys = _heat_keys(model, str(path), faults)
    layers = tuple(
        _layer(layer, keys if _is_heated(layer, model) else (), materials, where, faults)
        for layer, where in ((m, f"{path}: layers[{i}]") for i, m in enumerate(model.layers))
    )
    filler = materials.get(_FILLER, known_materials()[_FILLER])
    if model.filler:
        filler = _find(materials, model.filler, f"{path}: filler", filler, faults)
    trace = _trace(model, path, keys, faults)
    faces = {side: _face(model.boundary, side, path, faults) for side in ("top", "bottom", "sides")}
    faults.raise_if_any()
    power_w = model.power_w
    if not power_w and trace is not None:
        power_w = {str(key): float(mean) for key, mean in trace.power_w.mean().items()}
    package = Package(
        name=model.name or path.stem,
        layers=layers,
        filler=filler,
        **faces,
        ambient_c=initial_c,
    )
    return Case(
        package,
        dict(power_w),
        trace,
        initial_c=initial_c,
        description=model.description,
        notes=notes,
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise InputError.of(str(path), "no such file", _ALLOWED) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError.of(str(path), f"cannot be read: {error}", _ALLOWED) from None


def _celsius(temperature_k: float) -> float:
    """Kelvin to degC, without the last digits that the subtraction makes up."""
    return round(temperature_k - zero_celsius_k(), 9)


def _um(length_m: float) -> float:
    """Metres to micrometres, to the picometre: 4.5000000000000005 mm is meant to be 4.5 mm."""
    return round(length_m * _UM_PER_M, 6)


def _initial_k(model: CaseModel) -> float:
    """Return the first of initial, ambient and fluid temperature that the file gives [K]."""
    given = (model.initial_k, model.ambient_k)
    faces = (getattr(model.boundary, side) for side in ("top", "bottom", "sides"))
    fluids = (getattr(face, "temperature_k", None) for face in faces)
    return next((t for t in (*given, *fluids) if t is not None), zero_celsius_k())


def _materials(model: CaseModel) -> dict[str, Material]:
    """Build the materials of the file, as given by the user."""
    user = data_sources()["user"]

    def given(unit: str) -> Provenance:
        return Provenance(unit=unit, source=user, trust=Trust.USER, valid="this case")

    found = {}
    for name, item in model.materials.items():
        found[name] = Material(
            name=name,
            title=name,
            provenance={
                "conductivity_w_mk": given("W/(m K)"),
                "heat_capacity_j_m3k": given("J/(m^3 K)"),
            },
            conductivity_w_mk=item.conductivity,
            heat_capacity_j_m3k=item.heat_capacity,
            conductivity_exponent=item.exponent,
            reference_temperature_c=(
                Material.reference_temperature_c
                if item.reference_k is None
                else _celsius(item.reference_k)
            ),
        )
    return found


def _find(
    materials: Mapping[str, Material], name: str, where: str, instead: Material, faults: Faults
) -> Material:
    if name in materials:
        return materials[name]
    faults.add(where, f"unknown material {name!r}", cure=did_you_mean(name, materials))
    return instead


def _is_heated(layer: LayerModel, model: CaseModel) -> bool:
    return layer.name == model.power_layer if layer.heat is None else layer.heat


def _heat_keys(model: CaseModel, where: str, faults: Faults) -> tuple[str, ...]:
    """Hold the powers against the blocks of the heated layers, and return the names that heat."""
    heated = [layer for layer in model.layers if _is_heated(layer, model)]
    blocks = tuple(dict.fromkeys(block.name for layer in heated for block in layer.blocks))
    names = [layer.name for layer in model.layers]
    if model.power_layer and model.power_layer not in names:
        cure = did_you_mean(model.power_layer, names)
        faults.add(f"{where}: power_layer", f"unknown layer {model.power_layer!r}", cure=cure)
    elif not heated:
        cure = 'write "heat": true on the layer that dissipates'
        faults.add(f"{where}: layers", "no layer is heated", "one or more", cure)
    else:
        for name in (name for name in model.power_w if name not in blocks):
            cure = did_you_mean(name, blocks) if blocks else "give the heated layer blocks"
            faults.add(f"{where}: power_W.{name}", "is no block of a heated layer", cure=cure)
    if not model.power_w and model.transient is None:
        faults.add(f"{where}: power_W", "is missing", "watts by block name")
    return tuple(model.power_w) or blocks


def _trace(model: CaseModel, path: Path, keys: tuple[str, ...], faults: Faults) -> CaseTrace | None:
    transient = model.transient
    if transient is None:
        return None
    try:
        return read_trace(path.parent / transient.trace_file, keys, transient.dt_s, transient.steps)
    except InputError as error:
        faults.take(error)
        return None


def _rectangle(corners_m: tuple[float, ...], where: str, faults: Faults) -> Polygon:
    x0, y0, x1, y1 = (_um(value) for value in corners_m)
    if not (x0 < x1 and y0 < y1):
        faults.add(where, f"{list(corners_m)}", "[x0, y0, x1, y1] with x0 < x1 and y0 < y1")
    return box(x0, y0, x1, y1)


def _layer(
    layer: LayerModel,
    keys: Collection[str],
    materials: Mapping[str, Material],
    where: str,
    faults: Faults,
) -> Layer:
    instead = known_materials()[_FILLER]

    def region(block: BlockModel, place: str) -> Region:
        return Region(
            name=block.name,
            outline=_rectangle(block.rect_m, f"{place}.rect_m", faults),
            material=_find(materials, block.material, f"{place}.material", instead, faults),
            heats=block.name if block.name in keys else "",
        )

    return Layer(
        name=layer.name,
        thickness_um=_um(layer.thickness_m),
        outline=_rectangle(layer.extent_m, f"{where}.extent_m", faults),
        background=_find(materials, layer.background, f"{where}.background", instead, faults),
        regions=tuple(
            region(block, f"{where}.blocks[{number}]") for number, block in enumerate(layer.blocks)
        ),
        contact_resistance_k_m2_w=layer.contact,
        flow=None if layer.flow is None else _flow(layer.flow),
    )


def _flow(flow: FlowModel) -> Flow:
    return Flow(
        axis=flow.axis,
        volume_m3_s=flow.volume,
        heat_capacity_j_m3k=flow.heat_capacity,
        inlet_c=_celsius(flow.inlet_k),
        floor_film_w_m2k=flow.floor_film,
        ceiling_film_w_m2k=flow.ceiling_film,
        backward=flow.backward,
    )


def _face(boundary: BoundaryModel, side: str, path: Path, faults: Faults) -> Face:
    face, where = getattr(boundary, side), f"{path}: boundary.{side}"
    patches = tuple(
        Patch(_rectangle(patch.rect_m, f"{where}.patches[{i}].rect_m", faults), *_exchange(patch))
        for i, patch in enumerate(face.patches)
    )
    return Face(*_exchange(face), patches)


def _exchange(model: FaceModel | PatchModel) -> tuple[float, float]:
    """Return film and temperature of a face, or of a patch of one."""
    if model.type == "adiabatic":
        return 0.0, Face.temperature_c
    film = math.inf if model.type == "fixed" else model.film
    return film, _celsius(model.temperature_k)
